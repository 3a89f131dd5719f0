"""What tests ask for that is not everywhere: folders of data, families of kernels; without it they are skipped."""

import os
import signal
import sys
from pathlib import Path

import pytest
from golden_report import (  # noqa: F401 hooks, which pytest finds here
    closely,
    pytest_collection_modifyitems,
    pytest_runtest_logreport,
    pytest_terminal_summary,
)

import nnlite
from nnlite.kernels import FAMILIES
from nnlite.tensor import devices

sys.path.append(str(Path(__file__).parent / 'cuda_on_host'))
HAS_GPU = devices.why_no_gpu()[0] is None

# A shell that starts us in the background has us ignore Ctrl-C, and so all that tests start and interrupt.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _folder(variable):
    path = os.environ.get(variable)
    if not path:
        pytest.skip(f'{variable} is not set: it names a folder of data that is not in the repository')
    assert Path(path).is_dir(), f'{variable} is {path}, which is no folder'
    return Path(path)


@pytest.fixture(scope='session')
def golden():
    """Torch7's own numbers and files, all of them."""
    return _folder('NNLITE_GOLDEN')


@pytest.fixture(scope='session')
def data():
    """CIFAR-10 and a part of Tiny ImageNet."""
    return _folder('NNLITE_DATA')


@pytest.fixture(params=FAMILIES)
def kernels(request):
    """Run the test on each family of kernels."""
    before = nnlite.getkernels()
    try:
        nnlite.setkernels(request.param)
    except nnlite.DeviceError as error:
        pytest.skip(error.message)
    yield request.param
    nnlite.setkernels(before)


def pytest_itemcollected(item):
    """Mark what asks for CuPy, so that `pytest -m gpu` runs it."""
    if 'cupy' in getattr(item, 'fixturenames', ()):
        item.add_marker(pytest.mark.gpu)


@pytest.fixture
def cupy(monkeypatch):
    """CuPy where there is a GPU; elsewhere NumPy in its place, and CUDA's kernels compiled for the host."""
    monkeypatch.setenv('NNLITE_CUDA_BENCHMARK', '0')  # no test is to depend on the clock, or to leave a table behind
    if HAS_GPU:
        import cupy

        yield cupy
    else:
        import fake_cupy
        import host_module

        why = host_module.why_no_host_cuda()
        if why:
            pytest.skip(why)
        monkeypatch.setitem(sys.modules, 'cupy', fake_cupy)
        devices._found.cache_clear()
        yield fake_cupy
        fake_cupy.check()
        devices._found.cache_clear()
