"""An input for a network of which nobody says what it takes."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from nnlite import nn
from nnlite.errors import Error
from nnlite.interop.comparison import BATCH, SEED, output_of, ready
from nnlite.interop.names import resnet_labels
from nnlite.nn.table import leaves
from nnlite.tensor.dimensions import is_whole

SIDES = (32, 64, 224, 28, 96, 128, 227, 231, 299, 16)  # pixels or frames that are tried, in this order
VOLUME = (16, 112, 112)  # as C3D's
PLAIN = ((3, 32, 32), (32,))  # what is tried where no module says anything
MOST_TRIED = 1 << 20  # numbers of a sample: 101 pixels of a cube's side
MOST = 1 << 27  # numbers of an input, 512 MB in single precision


def find_shape(model: Any, side: int | None = None, batch: int = BATCH) -> tuple[int, ...]:
    """Return the shape of an input, without the batch, that goes through a network.

    >>> find_shape(nn.Sequential().add(nn.Linear(5, 2))), find_shape(nn.SpatialConvolution(3, 1, 33, 33))
    ((5,), (3, 64, 64))

    Args:
        model: the network, which stays as it is.
        side: pixels of a side, if they are known; else those that are usual are tried. Best is an input of which each
            sample comes to one of the output: an nn.View may make more of too large ones.
        batch: how many samples there are.

    Raises:
        Error: none of those tried does.
    """
    twin = ready(model)
    tried, running = [], []
    for shape in _shapes(twin, SIDES if side is None else (side,)):
        tried.append(shape)
        if not all(is_whole(size) and size > 0 for size in shape):  # modules from a file say what they like
            continue
        try:
            output = output_of(twin, example_input(twin, shape, batch))[0]
        except Error:
            continue
        running.append(shape)
        if all(np.shape(leaf)[:1] == (batch,) for leaf in leaves(output)):
            return shape
    if running:
        return running[0]
    raise Error(
        f"expected the shape of the network's input, got none; tried {', '.join(map(str, tried)) or 'nothing'}",
        where='--shape',
        hint='give it without the batch, as --shape 3 32 32; for a table --shape once for each of its parts',
    )


def _shapes(model: Any, sides: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """Yield shapes to try, by the first module that says how much it takes."""
    labels = resnet_labels(model)
    if labels is not None:
        first = model.modules[labels[id(model)].index('conv1')]
        stages = sum(name.startswith('layer') for name in labels[id(model)])
        side = 224 if first.kW > 3 and first is model.modules[0] else 64 if stages > 3 else 32
        yield first.nInputPlane, *(2 * (side if len(sides) > 1 else sides[0],))
    leaf = next((module for module in model.listModules() if not getattr(module, 'modules', None)), model)
    for module in model.listModules():
        if isinstance(module, nn.Linear | nn.LinearWeightNorm | nn.Cosine):
            count = module.weight.shape[1]
            squares = ((planes, math.isqrt(count // planes)) for planes in (3, 1))
            pictures = [(planes, side, side) for planes, side in squares if side and planes * side * side == count]
            # What lays numbers in a row before anything else is there for pictures.
            yield from [*pictures, (count,)] if isinstance(leaf, nn.View | nn.Reshape) else [(count,), *pictures]
            return
        if isinstance(module, nn.Euclidean):
            yield (module.weight.shape[0],)
            return
        if isinstance(module, nn.SparseLinear):
            yield sides[0], 2
            return
        if isinstance(module, nn.LookupTable):
            yield (sides[0],)
            return
        if isinstance(module, nn.SpatialConvolutionLocal):
            yield module.nInputPlane, module.iH, module.iW
            return
        if hasattr(module, 'inputFrameSize'):
            yield from ((side, module.inputFrameSize) for side in sides)
            return
        if hasattr(module, 'nInputPlane') and hasattr(module, 'sides'):
            if module is leaf and len(module.sides) == 2 and module.kW > 6 and module.dW > 1 and 224 in sides:
                yield module.nInputPlane, 224, 224  # as ImageNet's networks begin
            if len(module.sides) == 3 and len(sides) > 1:
                yield module.nInputPlane, *VOLUME
            shapes = ((module.nInputPlane, *(side for _ in module.sides)) for side in sides)
            yield from (shape for shape in shapes if math.prod(shape) <= MOST_TRIED)
            return
    yield from PLAIN if len(sides) > 1 else ((3, *sides, *sides),)


def example_input(model: Any, shape: Sequence[Any], batch: int = BATCH) -> Any:
    """Return random input (batch, *shape), the same each time; for a list of shapes a table.

    For a network that begins with a LookupTable it is indices, with a SparseLinear rows of (index, value).

    >>> example_input(nn.Linear(5, 2), (5,)).shape
    (2, 5)

    Raises:
        Error: it is larger than an input may be.
    """
    if shape and not is_whole(shape[0]):
        return [example_input(model, part, batch) for part in shape]
    if math.prod((batch, *shape)) > MOST:
        sizes = ' x '.join(map(str, (batch, *shape)))
        raise Error(f'expected an input of at most {MOST:,} numbers, got {sizes}', where='--shape')
    rng = np.random.default_rng(SEED)
    kinds = nn.LookupTable | nn.SparseLinear | nn.Linear
    first = next((module for module in model.listModules() if isinstance(module, kinds)), None)
    if isinstance(first, nn.LookupTable):
        return rng.integers(1, len(first.weight) + 1, (batch, *shape))
    input = rng.standard_normal((batch, *shape)).astype(model.dtype)
    if isinstance(first, nn.SparseLinear):
        input[..., 0] = rng.integers(1, first.weight.shape[1] + 1, input.shape[:-1])
    return input
