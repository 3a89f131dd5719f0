"""The rules that every module keeps, each written once and run over every row of the table."""

import re

import numpy as np
import pytest
from copies import COPIES, LAYOUTS
from row import BOTH
from runs import Run, derivative, forward, gradient_for, gradients_of, in_pytorch, places_in, run
from table import BASES, CRITERIONS, MODULES, every, works_in_place
from trees import assert_close, astype, copied, drawn, leaves, mapped

import nnlite
from nnlite import nn
from nnlite.tensor.memory import address, root

every_row = every(MODULES)
in_both_modes = pytest.mark.parametrize('mode', BOTH)
on_every_family = pytest.mark.usefixtures('kernels')


def test_every_public_class_has_a_row():
    rows = {row.about or type(row.make()).__name__ for row in MODULES}
    assert set(nn.__all__) - BASES == rows | {type(row.make()).__name__ for row in CRITERIONS}


def has_arrays_as_gradients(row):
    return all(isinstance(gradient, np.ndarray) for gradient in row.make().parameters()[1])


@every_row
def test_prints_as_in_torch(row):
    assert repr(row.make()).split('\n')[0] == row.text


@every_row
def test_a_new_one_holds_no_memory_that_nobody_wrote(row, monkeypatch):
    """Such memory would be in its files, other numbers each time."""

    def poisoned(make):
        def empty(*args, **kwargs):
            array = make(*args, **kwargs)
            array.fill(np.nan if array.dtype.kind == 'f' else 0)
            return array

        return empty

    for name in ('empty', 'empty_like'):
        monkeypatch.setattr(np, name, poisoned(getattr(np, name)))
    for module in row.make().listModules():
        held = {name: value for name, value in vars(module).items() if isinstance(value, np.ndarray)}
        assert not [name for name, array in held.items() if array.dtype.kind == 'f' and np.isnan(array).any()]


# Numbers


@every(MODULES, lambda row: row.derivative)
@in_both_modes
@on_every_family
def test_gradients_are_those_of_finite_differences(row, mode):
    module, input = row.module(mode), row.given()
    gradOutput = gradient_for(forward(module, copied(input)))

    def product():
        output = forward(module, copied(input))
        return sum(float((o * g).sum()) for o, g in zip(leaves(output), leaves(gradOutput), strict=True))

    result = run(module, input, gradOutput)
    pairs = [] if row.sparse else list(zip(leaves(input), leaves(result.gradInput), strict=True))
    pairs += zip(module.parameters()[0], result.gradParams, strict=True)
    for array, gradient in [pair for pair in pairs if pair[0].dtype.kind == 'f']:
        for place in places_in(array):
            difference = derivative(product, array, place)
            assert abs(difference - gradient.reshape(array.shape)[place]) < 1e-6 * max(1, abs(difference))


# Both compute in different orders, so float64 agrees to a few hundred roundings of 1e-16. In float32 our figures come
# from sums of up to 60 products, each wrong by 6e-8 of its size at most, and are held against PyTorch in float64.
@every_row
@in_both_modes
@on_every_family
@pytest.mark.parametrize(('dtype', 'tolerance'), [(np.float64, 1e-13), (np.float32, 3e-6)], ids=['double', 'float'])
def test_agrees_with_pytorch(row, mode, dtype, tolerance):
    module, input = row.module(mode, dtype), row.given(dtype)
    ours = run(module, input)
    theirs = in_pytorch(row, module, input, gradient_for(ours.output))
    for name in ('output', 'gradParams') if row.sparse else ('output', 'gradInput', 'gradParams'):
        assert_close(getattr(ours, name), getattr(theirs, name), tolerance, name)


# The protocol


@every(MODULES, lambda row: row.accumulates)
@on_every_family
def test_gradients_of_parameters_add_up_and_scale(row):
    module, input = row.module(), row.given()
    once = run(module, input)
    for gradient in module.parameters()[1]:
        gradient.fill(3)
    given = copied(input)
    gradOutput = gradient_for(forward(module, given))
    if row.scales:
        module.backward(given, gradOutput, -0.5)
    else:
        module.updateGradInput(given, gradOutput)
        module.accGradParameters(given, gradOutput, -0.5)
    scales = [1 if number in row.unscaled else -0.5 for number in range(len(once.gradParams))]
    expected = [3 + scale * gradient for scale, gradient in zip(scales, once.gradParams, strict=True)]
    assert_close(module.parameters()[1], expected, 1e-14, 'gradParams')


@every_row
@in_both_modes
@on_every_family
def test_runs_twice_alike(row, mode):
    module, input = row.module(mode), row.given()
    once = run(module, input)
    once.assert_equal(run(module, input))
    if not works_in_place(module):
        module.zeroGradParameters()
        gradInput = module.backward(copied(input), gradient_for(once.output))
        once.assert_equal(Run(once.output, gradInput, gradients_of(module)))


@every_row
@in_both_modes
@on_every_family
def test_backward_is_its_two_halves(row, mode):
    module, input = row.module(mode), row.given()
    whole = run(module, input)
    module.zeroGradParameters()
    given = copied(input)
    output = copied(forward(module, given))
    gradOutput = gradient_for(output)
    gradInput = copied(module.updateGradInput(given, gradOutput))
    module.accGradParameters(given, gradOutput)
    whole.assert_equal(Run(output, gradInput, gradients_of(module)))


@every_row
@on_every_family
def test_backwardUpdate_takes_the_step(row):
    module, stepped, input = row.module(), row.module(), row.given()
    gradInput = run(module, input).gradInput
    module.updateParameters(0.1)
    given = copied(input)
    gradOutput = gradient_for(forward(stepped, given))
    assert_close(stepped.backwardUpdate(given, gradOutput, 0.1), gradInput, 1e-14, 'gradInput')
    assert_close(stepped.parameters()[0], module.parameters()[0], 1e-14, 'parameters')


@every_row
def test_call_runs_forward_and_backward(row):
    module, input = row.module(), row.given()
    result = run(module, input)
    nnlite.manualSeed(7)
    assert_close(module(copied(input)), result.output, 0, 'output')
    nnlite.manualSeed(7)
    output, gradInput = module(copied(input), gradient_for(result.output))
    if not works_in_place(module):
        assert_close(output, result.output, 0, 'output')
    assert_close(gradInput, result.gradInput, 0, 'gradInput')


# Batches


@every(MODULES, lambda row: row.batch and row.independent)
@on_every_family
def test_batch_is_its_singles_stacked(row):
    for mode in row.independent:
        check_singles(row.module(mode), row.given())


def check_singles(module, input):
    whole = run(module, input)
    gradOutput = gradient_for(whole.output)
    parts = []
    for n in range(len(leaves(input)[0])):
        parts.append(run(module, part_of(input, slice(n, n + 1)), part_of(gradOutput, slice(n, n + 1))))
    assert_close(stacked([part.output for part in parts]), whole.output, 1e-14, 'output')
    assert_close(stacked([part.gradInput for part in parts]), whole.gradInput, 1e-14, 'gradInput')
    sums = [sum(grads) for grads in zip(*(part.gradParams for part in parts), strict=True)]
    assert_close(sums, whole.gradParams, 1e-14, 'gradParams')


def part_of(tree, place):
    return mapped(lambda array: array[place], tree)


def stacked(trees):
    """Return the table of arrays put together along their first dimension."""
    if isinstance(trees[0], dict):
        return {key: stacked([tree[key] for tree in trees]) for key in trees[0]}
    if isinstance(trees[0], list):
        return [stacked(list(parts)) for parts in zip(*trees, strict=True)]
    return np.concatenate(trees)


@every(MODULES, lambda row: row.single)
@on_every_family
def test_single_without_the_batch_dimension(row):
    module, input = row.module('evaluate'), row.given()
    batch = run(module, input[:1])
    alone = run(module, input[0], part_of(gradient_for(batch.output), 0))
    Run(part_of(batch.output, 0), batch.gradInput[0], batch.gradParams).assert_close(alone, 1e-14)


@every(MODULES, lambda row: row.batch)
@in_both_modes
@on_every_family
def test_smaller_batch_reuses_the_memory_of_a_bigger_one(row, mode):
    module, input = row.module(mode), row.given()
    smaller = part_of(input, slice(-1))
    expected = run(row.module(mode), smaller)
    run(module, input)
    memory = memories(module)
    expected.assert_equal(run(module, smaller))
    run(module, input)
    assert memories(module) == memory


def memories(module):
    """Return where the memory lies that a module and all below it write their results into."""
    return [
        (name, storage.memory.__array_interface__['data'], storage.memory.size)
        for below in module.listModules()
        for name, storage in below.__dict__.get('_storages', {}).items()
    ]


# Memory


@every_row
@on_every_family
@pytest.mark.parametrize('layout', LAYOUTS)
def test_memory_layout_does_not_matter(row, layout):
    module, input = row.module(), row.given()
    plain = run(module, input)
    nnlite.manualSeed(7)
    module.zeroGradParameters()
    given, gradOutput = (mapped(LAYOUTS[layout], copied(tree)) for tree in (input, gradient_for(plain.output)))
    output = copied(forward(module, given))
    gradInput = module.backward(given, gradOutput)
    Run(output, gradInput, gradients_of(module)).assert_close(plain, 1e-14)


@every(MODULES, lambda row: row.inplace)
@in_both_modes
@on_every_family
def test_inplace_is_equal_and_in_place(row, mode):
    input = row.given()
    plain, twin = (made.double() for made in (row.make(), row.inplace()))
    expected = run(plain.training() if mode == 'training' else plain.evaluate(), input)
    twin = twin.training() if mode == 'training' else twin.evaluate()
    expected.assert_equal(run(twin, input))
    given = copied(input)
    gradOutput = gradient_for(expected.output)
    assert np.shares_memory(forward(twin, given), leaves(given)[0])
    for leaf in leaves(twin.backward(given, gradOutput)):
        assert np.shares_memory(leaf, gradOutput)


@every(MODULES, lambda row: not getattr(row.make(), 'inplace', False))
def test_out_of_place_leaves_its_input_alone(row):
    module, input = row.module(), row.given()
    given = copied(input)
    gradOutput = gradient_for(forward(module, given))
    assert_close(given, input, 0, 'input')
    module.backward(given, gradOutput)
    assert_close(given, input, 0, 'input')


@every_row
def test_clearState_empties_and_forward_works_after(row):
    module, input = row.module(), row.given()
    before = run(module, input)
    assert module.clearState() is module
    for below in module.listModules():
        assert '_storages' not in below.__dict__
        for name in below.cleared:
            assert sum(leaf.size for leaf in leaves(getattr(below, name))) == 0
    before.assert_equal(run(module, input))


# Copies and files


@every_row
@in_both_modes
@pytest.mark.parametrize('way', COPIES)
def test_copy_is_equal_and_shares_nothing(row, mode, way, tmp_path):
    module, input = row.module(mode), row.given()
    before = run(module, input)
    twin = COPIES[way](module, tmp_path)
    assert type(twin) is type(module) and repr(twin) == repr(module) and twin.type() == module.type()
    assert sum(leaf.size for leaf in leaves(twin.output)) == 0, 'a copy has no results'
    before.assert_equal(run(twin, input))
    for mine, other in zip(module.arrays(), twin.arrays(), strict=True):
        assert not np.shares_memory(mine[2], other[2])
    for parameter in twin.parameters()[0]:
        parameter += 1
    before.assert_equal(run(module, input))


@every_row
@in_both_modes
def test_type_there_and_back(row, mode):
    module, input = row.module(mode, np.float32), row.given(np.float32)
    before, parameters = run(module, input), copied(module.parameters()[0])
    assert module.double() is module
    for below in module.listModules():
        assert below.type() == 'torch.DoubleTensor'
        assert {array.dtype for _, _, array in below.arrays() if array.dtype.kind == 'f'} <= {np.dtype(np.float64)}
    wide = run(module, astype(input, np.float64), astype(gradient_for(before.output), np.float64))
    wide.assert_close(Run(*(astype(part, np.float64) for part in (before.output, before.gradInput, before.gradParams))),
                      3e-6)  # fmt: skip
    module.float()
    assert_close(module.parameters()[0], parameters, 0, 'parameters')


def distinct(arrays):
    """Return the places of those arrays that are not an earlier one again."""
    addresses = [address(array) for array in arrays]
    return [place for place, one in enumerate(addresses) if addresses.index(one) == place]


@every(MODULES, has_arrays_as_gradients)
def test_getParameters_gives_views_that_stay(row, tmp_path):
    module, input = row.module(), row.given()
    before = run(module, input)
    kept = copied(module.parameters()[0])
    if not kept:
        assert [flat.size for flat in module.getParameters()] == [0, 0]
        return
    once = distinct(module.parameters()[0])
    flat, flat_grads = module.getParameters()
    assert np.array_equal(flat, np.concatenate([kept[place].ravel() for place in once]))
    for parameters, vector in zip(module.parameters(), (flat, flat_grads), strict=True):
        assert all(root(parameter) is root(vector) for parameter in parameters)
    before.assert_equal(run(module, input))
    assert np.array_equal(flat_grads, np.concatenate([before.gradParams[place].ravel() for place in once]))
    for way in COPIES:
        twin = COPIES[way](module, tmp_path)
        assert len({id(root(parameter)) for parameter in twin.parameters()[0]}) == 1, f'{way} parts what was one vector'
    flat += 1
    assert_close(module.parameters()[0], [parameter + 1 for parameter in kept], 0, 'parameters')
    again, _ = module.float().double().getParameters()
    assert np.array_equal(again, flat.astype(np.float32))


@every(MODULES, has_arrays_as_gradients)
def test_clone_can_share_parameters(row):
    module, input = row.module(), row.given()
    twin = module.clone(*row.shares)
    for mine, other in zip(leaves(list(module.parameters())), leaves(list(twin.parameters())), strict=True):
        assert np.shares_memory(mine, other)
    run(module, input).assert_equal(run(twin, input))
    both = nn.ParallelTable().add(module).add(twin).double()
    flat, _ = both.getParameters()
    parameters = module.parameters()[0]
    assert flat.size == sum(parameters[place].size for place in distinct(parameters)), 'what is shared comes once'
    copied_twin = both.clone()
    for mine, other in zip(*(copied_twin.get(n).parameters()[0] for n in (1, 2)), strict=True):
        assert np.shares_memory(mine, other)


# Errors


@every_row
def test_wrong_shape_is_refused(row):
    module = row.module()
    for shape in row.wrong:
        given = drawn(shape, 1)
        with pytest.raises(nnlite.ShapeError) as caught:
            module.forward(given)
        check(caught.value, row.make())
        net = nn.Sequential().add(nn.Identity()).add(nn.Sequential().add(nn.Identity()).add(module))
        with pytest.raises(nnlite.ShapeError) as caught:
            net.forward(given)
        assert str(caught.value).startswith('in Sequential[2] > Sequential[2] > '), caught.value
        assert 'module 1, Identity, gives ' in caught.value.hint or 'count from 1' in caught.value.hint


def check(error, module):
    """Check the form of an error: where, what was expected, what came."""
    assert type(module).__name__ in error.where
    assert 'nn.' not in error.where and '\n' not in error.where
    assert re.search(r'expected .+, got .+', error.message), error
    assert 'float64(' not in str(error) and 'int64(' not in str(error), 'NumPy numbers in a message'


@every(MODULES, lambda row: not row.anything)
def test_wrong_type_is_refused(row):
    module, cast = row.module(dtype=np.float32), '.astype(numpy.float32)'
    for dtype, hints in ((np.float64, (cast, '.double()')), (np.uint8, (cast,))):
        with pytest.raises(nnlite.DtypeError) as caught:
            module.forward(mapped(lambda array, dtype=dtype: array.astype(dtype), row.given()))
        check(caught.value, row.make())
        assert f'got {np.dtype(dtype)}' in caught.value.message
        assert all(hint in caught.value.hint for hint in hints), caught.value
    for thing in ([1.0, 2.0], 'text', None, 3.0):
        with pytest.raises((nnlite.DtypeError, nnlite.ShapeError)) as caught:
            module.forward(thing)
        check(caught.value, row.make())


@every(MODULES, lambda row: not isinstance(row.make(), (nn.Identity, nn.PrintSize, nn.Kmeans)))  # which take all
def test_wrong_gradOutput_is_refused(row):
    module, input = row.module(), row.given()
    good = gradient_for(forward(module, copied(input)))
    wrong = {
        'one more': mapped(lambda array: np.ones((array.shape[0] + 1, *array.shape[1:])), good),
        'another rank': mapped(lambda array: array[..., None], good),
        'another type': astype(good, np.float32),
        'no array': 'text',
    }
    for gradOutput in wrong.values():
        given = copied(input)
        forward(module, given)
        with pytest.raises((nnlite.ShapeError, nnlite.DtypeError)) as caught:
            module.backward(given, gradOutput)
        assert 'gradOutput' in caught.value.message, caught.value
        check(caught.value, row.make())


@every(MODULES, lambda row: row.batch)
def test_gradOutput_of_an_earlier_forward_is_refused_or_heeded(row):
    module, input = row.module(), row.given()
    earlier = run(module, input)
    forward(module, part_of(copied(input), slice(-1)))
    try:
        gradInput = module.backward(copied(input), gradient_for(earlier.output))
    except nnlite.ShapeError as error:
        check(error, row.make())
    else:
        assert_close(gradInput, earlier.gradInput, 0, 'gradInput')


@every(MODULES, lambda row: row.batch)
def test_batch_of_none_is_refused_or_gives_none(row):
    module, nothing = row.module(), part_of(row.given(), slice(0))
    try:
        gradInput = run(module, nothing).gradInput
    except nnlite.Error as error:
        check(error, row.make())
    else:
        assert not any(leaf.size for leaf in leaves(gradInput))
