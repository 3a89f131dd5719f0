"""A network that is a graph of modules (Torch: the package nngraph)."""

from nnlite.errors import Error, ShapeError
from nnlite.nn.Container import Container
from nnlite.nn.graph import Node, backward_order, in_order, input_of, read_nodes, write_graph
from nnlite.nn.table import add_into, copy_into


class gModule(Container):
    """y = f(x), where f is any graph of modules without cycles.

    Every node of the graph computes its value from those of others. The gradients of a value that several nodes use
    are added up. `nodes` is the graph in the order in which it runs forward: of each node the place of its module in
    `modules`, and the places of its sources in `nodes`; the last is the output.

    Args:
        inputs: the list of nodes whose values are given; several take a table.
        outputs: the list of nodes whose values are the output; several give a table.

    Shapes: input and output an array, or a table where there are several inputs or outputs.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> from nnlite.nn.graph import Node
    >>> x = Node()
    >>> doubled = Node(nn.MulConstant(2), x)
    >>> net = nn.gModule([x], [Node(nn.CAddTable(), x, doubled)])
    >>> net.forward(np.ones(2, np.float32)), net.backward(np.ones(2, np.float32), np.ones(2, np.float32))
    (array([3., 3.], dtype=float32), array([3., 3.], dtype=float32))

    Raises:
        Error: there are no inputs, an input has sources, or there is a cycle.
        ShapeError: the input or the gradient is not a table of as many parts as there are inputs or outputs.
        Error, going back: a part of a value that is split is not used. Saving: a node takes another one's value twice.

    Source: torch/nngraph, gmodule.lua.
    """

    cleared = ('output', 'gradInput', 'inputs', 'gradOutputs')
    foreign = ('fg', 'bg', 'innode', 'outnode', 'forwardnodes', 'backwardnodes')
    verbose = False
    name = None

    def __init__(self, inputs, outputs):
        super().__init__()
        for nodes in (inputs, outputs):
            if not isinstance(nodes, (list, tuple)) or not all(isinstance(node, Node) for node in nodes):
                raise Error(f'expected lists of nodes, got {nodes!r}', where='gModule')
        if not inputs or any(node.sources for node in inputs):
            raise Error('expected one input or more, which have no sources, got others', where='gModule')
        innode = Node()
        for node, source in zip(inputs, innode.split(len(inputs)) if len(inputs) > 1 else [innode], strict=True):
            node.sources.append(source)
        self.nInputs = len(inputs)
        self._take(Node(None, *outputs))

    def _take(self, outnode):
        """Lay the graph out in the order in which it runs, up to its last node."""
        nodes = in_order(outnode, lambda node: node.sources)
        places = {node: place for place, node in enumerate(nodes)}
        known = {id(module) for module in self.modules}
        self.modules += [node.module for node in nodes if node.module is not None and id(node.module) not in known]
        own = {}  # the places of each module: one for each of its nodes
        for place, module in reversed(list(enumerate(self.modules))):
            own.setdefault(id(module), []).append(place)

        def next_place(module):
            free = own[id(module)]
            return free.pop() if len(free) > 1 else free[0]

        self.nodes = [
            {
                'module': None if node.module is None else next_place(node.module),
                'sources': [places[source] for source in node.sources],
                'selectindex': node.selectindex,
                'nSplitOutputs': node.nSplitOutputs,
                'annotations': node.annotations,
            }
            for node in nodes
        ]
        self.inputs, self.gradOutputs = [], []
        self._check()

    def _check(self):
        """Raise Error unless the graph can run: what a file says of it may be anything."""
        self._innode = input_of(self.nodes)
        for node in self.nodes:
            if node['selectindex'] is not None:
                source = self.nodes[node['sources'][0]] if len(node['sources']) == 1 else node
                if node['module'] is not None or (source['nSplitOutputs'] or 0) < node['selectindex']:
                    raise Error('expected what selects a part to have one source, which is split', where='gModule')

    def updateOutput(self, input):
        if self.nInputs > 1:
            self.expect_table(input, self.nInputs)
        values, self.inputs = [], []
        for node in self.nodes:
            given = [values[source] for source in node['sources']]
            if len(values) == self._innode:
                given = [input]
            self.inputs.append(given[0] if len(given) == 1 else given)
            values.append(self._value(node, self.inputs[-1]))
        self.output = values[-1]
        return self.output

    def _value(self, node, given):
        if node['selectindex'] is not None:
            return given[node['selectindex'] - 1]
        value = given if node['module'] is None else self.rethrowErrors(node['module'], 'updateOutput', given)
        count = node['nSplitOutputs']
        if count is not None and not (isinstance(value, list) and len(value) == count):
            got = f'one of {len(value)}' if isinstance(value, list) else type(value).__name__
            raise ShapeError(f'expected a table of {count} to split, got {got}', where=self._name())
        return value

    def updateGradInput(self, input, gradOutput):
        if isinstance(self.output, list):
            self.expect_table(gradOutput, len(self.output), 'gradOutput')
        collected = [[] for _ in self.nodes]
        collected[-1].append(gradOutput)
        self.gradOutputs = [None] * len(self.nodes)
        for place in backward_order([node['sources'] for node in self.nodes]):
            node, total = self.nodes[place], self._total(place, collected[place])
            if node['nSplitOutputs'] is not None:
                self._expect_all_parts(total)
            self.gradOutputs[place] = total
            self._hand_on(node, self._gradient(node, place, total), collected)
        self.gradInput = self.gradOutputs[self._innode]
        return self.gradInput

    def _total(self, place, gradients):
        """Return the sum of the gradients of a value, in the order in which they came, as Torch adds them."""
        if len(gradients) == 1:
            return gradients[0]
        total = copy_into(self, f'gradOutput{place}', gradients[0])
        for gradient in gradients[1:]:
            add_into(self, total, gradient)
        return total

    def _expect_all_parts(self, gradients):
        unused = [str(place) for place, gradient in enumerate(gradients, 1) if gradient is None]
        if unused:
            message = f'expected a gradient for each part that was split off, got none for {", ".join(unused)}'
            hint = 'use all parts, or take one by nn.SelectTable'
            raise Error(message, where=self._name(), hint=hint)

    def _gradient(self, node, place, gradOutput):
        """Return the gradient with respect to what a node was given."""
        if node['module'] is None:
            return gradOutput
        return self.rethrowErrors(node['module'], 'updateGradInput', self.inputs[place], gradOutput)

    def _hand_on(self, node, gradInput, collected):
        """Add the gradient of what a node was given to what its sources have collected."""
        if node['selectindex'] is not None:
            [source] = node['sources']
            if not collected[source]:
                collected[source].append([None] * self.nodes[source]['nSplitOutputs'])
            collected[source][0][node['selectindex'] - 1] = gradInput
        elif node['sources']:
            parts = [gradInput] if len(node['sources']) == 1 else gradInput
            for source, part in zip(node['sources'], parts, strict=True):
                collected[source].append(part)

    def accGradParameters(self, input, gradOutput, scale=1):
        self._at_modules('accGradParameters', scale)

    def accUpdateGradParameters(self, input, gradOutput, lr):
        self._at_modules('accUpdateGradParameters', lr)

    def _at_modules(self, method, scale):
        for place in backward_order([node['sources'] for node in self.nodes]):
            module = self.nodes[place]['module']
            if module is not None:
                self.rethrowErrors(module, method, self.inputs[place], self.gradOutputs[place], scale)

    def write(self):
        fields = super().write()
        for name in ('nodes', 'inputs', 'gradOutputs', '_innode'):
            del fields[name]
        return {**fields, **write_graph(self.nodes, self.modules)}

    def read(self, fields, version=1):
        super().read(fields, version)
        self.modules = list(fields.get('modules') or [])
        self._take(read_nodes(fields['outnode']))
        # Old files do not say how many inputs there are.
        takers = sum(self._innode in node['sources'] for node in self.nodes)
        self.nInputs = int(fields.get('nInputs', takers))

    def __repr__(self):
        return str(self.name or f'nn.{type(self).__name__}')
