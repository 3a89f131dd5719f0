"""CUDA sources: compiled when a kernel in them is first launched, and launched with arguments of exactly their types.

A kernel is named as CUDA C++ names it, `{T}` standing for the type of the numbers: 'im2col<{T}>'. All kernels that a
Source names are compiled together, once for each type; CuPy keeps what was compiled on disk.
"""

import functools
import re
from pathlib import Path

import numpy as np

from nnlite.errors import DeviceError, ShapeError
from nnlite.tensor.devices import gpu

HERE = Path(__file__).parent
TYPES = {np.dtype('float16'): '__half', np.dtype('float32'): 'float', np.dtype('float64'): 'double'}
OPTIONS = ('-std=c++17',)
THREADS = 256  # in a block where nothing asks for another number
MOST_THREADS = 1024  # in a block
MOST_BLOCKS = 65535  # in a grid on its second and third side
SOURCES: list['Source'] = []  # all that there are
SHARED = 48 << 10  # bytes of shared memory that a kernel may have without asking


class Source:
    """A file of CUDA C++ beside this one, and the kernels in it.

    Args:
        file: its name.
        kernels: what they are called.
        architecture: what they are compiled for, as 'sm_90a', where they use what only that has; else the GPU's.
    """

    def __init__(self, file, *kernels, architecture=None):
        self.file, self.names, self.architecture = file, kernels, architecture
        self._compiled = {}
        SOURCES.append(self)

    def launch(self, name, dtype, grid, block, *args, shared=0):
        """Launch a kernel on the current stream.

        Args:
            name: one of the names.
            dtype: the type of the numbers, which stands for `{T}`.
            grid: how many blocks, one number or up to three; where one of them is 0 there is nothing to do.
            block: how many threads in each.
            args: arrays (or None), whose memory the kernel gets as it is, whatever their strides; ints, which are 32
                bits wide and np.int64, which are 64; floats, which are doubles; records (np.void) of such.
            shared: bytes of dynamic shared memory.

        Raises:
            DeviceError: the source cannot be compiled, the message saying why; an int, or a grid, that is too large.
        """
        grid = tuple(grid) if isinstance(grid, (tuple, list)) else (grid,)
        block = tuple(block) if isinstance(block, (tuple, list)) else (block,)
        if 0 in grid:
            return
        if max(grid[1:], default=0) > MOST_BLOCKS:
            message = f'expected at most {MOST_BLOCKS} blocks of threads on a side, got {max(grid[1:])} for {name}'
            raise DeviceError(message, hint='use a smaller layer, or a smaller stride')
        kernel = self._kernel(name, np.dtype(dtype), shared)
        kernel(grid, block, tuple(map(_argument, args)), shared_mem=shared)

    def _kernel(self, name, dtype, shared):
        kernels = self._compiled.get(dtype)
        if kernels is None:
            kernels = self._compiled[dtype] = self._compile(dtype)
        kernel = kernels[name]
        if shared > SHARED and kernel.max_dynamic_shared_size_bytes < shared:
            kernel.max_dynamic_shared_size_bytes = shared
        return kernel

    def _compile(self, dtype):
        expressions = {name: name.replace('{T}', TYPES[dtype]) for name in self.names}
        code = flattened(self.file)
        options = (*OPTIONS, f'-arch={self.architecture}') if self.architecture else OPTIONS
        try:
            module = gpu().RawModule(code=code, options=options, name_expressions=list(expressions.values()))
            return {name: module.get_function(expression) for name, expression in expressions.items()}
        except Exception as error:
            raise DeviceError(f'{self.file} cannot be compiled: {_why(error)}', hint=_HINT) from error


_HINT = 'nnlite devices says what was found; NVRTC comes with `pip install nnlite[cuda13]` (cuda12 for older drivers)'


def blocks(count, per=THREADS):
    """Return how many blocks it takes for so many elements.

    >>> blocks(257), blocks(0)
    (2, 0)
    """
    return -(-count // per)


def most_shared():
    """Return how many bytes of shared memory a block may have on the present GPU: 99, 163 or 227 KB on most."""
    cuda = gpu().cuda
    attribute = cuda.runtime.cudaDevAttrMaxSharedMemoryPerBlockOptin
    return cuda.runtime.deviceGetAttribute(attribute, cuda.Device().id)


def pointers(*arrays):
    """Return where arrays begin in memory, 0 for None, for a record; the kernels know of no strides.

    Raises:
        ShapeError: an array is not in C order.
    """
    if not all(array is None or array.flags.c_contiguous for array in arrays):
        raise ShapeError('expected numbers side by side in memory, got some with gaps between')
    return [0 if array is None else array.data.ptr for array in arrays]


@functools.cache
def flattened(file):
    """Return a source with its own headers in their places: CuPy looks at the text alone to see whether it is new."""
    included = set()

    def inline(match):
        name = match[1]
        if name in included:
            return ''
        included.add(name)
        return re.sub(r'#include "([^"]+)"\n', inline, (HERE / name).read_text()).replace('#pragma once\n', '')

    return re.sub(r'#include "([^"]+)"\n', inline, (HERE / file).read_text())


def _argument(value):
    """Return what CuPy hands to the kernel as it is."""
    if isinstance(value, bool):
        return np.int32(value)
    if isinstance(value, int):
        if not -(2**31) <= value < 2**31:
            raise DeviceError(f'expected a number that fits 32 bits, got {value}', hint='use a smaller batch')
        return np.int32(value)
    return np.float64(value) if isinstance(value, float) else value


def _why(error):
    """Return the lines of a compiler's message that say what is wrong."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    said = [line for line in lines if 'error' in line]
    return '; '.join((said or lines)[:3])
