"""The page of a model: its modules as a tree, with what each did to one picture, forward and back."""

from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from typing import Any

import numpy as np

from nnlite import nn, trace
from nnlite.errors import DataError
from nnlite.explain.chart import histogram, line_chart
from nnlite.explain.page import Part, page
from nnlite.explain.planes import PLANES, colours_of, picture_of
from nnlite.nn.table import mapped
from nnlite.tensor.devices import is_array
from nnlite.tensor.memory import address
from nnlite.trace.frame import Frame
from nnlite.trace.statistics import Statistics
from nnlite.trace.tree import children_of
from nnlite.training.scores import gives_probabilities, loss_of, probabilities

TOP = 5  # classes that are shown
LARGEST = 64  # pixels of a plane's side that are shown; of larger planes every so many, or pages get very large
LONG = 1e6  # from here on a score is written with a power of ten
FORKS = ('ConcatTable', 'Concat', 'DepthConcat')  # whose gradient at the input is the sum of those of their branches
QUANTITIES = {'output': 'output', 'gradOutput': 'gradient at the output', 'gradInput': 'gradient at the input'}
SCRIPT = """
for (const [id, open] of [['unfold', true], ['fold', false]])
  document.getElementById(id).addEventListener('click', () => {
    for (const part of document.querySelectorAll('#tree details')) part.open = open;
  });
"""


def explain_model(
    net: Any,
    images: Any,
    title: str,
    classes: list[str] | None = None,
    label: int | None = None,
    note: str | None = None,
) -> str:
    """Return a page, HTML, that shows what a network does with a picture.

    The network runs as it is, in training or in evaluation; nothing of it changes but the parameters' gradients. Layers
    that have no way back in evaluation, as nn.SpatialDropout, hand back the gradient of what they do there. Of scores
    the gradients are those of -log of a class's probability, by the network's last layer: nn.SoftMax gives
    probabilities, nn.LogSoftMax their logarithms, any other layer scores for nn.CrossEntropyCriterion. Of an output
    that is no list of scores, a single number, maps or a table, they are those of the sum of all its numbers.

    Args:
        net: an nn.Module.
        images: what it takes, a batch of one: (1, C, H, W), (1, features), or a table.
        title: of the page.
        classes: their names.
        label: the right class, from 1; the one with the highest score if it is not given.
        note: what the page says of the input beside its size, plain text.

    Raises:
        DataError: there is no class of this number.
        Error: as of the network.

    >>> import nnlite
    >>> from nnlite import models
    >>> text = explain_model(models.resnet(8, 'cifar10', widths=(4, 4, 4)), nnlite.randn(1, 3, 16, 16), 'a ResNet')
    >>> text.startswith('<!doctype html>'), text.count('<details') > 20
    (True, True)
    """
    # Of numbers that are not finite the page tells.
    with _way_back_in_evaluation(net), np.errstate(over='ignore', invalid='ignore', divide='ignore'):
        frame = trace.record(net, _Total().type(net.type()), images, None, arrays=True)
        scores = _scores(frame)
        if label is not None and not 1 <= label <= len(scores):
            classes_are = f'a class from 1 to {len(scores)}' if len(scores) else 'no class, of a network without scores'
            raise DataError(f'expected {classes_are}, got {label}', where='label')
        if len(scores):
            label = int(np.argmax(scores)) + 1 if label is None else label
            frame = trace.record(net, loss_of(net), images, [label], arrays=True)
    parts = [
        f'<h1>{escape(title)}</h1>',
        _summary(net, frame, images, note),
        '<h2>What it says</h2>',
        _said(net, frame, scores, classes, label),
        '<h2>The gradient by depth</h2>',
        '<p>The norm of the gradient that arrives at each layer with weights, from the input to the output.</p>',
        _gradients(frame),
        '<h2>Its modules</h2>',
        '<p>Of each: the shape of what it gives, the time forward and back with all that is inside, how many numbers '
        'it learns, and the memory of its results and buffers.</p>',
        '<p><button id="unfold">unfold all</button> <button id="fold">fold all</button></p>',
        f'<div id="tree">{_tree(frame, children_of(frame.nodes), 0)}</div>',
    ]
    return page(title, Part(title, '\n'.join(parts), SCRIPT))


@contextmanager
def _way_back_in_evaluation(net: Any) -> Iterator[None]:
    """Give layers whose way back Torch has in training only the one of what they do in evaluation: y = a x + b."""
    kinds = nn.SpatialDropout | nn.VolumetricDropout | nn.WhiteNoise
    layers = [module for module in net.listModules() if isinstance(module, kinds) and not module.train]

    def hand_back(layer: Any) -> Any:
        def updateGradInput(input: Any, gradOutput: Any) -> Any:
            slope = 1 if isinstance(layer, nn.WhiteNoise) else 1 - layer.p
            layer.gradInput = gradOutput * (layer.noise if getattr(layer, 'stochastic_inference', False) else slope)
            return layer.gradInput

        return updateGradInput

    for layer in layers:
        layer.updateGradInput = hand_back(layer)
    try:
        yield
    finally:
        for layer in layers:
            del layer.updateGradInput


class _Total(nn.Criterion):
    """The sum of all numbers of an output, which may be a table: a loss for outputs of any kind."""

    def updateOutput(self, input: Any, target: Any = None) -> float:
        parts = [_Total.updateOutput(self, part) for part in input] if isinstance(input, list) else [input.sum()]
        self.output = float(sum(parts))
        return self.output

    def updateGradInput(self, input: Any, target: Any = None) -> Any:
        self.gradInput = _ones(input)
        return self.gradInput


def _ones(like: Any) -> Any:
    return [_ones(part) for part in like] if isinstance(like, list) else np.ones_like(like)


def _scores(frame: Frame) -> np.ndarray:
    """Return the scores (classes) that a network has given; none if its output is something else."""
    output = frame.arrays['output', 0]
    is_list = is_array(output) and sum(side > 1 for side in output.shape) == 1 and output.shape[-1] > 1
    return np.asarray(output, np.float64).reshape(-1) if is_list else np.empty(0)


def _summary(net: Any, frame: Frame, images: Any, note: str | None) -> str:
    parameters = sum({address(weight): weight.size for weight in net.parameters()[0]}.values())
    facts = [
        f'Input: {_size(mapped(np.shape, images))}{f", {note}" if note else ""}.',
        f'The network runs in {"training" if net.train else "evaluation"}.',
        f'{len(frame.nodes)} modules, {parameters:,} parameters, {frame.bytes.sum() / 2**20:.1f} MB of results and '
        f'buffers; forward {1e3 * frame.seconds["forward"][0]:.1f} ms, back {1e3 * frame.seconds["backward"][0]:.1f} '
        'ms, module by module.',
    ]
    text = f'<p>{escape(" ".join(facts))}</p>'
    if isinstance(images, list | dict) or np.ndim(images) != 4:
        return text
    side = images.shape[-1]
    if images.shape[1] == 3:
        text += _figure(colours_of(images[0]), 'the input', side)
    return text + _figure(picture_of(images[0]), 'the input, plane by plane', side)


def _said(net: Any, frame: Frame, scores: np.ndarray, classes: list[str] | None, label: int | None) -> str:
    """Return the best classes, or what else the output is, and the loss."""
    if not len(scores):
        return (
            f'<p>It gives {escape(_size(frame.shapes[0]))}: no scores of classes. The loss of this page, whose '
            f'gradients it shows, is the sum of all these numbers.</p><p class="soft">loss {frame.loss:z.4f}</p>'
        ) + _broken(frame)
    assert label is not None
    shares = probabilities(net, scores[None])[0]
    columns = ['probability'] if gives_probabilities(net) else ['score', 'probability']
    rows = []
    for place in np.argsort(-scores, kind='stable')[:TOP]:
        name = _named(place + 1, classes)
        mark = ' (the gradient is for this one)' if place + 1 == label else ''
        cells = [_score(scores[place]), f'{shares[place]:.1%}' if np.isfinite(shares[place]) else 'none']
        row = ''.join(f'<td>{cell}</td>' for cell in cells[-len(columns) :])
        rows.append(f'<tr><td>{escape(name)}{mark}</td>{row}</tr>')
    head = ''.join(f'<th>{name}</th>' for name in ('class', *columns))
    loss = f'The loss, whose gradients this page shows, is -log of the probability of {_named(label, classes)}'
    kind = 'nn.ClassNLLCriterion of their logarithms' if gives_probabilities(net) else repr(loss_of(net))
    return (
        f'{_broken(frame)}<div class="scroll"><table><tr>{head}</tr>{"".join(rows)}</table></div>'
        f'<p>{escape(loss)} ({escape(kind)}).</p><p class="soft">loss {frame.loss:z.4f}</p>'
    )


def _score(score: float) -> str:
    return f'{score:z.3f}' if abs(score) < LONG else f'{score:.4g}'


def _named(label: int, classes: list[str] | None) -> str:
    return classes[label - 1] if classes and label <= len(classes) else f'class {label}'


def _broken(frame: Frame) -> str:
    """Return a warning, if the output is not finite, that names the first module whose output is not."""
    bad = [
        node
        for node, found in zip(frame.nodes, frame.statistics['output'], strict=True)
        if found is not None and not np.isfinite([found.low, found.high]).all()
    ]
    leaves = [node for node in bad if not any(frame.nodes[other.parent] is node for other in bad if other.parent >= 0)]
    if not leaves or frame.nodes[0] not in bad:
        return ''
    return (
        '<p><b>Its output is not finite: NaN or infinite.</b> The first module that gives such numbers is '
        f'<span class="mono">{escape(leaves[0].where)}</span>.</p>'
    )


def _gradients(frame: Frame) -> str:
    nodes, norms = trace.gradient_norms(frame.trace(), 'gradOutput')
    names = [f'{node.short} {node.name}' for node in nodes]
    return line_chart(norms[0], names, 'layer, from the input to the output', 'norm of the gradient')


def _tree(frame: Frame, below: list[list[int]], number: int) -> str:
    """Return a module as what can be folded, and all that it holds."""
    node = frame.nodes[number]
    inside = _branches(frame, below, number) + _leaf(frame, number, figures=not below[number])
    inside += ''.join(_tree(frame, below, child) for child in below[number])
    opened = ' open' if number == 0 else ''
    name = f'<span class="mono">{escape(node.short)} <b>{escape(node.name)}</b></span>'
    facts = f'<span class="facts">{escape(_facts(frame, number))}</span>'
    return f'<details{opened}><summary>{name}{facts}</summary>{inside}</details>'


def _facts(frame: Frame, number: int) -> str:
    node, shape = frame.nodes[number], frame.shapes[number]
    forward, back = (1e3 * frame.seconds[way][number] for way in ('forward', 'backward'))
    facts = [_size(shape), f'forward {forward:.2f} ms, back {back:.2f} ms']
    if node.parameters:
        facts.append(f'{node.parameters:,} parameters')
    if frame.bytes[number]:
        facts.append(f'{frame.bytes[number] / 1024:,.0f} KB')
    return '; '.join(facts)


def _size(shape: Any) -> str:
    """Return a shape, or those of a table, as text."""
    if shape is None:
        return 'did not run'
    if isinstance(shape, list | dict):
        return f'a table: {", ".join(map(_size, shape.values() if isinstance(shape, dict) else shape))}'
    return ' x '.join(map(str, shape))


def _branches(frame: Frame, below: list[list[int]], number: int) -> str:
    """Return the gradients that come back through the branches of a fork, and whether their sum is the fork's own."""
    found: list[Any] = [frame.arrays.get(('gradInput', place)) for place in (number, *below[number])]
    if frame.nodes[number].kind not in FORKS or not all(isinstance(part, np.ndarray) for part in found):
        return ''
    whole, total, *rest = found
    for part in rest:
        total = total + part
    same = 'to the bit' if np.array_equal(total, whole, equal_nan=True) else 'but for rounding'
    rows = [
        (f'branch {place}, {frame.nodes[child].name}', frame.statistics['gradInput'][child])
        for place, child in enumerate(below[number], 1)
    ]
    rows.append(('their sum', trace.statistics_of(total)))
    return (
        '<p>A fork: the gradients that come back through its branches are added. Their sum is the gradient at its '
        f'input, {same}.</p>{_table(rows)}'
    )


def _table(rows: list[tuple[str, Statistics | None]]) -> str:
    """Return the statistics of some arrays, a row each."""
    lines = []
    for what, found in rows:
        if found is not None:
            numbers = [found.norm, found.mean, found.std, found.low, found.high]
            cells = ''.join(f'<td>{value:.3g}</td>' for value in numbers)
            lines.append(f'<tr><td>{escape(what)}</td>{cells}<td>{found.zeros:.0%}</td></tr>')
    head = ''.join(f'<th>{name}</th>' for name in ('', 'norm', 'mean', 'std', 'lowest', 'highest', 'zeros'))
    return f'<div class="scroll"><table><tr>{head}</tr>{"".join(lines)}</table></div>'


def _leaf(frame: Frame, number: int, figures: bool) -> str:
    """Return what a module shows of its output and of its gradients: numbers, and perhaps pictures."""
    rows = [(what, frame.statistics[quantity][number]) for quantity, what in QUANTITIES.items()]
    shown = [_spread(frame, number, quantity, what) for quantity, what in QUANTITIES.items()] if figures else []
    return _table(rows) + ''.join(shown)


def _spread(frame: Frame, number: int, quantity: str, what: str) -> str:
    """Return how the numbers of an array are spread, and its maps."""
    found, values = frame.statistics[quantity][number], frame.arrays.get((quantity, number))
    if found is None or not isinstance(values, np.ndarray):
        return ''
    figures = []
    if found.histogram.any():
        chart = histogram(found.histogram, found.low, found.high)
        figures.append(f'<figure>{chart}<figcaption>{what}, spread</figcaption></figure>')
    if values.ndim == 4 and quantity != 'gradInput':
        step = -(-max(values.shape[2:]) // LARGEST)
        shown = picture_of(values[0, :, ::step, ::step], signed=quantity != 'output')
        caption = f'{what}, {min(PLANES, values.shape[1])} of {values.shape[1]} planes'
        if step > 1:
            caption += f', a pixel of {step} x {step}'
        figures.append(_figure(shown, caption, -(-values.shape[-1] // step)))
    return ''.join(figures)


def _figure(source: str, caption: str, side: int) -> str:
    """Return a picture with what it shows; maps of a small side are enlarged."""
    width = 4 * side * max(1, 32 // max(1, side)) + 12
    image = f'<img src="{source}" alt="{escape(caption)}" style="width: {width}px">'
    return f'<figure>{image}<figcaption>{escape(caption)}</figcaption></figure>'
