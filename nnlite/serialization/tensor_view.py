"""A tensor of a file as an array: a view of its storage, made when it is sure that all of it lies inside."""

import math

import numpy as np

from nnlite.errors import FileFormatError


def tensor_view(memory: np.ndarray, sizes: list[int], strides: list[int], first: int, most: int) -> np.ndarray:
    """Return the array of these sizes and strides in `memory`.

    Args:
        memory: the storage, 1-D.
        sizes: the size of each dimension; none at all is Torch's empty tensor.
        strides: how many elements apart neighbours are, in each dimension.
        first: the place of the first element, counted from 1.
        most: how many bytes a tensor may seem to have that is larger than its storage, its elements sharing memory.

    >>> tensor_view(np.arange(6), [2, 2], [3, 1], 2, 0)
    array([[1, 2],
           [4, 5]])

    Raises:
        FileFormatError: some element would lie outside, or the tensor is too large.
    """
    if not sizes:
        return np.empty(0, memory.dtype)
    if min(sizes) < 1 or min(strides) < 0 or first < 1:
        got = f'sizes {_few(sizes)}, strides {_few(strides)}, offset {first}'
        raise FileFormatError(f'expected sizes and offset from 1 on and strides from 0 on, got {got}')
    last = first + sum((size - 1) * stride for size, stride in zip(sizes, strides, strict=True))
    if last > memory.size:
        raise FileFormatError(f'expected a tensor inside its storage of {memory.size} elements, got one up to {last}')
    count = math.prod(sizes)
    if count > memory.size and count * memory.itemsize > most:
        raise FileFormatError(
            f'expected an expanded tensor of at most {most} bytes, got {count * memory.itemsize}',
            hint='if the file is to be trusted, load it with a larger max_expanded',
        )
    # The stride of a dimension of size 1 means nothing, and may be any number; larger ones NumPy could not multiply.
    steps = [min(stride, 2**40) * memory.itemsize for stride in strides]
    return np.ndarray(sizes, memory.dtype, memory, (first - 1) * memory.itemsize, steps)


def _few(numbers: list[int]) -> str:
    return str(numbers if len(numbers) <= 8 else [*numbers[:8], '...'])
