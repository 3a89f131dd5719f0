"""Arrays that share memory: recognised by where they lie, and kept together when memory is copied, converted or moved.

Two arrays are of one memory when they are views of the same array at the bottom, their *root*; on a GPU, when they lie
in the same piece of its memory. What is said here of a list of arrays holds for any of them that share, whole or in
part, transposed or not.
"""

import numpy as np

from nnlite.tensor.devices import array_module, is_on_gpu


def root(array):
    """Return the array at the bottom of a chain of views: the one that owns the memory.

    >>> a = np.zeros((4, 4))
    >>> root(a.T[1:]) is a
    True
    """
    below = array
    while below is not None:
        if isinstance(below, type(array)):
            array = below
        below = getattr(below, 'base', None)
    return array


def owner(array):
    """Return what two arrays have in common exactly if they are of one memory; it holds while one of them lives.

    >>> a = np.zeros((4, 4))
    >>> owner(a.T[1:]) == owner(a), owner(a.copy()) == owner(a)
    (True, False)
    """
    return array.data.mem.ptr if is_on_gpu(array) else id(root(array))


def address(array):
    """Return what two arrays have in common exactly if they are the same elements: place, shape and strides.

    >>> a = np.zeros((2, 3))
    >>> address(a) == address(a[:]), address(a) == address(a.T)
    (True, False)
    """
    return pointer(array), array.shape, array.strides, array.dtype


def pointer(array):
    """Return the address of an array's first element, on the host or on a GPU."""
    return array.__array_interface__['data'][0] if isinstance(array, np.ndarray) else array.data.ptr


def as_they_lie(*arrays):
    """Return arrays of one shape with their axes in the order in which the first one's lie in memory.

    CuPy's functions go through their arguments axis by axis: so they read memory in order, and many times as fast.
    NumPy's find that order by themselves, and its arrays come back as they are.
    """
    if isinstance(arrays[0], np.ndarray) or arrays[0].flags.c_contiguous:
        return arrays
    order = sorted(range(arrays[0].ndim), key=lambda axis: -arrays[0].strides[axis])
    return [array.transpose(order) for array in arrays]


def byte_bounds(array):
    """Return the address of the first byte that an array's elements take, and the one behind the last.

    >>> low, high = byte_bounds(np.zeros((4, 4))[::2])
    >>> high - low
    96
    """
    low = high = pointer(array)
    if array.size == 0:
        return low, high
    for size, step in zip(array.shape, array.strides, strict=True):
        if step < 0:
            low += (size - 1) * step
        else:
            high += (size - 1) * step
    return low, high + array.itemsize


def transplant(arrays, convert, whole=False):
    """Return the arrays' twins in new memory, with the sharing among them kept.

    Args:
        arrays: a list of arrays; those of one root get twins of one root, trimmed to the part that they use.
        convert: called with each piece of old memory (1-D), returns the new one of as many elements.
        whole: leave the memory as it is instead of trimming it.

    >>> a = np.arange(6.0)
    >>> head, tail = transplant([a[:4], a[2:]], lambda memory: memory.astype(np.float32))
    >>> head[3] = 9
    >>> tail
    array([2., 9., 4., 5.], dtype=float32)
    """
    pieces = {}
    for array in arrays:
        low, high = _memory_bounds(array) if whole else byte_bounds(array)
        key = owner(array), array.dtype
        if key in pieces:
            low, high = min(low, pieces[key][0]), max(high, pieces[key][1])
        pieces[key] = low, high, array
    moved = {key: (low, convert(_flat(low, high, array))) for key, (low, high, array) in pieces.items()}
    return [_view(array, *moved[owner(array), array.dtype]) for array in arrays]


def flatten(arrays):
    """Return (flat, views): all elements of the arrays in one new vector, in order, and the arrays as views of it.

    Arrays that overlap stay overlapping and come once, where the first of them stands. An array alone that has holes
    between its elements is laid out without them.

    >>> a = np.arange(4.0).reshape(2, 2)
    >>> flat, (one, two, transposed) = flatten([a, np.ones(1), a.T])
    >>> flat
    array([0., 1., 2., 3., 1.])
    >>> transposed[0, 1]
    np.float64(2.0)
    """
    regions = _regions(arrays)
    xp, dtype = (array_module(arrays[0]), arrays[0].dtype) if arrays else (np, None)
    flat = xp.empty(sum(region.size for region in set(regions)), dtype)
    pieces, end = {}, 0
    for region in regions:
        if region not in pieces:
            pieces[region] = flat[end : end + region.size]
            end += region.size
    return flat, [region.lay_out(array, pieces[region]) for array, region in zip(arrays, regions, strict=True)]


class _Region:
    """A range of addresses that is covered by arrays overlapping each other."""

    def __init__(self, array):
        self.low, self.high = byte_bounds(array)
        self.first, self.alone = array, True

    def absorb(self, array):
        low, high = byte_bounds(array)
        self.low, self.high = min(self.low, low), max(self.high, high)
        self.alone = self.alone and address(array) == address(self.first)

    @property
    def size(self):
        return self.first.size if self.alone else (self.high - self.low) // self.first.itemsize

    def lay_out(self, array, piece):
        """Copy the array's elements into `piece`, the region's new memory, and return its twin there."""
        if self.alone:
            view = piece.reshape(array.shape)
            np.copyto(view, array)
            return view
        np.copyto(piece, _flat(self.low, self.high, array))
        return _view(array, self.low, piece)


def _regions(arrays):
    """Return, for each array, the region that it lies in."""
    spans = [byte_bounds(array) for array in arrays]
    regions, current = {}, None
    for i in sorted(range(len(arrays)), key=spans.__getitem__):
        if current and spans[i][0] < current.high:
            current.absorb(arrays[i])
        else:
            current = _Region(arrays[i])
        regions[i] = current
    return [regions[i] for i in range(len(arrays))]


def _memory_bounds(array):
    """Return the bounds of all the memory that an array is of."""
    if is_on_gpu(array):
        memory = array.data.mem
        return memory.ptr, memory.ptr + memory.size
    return byte_bounds(root(array))


def _flat(low, high, array):
    """Return the memory from address `low` to `high`, which holds `array`, as a vector."""
    if is_on_gpu(array):
        first = array.data + (low - array.data.ptr)
        return array_module(array).ndarray(((high - low) // array.itemsize,), array.dtype, first)
    bottom = root(array)  # may have holes, if its memory is another library's
    corner = bottom[tuple(slice(-1, None) if step < 0 else slice(1) for step in bottom.strides)]
    start, end = byte_bounds(bottom)
    as_strided = np.lib.stride_tricks.as_strided
    whole = as_strided(corner.reshape(-1), ((end - start) // bottom.itemsize,), (bottom.itemsize,)).view(array.dtype)
    return whole[(low - start) // array.itemsize : (high - start) // array.itemsize]


def _view(array, low, memory):
    """Return the twin of `array` in `memory`, a vector that stands for the old memory from address `low` on."""
    if array.size == 0:
        return memory[:0].reshape(array.shape)
    offset = (address(array)[0] - low) // array.itemsize * memory.itemsize
    strides = [step // array.itemsize * memory.itemsize for step in array.strides]
    return view_of(memory, array.shape, offset, strides)


def view_of(memory, shape, offset, strides):
    """Return an array of this shape in a vector's memory, from the byte `offset` on."""
    if isinstance(memory, np.ndarray):
        return np.ndarray(shape, memory.dtype, memory, offset, strides)
    return array_module(memory).ndarray(shape, memory.dtype, memory.data + offset, strides)
