"""Storage: a flat piece of memory that arrays of any shape are laid out in."""

import math

import numpy as np

LINE = 64  # bytes that a CPU's cache moves at a time
VIEWS = 64  # that a storage remembers


class Storage:
    """A flat piece of memory that grows when asked for more and never shrinks.

    A module owns one per buffer and writes its results into it again at every call; modules may share one. Torch's bare
    storages (torch.FloatStorage ...), as found in .t7 files, are this class too: `memory` is the 1-D array.

    Memory is channels-last, shape is Torch's: a feature map (N, C, *space) or (C, *space) with 2 or 3 spatial
    dimensions lies (N, *space, C) in memory; everything else lies in C order.

    >>> storage = Storage()
    >>> storage.view((2, 3, 4, 5), np.float32, layout='map').strides
    (240, 4, 60, 12)
    >>> storage.view((6, 20), np.float32).strides
    (80, 4)
    """

    def __init__(self, memory=None):
        self.memory = np.empty(0, np.uint8) if memory is None else memory
        self._views = {}

    def __getstate__(self):
        return {'memory': self.memory}

    def __setstate__(self, state):
        self.__init__(**state)

    def __len__(self):
        return self.memory.size

    def __iter__(self):
        return iter(self.memory.tolist())

    def __repr__(self):
        return f'Storage({self.memory.size} of {self.memory.dtype})'

    def view(self, shape, dtype, layout='plain', xp=np):
        """Return this memory as an array of `shape`, its contents undefined.

        Args:
            shape: the array's shape.
            dtype: its element type.
            layout: 'plain' lies in C order; 'map', of (N, C, *space), and 'single', of (C, *space), lie channels-last.
            xp: numpy or cupy, which owns the memory.
        """
        asked = tuple(shape), dtype, layout, xp
        view = self._views.get(asked)  # nearly always what it was at the last step
        if view is None:
            size = math.prod(shape)
            if self.memory.dtype != dtype or self.memory.size < size or not isinstance(self.memory, xp.ndarray):
                self._views.clear()
                self.memory = np.empty(0, np.uint8)  # what was there goes first: both at once may be too much
                self.memory = _empty(size, dtype) if xp is np else xp.empty(size, dtype)
            if len(self._views) == VIEWS:
                self._views.clear()
            view = self._views[asked] = _laid_out(self.memory[:size], shape, layout)
        return view


def _laid_out(flat, shape, layout):
    """Return memory as an array of a shape; see Storage.view."""
    if layout == 'map':
        n, c, *space = shape
        return flat.reshape(n, *space, c).transpose(0, -1, *range(1, len(shape) - 1))
    if layout == 'single':
        c, *space = shape
        return flat.reshape(*space, c).transpose(-1, *range(len(space)))
    return flat.reshape(shape)


def _empty(size, dtype):
    """Return memory for so many numbers that begins at a line of the cache, as kernels want it that write past it."""
    count = size * np.dtype(dtype).itemsize
    if not count:
        return np.empty(size, dtype)
    memory = np.empty(count + LINE, np.uint8)
    first = -memory.__array_interface__['data'][0] % LINE
    return np.frombuffer(memory.data[first : first + count], dtype)  # an owner of its own, without what is before it


def channels_moved_last(maps):
    """Return a batch of maps (N, C, *space) as a view (N, *space, C), as np.moveaxis does, but in a tenth of its time.

    >>> channels_moved_last(np.zeros((2, 3, 4, 5))).shape
    (2, 4, 5, 3)
    """
    return maps.transpose(0, *range(2, maps.ndim), 1)


def layout_of(array):
    """Return the layout that a result of `array`'s kind is to have: 'map', 'single' or 'plain'.

    4 and 5 dimensions are a batch of feature maps. 3 dimensions may be a single map or a batch of sequences: what lies
    channels-last already stays so.
    """
    if array.ndim in (4, 5):
        return 'map'
    if array.ndim == 3 and is_map(array) and not array.flags.c_contiguous:
        return 'single'
    return 'plain'


def is_map(array):
    """Return whether a (C, *space) array, or a batch (N, C, *space) of 4 or 5 dimensions, lies channels-last."""
    channel = 1 if array.ndim in (4, 5) else 0
    axes = [*range(channel), *range(channel + 1, array.ndim), channel]
    return array.transpose(axes).flags.c_contiguous
