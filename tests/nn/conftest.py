"""The kernel families: a rule that asks for `kernels` runs on each one that is there."""

import pytest

import nnlite
from nnlite.kernels import FAMILIES


@pytest.fixture(params=FAMILIES)
def kernels(request):
    pytest.importorskip(FAMILIES[request.param], reason=f'the kernels on {request.param} cannot be imported here')
    before = nnlite.getkernels()
    nnlite.setkernels(request.param)
    yield request.param
    nnlite.setkernels(before)
