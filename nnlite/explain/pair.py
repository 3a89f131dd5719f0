"""The page of the deep pair: the gradient by depth in a ResNet and its plain twin, through some steps of training."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np

import nnlite
from nnlite import models, nn, optim, trace
from nnlite.data_prep import shapes
from nnlite.explain.page import page

TWINS: dict[str, Callable[..., Any]] = {'ResNet': models.resnet, 'plain twin': models.convnet}
WIDTHS = (4, 8, 16)  # planes: few, so that it takes seconds
SIZE = 16  # pixels of a side

SCRIPT = """
const W = 720, H = 280, L = 64, R = 12, T = 14, B = 34, NS = 'http://www.w3.org/2000/svg';
const colors = ['var(--blue)', 'var(--orange)'], dashes = ['', '7 5'];
const steps = data.twins[0].steps;
function element(parent, name, attributes, text) {
  const node = document.createElementNS(NS, name);
  for (const key in attributes) node.setAttribute(key, attributes[key]);
  if (text !== undefined) node.textContent = text;
  return parent.appendChild(node);
}
// A chart with an axis from low to high; returns where a value lies, and what draws a curve.
function chart(id, low, high, ticks, show, count) {
  const svg = document.getElementById(id);
  svg.setAttribute('viewBox', `0 0 ${W} ${H}`);
  const x = place => L + (W - L - R) * (count > 1 ? place / (count - 1) : 0.5);
  const y = value => T + (H - T - B) * (high - Math.min(high, Math.max(low, value))) / (high - low);
  for (const tick of ticks) {
    element(svg, 'line', {class: 'axis', x1: L, x2: W - R, y1: y(tick), y2: y(tick)});
    element(svg, 'text', {x: L - 8, y: y(tick) + 4, 'text-anchor': 'end'}, show(tick));
  }
  const lines = data.twins.map((_, n) => element(svg, 'polyline',
    {fill: 'none', stroke: colors[n], 'stroke-width': 2.5, 'stroke-dasharray': dashes[n]}));
  const draw = rows => rows.forEach((row, n) => lines[n].setAttribute('points',
    row.map((value, place) => x(place).toFixed(1) + ',' + y(value).toFixed(1)).join(' ')));
  return {svg, x, draw};
}
const logs = data.twins.map(twin => twin.norms.map(row => row.map(value => Math.log10(Math.max(value, 1e-30)))));
const all = logs.flat(2);
const low = Math.floor(Math.min(...all)), high = Math.max(low + 1, Math.ceil(Math.max(...all)));
const range = Array.from({length: high - low + 1}, (_, n) => low + n);
const depth = chart('depth', low, high, range, tick => '1e' + tick, data.layers.length);
const most = Math.ceil(Math.max(...data.twins.flatMap(twin => twin.loss)));
const loss = chart('loss', 0, most, Array.from({length: most + 1}, (_, n) => n), tick => tick, steps.length);
loss.draw(data.twins.map(twin => twin.loss));
const now = element(loss.svg, 'line', {stroke: 'currentColor', y1: T, y2: H - B});
for (const [id, text] of [['depth', 'layer, from the input to the output'], ['loss', 'step of training']])
  element(document.getElementById(id), 'text', {x: (W + L) / 2, y: H - 8, 'text-anchor': 'middle'}, text);
const slider = document.getElementById('step'), said = document.getElementById('said');
slider.max = steps.length - 1;
function show() {
  const place = Number(slider.value);
  depth.draw(logs.map(rows => rows[place]));
  now.setAttribute('x1', loss.x(place)); now.setAttribute('x2', loss.x(place));
  said.textContent = `step ${steps[place]}: ` + data.twins.map(twin => {
    const row = twin.norms[place];
    return `${twin.name}: first layer ${row[0].toExponential(2)}, last ${row[row.length - 1].toExponential(2)}, ` +
      `loss ${twin.loss[place].toFixed(3)}, ${(100 * twin.accuracy[place]).toFixed(0)} % right`;
  }).join('; ');
  slider.setAttribute('aria-valuetext', said.textContent);
}
slider.addEventListener('input', show);
show();
"""


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
    depth = data['depth']
    body = f"""
<h1>The deep pair</h1>
<p>A residual network of {depth} layers and its plain twin, the same network with the shortcuts taken out, learn the
same pictures. On its way from the loss back to the first layer the gradient passes every block: along a shortcut it
comes as it was, and the branch's part is added to it; without one it is multiplied anew in each block.</p>
<p><span style="color: var(--blue)"><b>&mdash; ResNet</b></span> &nbsp;
<span style="color: var(--orange)"><b>- - plain twin</b></span></p>
<h2>The norm of the gradient by depth</h2>
<svg id="depth" role="img" aria-label="norm of the gradient at the output of each layer"></svg>
<p><label for="step">step of training, arrow keys work too</label><br>
<input id="step" type="range" min="0" value="0" step="1" style="width: 100%; max-width: 45rem"></p>
<p id="said" class="mono" aria-live="polite"></p>
<h2>The loss</h2>
<svg id="loss" role="img" aria-label="loss by step of training"></svg>
<noscript><p>The charts need JavaScript; nothing is loaded from anywhere.</p></noscript>
"""
    text = json.dumps(data).replace('<', '\\u003c')
    return page(f'The deep pair: {depth} layers', body, f'const data = {text};\n{SCRIPT}')
