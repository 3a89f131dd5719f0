"""The graph of an nn.gModule: how it is built, in which order it runs, and its form in Torch's files.

Source: torch/nngraph, node.lua and gmodule.lua; torch/graph, init.lua and Node.lua.
"""

from nnlite.errors import Error
from nnlite.tensor.lua import LuaTable, TorchObject


class Node:
    """A value in a graph: what a module makes of other values.

    Args:
        module: what computes it; None if it is its source itself, or the table of its sources.
        sources: the nodes that the module's input, or table of inputs, comes from.
        selectindex: the place, from 1, of the one part that it takes of its source, a table.
        nSplitOutputs: how many nodes take a part of it.
        annotations: what its author noted.
    """

    def __init__(self, module=None, *sources, selectindex=None, nSplitOutputs=None, annotations=None):
        self.module, self.sources = module, list(sources)
        self.selectindex, self.nSplitOutputs = selectindex, nSplitOutputs
        self.annotations = {} if annotations is None else annotations

    def split(self, count):
        """Return a node for each part of this one, a table of `count`."""
        table = Node(None, self, nSplitOutputs=count)
        return [Node(None, table, selectindex=place + 1) for place in range(count)]


def in_order(first, below):
    """Return `first` and all that can be reached from it, each behind all that is below it (depth first, as in Torch).

    Args:
        first: where to begin.
        below: below(thing) returns the list of things, which are hashable, directly below one.

    Raises:
        Error: something is below itself.
    """
    order, begun, done = [], {first}, set()
    path = [(first, iter(below(first)))]
    while path:
        thing, rest = path[-1]
        following = next((other for other in rest if other not in done), None)
        if following is None:
            path.pop()
            done.add(thing)
            order.append(thing)
        elif following in begun:
            raise Error('expected a graph without cycles, got one with a cycle', where='gModule')
        else:
            begun.add(following)
            path.append((following, iter(below(following))))
    return order


def edges_of(sources):
    """Return the (place, source) of each edge, breadth first from the last place, which is the order of Torch's graphs.

    Args:
        sources: for each place the places that its values come from.
    """
    edges, places, met = [], [len(sources) - 1], {len(sources) - 1}
    for place in places:  # grows as it goes
        for source in sources[place]:
            edges.append((place, source))
            if source not in met:
                met.add(source)
                places.append(source)
    return edges


def backward_order(sources):
    """Return the places in the order in which gradients flow: each behind all places that take values from it."""
    takers = [[] for _ in sources]
    for place, source in edges_of(sources):
        takers[source].append(place)
    roots = [place for place, given in enumerate(sources) if not given]  # the input, and parameters
    return in_order(-1, lambda place: roots if place < 0 else takers[place])[:-1]


def input_of(nodes):
    """Return the place of the node that is the input: it has no sources, and no module that could do without.

    Raises:
        Error: there is no such node, or more than one.
    """
    places = [place for place, node in enumerate(nodes) if node['module'] is None and not node['sources']]
    if len(places) != 1:
        raise Error(f'expected a graph with one input, got {len(places)}', where='gModule')
    return places[0]


def read_nodes(outnode):
    """Return the last Node of a graph in a file, given its nngraph.Node.

    Raises:
        Error: the graph lacks something.
    """
    tables = [_data(outnode)]
    nodes, below, met = {}, {}, {id(tables[0])}
    for data in tables:  # grows as it goes
        nodes[id(data)], below[id(data)] = _node(data), _sources(data)
        for source in below[id(data)]:
            if id(source) not in met:
                met.add(id(source))
                tables.append(source)
    for data in tables:
        nodes[id(data)].sources = [nodes[id(source)] for source in below[id(data)]]
    return nodes[id(tables[0])]


def _sources(data):
    """Return the data of the nodes that one takes values from: mapindex lists them, and says the place of each."""
    if 'mapindex' not in data:
        raise Error('expected the data of each node to have a mapindex, in one graph only', where='gModule')
    mapindex = data.pop('mapindex')  # so that no second graph of a file goes through the same nodes
    found = mapindex if isinstance(mapindex, list) else [mapindex[place + 1] for place in range(len(mapindex) // 2)]
    if not all(isinstance(source, dict) for source in found):
        raise Error('expected mapindex to list the data of nodes, got other values', where='gModule')
    return found


def _data(node):
    if not isinstance(node, TorchObject) or not isinstance(node.fields.get('data'), dict):
        raise Error('expected innode and outnode to be nodes of nngraph, got something else', where='gModule')
    return node.fields['data']


def _node(data):
    selectindex, count = data.get('selectindex'), data.get('nSplitOutputs')
    if not all(number is None or (isinstance(number, int) and number > 0) for number in (selectindex, count)):
        raise Error('expected selectindex and nSplitOutputs to count from 1, got something else', where='gModule')
    annotations = data.get('annotations') or {}
    return Node(data.get('module'), selectindex=selectindex, nSplitOutputs=count, annotations=annotations)


def write_graph(nodes, modules):
    """Return the fields in which nngraph keeps a graph: nodes for either direction, which share their data.

    Args:
        nodes: the graph in its forward order, as gModule.nodes.
        modules: the modules that nodes name by their places.

    Raises:
        Error: a node takes a value of another one twice, for which there is no place in a file.
    """
    for node in nodes:
        if len(set(node['sources'])) < len(node['sources']):
            taker = 'a node without a module' if node['module'] is None else repr(modules[node['module']])
            taker = 'the output' if node is nodes[-1] else taker
            hint = 'put a node between, for one of them: Node(nn.Identity(), source)'
            raise Error(f'expected no node twice among the sources of another, got one for {taker}', 'gModule', hint)
    sources = [node['sources'] for node in nodes]
    edges = edges_of(sources)
    datas = [_written(node, modules) for node in nodes]
    bg_nodes, bg = _graph(datas, edges)
    fg_nodes, fg = _graph(datas, [(source, place) for place, source in edges])
    for place, given in enumerate(sources):
        datas[place]['mapindex'] = _listed([datas[source] for source in given])
    for place, source in edges:
        datas[source]['reverseMap'][bg_nodes[place]] = True
    for data, node in zip(datas, fg_nodes, strict=True):
        data['forwardNodeId'] = node.fields['id']
    return {
        'fg': fg,
        'bg': bg,
        'innode': fg_nodes[input_of(nodes)],
        'outnode': bg_nodes[-1],
        'forwardnodes': fg_nodes,
        'backwardnodes': [bg_nodes[place] for place in backward_order(sources)],
    }


def _written(node, modules):
    """Return the data of a node, which still lacks what refers to other nodes."""
    data = {name: node[name] for name in ('selectindex', 'nSplitOutputs') if node[name] is not None}
    if node['module'] is not None:
        data['module'] = modules[node['module']]
    return {**data, 'annotations': node['annotations'], 'reverseMap': LuaTable()}


def _graph(datas, edges):
    """Return the nodes of these data, and the graph.Graph of them with these edges, from place to place."""
    nodes = [TorchObject('nngraph.Node', {'data': data, 'visited': False, 'marked': False}) for data in datas]
    met, below = {}, [[] for _ in nodes]
    for start, end in edges:
        below[start].append(end)
        for place in (start, end):
            met.setdefault(place, len(met) + 1)
    for place, node in enumerate(nodes):
        node.fields['children'] = _listed([nodes[end] for end in below[place]])
        node.fields['id'] = met[place]
    arrows = [TorchObject('graph.Edge', {'from': nodes[start], 'to': nodes[end]}) for start, end in edges]
    graph = {'nodes': _listed([nodes[place] for place in met]), 'edges': _listed(arrows)}
    return nodes, TorchObject('graph.Graph', graph)


def _listed(things):
    """Return Torch's list that also says the place of each thing in it."""
    pairs = [pair for place, thing in enumerate(things, 1) for pair in ((place, thing), (thing, place))]
    return LuaTable(pairs)
