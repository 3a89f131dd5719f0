"""The page of a model: its modules as a tree, with what each did to one picture, forward and back."""

from html import escape
from typing import Any

import numpy as np

from nnlite import nn, trace
from nnlite.explain.chart import histogram, line_chart
from nnlite.explain.page import Part, page
from nnlite.explain.planes import PLANES, picture_of
from nnlite.trace.frame import Frame
from nnlite.trace.tree import children_of

TOP = 5  # classes that are shown
QUANTITIES = {'output': 'output', 'gradOutput': 'gradient at the output', 'gradInput': 'gradient at the input'}
SCRIPT = """
for (const [id, open] of [['unfold', true], ['fold', false]])
  document.getElementById(id).addEventListener('click', () => {
    for (const part of document.querySelectorAll('#tree details')) part.open = open;
  });
"""


def explain_model(
    net: Any, images: np.ndarray, title: str, classes: list[str] | None = None, label: int | None = None
) -> str:
    """Return a page, HTML, that shows what a network does with a picture.

    The network runs as it is, in training or in evaluation, with nn.CrossEntropyCriterion behind it; nothing of it
    changes but the parameters' gradients.

    Args:
        net: an nn.Module from images to scores.
        images: (1, C, H, W) or (1, features).
        title: of the page.
        classes: their names.
        label: the right class, from 1; the one with the highest score if it is not given.

    >>> import nnlite
    >>> from nnlite import models
    >>> text = explain_model(models.resnet(8, 'cifar10', widths=(4, 4, 4)), nnlite.randn(1, 3, 16, 16), 'a ResNet')
    >>> text.startswith('<!doctype html>'), text.count('<details') > 20
    (True, True)
    """
    criterion = nn.CrossEntropyCriterion().type(net.type())
    if label is None:
        first = trace.record(net, criterion, images, [1], arrays=True)
        label = int(np.argmax(first.arrays['output', 0])) + 1
    frame = trace.record(net, criterion, images, [label], arrays=True)
    parts = [
        f'<h1>{escape(title)}</h1>',
        _summary(frame, images),
        '<h2>What it says</h2>',
        _scores(frame, classes, label),
        '<h2>The gradient by depth</h2>',
        '<p>The norm of the gradient that arrives at each layer with weights, from the input to the output.</p>',
        _gradients(frame),
        '<h2>Its modules</h2>',
        '<p><button id="unfold">unfold all</button> <button id="fold">fold all</button></p>',
        f'<div id="tree">{_tree(frame, children_of(frame.nodes), 0)}</div>',
    ]
    return page(title, Part(title, '\n'.join(parts), SCRIPT))


def _summary(frame: Frame, images: np.ndarray) -> str:
    parameters = sum(node.parameters for node in frame.nodes)
    facts = (
        f'{len(frame.nodes)} modules, {parameters:,} parameters, {frame.bytes.sum() / 2**20:.1f} MB of results and '
        f'buffers; forward {1e3 * frame.seconds["forward"][0]:.1f} ms, back {1e3 * frame.seconds["backward"][0]:.1f} ms'
    )
    if images.ndim != 4:
        return f'<p>{facts}</p>'
    shown = _figure(picture_of(images[0]), 'the input, plane by plane', images.shape[-1])
    return f'<p>{facts}</p>{shown}'


def _scores(frame: Frame, classes: list[str] | None, label: int) -> str:
    scores = np.asarray(frame.arrays['output', 0], np.float64).reshape(-1)
    shares = np.exp(scores - scores.max())
    shares /= shares.sum()
    rows = []
    for place in np.argsort(-scores, kind='stable')[:TOP]:
        name = classes[place] if classes and place < len(classes) else f'class {place + 1}'
        mark = ' (the gradient is for this one)' if place + 1 == label else ''
        rows.append(f'<tr><td>{escape(name)}{mark}</td><td>{scores[place]:.3f}</td><td>{shares[place]:.1%}</td></tr>')
    head = '<tr><th>class</th><th>score</th><th>softmax</th></tr>'
    return f'<div class="scroll"><table>{head}{"".join(rows)}</table></div><p class="soft">loss {frame.loss:.4f}</p>'


def _gradients(frame: Frame) -> str:
    nodes, norms = trace.gradient_norms(frame.trace(), 'gradOutput')
    return line_chart(norms[0], [f'{node.short} {node.name}' for node in nodes], 'layer', 'norm of the gradient')


def _tree(frame: Frame, below: list[list[int]], number: int) -> str:
    """Return a module as what can be folded, and all that it holds."""
    node = frame.nodes[number]
    inside = ''.join(_tree(frame, below, child) for child in below[number]) or _leaf(frame, number)
    opened = ' open' if number == 0 else ''
    name = f'<span class="mono">{escape(node.short)} <b>{escape(node.name)}</b></span>'
    facts = f'<span class="facts">{escape(_facts(frame, number))}</span>'
    return f'<details{opened}><summary>{name}{facts}</summary>{inside}</details>'


def _facts(frame: Frame, number: int) -> str:
    node, shape = frame.nodes[number], frame.shapes[number]
    size = ' x '.join(map(str, shape)) if isinstance(shape, tuple) else 'a table'
    facts = [size, f'{1e3 * frame.seconds["forward"][number]:.2f} + {1e3 * frame.seconds["backward"][number]:.2f} ms']
    if node.parameters:
        facts.append(f'{node.parameters:,} parameters')
    if frame.bytes[number]:
        facts.append(f'{frame.bytes[number] / 1024:,.0f} KB')
    return '; '.join(facts)


def _leaf(frame: Frame, number: int) -> str:
    """Return what a module without modules shows of its output and of its gradients."""
    rows, figures = [], []
    for quantity, what in QUANTITIES.items():
        found, values = frame.statistics[quantity][number], frame.arrays.get((quantity, number))
        if found is None or not isinstance(values, np.ndarray):
            continue
        numbers = [found.norm, found.mean, found.std, found.low, found.high]
        cells = ''.join(f'<td>{value:.3g}</td>' for value in numbers)
        rows.append(f'<tr><td>{what}</td>{cells}<td>{found.zeros:.0%}</td></tr>')
        if found.histogram.any():
            chart = histogram(found.histogram, found.low, found.high)
            figures.append(f'<figure>{chart}<figcaption>{what}, spread</figcaption></figure>')
        if values.ndim == 4 and quantity != 'gradInput':
            shown = picture_of(values[0], signed=quantity != 'output')
            caption = f'{what}, {min(PLANES, values.shape[1])} of {values.shape[1]} planes'
            figures.append(_figure(shown, caption, values.shape[-1]))
    head = ''.join(f'<th>{name}</th>' for name in ('', 'norm', 'mean', 'std', 'lowest', 'highest', 'zeros'))
    return f'<div class="scroll"><table><tr>{head}</tr>{"".join(rows)}</table></div>{"".join(figures)}'


def _figure(source: str, caption: str, side: int) -> str:
    """Return a picture with what it shows; maps of a small side are enlarged."""
    width = 4 * side * max(1, 32 // max(1, side)) + 12
    image = f'<img src="{source}" alt="{escape(caption)}" style="width: {width}px">'
    return f'<figure>{image}<figcaption>{escape(caption)}</figcaption></figure>'
