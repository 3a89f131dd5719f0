"""A network's tree as a drawing: DOT, for Graphviz, and SVG."""

import html
import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from nnlite import nn
from nnlite.trace.tree import Node, children_of, places_of, tree_of

SIDE_BY_SIDE = ('ConcatTable', 'Concat', 'DepthConcat', 'ParallelTable', 'Parallel', 'MapTable')
# Whose modules run one after the other. Of other containers, nn.gModule or one's own, the tree does not say who takes
# whose output.
IN_ORDER = ('Sequential', 'CReLU', 'LayerNormalization', 'Maxout', 'SpatialLPPooling')
ROW, PAD, GAP, LETTER = 26, 10, 12, 7.2  # pixels: of a module's height, around, between, and of a letter's width
TITLE = 20

PART_BY_PART = ('ParallelTable', 'MapTable')  # whose modules take a part of a table each
GIVES_PARTS = ('ConcatTable', *PART_BY_PART)  # whose modules give one each

Parts = list[list[str]]  # what runs for each part of a table; for anything else there is one part
Ends = tuple[Parts, Parts]  # of a module: what runs first in it, and last


def to_dot(net: Any, shapes: list[Any] | None = None) -> str:
    """Return a network's tree in the language of Graphviz: a box for each container, arrows in the order of running.

    An nn.gModule's arrows are those of its graph. The nodes of a recording do not know them: it has none then, and
    neither has a container of another kind.

    Args:
        net: an nn.Module, or the nodes of a recording.
        shapes: of each node's output, as a recording has them.

    >>> from nnlite import nn
    >>> print(to_dot(nn.Sequential().add(nn.Linear(2, 3)).add(nn.ReLU())))
    digraph net {
      node [shape=box, fontname="monospace"];
      rankdir=TB;
      subgraph cluster_0 {
        label="Sequential";
        n1 [label="Linear(2 -> 3)"];
        n2 [label="ReLU"];
      }
      n1 -> n2;
    }
    """
    places = [] if isinstance(net, list) else places_of(net)
    nodes = [node for node, _ in places] or net
    below = children_of(nodes)
    lines = ['digraph net {', '  node [shape=box, fontname="monospace"];', '  rankdir=TB;']
    todo = [(0, '  ')]
    while todo:
        number, indent = todo.pop()
        if number < 0:
            lines.append(f'{indent}}}')
        elif not below[number]:
            lines.append(f'{indent}n{number} [label="{_quoted(_label(nodes[number], number, shapes))}"];')
        else:
            lines.extend([f'{indent}subgraph cluster_{number} {{', f'{indent}  label="{_quoted(nodes[number].name)}";'])
            if _is_joined(nodes[number], below[number]):
                lines.extend(f'{indent}  {end}{number} [label="{end}put", shape=ellipse];' for end in ('in', 'out'))
            todo += [(-1, indent), *((child, indent + '  ') for child in reversed(below[number]))]
    return '\n'.join([*lines, *_arrows(nodes, [module for _, module in places], below), '}'])


def _is_joined(node: Node, below: list[int]) -> bool:
    """Return whether arrows go to a container, which has its input and output as points, and not to its modules."""
    return len(below) > 1 and node.kind not in (*SIDE_BY_SIDE, *IN_ORDER)


def _arrows(nodes: list[Node], modules: list[Any], below: list[list[int]]) -> list[str]:
    """Return the arrows, from what runs last in a module to what runs first in the next."""
    arrows: list[list[str]] = [[] for _ in nodes]
    ends: list[Ends] = [([[f'n{number}']], [[f'n{number}']]) for number in range(len(nodes))]
    for number in reversed(range(len(nodes))):  # a node's modules come after it
        within, kind = [ends[child] for child in below[number]], nodes[number].kind
        if not within:
            continue
        pairs: list[Ends] = []
        if _is_joined(nodes[number], below[number]):
            ends[number] = [[f'in{number}']], [[f'out{number}']]
            pairs = _graph(modules[number], ends[number], within) if modules else []
        elif kind in SIDE_BY_SIDE:
            first, last = ([_one(parts) for parts in side] for side in zip(*within, strict=True))
            ends[number] = (
                first if kind in PART_BY_PART else [_one(first)],
                last if kind in GIVES_PARTS else [_one(last)],
            )
        else:
            ends[number] = within[0][0], within[-1][1]
            pairs = [(last, first) for (_, last), (first, _) in pairwise(within)]
        arrows[number] = [f'  {one} -> {other};' for last, first in pairs for one, other in _met(last, first)]
    return [arrow for own in arrows for arrow in own]


def _one(parts: Parts) -> list[str]:
    """Return all parts of a table as one."""
    return [name for part in parts for name in part]


def _met(last: Parts, first: Parts) -> list[tuple[str, str]]:
    """Return which gives to which: each part to the one that takes it, if there are several on either side."""
    pairs = zip(last, first, strict=False) if len(last) > 1 < len(first) else [(_one(last), _one(first))]
    return list(dict.fromkeys((one, other) for givers, takers in pairs for one in givers for other in takers))


def _graph(module: Any, own: Ends, within: list[Ends]) -> list[Ends]:
    """Return the pairs of an nn.gModule's graph: who gives to whom. Nodes without a module hand on what they get."""
    if not isinstance(module, nn.gModule):
        return []
    given: list[Parts] = []  # what each node's value comes from
    pairs = []
    for node in module.nodes:
        taken = [given[source] for source in node['sources']]
        sources = taken[0] if len(taken) == 1 else [_one(parts) for parts in taken]
        if node['module'] is None:
            given.append(sources or own[0])
            continue
        first, last = within[node['module']]
        pairs.append((sources, first))
        given.append(last)
    return [*pairs, (given[-1], own[1])]


def to_svg(net: Any, shapes: list[Any] | None = None) -> str:
    """Return a network's tree as a picture, SVG: what runs after another stands below it, branches side by side.

    Arguments as for to_dot. The modules of an nn.gModule stand in their order, without arrows: to_dot draws its graph.

    >>> from nnlite import nn
    >>> to_svg(nn.Linear(2, 3)).startswith('<svg xmlns="http://www.w3.org/2000/svg"')
    True
    """
    nodes = net if isinstance(net, list) else tree_of(net)
    boxes = _measured(nodes, children_of(nodes), shapes)
    whole = boxes[0]
    whole.x = whole.y = PAD
    parts = [_drawn(box) for box in boxes]  # a container before what is in it, so that it knows its place
    width, height = whole.width + 2 * PAD, whole.height + 2 * PAD
    style = (
        'text{font:12px monospace;fill:#222}.box{fill:none;stroke:#999}.leaf{fill:#eef3fa;stroke:#4a78b5}'
        '.sum{fill:#fdeacc;stroke:#c77f1a}.name{fill:#666}line{stroke:#444;marker-end:url(#tip)}#tip{fill:#444}'
        '@media(prefers-color-scheme:dark){text{fill:#eee}.name{fill:#aaa}.leaf{fill:#1d2b40}.sum{fill:#43300f}'
        'line{stroke:#ccc}#tip{fill:#ccc}}'
    )
    tip = '<marker id="tip" markerWidth="7" markerHeight="7" refX="6" refY="3" orient="auto"><path d="M0,0L6,3L0,6z"/>'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" '
        f'height="{height:g}" role="img" aria-label="the modules of {_escaped(nodes[0].name)}">'
        f'<style>{style}</style><defs>{tip}</marker></defs>{"".join(parts)}</svg>'
    )


@dataclass
class _Box:
    """A node with its place in the picture."""

    node: Node
    rows: list[str]
    parts: list['_Box']
    width: float
    height: float
    x: float = 0
    y: float = 0


def _measured(nodes: list[Node], below: list[list[int]], shapes: list[Any] | None) -> list[_Box]:
    """Return the boxes of all nodes, which know their sizes."""
    boxes: list[_Box] = []
    for number in reversed(range(len(nodes))):  # a node's modules come after it
        node = nodes[number]
        parts = [boxes[len(nodes) - 1 - child] for child in below[number]]
        label = _label(node, number, None if parts else shapes)
        rows = label.split('\n')
        least = LETTER * max(map(len, rows)) + 2 * PAD
        if not parts:
            boxes.append(_Box(node, rows, parts, least, ROW + (ROW - 10) * (len(rows) - 1)))
            continue
        widths, heights = [part.width for part in parts], [part.height for part in parts]
        between = GAP * (len(parts) - 1)
        width = sum(widths) + between if node.kind in SIDE_BY_SIDE else max(widths)
        height = max(heights) if node.kind in SIDE_BY_SIDE else sum(heights) + between
        boxes.append(_Box(node, rows, parts, max(width + 2 * PAD, least), height + 2 * PAD + TITLE))
    return boxes[::-1]


def _drawn(box: _Box) -> str:
    """Return a box, and the arrows between those in it, which are given their places."""
    kind = 'box' if box.parts else 'sum' if box.node.kind == 'CAddTable' else 'leaf'
    drawn = [
        f'<rect class="{kind}" x="{box.x:g}" y="{box.y:g}" width="{box.width:g}" height="{box.height:g}" rx="4">'
        f'<title>{_escaped(box.node.where)}</title></rect>'
    ]
    name = 'name' if box.parts else ''
    drawn += [
        f'<text class="{name}" x="{box.x + PAD:g}" y="{box.y + 17 + 16 * row:g}">{_escaped(line)}</text>'
        for row, line in enumerate(box.rows)
    ]
    inner_x, inner_y = box.x + PAD, box.y + PAD + TITLE
    for place, part in enumerate(box.parts):
        if box.node.kind in SIDE_BY_SIDE:
            part.x, part.y = inner_x, inner_y
            inner_x += part.width + GAP
            continue
        part.x, part.y = box.x + (box.width - part.width) / 2, inner_y
        if place and box.node.kind in IN_ORDER:
            middle = box.x + box.width / 2
            drawn.append(f'<line x1="{middle:g}" y1="{inner_y - GAP:g}" x2="{middle:g}" y2="{inner_y:g}"/>')
        inner_y += part.height + GAP
    return ''.join(drawn)


def _escaped(text: str) -> str:
    """Return a text for XML, which has no place for control characters."""
    return html.escape(re.sub('[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]', '\ufffd', text))


def _label(node: Node, number: int, shapes: list[Any] | None) -> str:
    shape = None if shapes is None else shapes[number]
    if not isinstance(shape, tuple) or not shape:
        return node.name
    return f'{node.name}\n{" x ".join(map(str, shape))}'


def _quoted(text: str) -> str:
    return text.replace('\\', '\\\\').replace('"', '\\"').replace('\n', '\\n')
