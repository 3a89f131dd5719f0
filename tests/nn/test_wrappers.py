"""What the table of tests cannot say of modules that wrap another one, or only look on."""

import re

import numpy as np
import pytest

import nnlite
from nnlite import nn

NAN = np.float32([[1, np.nan]])
FINE = np.float32([[1, 2]])


def test_anything_can_be_decorated():
    class Box(nn.Container):
        pass

    nn.Decorator.decorate(Box)
    box = Box().add(nn.MulConstant(2))
    assert box.forward(FINE).tolist() == [[2, 4]] and box.backward(FINE, FINE).tolist() == [[2, 4]]
    assert repr(box) == 'nn.Box @ nn.MulConstant'


def test_shared_step_passes_through_a_decorator():
    module, linear = nn.Decorator(nn.Linear(2, 2)), nn.Linear(2, 2)
    linear.share(module.get(1), 'weight', 'bias')
    before = linear.weight.copy()
    module.forward(FINE)
    module.sharedAccUpdateGradParameters(FINE, FINE, 0.5)
    np.testing.assert_allclose(linear.weight, before - 0.5 * FINE.T @ FINE, rtol=1e-6)


def test_bottle_steps_and_wants_the_dimensions_it_was_told():
    x, grad = np.ones((2, 3, 4), np.float32), np.ones((2, 3, 5), np.float32)
    module = nn.Bottle(nn.Linear(4, 5))
    before = module.get(1).weight.copy()
    module.forward(x)
    module.sharedAccUpdateGradParameters(x, grad, 0.5)
    np.testing.assert_allclose(module.get(1).weight, before - 3, rtol=1e-5)
    with pytest.raises(nnlite.ShapeError, match=r'expected output of 1 dimensions, got \(6, 5\)'):
        nn.Bottle(nn.Linear(4, 5), 2, 1).forward(x)


def test_bottle_takes_words():
    words, module = np.array([[1, 2], [3, 1]]), nn.Bottle(nn.LookupTable(3, 4), 1, 2)
    assert np.array_equal(module.forward(words), module.get(1).weight[words - 1])
    module.accGradParameters(words, np.ones((2, 2, 4), np.float32))
    assert module.get(1).gradWeight[:, 0].tolist() == [2, 1, 1]


def test_bottle_passes_on_that_nobody_asks_for_a_gradient():
    x, module = np.ones((2, 3, 4), np.float32), nn.Bottle(nn.Linear(4, 5))
    module.get(1).gradInput = None
    assert module.backward(x, module.forward(x)) is None
    assert (module.get(1).gradWeight != 0).all()


def test_map_table_has_as_many_clones_as_it_needs():
    x, linear = np.ones((1, 2), np.float32), nn.Linear(2, 2)
    module = nn.MapTable().add(linear)
    assert module.module is linear and len(module.forward([x, x, x])) == 3 == module.size()
    assert module.resize(2).size() == 2 and module.clearState().size() == 1
    assert np.shares_memory(module.resize(2).get(2).gradBias, linear.gradBias)
    with pytest.raises(nnlite.Error, match='expected a single module'):
        module.add(nn.Tanh())
    with pytest.raises(nnlite.Error, match='expected a module inside, got none'):
        nn.MapTable().forward([x])
    assert repr(nn.MapTable()) == 'nn.MapTable { }'
    lines = repr(nn.MapTable(nn.Sequential().add(linear))).split('\n')
    assert [len(line) - len(line.lstrip()) for line in lines] == [0, 2, 10, 10, 8, 0]  # as MapTable.lua indents


def test_map_table_steps_its_shared_parameters_once():
    x, module = np.ones((1, 2), np.float32), nn.MapTable(nn.Linear(2, 2))
    module.forward([x, x])
    before = module.module.weight.copy()
    module.zeroGradParameters()
    module.backward([x, x], [x, x])
    module.updateParameters(1)
    np.testing.assert_allclose(module.module.weight, before - 2, rtol=1e-6)


@pytest.mark.filterwarnings('ignore::RuntimeWarning')
def test_nan_says_where_it_is_from():
    linear = nn.Linear(2, 2)
    module = nn.NaN(linear, 'one')
    for input, name in ((NAN, 'input'), (np.float32([[3e38, 3e38]]), 'output')):
        with pytest.raises(nnlite.Error, match=f'in NaN.one. @ Linear.2 -> 2.\n  expected {name} without NaN, got NaN'):
            linear.weight[:] = [2, -2]
            module.forward(input)
    with pytest.raises(nnlite.Error, match='expected gradOutput without NaN'):
        module.updateGradInput(FINE, NAN)
    with pytest.raises(nnlite.Error, match='expected gradParameters without NaN'):
        module.accGradParameters(FINE, NAN)
    linear.weight[0, 0] = np.nan
    with pytest.raises(nnlite.Error, match='expected parameters without NaN'):
        module.forward(FINE)
    with pytest.raises(nnlite.Error, match='expected gradInput without NaN'):
        module.updateGradInput(FINE, FINE)


def test_nan_counts_itself():
    first = nn.NaN(nn.Tanh())
    assert nn.NaN(nn.Tanh()).id == first.id + 1 and repr(first) == f'nn.NaN({first.id}) @ nn.Tanh'


def test_profile_prints_every_so_often(capsys):
    module = nn.Profile(nn.Tanh(), 2)
    for _ in range(3):
        module.forward(FINE)
        module.backward(FINE, FINE)
    lines = re.sub(r'0\.\d{3} ', 'no ', capsys.readouterr().out).splitlines()
    assert lines == [f'nn.Tanh took no seconds for 2 {direction} passes' for direction in ('forward', 'backward')]
    assert (module.numFwds, module.numBwds) == (1, 1) and module.summedFwdTime > 0


def test_sizes_are_printed(capsys):
    module = nn.PrintSize()
    module.forward([FINE, {'a': FINE}])
    module.backward(None, None)
    assert capsys.readouterr().out == ("PrintSize:input\n[(1, 2), {'a': (1, 2)}]\nPrintSize:gradOutput\nmissing size\n")


def test_dont_cast_may_be_told_the_type_of_its_module():
    module = nn.DontCast(nn.Tanh().double(), True, None, 'torch.DoubleTensor')
    assert module.castout and module.forward(FINE).dtype == np.float32 and module.get(1).output.dtype == np.float64


@pytest.mark.parametrize('castout', [None, True, False])
def test_dont_cast_keeps_its_type(castout):
    net = nn.Sequential().add(nn.DontCast(nn.Linear(2, 3).double(), True, castout)).float()
    inner = net.get(1)
    for twin in (inner, inner.clone()):
        assert (twin.type(), twin.get(1).type()) == ('torch.FloatTensor', 'torch.DoubleTensor')
        assert twin.get(1).weight.dtype == np.float64 and twin.moduleType == 'torch.DoubleTensor'
        outside = np.float64 if castout is False else np.float32
        output = twin.forward(FINE)
        assert output.dtype == outside
        before = twin.get(1).weight.copy()
        assert twin.backwardUpdate(FINE, output, 0.5).dtype == np.float32
        np.testing.assert_allclose(twin.get(1).weight, before - 0.5 * np.outer(output, FINE))


def test_bottle_refuses_dimensions_that_no_array_has():
    for count in (0, 65, 10**9, 'two'):
        with pytest.raises(nnlite.Error, match='expected nInputDim'):
            nn.Bottle(nn.Identity(), count)
        fields = {**nn.Bottle(nn.Identity()).write(), 'nInputDim': count}
        with pytest.raises(nnlite.Error, match='expected nInputDim'):
            nn.Bottle.__new__(nn.Bottle).read(fields)
