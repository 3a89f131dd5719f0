"""The rules that every criterion keeps on a GPU, or, where there is none, on NumPy in its place."""

import numpy as np
import pytest
from on_gpu import here, moved, there
from row import tensor
from table import CRITERIONS, every
from trees import assert_close, leaves, mapped

import nnlite
from nnlite import nn
from nnlite.tensor.devices import is_on_gpu

pytestmark = pytest.mark.gpu

every_row = every(CRITERIONS)


def run_there(cupy, criterion, given):
    """Return (loss, gradInput) of what is given on the host, computed on the GPU."""
    given = there(cupy, given)
    loss = criterion.forward(*given)
    gradInput = criterion.backward(*given)
    assert isinstance(loss, float) and all(map(is_on_gpu, leaves(gradInput)))
    return loss, here(gradInput)


def assert_same(one, other, tolerance=0):
    assert abs(one[0] - other[0]) <= tolerance * max(1, abs(other[0]))
    assert_close(one[1], other[1], tolerance, 'gradInput')


@every_row
@pytest.mark.parametrize(('dtype', 'tolerance'), [(np.float64, 1e-10), (np.float32, 1e-4)], ids=['double', 'float'])
def test_agrees_with_pytorch(row, dtype, tolerance, cupy):
    criterion, given = row.criterion(dtype), row.given(dtype)
    x, *target = mapped(tensor, given)
    inputs = [leaf.requires_grad_() for leaf in leaves(x)]
    loss = row.reference(criterion, x, *target)
    loss.backward()
    ours = run_there(cupy, moved(criterion, dtype), given)
    gradients = leaves(ours[1])
    assert {gradient.dtype for gradient in gradients} == {np.dtype(dtype)}
    theirs = [leaf.grad.numpy() for leaf in inputs[: len(gradients)]]
    assert_same((ours[0], gradients), (loss.item(), theirs), tolerance)


@every_row
def test_two_runs_are_alike(row, cupy):
    criterion, given = moved(row.criterion(np.float32), np.float32), row.given(np.float32)
    assert_same(run_there(cupy, criterion, given), run_there(cupy, criterion, given))


@every(CRITERIONS, lambda row: isinstance(row.criterion(np.float32), nn.Criterion))
def test_loss_and_gradient_at_once(row, cupy):
    criterion, given = moved(row.criterion(np.float32), np.float32), row.given(np.float32)
    expected = run_there(cupy, criterion, given)
    loss, gradInput = moved(row.criterion(np.float32), np.float32)(*there(cupy, given))
    assert_same((loss, here(gradInput)), expected, 1e-6)


@every_row
def test_there_and_back(row, cupy, tmp_path):
    criterion, given = row.criterion(np.float32), row.given(np.float32)
    nnlite.save(tmp_path / 'host.t7', criterion)
    moved(criterion, np.float32)
    nnlite.save(tmp_path / 'gpu.t7', criterion)
    assert (tmp_path / 'gpu.t7').read_bytes() == (tmp_path / 'host.t7').read_bytes()
    twin = criterion.clone()
    assert twin.type() == criterion.type() == 'torch.CudaTensor'
    assert_same(run_there(cupy, twin, given), run_there(cupy, criterion, given))
    assert criterion.float().type() == 'torch.FloatTensor'
    criterion.forward(*given)


@every(CRITERIONS, lambda row: isinstance(row.target, np.ndarray) and row.target.dtype.kind == 'i')
def test_labels_may_be_on_the_host(row, cupy):
    criterion, (input, target) = moved(row.criterion(), np.float64), row.given()
    expected = run_there(cupy, criterion, [input, target])
    given = there(cupy, input)
    for labels in (target, target.tolist()):
        assert_same((criterion.forward(given, labels), here(criterion.backward(given, labels))), expected)
    with pytest.raises(nnlite.DeviceError):
        row.criterion().forward(input, cupy.asarray(target))


def test_labels_on_the_host_are_checked(cupy):
    criterion, scores = nn.CrossEntropyCriterion().cuda(), cupy.zeros((2, 3), np.float32)
    for labels in ([1, 4], [0, 1], [1, 1.5]):
        with pytest.raises(nnlite.DataError):
            criterion.forward(scores, labels)


def is_common(row):
    return type(row.make()).__name__ in ('ClassNLLCriterion', 'CrossEntropyCriterion', 'MSECriterion', 'BCECriterion')


@every(CRITERIONS, is_common)
def test_loss_stays_there_while_a_graph_is_captured(row, cupy):
    criterion, given = moved(row.criterion(), np.float64), there(cupy, row.given())
    stream = cupy.cuda.Stream(non_blocking=True)
    with stream:
        loss = criterion.forward(*given)
        gradInput = here(criterion.backward(*given))
        stream.begin_capture()
        kept = criterion.forward(*given)
        again = criterion.backward(*given)
        graph = stream.end_capture()
        graph.launch()
        stream.synchronize()
    assert is_on_gpu(kept) and kept.shape == () and kept.dtype == np.float64
    assert_same((float(kept), here(again)), (loss, gradInput))
