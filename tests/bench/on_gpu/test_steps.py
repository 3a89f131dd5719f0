"""Steps on a GPU: nnlite's are the Trainer's, PyTorch's those of the same network, and records say all of it."""

import numpy as np
import pytest
import torch

from nnlite.bench.cases import Network, to_json
from nnlite.bench.on_gpu import child, in_torch, ours
from nnlite.bench.on_gpu.clock import samples
from nnlite.bench.on_gpu.jobs import COMPILED, EAGER, FLOAT32, NNLITE, NO_GRAPH, STEPS, TUNED, Job

SMALL = Network('resnet', 8, 'cifar10', 2)


@pytest.fixture(autouse=True)
def pytorch_as_it_was():
    before = torch.get_float32_matmul_precision(), torch.backends.cudnn.benchmark
    yield
    torch.set_float32_matmul_precision(before[0])
    torch.backends.cudnn.benchmark = before[1]


def job(contestant, device='cpu', case=SMALL, precision=FLOAT32):
    return Job(STEPS, contestant, device, precision, to_json(case), rounds=2, seconds=0)


def losses(steps, read):
    """Return the loss of a few steps of training, and of one of evaluation."""
    with steps:
        found = []
        for name, count in (('training', 3), ('evaluation', 1)):
            step = steps.step(name)
            for _ in range(count):
                step()
                found.append(read())
        return found


def test_both_sides_train_the_same_network(cupy, monkeypatch):
    mine, theirs = ours.Steps(SMALL, graph=False), in_torch.Steps(SMALL, True, (), 'cpu')
    found = []
    real = theirs._forward
    monkeypatch.setattr(theirs, '_forward', lambda: found.append(real()) or found[-1])
    expected = losses(theirs, lambda: found[-1].item())

    kept = []

    def read():
        kept.append(mine._steps._account._loss.get().item())
        return kept[-1]

    np.testing.assert_allclose(losses(mine, read), expected, rtol=5e-3)
    assert mine.first_loss == pytest.approx(theirs.first_loss, rel=1e-3)


@pytest.mark.parametrize('contestant', [NNLITE, NO_GRAPH])
def test_records_of_nnlite(cupy, contestant):
    training, evaluation = child.steps(job(contestant, 'cuda:0'))
    assert (training['step'], evaluation['step']) == ('training', 'evaluation')
    assert len(training['times']) == 2 and min(training['times']) > 0 and training['warm'] > 0
    assert 0 < training['used'] <= training['held']
    assert training['loss'] == evaluation['loss'] and not training['notes']


def test_records_of_pytorch():
    training, evaluation = child.steps(job(EAGER))
    assert (training['step'], evaluation['step']) == ('training', 'evaluation')
    assert len(evaluation['times']) == 2 and training['loss'] > 0


def test_where_compiling_fails_the_next_mode_is_taken(monkeypatch):
    def compile(net, mode):
        def broken(*batch):
            raise RuntimeError(f'no {mode} here\nat all')

        return broken if mode != 'default' else net

    monkeypatch.setattr(torch, 'compile', compile)
    notes = [f'torch.compile({mode!r}) failed: no {mode} here' for mode in ('max-autotune', 'reduce-overhead')]
    assert next(child.steps(job(TUNED)))['notes'] == notes
    training, _ = child.steps(job(COMPILED))
    assert training['notes'] == notes[1:]
    assert training['loss'] == pytest.approx(next(child.steps(job(EAGER)))['loss'], rel=1e-5)


def test_where_no_mode_can_be_compiled_that_is_the_error(monkeypatch):
    def compile(net, mode):
        def broken(*batch):
            raise RuntimeError(f'no {mode}')

        return broken

    monkeypatch.setattr(torch, 'compile', compile)
    with pytest.raises(RuntimeError, match='no default'):
        next(child.steps(job(COMPILED)))


def test_precision_is_that_of_the_job():
    in_torch.settle(precise=True)
    assert torch.get_float32_matmul_precision() == 'highest' and not torch.backends.cudnn.allow_tf32
    in_torch.settle(precise=False)
    assert torch.get_float32_matmul_precision() == 'high' and torch.backends.cudnn.allow_tf32


def test_samples_are_of_many_steps_between_two_waits():
    said = []
    times = samples(lambda: said.append('step'), lambda: said.append('wait'), rounds=3, seconds=1e-9)
    assert len(times) == 3
    assert said[-22:] == ['wait', *['step'] * 20, 'wait']
    said.clear()
    samples(lambda: said.append('step'), lambda: said.append('wait'), rounds=1, seconds=0)
    assert said[-3:] == ['wait', 'step', 'wait']
