"""What tests of kernels change of the whole process is put back."""

import pytest

import nnlite


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
