"""Transfer functions and losses at the far ends, where exponentials overflow; and what is no number."""

import warnings

import numpy as np
import pytest

import nnlite.tensor.types
from nnlite import nn

pytestmark = pytest.mark.usefixtures('kernels')
FAR = np.float32([[-1e30, -80, 0, 100, 1e30]])


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        yield


def test_sigmoid_and_tanh_saturate():
    np.testing.assert_allclose(nn.Sigmoid().forward(FAR), [[0, 1.8049e-35, 0.5, 1, 1]], rtol=1e-3)
    np.testing.assert_array_equal(nn.Tanh().forward(FAR), [[-1, -1, 0, 1, 1]])
    for module in (nn.Sigmoid(), nn.Tanh()):
        module.forward(FAR)
        assert module.backward(FAR, np.ones_like(FAR))[0, [0, 4]].tolist() == [0, 0]


# What each gives far from 0, and its slope there.
SATURATED = {
    'SoftPlus': (nn.SoftPlus, [0, 0, np.log(2), 100, 1e30], [0, 0, 0.5, 1, 1]),
    'LogSigmoid': (nn.LogSigmoid, [-1e30, -80, -np.log(2), 0, 0], [1, 1, 0.5, 0, 0]),
    'ELU': (nn.ELU, [-1, -1, 0, 100, 1e30], [0, 0, 1, 1, 1]),
    'SoftSign': (nn.SoftSign, [-1, -80 / 81, 0, 100 / 101, 1], [0, 81**-2, 1, 101**-2, 0]),
    'TanhShrink': (nn.TanhShrink, [-1e30, -79, 0, 99, 1e30], [1, 1, 0, 1, 1]),
}


@pytest.mark.parametrize('name', SATURATED)
def test_functions_of_exponentials_far_from_zero(name):
    make, output, slope = SATURATED[name]
    module = make()
    np.testing.assert_allclose(module.forward(FAR), [output], rtol=1e-6, atol=1e-30)
    np.testing.assert_allclose(module.backward(FAR, np.ones_like(FAR)), [slope], rtol=1e-6, atol=1e-30)


def test_softmax_of_large_numbers():
    np.testing.assert_array_equal(nn.SoftMax().forward(FAR), [[0, 0, 0, 0, 1]])
    np.testing.assert_array_equal(nn.LogSoftMax().forward(FAR)[0, 3:], np.float32([-1e30, 0]))
    x = np.float32([[1000, 1001, 999]])
    np.testing.assert_allclose(nn.LogSoftMax().forward(x), nn.LogSoftMax().forward(x - 1000), rtol=1e-6)


def test_cross_entropy_of_a_sure_mistake_is_finite():
    criterion = nn.CrossEntropyCriterion()
    assert criterion.forward(np.float32([[0, 1000]]), [1]) == 1000
    np.testing.assert_array_equal(criterion.backward(np.float32([[0, 1000]]), [1]), [[-1, 1]])


def test_what_is_no_number_goes_through_as_in_torch():
    """Torch writes x > threshold ? x : value, which NaN is not."""
    x = np.float32([np.nan, -1, 2, np.inf, -np.inf])
    np.testing.assert_array_equal(nn.ReLU().forward(x), [0, 0, 2, np.inf, 0])
    np.testing.assert_array_equal(nn.Threshold(-2, 7).forward(x), [7, -1, 2, np.inf, 7])
    np.testing.assert_array_equal(nn.ReLU(True).forward(x.copy()), [np.nan, 0, 2, np.inf, 0])  # x <= threshold ? value
    np.testing.assert_array_equal(nn.Threshold(-2, -7, True).forward(x.copy()), [np.nan, -1, 2, np.inf, -7])
    np.testing.assert_array_equal(nn.HardTanh(-3, 3).forward(x), [3, -1, 2, 3, -3])
    np.testing.assert_array_equal(nn.HardTanh(-3, 3, True).forward(x[None].copy()), [[np.nan, -1, 2, 3, -3]])


@pytest.mark.parametrize('make', [nn.ELU, nn.LeakyReLU, nn.PReLU, nn.RReLU, nn.SoftPlus, nn.Abs, nn.LogSigmoid])
def test_infinity_goes_through_the_rectifiers_and_back(make):
    module, x = make(), np.float32([np.inf])
    assert module.forward(x) == (0 if make is nn.LogSigmoid else np.inf)
    assert module.backward(x, np.ones_like(x)) == (0 if make is nn.LogSigmoid else 1)


@pytest.mark.parametrize('dtype', [np.float16, np.float32, np.float64])
@pytest.mark.parametrize('inplace', [True, False])
def test_relu_lets_no_infinity_through_where_it_is_shut(inplace, dtype):
    """Torch writes 0 there, where inf * 0 would be NaN."""
    relu = nn.ReLU(inplace).type(nnlite.tensor.types.TYPES[np.dtype(dtype)])
    x = np.array([[-1, 0, 2, np.nan]], dtype)
    relu.forward(x)
    gradInput = relu.backward(x, np.array([[np.inf, np.nan, -np.inf, 3]], dtype))
    np.testing.assert_array_equal(gradInput, [[0, 0, -np.inf, 3 if inplace else 0]])
