"""Two runs of a network, in two forms: the same input, the same random numbers, and how far apart they come out."""

import math
from typing import Any

import numpy as np

from nnlite.errors import Error, ShapeError
from nnlite.nn.table import leaves, mapped
from nnlite.tensor.random import getRNGState, manualSeed, setRNGState

SEED = 1  # of random inputs, and of what a network draws
BATCH = 2


def ready(model: Any) -> Any:
    """Return a copy of a network, on the host and ready to evaluate; half precision is computed in single."""
    kind = model.type().replace('Cuda', '').replace('torch.Tensor', 'torch.FloatTensor')
    return model.clone().type('torch.FloatTensor' if 'Half' in kind else kind).evaluate()


def output_of(net: Any, input: Any) -> tuple[Any, bool]:
    """Return what a network gives for an input, or a table of them, and whether it draws random numbers for it.

    These are the same each time. The input, and the random stream of everybody else, stay as they are.

    Raises:
        Error: the network does not take such an input.
    """
    stream = getRNGState()
    manualSeed(SEED)
    begun = getRNGState()
    try:
        with np.errstate(all='ignore'):
            output = net.forward(mapped(np.array, input))
        return output, not np.array_equal(getRNGState(), begun)
    except Error:
        raise
    except (AttributeError, TypeError, ValueError, IndexError) as error:  # a table came where none is due, or none
        shapes = mapped(np.shape, input)
        raise ShapeError(f'expected an input that the network takes, got {shapes}: {error}') from error
    finally:
        setRNGState(stream)


def difference(ours: Any, theirs: Any) -> float:
    """Return the largest difference of two outputs, arrays or tables of them.

    It is inf where they differ in form, or one number is finite and the other is not.

    >>> difference(np.float32([1, np.nan]), np.float32([3, np.nan])), difference([np.ones(2)], [np.ones(3)])
    (2.0, inf)
    >>> difference(np.float32([np.inf]), np.float32([1])), difference(np.float32([np.inf]), np.float32([np.inf]))
    (inf, 0.0)
    """
    mine, others = ([np.asarray(leaf, np.float64) for leaf in leaves(tree)] for tree in (ours, theirs))
    if [array.shape for array in mine] != [array.shape for array in others]:
        return math.inf
    largest = 0.0
    for a, b in zip(mine, others, strict=True):
        with np.errstate(invalid='ignore', over='ignore'):
            away = np.where((a == b) | (np.isnan(a) & np.isnan(b)), 0, np.abs(a - b))
        largest = max(largest, float(np.nan_to_num(away, nan=math.inf, posinf=math.inf).max(initial=0)))
    return largest


def finite_numbers(output: Any) -> np.ndarray:
    """Return the finite numbers of an output, in one row.

    >>> finite_numbers([np.float64([1, np.inf]), np.float64([[np.nan, 2]])])
    array([1., 2.])
    """
    arrays = [np.asarray(leaf, np.float64).ravel() for leaf in leaves(output)]
    return np.concatenate([np.empty(0), *(array[np.isfinite(array)] for array in arrays)])
