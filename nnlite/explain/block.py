"""The page of a residual block: each step forward and back with its real numbers, and how each of them comes about."""

from typing import Any

import numpy as np

import nnlite
from nnlite import nn, trace
from nnlite.data_prep import shapes
from nnlite.explain.page import Part, page, part_of
from nnlite.explain.steps import STEPS
from nnlite.explain.threads import one_thread
from nnlite.models.topology import initialise

SIDE = 6  # pixels
WEIGHTS = (0.0, 0.25, 0.5, 0.75, 1.0)  # of the shortcut
DEPTHS = (1, 2, 4, 8)  # blocks
SEEDS = (1, 2, 3)
DIGITS = 7  # of a number on the page

# By the names of steps.py: what is recorded, where, of which module of the first block. Without batch normalization
# b1 and b2 are what the convolutions give.
ARRAYS = {
    'c1': ('output', 'conv1'),
    'b1': ('output', 'norm1'),
    'r1': ('output', 'relu1'),
    'c2': ('output', 'conv2'),
    'b2': ('output', 'norm2'),
    's': ('output', 'short'),
    'sum': ('output', 'sum'),
    'y': ('output', 'relu2'),
    'gy': ('gradOutput', 'relu2'),
    'gs': ('gradInput', 'relu2'),
    'gb2': ('gradOutput', 'conv2'),
    'gr1': ('gradInput', 'conv2'),
    'gb1': ('gradInput', 'relu1'),
    'gc1': ('gradOutput', 'conv1'),
    'gbranch': ('gradInput', 'conv1'),
    'gshort': ('gradInput', 'short'),
    'gx': ('gradInput', 'fork'),
}


def record_block() -> dict[str, Any]:
    """Run some residual blocks, one behind the other, forward and back, in all settings, and return the arrays.

    Returns:
        'weights', 'depths' and 'seeds', the settings; 'frames', by seed, by depth, by whether there is batch
        normalization, and by the shortcut's weight: of the first block what each module took and gave, (SIDE, SIDE),
        its gradients, and what it has learnt; and of all 'norms', of the gradient at each block's input and at the
        last one's output; 'steps', what there is to see.
    """
    with one_thread():
        frames = [
            [
                [[_frame(seed, depth, norms, weight) for weight in WEIGHTS] for norms in (False, True)]
                for depth in DEPTHS
            ]
            for seed in SEEDS
        ]
    settings = {'weights': list(WEIGHTS), 'depths': list(DEPTHS), 'seeds': list(SEEDS)}
    return {**settings, 'frames': frames, 'steps': [step.data() for step in STEPS]}


def _frame(seed: int, depth: int, norms: bool, weight: float) -> dict[str, Any]:
    nnlite.manualSeed(seed)
    blocks = [_block(norms, weight) for _ in range(depth)]
    net = nn.Sequential()
    for modules in blocks:
        branch = nn.Sequential()
        for name in ('conv1', 'norm1', 'relu1', 'conv2', 'norm2'):
            if name in modules:
                branch.add(modules[name])
        net.add(modules['fork'].add(branch).add(modules['short'])).add(modules['sum']).add(modules['relu2'])
    # Batch normalization takes no statistics from a batch of one. The picture twice has the picture's.
    x, target = (np.repeat(_picture(number, seed), 2, axis=0) for number in (0, 4))
    frame = trace.record(initialise(net).double(), nn.MSECriterion().double(), x, target, arrays=True)

    number_of = {id(module): number for number, module in enumerate(net.listModules())}
    first = {name: number_of[id(module)] for name, module in blocks[0].items()}
    found: dict[str, Any] = {'x': _rounded(x[0, 0])}
    for name, (quantity, module) in ARRAYS.items():
        if module in first:
            found[name] = _rounded(frame.arrays[quantity, first[module]][0, 0])
    for number in '12':
        convolution, norm = blocks[0][f'conv{number}'], blocks[0].get(f'norm{number}')
        found[f'w{number}'] = _rounded(convolution.weight[0, 0])
        if norm is None:
            found[f'b{number}'] = found[f'c{number}']
        else:
            values = frame.arrays['output', first[f'conv{number}']]
            std = np.sqrt(values.var() + norm.eps)
            found[f'n{number}'] = {'mean': values.mean(), 'std': std, 'weight': norm.weight[0], 'bias': norm.bias[0]}
    arrived = [frame.arrays['gradInput', number_of[id(modules['fork'])]] for modules in blocks]
    arrived.append(frame.arrays['gradOutput', 0])
    found['norms'] = [_digits(float(np.linalg.norm(values))) for values in arrived]
    return found


def _block(norms: bool, weight: float) -> dict[str, Any]:
    """Return the modules of a residual block, by their names in the drawing."""
    modules: dict[str, Any] = {'fork': nn.ConcatTable()}
    for number in '12':
        modules[f'conv{number}'] = nn.SpatialConvolution(1, 1, 3, 3, 1, 1, 1, 1).noBias()
        norm = nn.SpatialBatchNormalization(1)  # made in any case: weights are the same with and without
        if norms:
            modules[f'norm{number}'] = norm
    return {**modules, 'relu1': nn.ReLU(), 'short': nn.MulConstant(weight), 'sum': nn.CAddTable(), 'relu2': nn.ReLU()}


def _picture(number: int, seed: int) -> np.ndarray:
    """Return a drawn shape as (1, 1, SIDE, SIDE), around 0."""
    from PIL import Image

    drawn = Image.fromarray(shapes.draw(number, size=16, seed=seed)).convert('L').resize((SIDE, SIDE))
    pixels = np.asarray(drawn, np.float64)
    return ((pixels - pixels.mean()) / pixels.std())[None, None]


def _digits(value: float) -> float:
    return float(f'{value:.{DIGITS}g}')


def _rounded(values: np.ndarray) -> list[list[float]]:
    return [[_digits(value) for value in row] for row in values]


def explain_block(data: dict[str, Any]) -> str:
    """Return a page, HTML, that goes through what `record_block` returned."""
    return page('The block, by hand', block_part(data))


def block_part(data: dict[str, Any]) -> Part:
    """Return the same as a part of a page."""
    options = {
        name: ''.join(f'<option value="{place}">{value}</option>' for place, value in enumerate(data[name]))
        for name in ('seeds', 'depths')
    }
    return part_of('block', 'The block, by hand', data, **options)
