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
