"""The rules that every criterion keeps, each written once and run over every row of the table."""

import re

import numpy as np
import pytest
import torch
from copies import COPIES, LAYOUTS
from row import tensor
from runs import derivative, places_in
from table import CRITERIONS, every
from trees import assert_close, drawn

import nnlite
from nnlite import nn
from nnlite.tensor.memory import address

every_row = every(CRITERIONS)
on_every_family = pytest.mark.usefixtures('kernels')


def run(criterion, input, target):
    """Return (loss, gradInput)."""
    loss = criterion.forward(input, target)
    return loss, criterion.backward(input, target).copy()


def assert_same(one, other, tolerance=0):
    assert abs(one[0] - other[0]) <= tolerance * max(1, abs(other[0]))
    assert_close(one[1], other[1], tolerance, 'gradInput')


@every_row
def test_prints_as_in_torch(row):
    assert repr(row.make()) == row.text


@every_row
@on_every_family
def test_gradient_is_that_of_finite_differences(row):
    criterion, (input, target) = row.criterion(), row.given()
    gradient = run(criterion, input, target)[1]
    for place in places_in(input):
        difference = derivative(lambda: criterion.forward(input, target), input, place)
        assert abs(difference - gradient[place]) < 1e-6 * max(1, abs(difference))


@every_row
@on_every_family
@pytest.mark.parametrize(('dtype', 'tolerance'), [(np.float64, 1e-14), (np.float32, 1e-6)], ids=['double', 'float'])
def test_agrees_with_pytorch(row, dtype, tolerance):
    criterion, (input, target) = row.criterion(dtype), row.given(dtype)
    x = torch.tensor(input, dtype=torch.float64, requires_grad=True)
    loss = row.reference(criterion, x, tensor(target))
    loss.backward()
    ours = run(criterion, input, target)
    assert isinstance(ours[0], float) and ours[1].dtype == dtype
    assert_same(ours, (loss.item(), x.grad.numpy()), tolerance)


@every_row
@on_every_family
def test_runs_twice_alike_and_leaves_its_input_alone(row):
    criterion, (input, target) = row.criterion(), row.given()
    kept = input.copy(), target.copy()
    once = run(criterion, input, target)
    assert_same(run(criterion, input, target), once)
    assert criterion(input, target)[0] == once[0]
    assert np.array_equal(input, kept[0]) and np.array_equal(target, kept[1])


@every_row
@on_every_family
@pytest.mark.parametrize('layout', LAYOUTS)
def test_memory_layout_does_not_matter(row, layout):
    criterion, (input, target) = row.criterion(), row.given()
    laid = target if target.ndim == 1 else LAYOUTS[layout](target)
    assert_same(run(row.criterion(), LAYOUTS[layout](input), laid), run(criterion, input, target), 1e-15)


@every(CRITERIONS, lambda row: row.given()[1].dtype.kind == 'i' and row.target.min() > 0)
def test_labels_may_be_of_any_numeric_type(row):
    criterion, (input, target) = row.criterion(), row.given()
    expected = run(criterion, input, target)
    for dtype in (np.float32, np.float64, np.uint8, np.int16, np.int32):
        assert_same(run(criterion, input, target.astype(dtype)), expected)
    assert_same(run(criterion, input, target.tolist()), expected)
    loss, gradient = run(criterion, input[:1], target[:1])
    assert_same(run(criterion, input[0], int(target[0])), (loss, gradient[0]))


@every_row
def test_smaller_batch_reuses_the_memory_of_a_bigger_one(row):
    criterion, (input, target) = row.criterion(), row.given()
    expected = run(row.criterion(), input[:-1], target[:-1])
    run(criterion, input, target)
    place = address(criterion.gradInput)[0]
    assert_same(run(criterion, input[:-1], target[:-1]), expected)
    assert address(criterion.gradInput)[0] == place


@every_row
def test_sizeAverage_may_be_changed(row):
    criterion, (input, target) = row.criterion(), row.given()
    loss, gradient = run(criterion, input, target)
    criterion.sizeAverage = not criterion.sizeAverage
    changed = run(criterion, input, target)
    ratio = changed[0] / loss
    assert ratio != 1
    np.testing.assert_allclose(changed[1], ratio * gradient, rtol=1e-13)
    criterion.sizeAverage = not criterion.sizeAverage
    assert_same(run(criterion, input, target), (loss, gradient))


@every_row
@pytest.mark.parametrize('way', COPIES)
def test_copy_is_equal(row, way, tmp_path):
    criterion, (input, target) = row.criterion(), row.given()
    before = run(criterion, input, target)
    twin = COPIES[way](criterion, tmp_path)
    assert type(twin) is type(criterion) and twin.type() == criterion.type() and twin.gradInput.size == 0
    assert_same(run(twin, input, target), before)


@every_row
def test_clearState_empties_and_forward_works_after(row):
    criterion, (input, target) = row.criterion(), row.given()
    before = run(criterion, input, target)
    assert criterion.clearState() is criterion
    assert '_storages' not in criterion.__dict__ and criterion.gradInput.size == 0
    assert_same(run(criterion, input, target), before)


@every_row
def test_type_there_and_back(row):
    criterion, (input, target) = row.criterion(np.float32), row.given(np.float32)
    before = run(criterion, input, target)
    assert criterion.double().type() == 'torch.DoubleTensor'
    wide = target.astype(np.float64) if target.dtype.kind == 'f' else target
    assert_same(run(criterion, input.astype(np.float64), wide), before, 1e-6)
    assert_same(run(criterion.float(), input, target), before)


@every_row
def test_wrong_input_is_refused(row):
    criterion, (_, good) = row.criterion(), row.given()
    for shape, target, error in row.wrong:
        given = drawn(target, 2) if isinstance(target, tuple) else target
        with pytest.raises(error) as caught:
            criterion.forward(drawn(shape, 1), given)
        check(caught.value)
    for wrong in (drawn(row.input, 1, np.float32), drawn(row.input, 1).tolist(), 'text', None):
        with pytest.raises(nnlite.DtypeError) as caught:
            criterion.forward(wrong, good)
        check(caught.value)
        assert 'expected input' in caught.value.message


def check(error):
    """Check the form of an error: where, what was expected, what came."""
    assert re.fullmatch(r'\w+Criterion', error.where)
    assert re.search(r'expected .+, got .+', error.message), error
    assert 'int64(' not in str(error), 'NumPy numbers in a message'


def test_sizeAverage_said_to_nll_itself_holds():
    """CrossEntropyCriterion.lua passes a change on, and else leaves nll as it was told; old files tell nll only."""
    x, target = np.zeros((4, 2)), [1, 2, 1, 2]
    criterion = nn.CrossEntropyCriterion().double()
    criterion.nll.sizeAverage = False
    fields = criterion.clone().write()
    old = nn.CrossEntropyCriterion.__new__(nn.CrossEntropyCriterion)
    old.read({name: value for name, value in fields.items() if name not in ('sizeAverage', 'oldSizeAverage')})
    for one in (criterion, criterion.clone(), old):
        assert one.forward(x, target) == pytest.approx(4 * np.log(2)) and np.abs(one.backward(x, target)).sum() == 4
        one.sizeAverage = False
        one.forward(x, target)
        one.sizeAverage = True
        assert one.forward(x, target) == pytest.approx(np.log(2)) and np.abs(one.backward(x, target)).sum() == 1


def test_weights_below_zero_count():
    criterion = nn.ClassNLLCriterion(np.array([-1, 3])).double()
    assert criterion.forward(np.array([[-1.0, -2], [-4, -8]]), [1, 2]) == (-1 * 1 + 3 * 8) / 2
