"""Imports point one way, and what is heavy loads when it is first needed."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HEAVY = {'matplotlib', 'h5py', 'PIL', 'tqdm', 'torch', 'numba', 'cupy', 'cuda', 'onnx', 'onnxruntime', 'sklearn'}
HEAVY |= {'safetensors', 'cudnn'}

# A family of kernels loads when it is chosen, PyTorch's side of the benchmark in its process, and with it what it is
# made with.
MADE_WITH = {
    'nnlite.kernels.on_numba': 'numba',
    'nnlite.bench.in_torch': 'torch',
    'nnlite.bench.on_gpu.in_torch': 'torch',
    'nnlite.interop.in_torch': 'torch',
    'nnlite.interop.net_classifier': 'sklearn',
}

# Who may import whom: each layer those that come after it. 'nnlite' itself, what Torch calls torch.*, is for those who
# use the layers: what it is made of may not look back at it.
LAYERS = [
    {'nnlite.__main__'},
    {'nnlite.cli'},
    {'nnlite.bench', 'nnlite.explain'},
    {'nnlite.training', 'nnlite.trace'},
    {'nnlite.interop'},
    {'nnlite.models', 'nnlite.data_prep'},
    {'nnlite'},
    {'nnlite.optnet', 'nnlite.serialization'},
    {'nnlite.nn', 'nnlite.optim', 'nnlite.image'},
    {'nnlite.kernels'},
    {'nnlite.tensor'},
    {'nnlite.whole_file', 'nnlite.hdf5_heaps', 'nnlite.hdf5_arrays'},
    {'nnlite.file_lock'},
    {'nnlite.errors'},
]


def sources():
    """Yield (name of the module, path) of everything that is installed."""
    for folder, package in (('nnlite', 'nnlite'), ('models', 'nnlite.models'), ('data_prep', 'nnlite.data_prep')):
        for path in sorted((ROOT / folder).rglob('*.py')):
            parts = path.relative_to(ROOT / folder).with_suffix('').parts
            yield '.'.join([package, *(part for part in parts if part != '__init__')]), path


SOURCES = [pytest.param(name, path, id=name) for name, path in sources()]


def imported(path, nested=True):
    """Return the names of the modules that a file imports, at its top level, or anywhere."""
    tree = ast.parse(path.read_text())
    nodes = ast.walk(tree) if nested else top_level(tree)
    names = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f'{path}: relative import'
            names |= {f'{node.module}.{alias.name}' for alias in node.names}
    return names


def top_level(tree):
    """Yield the statements that run when the file is imported."""
    for node in ast.iter_child_nodes(tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield node
            yield from top_level(node)


def package_of(name):
    """Return the package of ours that a name belongs to, or None: 'nnlite.nn' for 'nnlite.nn.Linear.Linear'."""
    package = '.'.join(name.split('.')[:2])
    packages = set().union(*LAYERS)
    return package if package in packages else 'nnlite' if name.partition('.')[0] == 'nnlite' else None


@pytest.mark.parametrize(('name', 'path'), SOURCES)
def test_imports_point_one_way(name, path):
    own = package_of(name)
    assert own != 'nnlite' or name == 'nnlite', f'say in LAYERS who may import {name}'
    place = {package: number for number, packages in enumerate(LAYERS) for package in packages}
    for other in filter(None, map(package_of, imported(path))):
        assert other == own or place[other] > place[own], f'{name} imports {other}'


@pytest.mark.parametrize(('name', 'path'), SOURCES)
def test_heavy_packages_load_in_functions(name, path):
    own = {package for family, package in MADE_WITH.items() if name.startswith(family)}
    assert not {other.partition('.')[0] for other in imported(path, nested=False)} & HEAVY - own


@pytest.mark.parametrize(('name', 'path'), [param for param in SOURCES if param.values[0].startswith('nnlite.nn')])
def test_nn_knows_nothing_of_devices(name, path):
    assert not {other.partition('.')[0] for other in imported(path)} & HEAVY


@pytest.mark.parametrize('statement', ['import nnlite', 'from nnlite import nn, optim', 'from nnlite import models'])
def test_importing_loads_nothing_heavy(statement):
    code = f'import sys; {statement}; print(*sorted({{name.partition(".")[0] for name in sys.modules}}))'
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, timeout=300, check=True)
    assert not set(done.stdout.split()) & HEAVY
    assert 'numpy' in done.stdout.split()
