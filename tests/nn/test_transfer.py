"""Transfer functions at their kinks, and what Torch does there; their arguments."""

import numpy as np
import pytest

import nnlite
from nnlite import nn

KINKS = [
    (nn.Abs, 0, 1),
    (nn.Sqrt, 0, 0),
    (lambda: nn.LeakyReLU(0.1), 0, 0.1),
    (nn.PReLU, 0, 0.25),
    (nn.HardTanh, -1, 0),
    (nn.HardTanh, 1, 0),
    (nn.ReLU6, 6, 0),
    (nn.HardShrink, 0.5, 0),
    (nn.SoftShrink, -0.5, 0),
    (lambda: nn.ELU(0.3), 0, 0.3),
]


@pytest.mark.parametrize(('make', 'x', 'slope'), KINKS, ids=lambda case: getattr(case, '__name__', None))
def test_slope_at_a_kink_is_that_of_torch(make, x, slope):
    module, input = make(), np.float32([x])
    module.forward(input)
    np.testing.assert_array_equal(module.backward(input, np.ones_like(input)), np.float32([slope]))


@pytest.mark.usefixtures('kernels')
def test_shrinking_makes_0_of_what_is_no_number():
    for module in (nn.HardShrink(), nn.SoftShrink()):
        input = np.float32([np.nan, 3, -np.inf])
        np.testing.assert_array_equal(np.sign(module.forward(input)), [0, 1, -1])
        np.testing.assert_array_equal(module.backward(input, np.ones_like(input)), [0, 1, 1])


def test_softplus_is_a_line_from_its_threshold_on():
    """Torch's threshold is on beta x; from there the output is the input, and the slope 1, exactly."""
    softplus, x = nn.SoftPlus(2).double(), np.array([9.99, 10.01])
    np.testing.assert_array_equal(softplus.forward(x) == x, [False, True])
    np.testing.assert_array_equal(softplus.backward(x, np.ones(2)) == 1, [False, True])


def test_leaky_relu_does_not_lose_signs():
    assert nn.LeakyReLU(0.5, True).inplace
    assert not nn.LeakyReLU(-0.5, True).inplace
    assert nn.LeakyReLU(True).negval == 0.01, 'a boolean in its place is no slope'


def test_clearState_reaches_the_tanh_inside():
    module, x = nn.TanhShrink(), np.ones((2, 3), np.float32)
    module.backward(x, module.forward(x).copy())
    module.clearState()
    assert module.tanh.output.size == 0 and '_storages' not in module.tanh.__dict__


def test_lambda_goes_by_its_name_into_files():
    """It is a word of Python's own, but Torch's name for the field."""
    for module in (nn.HardShrink(0.7), nn.SoftShrink(0.7), nn.GradientReversal(0.7)):
        assert module.write()['lambda'] == 0.7


def test_gradient_reversal_learns_its_lambda_and_old_files_have_one():
    module, x = nn.GradientReversal(), np.ones(3, np.float32)
    module.setLambda(0.25)
    module.forward(x)
    np.testing.assert_array_equal(module.backward(x, x), -0.25 * x)
    fields = module.write()
    del fields['lambda']
    module.read(fields, version=1)
    module.forward(x)
    np.testing.assert_array_equal(module.backward(x, x), -x)


def test_l1_penalty_keeps_its_loss():
    x = np.float32([[1, -2], [3, -4]])
    for sizeAverage, loss in ((False, 5), (True, 1.25)):
        penalty = nn.L1Penalty(0.5, sizeAverage)
        assert penalty.forward(x) is x
        assert penalty.loss == loss


def test_contiguous_copies_only_what_does_not_lie_so():
    contiguous, x = nn.Contiguous(), np.ones((2, 3), np.float32)
    assert contiguous.forward(x) is x and contiguous.backward(x, x) is x
    for array in (x.T, x[:, ::2], nn.SpatialConvolution(2, 3, 1, 1).forward(np.ones((2, 2, 4, 5), np.float32))):
        output = contiguous.forward(array)
        assert output.flags.c_contiguous and not np.shares_memory(output, array)
        np.testing.assert_array_equal(output, array)


def test_parameters_are_found_by_one_list_as_by_many_numbers():
    for size in ((2, 3), ([2, 3],), (nnlite.Storage(np.array([2, 3])),)):
        nnlite.manualSeed(3)
        made = [make(*size) for make in (nn.CMul, nn.CAdd)]
        assert [module.size for module in made] == [[2, 3], [2, 3]]
        nnlite.manualSeed(3)
        assert [module.parameters()[0][0].tolist() for module in made] == [
            nn.CMul(2, 3).weight.tolist(),
            nn.CAdd(2, 3).bias.tolist(),
        ]


def test_any_number_makes_add_a_scalar_as_in_lua():
    assert [nn.Add(4, scalar).bias.size for scalar in (None, False, True, 0, 3)] == [4, 4, 1, 1, 1]


WRONG = [
    lambda: nn.Power(None),
    lambda: nn.ELU(True),
    lambda: nn.ReLU6(0.5),
    lambda: nn.L1Penalty(None),
    lambda: nn.AddConstant(np.ones((2, 2))),
    lambda: nn.HardTanh(1, 1),
    lambda: nn.Clamp(2, -2),
    lambda: nn.Threshold(0, 1, True),
    lambda: nn.RReLU(0.3, 0.2),
    lambda: nn.RReLU(-0.1, 0.2),
    lambda: nn.Dropout(1),
    lambda: nn.SpatialDropout(1.5),
    lambda: nn.VolumetricDropout(-0.5),
    lambda: nn.Normalize(0),
    lambda: nn.Normalize(None),
    lambda: nn.Constant('a'),
    lambda: nn.AddConstant('a'),
    lambda: nn.MulConstant(None),
    lambda: nn.CMul(2.5),
    lambda: nn.CAdd('a'),
    lambda: nn.Add(None),
    lambda: nn.PReLU(1.5),
]


@pytest.mark.parametrize('make', WRONG)
def test_wrong_argument_is_said(make):
    with pytest.raises(nnlite.Error, match=r'expected.+, got ') as caught:
        make()
    assert type(caught.value) is nnlite.Error
