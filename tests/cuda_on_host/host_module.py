"""Compiles CUDA C++ with g++ through host_shim.h and launches its kernels on the memory of NumPy arrays.

The interface is that of cupy.RawModule, so that what launches on a GPU launches here. x86-64 Linux with g++ only:
`why_no_host_cuda` says what is missing elsewhere.
"""

import contextlib
import ctypes
import functools
import getpass
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
FILES = [HERE / name for name in ('host_shim.h', 'host_ops.h', 'host_wgmma.h', 'host_scheduler.cpp')]
VERSION = b'\0'.join(path.read_bytes() for path in FILES)
OURS = f'nnlite-cuda-on-host-{getpass.getuser()}'
BUILD = Path(os.environ.get('NNLITE_CUDA_ON_HOST', Path(tempfile.gettempdir()) / OURS))
COMMON = ('g++', '-shared', '-fPIC', '-fvisibility=hidden', '-fno-strict-aliasing', '-w', f'-I{HERE}', '-x', 'c++')
FLAGS = ('-O1', '-fsanitize=alignment,bounds', '-fstack-clash-protection')
ORDERS = {'ascending': 0, 'descending': 1, 'random': 2}  # in which a block's threads take turns


class HostError(RuntimeError):
    """A source does not compile, or a kernel did what no kernel may."""


def why_no_host_cuda():
    """Return why kernels cannot be run on this machine's CPU, or None if they can."""
    if sys.platform != 'linux' or platform.machine() != 'x86_64':
        return f'CUDA kernels run on the CPUs of x86-64 Linux only, this is {sys.platform} on {platform.machine()}'
    return None if shutil.which('g++') else 'g++, with which CUDA kernels are compiled for the CPU, is not there'


class HostModule:
    """The kernels of a source, compiled for the host; what was compiled is kept on disk.

    Args:
        code: CUDA C++ in one piece: of other files only those of the C++ library can be included.
        options: of the compiler, as '-std=c++17'.
        name_expressions: the kernels, as C++ names them.

    Raises:
        HostError: the source does not compile.
    """

    def __init__(self, code, options=(), name_expressions=(), flags=FLAGS):
        _load_scheduler()
        exports = ''.join(f'SHIM_EXPORT(shim_kernel_{i}, {name})\n' for i, name in enumerate(name_expressions))
        headers = ['host_shim.h'] + ['host_wgmma.h'] * ('wgmma' in code)  # which takes longer to compile
        includes = ''.join(f'#include "{header}"\n' for header in headers)
        library = _compiled(f'{includes}#line 1\n{code}\n{exports}', (*options, *flags))
        self._library = ctypes.PyDLL(str(library))  # which holds the GIL, so that kernels run one at a time
        self._names, self._lines = list(name_expressions), code.splitlines()

    def get_function(self, name):
        """Return one of the kernels.

        Raises:
            HostError: it is not among the names.
        """
        if name not in self._names:
            raise HostError(f'expected one of {self._names}, got {name!r}')
        return HostKernel(getattr(self._library, f'shim_kernel_{self._names.index(name)}'), name, self._lines)


class HostKernel:
    """A kernel. `order` and `seed` of the class say how threads take turns, in every kernel."""

    order, seed = 'ascending', 1

    def __init__(self, function, name, lines):
        function.restype = ctypes.c_char_p
        self._function, self._name, self._lines = function, name, lines
        self.max_dynamic_shared_size_bytes = 48 << 10

    def __call__(self, grid, block, args, shared_mem=0):
        """Run the kernel to its end.

        Args:
            grid: how many blocks, up to three numbers; where one of them is 0 there is one, as in CuPy.
            block: how many threads in each, likewise.
            args: arrays, whose memory the kernel gets; NumPy's numbers and records; None for a null pointer.
            shared_mem: bytes of dynamic shared memory.

        Raises:
            HostError: the kernel did what no kernel may; the message says which thread did it, and at what line.
            TypeError: an array of the host is given.
        """
        if shared_mem > self.max_dynamic_shared_size_bytes:
            raise HostError(f'{self._name}: {shared_mem} bytes of shared memory without asking for so many')
        values = [_bytes(arg) for arg in args]
        count = len(values)
        pointers, sizes = (ctypes.c_char_p * count)(*values), (ctypes.c_int * count)(*map(len, values))
        launch = _Launch(_three(grid), _three(block), shared_mem, ORDERS[HostKernel.order], HostKernel.seed)
        error = self._function(ctypes.byref(launch), pointers, sizes, count)
        if error:
            raise HostError(f'{self._name}: {self._located(error.decode())} [{HostKernel.order} order]')

    def _located(self, error):
        """Return the message with the line that it names."""
        place = re.search(r'line (\d+)', error)
        at = int(place[1]) if place else 0
        return f'{error}: {self._lines[at - 1].strip()}' if 0 < at <= len(self._lines) else error


class _Launch(ctypes.Structure):
    _fields_ = (
        ('grid', ctypes.c_int * 3),
        ('block', ctypes.c_int * 3),
        ('shared', ctypes.c_int64),
        ('order', ctypes.c_int32),
        ('seed', ctypes.c_int64),
    )


def _three(sizes):
    return (ctypes.c_int * 3)(*[max(1, size) for size in (*sizes, 1, 1)[:3]])


def _bytes(arg):
    """Return the bytes that a kernel gets: of the pointer to an array's memory, or of a number or record itself."""
    if arg is None:
        return bytes(8)
    if isinstance(arg, (np.generic, np.ndarray)):
        if arg.size != 1:
            raise TypeError(f'a numpy.ndarray of shape {arg.shape} as a kernel parameter, which takes cupy.ndarrays')
        return arg.tobytes()
    if isinstance(arg, (int, float)):
        return (np.int64(arg) if isinstance(arg, int) else np.float64(arg)).tobytes()
    return arg.data.ptr.to_bytes(8, 'little')


def _compiled(source, flags):
    """Return the library that g++ makes of a source, which may have been made before.

    Several processes may make the same one: each makes its own, and what has a library's name is whole.
    """
    command = [*COMMON, *flags]
    key = hashlib.sha256(VERSION + '\0'.join([source, *command]).encode()).hexdigest()[:24]
    library = BUILD / f'{key}.so'
    if not library.exists():
        BUILD.mkdir(0o700, parents=True, exist_ok=True)
        part = BUILD / f'{key}.{os.getpid()}'
        try:
            command += ['-', '-o', part]
            done = subprocess.run(command, input=source, text=True, capture_output=True, check=False)
            if done.returncode:
                raise HostError(done.stderr)
            part.rename(library)
        finally:
            with contextlib.suppress(FileNotFoundError):
                part.unlink()
    return library


@functools.cache
def _load_scheduler():
    """Load what runs the threads, for all kernels that are loaded later."""
    source = (HERE / 'host_scheduler.cpp').read_text()
    return ctypes.CDLL(str(_compiled(source, ('-std=c++17', '-O2'))), ctypes.RTLD_GLOBAL)
