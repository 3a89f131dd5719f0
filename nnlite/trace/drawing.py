"""A network's tree as a drawing: DOT, for Graphviz, and SVG."""

import html
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from nnlite.trace.tree import Node, children_of, tree_of

SIDE_BY_SIDE = ('ConcatTable', 'Concat', 'DepthConcat', 'ParallelTable', 'Parallel')  # whose modules see the same input
ROW, PAD, GAP, LETTER = 26, 10, 12, 7.2  # pixels: of a module's height, around, between, and of a letter's width
TITLE = 20


def to_dot(net: Any, shapes: list[Any] | None = None) -> str:
    """Return a network's tree in the language of Graphviz: a box for each container, arrows in the order of running.

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
    nodes = net if isinstance(net, list) else tree_of(net)
    below = children_of(nodes)
    lines = ['digraph net {', '  node [shape=box, fontname="monospace"];', '  rankdir=TB;']
    edges: list[str] = []

    def draw(number: int, indent: str) -> tuple[list[int], list[int]]:
        """Write a node, and return the leaves that run first in it, and last."""
        node = nodes[number]
        if not below[number]:
            lines.append(f'{indent}n{number} [label="{_quoted(_label(node, number, shapes))}"];')
            return [number], [number]
        lines.extend([f'{indent}subgraph cluster_{number} {{', f'{indent}  label="{_quoted(node.name)}";'])
        ends = [draw(child, indent + '  ') for child in below[number]]
        lines.append(f'{indent}}}')
        if node.kind in SIDE_BY_SIDE:
            return [one for first, _ in ends for one in first], [one for _, last in ends for one in last]
        for (_, last), (first, _) in pairwise(ends):
            edges.extend(f'  n{one} -> n{other};' for one in last for other in first)
        return ends[0][0], ends[-1][1]

    draw(0, '  ')
    return '\n'.join([*lines, *edges, '}'])


def to_svg(net: Any, shapes: list[Any] | None = None) -> str:
    """Return a network's tree as a picture, SVG: what runs after another stands below it, branches side by side.

    Arguments as for to_dot.

    >>> from nnlite import nn
    >>> to_svg(nn.Linear(2, 3)).startswith('<svg xmlns="http://www.w3.org/2000/svg"')
    True
    """
    nodes = net if isinstance(net, list) else tree_of(net)
    whole = _measured(nodes, children_of(nodes), shapes, 0)
    parts: list[str] = []
    _place(whole, PAD, PAD, parts)
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
        f'height="{height:g}" role="img" aria-label="the modules of {html.escape(nodes[0].name)}">'
        f'<style>{style}</style><defs>{tip}</marker></defs>{"".join(parts)}</svg>'
    )


@dataclass
class _Box:
    """A node with its place in the picture."""

    node: Node
    label: str
    parts: list['_Box']
    width: float
    height: float
    x: float = 0
    y: float = 0

    @property
    def is_row(self) -> bool:
        return self.node.kind in SIDE_BY_SIDE


def _measured(nodes: list[Node], below: list[list[int]], shapes: list[Any] | None, number: int) -> _Box:
    node = nodes[number]
    parts = [_measured(nodes, below, shapes, child) for child in below[number]]
    label = node.name if parts else _label(node, number, shapes)
    least = LETTER * max(map(len, label.split('\n'))) + 2 * PAD
    if not parts:
        return _Box(node, label, parts, least, ROW * len(label.split('\n')) - (len(label.split('\n')) - 1) * 10)
    widths, heights = [part.width for part in parts], [part.height for part in parts]
    between = GAP * (len(parts) - 1)
    width = sum(widths) + between if node.kind in SIDE_BY_SIDE else max(widths)
    height = max(heights) if node.kind in SIDE_BY_SIDE else sum(heights) + between
    return _Box(node, label, parts, max(width + 2 * PAD, least), height + 2 * PAD + TITLE)


def _place(box: _Box, x: float, y: float, parts: list[str]) -> None:
    """Draw a box at a place, and what is in it."""
    box.x, box.y = x, y
    kind = 'box' if box.parts else 'sum' if box.node.kind == 'CAddTable' else 'leaf'
    parts.append(
        f'<rect class="{kind}" x="{x:g}" y="{y:g}" width="{box.width:g}" height="{box.height:g}" rx="4">'
        f'<title>{html.escape(box.node.where)}</title></rect>'
    )
    lines = box.label.split('\n')
    for row, line in enumerate(lines):
        name = 'name' if box.parts else ''
        parts.append(f'<text class="{name}" x="{x + PAD:g}" y="{y + 17 + 16 * row:g}">{html.escape(line)}</text>')
    inner_x, inner_y = x + PAD, y + PAD + TITLE
    for place, part in enumerate(box.parts):
        if box.is_row:
            _place(part, inner_x, inner_y, parts)
            inner_x += part.width + GAP
        else:
            _place(part, x + (box.width - part.width) / 2, inner_y, parts)
            if place:
                middle = x + box.width / 2
                parts.append(f'<line x1="{middle:g}" y1="{inner_y - GAP:g}" x2="{middle:g}" y2="{inner_y:g}"/>')
            inner_y += part.height + GAP


def _label(node: Node, number: int, shapes: list[Any] | None) -> str:
    shape = None if shapes is None else shapes[number]
    if not isinstance(shape, tuple) or not shape:
        return node.name
    return f'{node.name}\n{" x ".join(map(str, shape))}'


def _quoted(text: str) -> str:
    return text.replace('\\', '\\\\').replace('"', '\\"').replace('\n', '\\n')
