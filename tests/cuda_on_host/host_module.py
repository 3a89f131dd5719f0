"""Compiles CUDA C++ with g++ through host_shim.h and launches its kernels on the memory of NumPy arrays.

The interface is that of cupy.RawModule, so that what launches on a GPU launches here.
"""

import ctypes
import hashlib
import os
import subprocess
import tempfile
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
HEADERS = ''.join((HERE / name).read_text() for name in ('host_shim.h', 'host_ops.h'))
BUILD = Path(os.environ.get('NNLITE_CUDA_ON_HOST', Path(tempfile.gettempdir()) / f'nnlite-cuda-on-host-{os.getuid()}'))
FLAGS = ('-O1', '-fsanitize=alignment,bounds', '-DSHIM_UBSAN')
ORDERS = {'ascending': 0, 'descending': 1, 'random': 2}  # in which a block's threads take turns


class HostError(RuntimeError):
    """A source does not compile, or a kernel did what no kernel may."""


class _Launch(ctypes.Structure):
    _fields_ = (
        ('grid', ctypes.c_int * 3),
        ('block', ctypes.c_int * 3),
        ('shared', ctypes.c_long),
        ('order', ctypes.c_int),
        ('seed', ctypes.c_long),
    )


class HostModule:
    """As cupy.RawModule: the kernels `name_expressions` of a source, compiled for the host."""

    def __init__(self, code, options=(), name_expressions=(), flags=FLAGS):
        exports = ''.join(f'SHIM_EXPORT(shim_kernel_{i}, {name})\n' for i, name in enumerate(name_expressions))
        text = f'#include "host_shim.h"\n#line 1\n{code}\n{exports}'
        command = ['g++', *options, '-shared', '-fPIC', '-fvisibility=hidden', '-fno-strict-aliasing', '-w']
        command += ['-x', 'c++', f'-I{HERE}', *flags]
        key = hashlib.sha256('\0'.join([HEADERS, text, *command]).encode()).hexdigest()[:24]
        library = BUILD / f'{key}.so'
        if not library.exists():
            BUILD.mkdir(parents=True, exist_ok=True)
            part = library.with_suffix(f'.{os.getpid()}')
            done = subprocess.run([*command, '-', '-o', part], input=text, text=True, capture_output=True, check=False)
            if done.returncode:
                raise HostError(done.stderr)
            part.rename(library)
        self._library, self._names = ctypes.CDLL(library), list(name_expressions)

    def get_function(self, name):
        function = getattr(self._library, f'shim_kernel_{self._names.index(name)}')
        function.restype = ctypes.c_char_p
        return HostKernel(function, name)


class HostKernel:
    """As a kernel of cupy.RawModule. `order` and `seed` of the class say how threads take turns, in every kernel."""

    order, seed = 'ascending', 1

    def __init__(self, function, name):
        self._function, self._name = function, name
        self.max_dynamic_shared_size_bytes = 48 << 10

    def __call__(self, grid, block, args, shared_mem=0):
        if shared_mem > self.max_dynamic_shared_size_bytes:
            raise HostError(f'{self._name}: {shared_mem} bytes of shared memory without asking for so many')
        held = [np.frombuffer(_bytes(arg), np.uint8).copy() for arg in args]
        pointers = (ctypes.c_void_p * len(held))(*[value.ctypes.data for value in held])
        sizes = (ctypes.c_int * len(held))(*[value.size for value in held])
        launch = _Launch(_three(grid), _three(block), shared_mem, ORDERS[HostKernel.order], HostKernel.seed)
        error = self._function(ctypes.byref(launch), pointers, sizes, len(held))
        if error:
            raise HostError(f'{self._name}: {error.decode()} [{HostKernel.order} order, seed {HostKernel.seed}]')


def _three(sizes):
    return (ctypes.c_int * 3)(*[max(1, size) for size in (*sizes, 1, 1)[:3]])  # a grid of 0 becomes 1, as in CuPy


def _bytes(arg):
    """Return the bytes that a kernel gets: of the pointer to an array's memory, or of a number or record itself."""
    if arg is None:
        return np.uint64(0).tobytes()
    if hasattr(arg, 'data') and hasattr(arg.data, 'ptr'):
        return np.uint64(arg.data.ptr).tobytes()
    if isinstance(arg, np.ndarray) and not arg.dtype.names:
        return np.uint64(arg.ctypes.data).tobytes()
    if isinstance(arg, (int, float)):
        return (np.int64(arg) if isinstance(arg, int) else np.float64(arg)).tobytes()
    return arg.tobytes()
