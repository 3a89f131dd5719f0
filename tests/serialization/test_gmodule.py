"""nn.gModule in files: a graph built step by step as nngraph builds it runs, and is saved as it was."""

import numpy as np
import pytest

import nnlite
from nnlite import LuaTable, TorchObject, nn
from nnlite.nn.graph import Node


class Graph:
    """Nodes and edges as the packages nngraph and graph make them, one field at a time."""

    def __init__(self):
        self.nodes, self.edges = [], []

    def add(self, start, end):
        self.edges.append(TorchObject('graph.Edge', {'from': start, 'to': end}))
        for node in (start, end):
            if node not in self.nodes:
                self.nodes.append(node)
        if end not in listed(start.fields['children']):
            append(start.fields['children'], end)
        for node in (start, end):
            node.fields['id'] = self.nodes.index(node) + 1

    def reverse(self):
        twins, reverse = {}, Graph()
        for edge in self.edges:
            start, end = (
                twins.setdefault(edge.fields[way], new(edge.fields[way].fields['data'])) for way in ('from', 'to')
            )
            reverse.add(end, start)
        return reverse, twins

    def topsort(self):
        reverse, twins = self.reverse()
        originals = {twin: original for original, twin in twins.items()}
        ends = {edge.fields['to'] for edge in reverse.edges}
        [first] = [node for node in reverse.nodes if node not in ends]
        order, seen = [], set()

        def visit(node):
            if node not in seen:
                seen.add(node)
                for child in listed(node.fields['children']):
                    visit(child)
                order.append(originals[node])

        visit(first)
        return order

    def object(self):
        tables = LuaTable(), LuaTable()
        for table, things in zip(tables, (self.nodes, self.edges), strict=True):
            for thing in things:
                append(table, thing)
        return TorchObject('graph.Graph', {'nodes': tables[0], 'edges': tables[1]})


def listed(table):
    return [table[place + 1] for place in range(len(table) // 2)]


def append(table, thing):
    place = len(table) // 2 + 1
    table[place], table[thing] = thing, place


def new(data):
    fields = {'data': data, 'children': LuaTable(), 'visited': False, 'marked': False, 'id': 0}
    return TorchObject('nngraph.Node', fields)


def node(*sources, **data):
    made = new(
        {'annotations': {'_debugLabel': '[net.lua]:3'}, 'mapindex': LuaTable(), 'reverseMap': LuaTable(), **data}
    )
    for source in sources:
        append(made.fields['children'], source)
        append(made.fields['data']['mapindex'], source.fields['data'])
        source.fields['data']['reverseMap'][made] = True
    return made


def split(source, count):
    table = node(source, nSplitOutputs=count)
    return [node(table, selectindex=place + 1, input=[]) for place in range(count)]


def extend(table, source):
    """Let a node that has no source take its value from one."""
    append(table.fields['children'], source)
    append(table.fields['data']['mapindex'], source.fields['data'])
    source.fields['data']['reverseMap'][table] = True


def graph_module(inputs, outputs):
    outnode, innode = node(*outputs, input=[]), node(input=[])
    for given, source in zip(inputs, split(innode, len(inputs)) if len(inputs) > 1 else [innode], strict=True):
        extend(given, source)
    backward, waiting = Graph(), [outnode]
    for start in waiting:
        for end in listed(start.fields['children']):
            backward.add(start, end)
            if end not in waiting:
                waiting.append(end)
    forward, twins = backward.reverse()
    forwardnodes = forward.topsort()
    fields = {
        **{'fg': forward.object(), 'bg': backward.object(), 'innode': twins[innode], 'outnode': outnode},
        **{'forwardnodes': forwardnodes, 'backwardnodes': backward.topsort(), 'nInputs': len(inputs)},
        'modules': [each.fields['data']['module'] for each in forwardnodes if 'module' in each.fields['data']],
        **{'verbose': False, 'train': True, '_type': 'torch.DoubleTensor'},
    }
    for each in forwardnodes:
        each.fields['data']['forwardNodeId'] = each.fields['id']
    return TorchObject('nn.gModule', fields)


def linear(*sizes):
    return nn.Linear(*sizes).double()


def gru():
    """A gated unit of three inputs and two outputs, as recurrent networks of the time were drawn."""
    x, h, extra = node(), node(), node()
    both = node(node(x, h, module=nn.JoinTable(2).double()), module=linear(5, 6))
    gate, update = split(
        node(both, module=nn.ConcatTable().add(nn.Narrow(2, 1, 3)).add(nn.Narrow(2, 4, 3)).double()), 2
    )
    gate = node(gate, module=nn.Sigmoid().double())
    kept = node(gate, h, module=nn.CMulTable().double())
    fresh = node(gate, node(update, module=nn.Tanh().double()), module=nn.CMulTable().double())
    state = node(kept, fresh, extra, module=nn.CAddTable().double())
    return graph_module([x, h, extra], [state, node(state, module=linear(3, 2))])


def gru_by_hand(modules, x, h, extra):
    linears = [module for module in modules if isinstance(module, nn.Linear)]
    both = linears[0].forward(np.concatenate([x, h], 1))
    gate, update = 1 / (1 + np.exp(-both[:, :3])), np.tanh(both[:, 3:])
    state = gate * h + gate * update + extra
    return [state, linears[1].forward(state)]


@pytest.fixture
def saved(tmp_path):
    nnlite.manualSeed(1)
    nnlite.save(tmp_path / 'graph.t7', gru())
    return tmp_path / 'graph.t7'


def arrays(*shapes):
    rng = np.random.default_rng(1)
    return [rng.standard_normal(shape) for shape in shapes]


def test_graph_runs_as_the_same_lines_by_hand(saved):
    net = nnlite.load(saved)
    assert type(net) is nn.gModule and len(net.modules) == 9
    given = arrays((4, 2), (4, 3), (4, 3))
    for mine, other in zip(net.forward(given), gru_by_hand(net.modules, *given), strict=True):
        assert np.allclose(mine, other, rtol=0, atol=1e-15)


def test_graph_runs_backward(saved):
    net, given = nnlite.load(saved), arrays((4, 2), (4, 3), (4, 3))
    gradOutput = arrays((4, 3), (4, 2))
    net.zeroGradParameters()
    net.forward(given)
    gradInput = net.backward(given, gradOutput)
    pairs = list(zip(given, gradInput, strict=True)) + list(zip(*net.parameters(), strict=True))
    for array, gradient in pairs:
        place, step = (0,) * array.ndim, 1e-6
        sums = []
        for side in (step, -2 * step):
            array[place] += side
            sums.append(sum((o * g).sum() for o, g in zip(net.forward(given), gradOutput, strict=True)))
        array[place] += step
        assert abs((sums[0] - sums[1]) / (2 * step) - gradient[place]) < 1e-8


def test_graph_is_saved_as_it_was(saved, tmp_path):
    before = nnlite.load(saved, rebuild=False)
    nnlite.save(tmp_path / 'again.t7', nnlite.load(saved))
    after = nnlite.load(tmp_path / 'again.t7', rebuild=False)
    assert described(before) == described(after)


def described(graph):
    """Return what a graph's fields say, with ids instead of nodes."""
    fields = graph.fields
    number = {id(each.fields['data']): each.fields['id'] for each in fields['backwardnodes']}

    def data(each):
        parts = each.fields['data']
        module = parts.get('module')
        return {
            'annotations': parts['annotations'],
            'forwardNodeId': parts['forwardNodeId'],
            'mapindex': [number[id(source)] for source in listed(parts['mapindex'] or LuaTable())],
            'places': [parts['mapindex'][source] for source in listed(parts['mapindex'] or LuaTable())],
            'reverseMap': sorted(taker.fields['id'] for taker in parts['reverseMap'] or ()),
            'module': None if module is None else [module is other for other in fields['modules']].index(True),
            'select': (parts.get('selectindex'), parts.get('nSplitOutputs')),
        }

    def whole(each):
        children = [child.fields['id'] for child in listed(each.fields['children'] or LuaTable())]
        return each.typename, each.fields['id'], children, data(each)

    def edges(of):
        return [
            (edge.fields['from'].fields['id'], edge.fields['to'].fields['id']) for edge in listed(of.fields['edges'])
        ]

    return {
        **{name: [whole(each) for each in fields[name]] for name in ('forwardnodes', 'backwardnodes')},
        **{name: whole(fields[name]) for name in ('innode', 'outnode')},
        **{
            name: (edges(fields[name]), [whole(each) for each in listed(fields[name].fields['nodes'])])
            for name in ('fg', 'bg')
        },
        **{name: fields[name] for name in ('nInputs', 'verbose', 'train', '_type')},
        'modules': [module.typename for module in fields['modules']],
    }


def test_old_graph_without_modules_and_nInputs(saved, tmp_path):
    graph = nnlite.load(saved, rebuild=False)
    del graph.fields['modules'], graph.fields['nInputs']
    nnlite.save(tmp_path / 'old.t7', graph)
    old, net, given = nnlite.load(tmp_path / 'old.t7'), nnlite.load(saved), arrays((4, 2), (4, 3), (4, 3))
    assert [repr(module) for module in old.modules] == [repr(module) for module in net.modules]
    assert np.array_equal(old.forward(given)[1], net.forward(given)[1])


def break_cycle(fields):
    fields['innode'].fields['data']['mapindex'] = [fields['outnode'].fields['data']]


def break_outnode(fields):
    del fields['outnode']


def break_mapindex(fields):
    fields['outnode'].fields['data']['mapindex'] = [1, 2]


def break_select(fields):
    next(each for each in fields['forwardnodes'] if 'selectindex' in each.fields['data']).fields['data'][
        'selectindex'
    ] = 9


def break_input(fields):
    fields['innode'].fields['data']['module'] = nn.Tanh()


@pytest.mark.parametrize('harm', [break_cycle, break_outnode, break_mapindex, break_select, break_input])
def test_graph_that_cannot_run_is_an_error_of_the_file(harm, saved, tmp_path):
    graph = nnlite.load(saved, rebuild=False)
    harm(graph.fields)
    nnlite.save(tmp_path / 'broken.t7', graph)
    with pytest.raises(nnlite.FileFormatError, match=r'nn\.gModule cannot be made of its fields'):
        nnlite.load(tmp_path / 'broken.t7')


def test_many_graphs_of_the_same_nodes_are_refused(saved, tmp_path):
    graph = nnlite.load(saved, rebuild=False)
    nnlite.save(tmp_path / 'many.t7', [graph, TorchObject('nn.gModule', dict(graph.fields))])
    with pytest.raises(nnlite.FileFormatError, match=r'nn\.gModule cannot be made of its fields'):
        nnlite.load(tmp_path / 'many.t7')


TWICE = {
    'nn.CMulTable': lambda x: [Node(nn.CMulTable(), x, x)],
    'the output': lambda x: [x, x],
    'a node without a module': lambda x: [Node(nn.CAddTable(), Node(None, x, x))],
}


@pytest.mark.parametrize('taker', TWICE)
def test_a_value_taken_twice_by_one_node_is_not_saved(taker, tmp_path):
    x = Node()
    net = nn.gModule([x], TWICE[taker](x))
    net.forward(np.ones(2, np.float32))
    with pytest.raises(nnlite.Error, match=f'no node twice.*got one for {taker}'):
        nnlite.save(tmp_path / 'net.t7', net)
    assert not (tmp_path / 'net.t7').exists()
    x = Node()
    net = nn.gModule([x], [Node(nn.CMulTable(), x, Node(nn.Identity(), x))])
    nnlite.save(tmp_path / 'net.t7', net)
    assert nnlite.load(tmp_path / 'net.t7').forward(np.float32([3])).tolist() == [9]


def test_parts_that_nobody_uses_have_no_way_back():
    x = Node()
    _, second, _ = Node(nn.SplitTable(1), x).split(3)
    net = nn.gModule([x], [second])
    rows = np.arange(6, dtype=np.float32).reshape(3, 2)
    assert net.forward(rows).tolist() == [2, 3]
    with pytest.raises(nnlite.Error, match=r'(?s)got none for 1, 3.*nn\.SelectTable'):
        net.backward(rows, net.output)
