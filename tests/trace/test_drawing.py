"""Drawings of a network's tree: every module is in them, where it belongs."""

import re
from itertools import pairwise
from xml.etree import ElementTree

import nnlite
from nnlite import models, nn, trace
from nnlite.nn.graph import Node

SVG = '{http://www.w3.org/2000/svg}'


def boxes(text):
    """Return the boxes of a picture, (x, y, right, bottom), by their titles."""
    found = {}
    for rect in ElementTree.fromstring(text).iter(f'{SVG}rect'):
        x, y, width, height = (float(rect.get(name)) for name in ('x', 'y', 'width', 'height'))
        found[rect.find(f'{SVG}title').text] = x, y, x + width, y + height
    return found


def test_every_module_lies_in_its_container():
    net = models.resnet(14, 'cifar10', 'B')
    nodes, found = trace.tree_of(net), boxes(trace.to_svg(net))
    assert found.keys() == {node.where for node in nodes}
    for node in nodes:
        if node.parent >= 0:
            inner, outer = found[node.where], found[nodes[node.parent].where]
            assert outer[0] < inner[0] and outer[1] < inner[1] and inner[2] < outer[2] and inner[3] < outer[3]


def test_branches_lie_side_by_side_and_a_sequence_one_below_the_other():
    net = models.resnet(8, 'cifar10')
    nodes, found = trace.tree_of(net), boxes(trace.to_svg(net))
    for number, node in enumerate(nodes):
        below = [found[other.where] for other in nodes if other.parent == number]
        for one, other in pairwise(below):
            if node.kind == 'ConcatTable':
                assert one[2] < other[0] and one[1] == other[1]
            else:
                assert one[3] < other[1]


def test_shapes_stand_beside_the_names():
    net = nn.Sequential().add(nn.Linear(4, 6)).add(nn.Tanh())
    frame = trace.record(net, nn.MSECriterion(), nnlite.randn(5, 4), nnlite.randn(5, 6))
    for text in (trace.to_svg(frame.nodes, frame.shapes), trace.to_dot(frame.nodes, frame.shapes)):
        assert text.count('5 x 6') == 2


def test_dot_has_an_arrow_from_every_branch_to_the_sum():
    net = (
        nn.Sequential().add(nn.Linear(2, 2)).add(nn.ConcatTable().add(nn.Tanh()).add(nn.Identity())).add(nn.CAddTable())
    )
    names = {number: node.kind for number, node in enumerate(trace.tree_of(net))}
    arrows = [tuple(map(int, pair)) for pair in re.findall(r'n(\d+) -> n(\d+);', trace.to_dot(net))]
    assert {(names[one], names[other]) for one, other in arrows} == {
        ('Linear', 'Tanh'), ('Linear', 'Identity'), ('Tanh', 'CAddTable'), ('Identity', 'CAddTable'),
    }  # fmt: skip


def test_names_may_have_any_letters():
    class Odd(nn.Identity):
        def __repr__(self):
            return 'nn.Odd("a" <b> & \\)'

    net = nn.Sequential().add(Odd())
    assert any('Odd("a" <b> & \\)' in title for title in boxes(trace.to_svg(net)))
    assert 'label="Odd(\\"a\\" <b> & \\\\)"' in trace.to_dot(net)


def graph():
    """x -> Linear -> ReLU and Tanh -> their sum, which is given out beside x."""
    x = Node()
    hidden = Node(nn.Linear(4, 4), x)
    branch = nn.Sequential().add(nn.Tanh()).add(nn.Abs())
    return nn.gModule([x], [Node(nn.CAddTable(), Node(nn.ReLU(), hidden), Node(branch, hidden)), x])


def arrows_of(net):
    text = trace.to_dot(net)
    names = dict(re.findall(r'(\w+) \[label="(\w+)', text))
    return sorted((names[one], names[other]) for one, other in re.findall(r'(\w+) -> (\w+);', text))


def test_the_arrows_of_a_graph_are_its_own():
    inner = [('Linear', 'ReLU'), ('Linear', 'Tanh'), ('ReLU', 'CAddTable'), ('Tanh', 'Abs'), ('Abs', 'CAddTable')]
    ends = [('input', 'Linear'), ('input', 'output'), ('CAddTable', 'output')]
    assert arrows_of(graph()) == sorted(inner + ends)
    net = nn.Sequential().add(nn.Identity()).add(graph()).add(nn.CMulTable())
    assert arrows_of(net) == sorted([*inner, *ends, ('Identity', 'input'), ('output', 'CMulTable')])
    # A recording does not know them.
    assert arrows_of(trace.tree_of(graph())) == [('Tanh', 'Abs')]
    assert trace.to_svg(graph()).count('<line') == 1


def test_a_module_twice_in_a_graph_has_a_place_for_each():
    shared, x = nn.Linear(4, 4), Node()
    net = nn.gModule([x], [Node(shared, Node(nn.Tanh(), Node(shared, x)))])
    assert re.findall(r'(\w+ -> \w+);', trace.to_dot(net)) == ['in0 -> n1', 'n1 -> n2', 'n2 -> n3', 'n3 -> out0']


def test_a_table_goes_part_by_part():
    fork = nn.ConcatTable().add(nn.Sequential().add(nn.Abs()).add(nn.Tanh())).add(nn.Identity())
    parts = nn.ParallelTable().add(nn.ConcatTable().add(nn.Linear(2, 3)).add(nn.ReLU())).add(nn.Linear(2, 3))
    net = nn.Sequential().add(nn.Sequential().add(fork)).add(parts).add(nn.FlattenTable())
    whole = [('Linear', 'FlattenTable'), ('Linear', 'FlattenTable'), ('ReLU', 'FlattenTable')]
    inner = [('Abs', 'Tanh'), ('Tanh', 'Linear'), ('Tanh', 'ReLU'), ('Identity', 'Linear')]
    assert arrows_of(net) == sorted(inner + whole)


def test_clones_lie_side_by_side():
    net = nn.MapTable(nn.Linear(2, 2)).resize(3)
    assert arrows_of(net) == [] and '<line' not in trace.to_svg(net)


def test_control_characters():
    nodes = [trace.Node('', 'bad\x00\x01\x1b<&>"\ufffe', 'Linear', -1, 0, 0)]
    assert list(boxes(trace.to_svg(nodes))) == ['bad\ufffd\ufffd\ufffd<&>"\ufffd']


def test_a_deep_tree():
    nodes = [trace.Node('' if number == 0 else 'S[1]', 'n', 'Sequential', number - 1, 0, 0) for number in range(3000)]
    assert trace.to_svg(nodes).count('<rect') == 3000
    text = trace.to_dot(nodes)
    assert text.count('{') == text.count('}') == 3000 and 'n2999 [label="n"]' in text
