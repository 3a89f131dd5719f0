"""The rules that every criterion keeps, each written once and run over every row of the table."""

import re

import numpy as np
import pytest
from copies import COPIES, LAYOUTS
from row import tensor
from runs import derivative, places_in
from table import CRITERIONS, every
from trees import assert_close, assert_equal, astype, copied, leaves, mapped

import nnlite
from nnlite import nn
from nnlite.nn import tree
from nnlite.nn.Object import Object
from nnlite.tensor.memory import address

every_row = every(CRITERIONS)
on_every_family = pytest.mark.usefixtures('kernels')


def run(criterion, given):
    """Return (loss, gradInput) of what is given: an input, and a target for most."""
    loss = criterion.forward(*given)
    return loss, copied(criterion.backward(*given))


def assert_same(one, other, tolerance=0):
    assert abs(one[0] - other[0]) <= tolerance * max(1, abs(other[0]))
    assert_close(one[1], other[1], tolerance, 'gradInput')


def averages(row):
    return 'sizeAverage' in vars(row.make())


@every_row
def test_prints_as_in_torch(row):
    assert repr(row.make()) == row.text


@every_row
@on_every_family
def test_gradient_is_that_of_finite_differences(row):
    criterion, given = row.criterion(), row.given()
    gradients = leaves(run(criterion, given)[1])
    for array, gradient in zip(leaves(given[0])[: len(gradients)], gradients, strict=True):
        for place in places_in(array):
            difference = derivative(lambda: criterion.forward(*given), array, place)
            assert abs(difference - gradient[place]) < 1e-6 * max(1, abs(difference))


@every_row
@on_every_family
@pytest.mark.parametrize(('dtype', 'tolerance'), [(np.float64, 1e-14), (np.float32, 1e-6)], ids=['double', 'float'])
def test_agrees_with_pytorch(row, dtype, tolerance):
    criterion, given = row.criterion(dtype), row.given(dtype)
    x, *target = mapped(tensor, given)
    inputs = [leaf.requires_grad_() for leaf in leaves(x)]
    loss = row.reference(criterion, x, *target)
    loss.backward()
    ours = run(criterion, given)
    gradients = leaves(ours[1])
    assert isinstance(ours[0], float) and {gradient.dtype for gradient in gradients} == {np.dtype(dtype)}
    theirs = [leaf.grad.numpy() for leaf in inputs[: len(gradients)]]
    assert_same((ours[0], gradients), (loss.item(), theirs), tolerance)


@every_row
@on_every_family
def test_runs_twice_alike_and_leaves_its_input_alone(row):
    criterion, given = row.criterion(), row.given()
    kept = copied(given)
    once = run(criterion, given)
    assert_same(run(criterion, given), once)
    assert criterion.forward(*given) == criterion.output == once[0]
    assert_equal(given, kept)


@every_row
@on_every_family
@pytest.mark.parametrize('layout', LAYOUTS)
def test_memory_layout_does_not_matter(row, layout):
    given = row.given()
    laid = mapped(lambda array: LAYOUTS[layout](array) if array.ndim else array, given)
    assert_same(run(row.criterion(), laid), run(row.criterion(), given), 1e-15)


@every(CRITERIONS, lambda row: isinstance(row.target, np.ndarray) and row.target.dtype.kind == 'i')
def test_labels_may_be_of_any_numeric_type(row):
    criterion, (input, target) = row.criterion(), row.given()
    expected = run(criterion, [input, target])
    for dtype in (np.float32, np.float64, np.uint8, np.int16, np.int32):
        if (target.astype(dtype) == target).all():
            assert_same(run(criterion, [input, target.astype(dtype)]), expected)
    assert_same(run(criterion, [input, target.tolist()]), expected)


@every(CRITERIONS, lambda row: row.batch)
def test_smaller_batch_reuses_the_memory_of_a_bigger_one(row):
    criterion, given = row.criterion(), row.given()
    smaller = mapped(lambda array: array[:-1], given)
    expected = run(row.criterion(), smaller)
    run(criterion, given)
    places = [address(leaf)[0] for leaf in leaves(criterion.gradInput)]
    assert_same(run(criterion, smaller), expected)
    assert [address(leaf)[0] for leaf in leaves(criterion.gradInput)] == places


@every(CRITERIONS, lambda row: row.batch and averages(row))
def test_sizeAverage_may_be_changed(row):
    criterion, given = row.criterion(), row.given()
    loss, gradient = run(criterion, given)
    criterion.sizeAverage = not criterion.sizeAverage
    changed = run(criterion, given)
    ratio = changed[0] / loss
    assert ratio != 1
    assert_close(changed[1], mapped(lambda grad: ratio * grad, gradient), 1e-13)
    criterion.sizeAverage = not criterion.sizeAverage
    assert_same(run(criterion, given), (loss, gradient))


@every_row
@pytest.mark.parametrize('way', COPIES)
def test_copy_is_equal(row, way, tmp_path):
    criterion, given = row.criterion(), row.given()
    before = run(criterion, given)
    twin = COPIES[way](criterion, tmp_path)
    assert type(twin) is type(criterion) and twin.type() == criterion.type()
    assert sum(leaf.size for leaf in leaves(twin.gradInput)) == 0, 'a copy has no results'
    assert_same(run(twin, given), before)


@every_row
def test_clearState_empties_and_forward_works_after(row):
    criterion, given = row.criterion(), row.given()
    before = run(criterion, given)
    assert criterion.clearState() is criterion
    for below in [criterion, *(value for _, _, value in parts(criterion))]:
        assert '_storages' not in vars(below) and sum(leaf.size for leaf in leaves(below.gradInput)) == 0
    assert_same(run(criterion, given), before)


def parts(criterion):
    return tree.below(criterion, lambda value: isinstance(value, Object))


@every_row
def test_type_there_and_back(row):
    criterion, given = row.criterion(np.float32), row.given(np.float32)
    before = run(criterion, given)
    assert criterion.double().type() == 'torch.DoubleTensor'
    assert_same(run(criterion, astype(given, np.float64)), before, 1e-6)
    assert_same(run(criterion.float(), given), before)


@every_row
def test_wrong_input_is_refused(row):
    criterion, (input, *target) = row.criterion(), row.given()
    for shape, wrong, error in row.wrong:
        with pytest.raises(error) as caught:
            criterion.forward(*row.these(shape, wrong))
        check(caught.value, criterion)
    for wrong in (astype(input, np.float32), mapped(np.ndarray.tolist, input), 'text', None):
        with pytest.raises((nnlite.DtypeError, nnlite.ShapeError)) as caught:
            criterion.forward(wrong, *target)
        check(caught.value, criterion)
        assert 'expected input' in caught.value.message


@every(CRITERIONS, lambda row: row.target is not None)
def test_wrong_target_is_refused(row):
    criterion, (input, _) = row.criterion(), row.given()
    for wrong in ('text', None, np.array(['1']), [[1], [1, 2]]):
        with pytest.raises((nnlite.DtypeError, nnlite.ShapeError)) as caught:
            criterion.forward(input, wrong)
        check(caught.value, criterion)
        assert 'target' in str(caught.value)


def check(error, criterion):
    """Check the form of an error: where, what was expected, what came."""
    assert error.where.startswith(type(criterion).__name__) and 'nn.' not in error.where
    assert re.search(r'expected .+, got .+', error.message), error
    assert 'int64(' not in str(error) and 'float64(' not in str(error), 'NumPy numbers in a message'


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


def test_cross_entropy_of_one_sample_of_one_class():
    """Torch squeezes the input, of which one dimension stays."""
    criterion, x = nn.CrossEntropyCriterion().double(), np.array([[0.7]])
    assert criterion.forward(x, [1]) == 0
    assert_equal(criterion.backward(x, [1]), np.zeros((1, 1)))
