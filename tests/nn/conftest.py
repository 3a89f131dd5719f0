"""The kernel families: a rule that asks for `kernels` runs on each one that is there."""

import pytest
import torch

import nnlite
from nnlite.kernels import FAMILIES

torch.set_num_threads(1)  # the networks here are small: its threads would wait for each other more than they compute


@pytest.fixture(params=FAMILIES)
def kernels(request):
    pytest.importorskip(FAMILIES[request.param], reason=f'the kernels on {request.param} cannot be imported here')
    before = nnlite.getkernels()
    nnlite.setkernels(request.param)
    yield request.param
    nnlite.setkernels(before)
