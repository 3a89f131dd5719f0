"""What tests of kernels change of the whole process is put back."""

import sys

import pytest

import nnlite
from nnlite.kernels.on_cupy import convolution
from nnlite.kernels.on_cupy import cudnn as way


@pytest.fixture(autouse=True)
def settings():
    """Leave the number of threads, and whether kernels are to be precise, as they were."""
    threads, precise = nnlite.getnumthreads(), nnlite.getprecise()
    yield
    nnlite.setnumthreads(threads)
    nnlite.setprecise(precise)


@pytest.fixture(params=['ascending', 'descending', 'random'])
def order(request, cupy, monkeypatch):
    """Let the threads of CUDA's kernels take turns in several orders, where they run on the host."""
    from host_module import HostKernel

    if cupy.__name__ == 'cupy' and request.param != 'ascending':
        pytest.skip('a GPU chooses the order itself')
    monkeypatch.setattr(HostKernel, 'order', request.param)


@pytest.fixture
def cudnn(cupy, monkeypatch):
    """cuDNN, whose way all convolutions go; where there is no GPU, NumPy in its place."""
    caches = way.why_not, way._built, way._handle

    def forget():
        for cached in caches:
            cached.cache_clear()

    if cupy.__name__ == 'cupy':
        if way.why_not():
            pytest.skip(f'no cuDNN: {way.why_not()}')
        module = way.library()
    else:
        import fake_cudnn as module

        monkeypatch.setitem(sys.modules, 'cudnn', module)
        forget()
    before = convolution.getway()
    convolution.setway('cudnn')
    yield module
    convolution.setway(before)
    if cupy.__name__ != 'cupy':
        forget()
        module.built.clear()
