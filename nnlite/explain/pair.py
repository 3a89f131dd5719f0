"""The page of the deep pair: the gradient by depth in a ResNet and its plain twin, through some steps of training."""

from collections.abc import Callable
from typing import Any

import numpy as np

import nnlite
from nnlite import models, nn, optim, trace
from nnlite.data_prep import shapes
from nnlite.explain.page import Part, page, part_of
from nnlite.explain.threads import one_thread

TWINS: dict[str, Callable[..., Any]] = {'ResNet': models.resnet, 'plain twin': models.convnet}
WIDTHS = (4, 8, 16)  # planes: few, so that it takes seconds
SIZE = 16  # pixels of a side
STILL = 0.9  # of its first loss: a network with more has learnt hardly anything


def record_pair(depth: int = 26, steps: int = 40, every: int = 4, batch: int = 32, seed: int = 1) -> dict[str, Any]:
    """Train a ResNet and its plain twin a little, on drawn shapes, and return what was recorded.

    Args:
        depth: layers.
        steps: of training, each on the same images: how far gradients reach shows in the first ones.
        every: steps from one record to the next.
        batch: images.
        seed: of weights and images.

    Returns:
        what the page shows: 'layers', their names, 'last', the place of the last convolution, and 'twins', each with
        'name', 'steps', 'norms' (records, layers) of the gradient at each layer's output, 'loss' and 'accuracy'.
    """
    pictures = np.stack([shapes.draw(number, size=SIZE, seed=seed) for number in range(batch)])
    images = pictures.astype(np.float64).transpose(0, 3, 1, 2)
    images = (images - images.mean()) / images.std()
    labels = np.arange(batch) % len(shapes.CLASSES) + 1
    twins = []
    with one_thread():
        for name, make in TWINS.items():
            nnlite.manualSeed(seed)
            net = make(depth, 'cifar10', classes=len(shapes.CLASSES), widths=WIDTHS).double()
            recorded, accuracy = _train(net, images, labels, steps, every)
            nodes, norms = trace.gradient_norms(recorded, 'gradOutput')
            twins.append(
                {
                    'name': name,
                    'steps': recorded.steps.tolist(),
                    'norms': [[float(f'{norm:.6g}') for norm in row] for row in norms],
                    'loss': [float(f'{value:.6g}') for value in recorded.loss],
                    'accuracy': accuracy,
                }
            )
    layers = [f'{node.short} {node.name}' for node in nodes]
    last = max(place for place, node in enumerate(nodes) if node.kind == 'SpatialConvolution')
    return {'depth': depth, 'layers': layers, 'last': last, 'twins': twins}


def _train(net: Any, images: np.ndarray, labels: np.ndarray, steps: int, every: int) -> tuple[trace.Trace, list[float]]:
    """Train a network; return what every `every`-th step was like, and the share of images that was right in it."""
    criterion = nn.CrossEntropyCriterion().double()
    params, gradParams = net.getParameters()
    config = dict(learningRate=0.05, momentum=0.9, dampening=0, nesterov=True)
    frames, accuracy = [], []
    for step in range(steps + 1):
        if step % every == 0:
            frames.append(trace.record(net, criterion, images, labels, step=step))
        net.zeroGradParameters()
        output = net.forward(images)
        if step % every == 0:
            accuracy.append(float((output.argmax(1) + 1 == labels).mean()))
        loss = criterion.forward(output, labels)
        net.backward(images, criterion.backward(output, labels))
        optim.sgd(lambda _, loss=loss: (loss, gradParams), params, config)
    return trace.Trace.of(frames), accuracy


def explain_pair(data: dict[str, Any]) -> str:
    """Return a page, HTML, that shows what `record_pair` returned."""
    return page(f'The deep pair: {data["depth"]} layers', pair_part(data))


def pair_part(data: dict[str, Any]) -> Part:
    """Return the same as a part of a page."""
    return part_of('pair', 'The deep pair', data, depth=str(data['depth']), story=_story(data))


def _story(data: dict[str, Any]) -> str:
    """Return what there is to see: how much the first layer gets of what the last convolution gets, and when."""
    resnet, plain = data['twins']
    ours, theirs = (
        np.divide([row[0] for row in twin['norms']], [row[data['last']] for row in twin['norms']])
        for twin in (resnet, plain)
    )
    said = [
        f'At the beginning the first layer gets {_digits(ours[0])} times what the last convolution gets in the ResNet, '
        f'{_digits(theirs[0])} times in the twin: each block of the twin multiplies the gradient, where one of the '
        'ResNet adds to what comes along the shortcut. Then both are trained. '
        f'In the ResNet it stays {_between(ours)} times.'
    ]
    still = [place for place, loss in enumerate(plain['loss']) if loss > STILL * plain['loss'][0]]
    least = min(still, key=lambda place: theirs[place])
    if theirs[least] < 1:
        said.append(
            f"The twin's curve falls over: at step {plain['steps'][least]} its first layer gets "
            f'{_digits(theirs[least])} times what its last convolution gets, while its loss has hardly moved, from '
            f'{plain["loss"][0]:.2f} to {plain["loss"][least]:.2f}.'
        )
    else:
        said.append(f'In the twin it stays {_between(theirs)} times.')
    return ' '.join(said)


def _between(ratios: np.ndarray) -> str:
    return f'between {_digits(ratios.min())} and {_digits(ratios.max())}'


def _digits(ratio: float) -> str:
    return f'{float(f"{ratio:.2g}"):g}'
