"""NVIDIA's compilers take all kernels, for each type and GPUs of 2018 to 2025, and keep in registers what they need.

nvcc compiles them where it is installed, else NVRTC, which needs no GPU either; where both are, NVRTC compiles some: it
is what compiles them for users. A compilation is done once: what it said is kept on disk with those of host_module. Of
files with very many kernels, each compiled by itself when it is needed, some are taken; NNLITE_CUDA_ALL=1 takes all.
"""

import concurrent.futures
import ctypes
import functools
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from host_module import BUILD

from nnlite.kernels.on_cupy import fma, launching

MANY = 10_000 if os.environ.get('NNLITE_CUDA_ALL') else 6  # kernels of a file
# These multiply no doubles, and are used from sm_80 on.
TENSOR_CORES = {'tensor_cores.cu', 'warpgroups.cu', 'halo.cu', 'narrow.cu'}
TYPES = ('float', '__half', 'double')
MAY_SPILL = 'sm_75', 'sm_120'  # the oldest and the newest, which nothing was tuned for: a few bytes


def _names_of(file, architecture):
    """Return the names of a file's kernels, `{T}` among them."""
    sources = [source for source in launching.SOURCES if (source.file, source.architecture) == (file, architecture)]
    if len(sources) <= MANY:
        return list(dict.fromkeys(name for source in sources for name in source.names))
    names = list(dict.fromkeys(name for source in sources for name in source.names))
    return names[:: -(-len(names) // MANY)]


def _units():
    """Return (file, architecture, types) of all there is to compile: for sm_90 with all types, for others with one."""
    for tile in (fma.WIDE, fma.MIDDLE, fma.SLIM, fma.SQUARE, fma.LOW):  # a Source each, made when it is asked for
        fma._kernel('convolve', *tile, 4, 'false')
    for tile in (fma.SQUARE, fma.LOW):
        fma._kernel('weight_gradient', *tile, 4)
    units = []
    for file, architecture in dict.fromkeys((source.file, source.architecture) for source in launching.SOURCES):
        types = TYPES[:2] if file in TENSOR_CORES else TYPES
        if architecture:
            units.append((file, architecture, types))
        else:
            others = ('sm_80', 'sm_120') if file in TENSOR_CORES else ('sm_75', 'sm_80', 'sm_120')
            units += [(file, 'sm_90', types), *((file, each, types[:1]) for each in others)]
    return units


UNITS = _units()


def _expressions(file, architecture, types):
    needed = architecture if architecture.endswith('a') else None
    names = _names_of(file, needed)
    wide = 'convolve<{T}, ' + ', '.join(map(str, fma.WIDE))  # is not for doubles: too much shared memory
    return list(
        dict.fromkeys(
            name.replace('{T}', each)
            for name in names
            for each in types
            if not (each == 'double' and name.startswith(wide))
        )
    )


# The compilers: each returns what it has to say, and raises RuntimeError with it if it is not content.


def _nvcc(code, expressions, architecture, folder):
    """Compile with nvcc, for which a kernel of a template exists once its address is taken."""
    taken = ', '.join(f'(void*)&{expression}' for expression in expressions)
    source = folder / 'kernels.cu'
    source.write_text(f'{code}\nvoid* kernels[] = {{{taken}}};\n')
    command = ['nvcc', *launching.OPTIONS, f'-arch={architecture}', '-Xptxas', '-v', '-cubin', '-o', os.devnull, source]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return done.stderr


def _nvrtc(code, expressions, architecture, folder):
    """Compile with NVRTC, which is told the names."""
    library, headers = _find_nvrtc()
    program, size = ctypes.c_void_p(), ctypes.c_size_t()
    options = [*launching.OPTIONS, f'-arch={architecture}', f'-I{headers}', '--ptxas-options=-v']
    options = (ctypes.c_char_p * len(options))(*[option.encode() for option in options])
    library.nvrtcCreateProgram(ctypes.byref(program), code.encode(), b'kernels.cu', 0, None, None)
    try:
        for expression in expressions:
            library.nvrtcAddNameExpression(program, expression.encode())
        failed = library.nvrtcCompileProgram(program, len(options), options)
        library.nvrtcGetProgramLogSize(program, ctypes.byref(size))
        log = ctypes.create_string_buffer(size.value)
        library.nvrtcGetProgramLog(program, log)
    finally:
        library.nvrtcDestroyProgram(ctypes.byref(program))
    if failed:
        raise RuntimeError(log.value.decode())
    return log.value.decode()


@functools.cache
def _find_nvrtc():
    """Return NVRTC and the folder of CUDA's headers as NVIDIA's packages bring them, or (None, None)."""
    found = importlib.util.find_spec('nvidia')
    places = [Path(place) for place in found.submodule_search_locations] if found else []
    libraries = [path for place in places for path in place.glob('*/lib/libnvrtc.so.*')]
    headers = [path for place in places for path in place.glob('*/include/cuda_fp16.h')]
    return (ctypes.CDLL(str(libraries[0])), headers[0].parent) if libraries and headers else (None, None)


COMPILERS = {'nvcc': _nvcc, 'nvrtc': _nvrtc}
INSTALLED = {'nvcc': shutil.which('nvcc') is not None, 'nvrtc': _find_nvrtc()[0] is not None}


@functools.cache
def _version(compiler):
    if compiler == 'nvcc':
        return subprocess.run(['nvcc', '--version'], capture_output=True, text=True, check=False).stdout
    return _find_nvrtc()[0]._name


@pytest.fixture(scope='module')
def compiled():
    """A function that returns what a compiler says of a unit, which it is at work on already, with all the others."""

    def run(compiler, file, architecture, types):
        code, expressions = launching.flattened(file), _expressions(file, architecture, types)
        key = '\0'.join([_version(compiler), architecture, code, *expressions, *launching.OPTIONS])
        kept = BUILD / f'{hashlib.sha256(key.encode()).hexdigest()[:24]}.{compiler}'
        if not kept.exists():
            with tempfile.TemporaryDirectory() as folder:
                said = COMPILERS[compiler](code, expressions, architecture, Path(folder))
            BUILD.mkdir(parents=True, exist_ok=True)
            part = kept.with_suffix(f'.{os.getpid()}')
            part.write_text(said)
            part.rename(kept)
        return kept.read_text()

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = {}

        def start(compiler, *unit):
            key = compiler, *unit
            if key not in jobs:
                jobs[key] = pool.submit(run, *key)
            return jobs[key]

        if INSTALLED['nvcc']:
            for unit in UNITS:
                start('nvcc', *unit)
        yield lambda *key: start(*key).result()
        pool.shutdown(cancel_futures=True)


def _is_content(said):
    """Say that nothing is kept in memory for want of registers."""
    spilled = [line for line in said.splitlines() if re.search(r'[1-9]\d* bytes spill', line)]
    assert not spilled, said


@pytest.mark.parametrize(('file', 'architecture', 'types'), UNITS, ids=[f'{unit[0]}-{unit[1]}' for unit in UNITS])
def test_all_kernels_compile(compiled, file, architecture, types):
    compiler = next((name for name in COMPILERS if INSTALLED[name]), None)
    if compiler is None:
        pytest.skip('there is neither nvcc nor NVRTC (pip install nvidia-cuda-nvrtc nvidia-cuda-runtime)')
    said = compiled(compiler, file, architecture, types)
    assert said.count('Compiling entry function') == len(_expressions(file, architecture, types))
    if architecture not in MAY_SPILL:
        _is_content(said)


@pytest.mark.skipif(not INSTALLED['nvrtc'], reason='NVRTC is not installed (nvidia-cuda-nvrtc)')
@pytest.mark.parametrize('file', dict.fromkeys(source.file for source in launching.SOURCES))
def test_kernels_compile_as_on_the_machines_of_users(compiled, file):
    architecture = next(unit[1] for unit in UNITS if unit[0] == file)
    _is_content(compiled('nvrtc', file, architecture, TYPES[:1]))


def test_every_source_is_compiled():
    files = {path.name for path in launching.HERE.glob('*.cu')}
    assert files == {unit[0] for unit in UNITS}


def test_wheels_hold_the_sources():
    tomllib = pytest.importorskip('tomllib')
    pyproject = Path(__file__).parents[2] / 'pyproject.toml'
    patterns = tomllib.loads(pyproject.read_text())['tool']['setuptools']['package-data']['nnlite.kernels.on_cupy']
    held = {path for pattern in patterns for path in launching.HERE.glob(pattern)}
    assert {path for path in launching.HERE.iterdir() if path.is_file() and path.suffix != '.py'} == held
