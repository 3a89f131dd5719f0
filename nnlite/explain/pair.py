"""The page of the deep pair: the gradient by depth in a ResNet and its plain twin, through some steps of training."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import nnlite
from nnlite import models, nn, optim, trace
from nnlite.data_prep import shapes
from nnlite.explain.page import Part, page

TWINS: dict[str, Callable[..., Any]] = {'ResNet': models.resnet, 'plain twin': models.convnet}
WIDTHS = (4, 8, 16)  # planes: few, so that it takes seconds
SIZE = 16  # pixels of a side


def record_pair(depth: int = 26, steps: int = 40, every: int = 4, batch: int = 32, seed: int = 1) -> dict[str, Any]:
    """Train a ResNet and its plain twin a little, on drawn shapes, and return what was recorded.

    Args:
        depth: layers.
        steps: of training, each on the same images: how far gradients reach shows in the first ones.
        every: steps from one record to the next.
        batch: images.
        seed: of weights and images.

    Returns:
        what the page shows: 'layers', their names, and 'twins', each with 'name', 'steps', 'norms' (records, layers) of
        the gradient at each layer's output, 'loss' and 'accuracy'.
    """
    pictures = np.stack([shapes.draw(number, size=SIZE, seed=seed) for number in range(batch)])
    images = pictures.astype(np.float32).transpose(0, 3, 1, 2)
    images = (images - images.mean()) / images.std()
    labels = np.arange(batch) % len(shapes.CLASSES) + 1
    twins: list[dict[str, Any]] = []
    layers: list[str] = []
    for name, make in TWINS.items():
        nnlite.manualSeed(seed)
        net = make(depth, 'cifar10', classes=len(shapes.CLASSES), widths=WIDTHS).float()
        criterion = nn.CrossEntropyCriterion().float()
        params, gradParams = net.getParameters()
        config = dict(learningRate=0.05, momentum=0.9, dampening=0, nesterov=True)
        frames, right = [], []
        for step in range(steps + 1):
            if step % every == 0:
                frames.append(trace.record(net, criterion, images, labels, step=step))
            net.zeroGradParameters()
            output = net.forward(images)
            if step % every == 0:
                right.append(float((output.argmax(1) + 1 == labels).mean()))
            loss = criterion.forward(output, labels)
            net.backward(images, criterion.backward(output, labels))
            optim.sgd(lambda _, loss=loss, grads=gradParams: (loss, grads), params, config)
        recorded = trace.Trace.of(frames)
        nodes, norms = trace.gradient_norms(recorded, 'gradOutput')
        layers = [f'{node.short} {node.name}' for node in nodes]
        twins.append(
            {
                'name': name,
                'steps': recorded.steps.tolist(),
                'norms': [[float(f'{norm:.6g}') for norm in row] for row in norms],
                'loss': [float(f'{value:.6g}') for value in recorded.loss],
                'accuracy': right,
            }
        )
    return {'depth': depth, 'layers': layers, 'twins': twins}


def explain_pair(data: dict[str, Any]) -> str:
    """Return a page, HTML, that shows what `record_pair` returned."""
    return page(f'The deep pair: {data["depth"]} layers', pair_part(data))


def pair_part(data: dict[str, Any]) -> Part:
    """Return the same as a part of a page."""
    depth = data['depth']
    body = f"""
<h1>The deep pair</h1>
<p>A residual network of {depth} layers and its plain twin, the same network with the shortcuts taken out, learn the
same pictures. On its way from the loss back to the first layer the gradient passes every block: along a shortcut it
comes as it was, and the branch's part is added to it; without one it is multiplied anew in each block.</p>
<p><span style="color: var(--blue)"><b>&mdash; ResNet</b></span> &nbsp;
<span style="color: var(--orange)"><b>- - plain twin</b></span></p>
<h2>The norm of the gradient by depth</h2>
<svg id="depth" class="chart" role="img" aria-label="norm of the gradient at the output of each layer"></svg>
<p><label for="step">step of training, arrow keys work too</label><br>
<input id="step" type="range" min="0" value="0" step="1" style="width: 100%; max-width: 45rem"></p>
<p id="said" class="mono" aria-live="polite"></p>
<h2>The loss</h2>
<svg id="loss" class="chart" role="img" aria-label="loss by step of training"></svg>
<noscript><p>The charts need JavaScript; nothing is loaded from anywhere.</p></noscript>
"""
    text = json.dumps(data).replace('<', '\\u003c')
    script = (Path(__file__).parent / 'pair.js').read_text(encoding='utf-8')
    return Part('The deep pair', body, f'const data = {text};\n{script}')
