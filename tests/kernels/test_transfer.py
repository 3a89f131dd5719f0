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


def test_softmax_of_large_numbers():
    np.testing.assert_array_equal(nn.SoftMax().forward(FAR), [[0, 0, 0, 0, 1]])
    np.testing.assert_array_equal(nn.LogSoftMax().forward(FAR)[0, 3:], np.float32([-1e30, 0]))
    x = np.float32([[1000, 1001, 999]])
    np.testing.assert_allclose(nn.LogSoftMax().forward(x), nn.LogSoftMax().forward(x - 1000), rtol=1e-6)


def test_cross_entropy_of_a_sure_mistake_is_finite():
    criterion = nn.CrossEntropyCriterion()
    assert criterion.forward(np.float32([[0, 1000]]), [1]) == 1000
    np.testing.assert_array_equal(criterion.backward(np.float32([[0, 1000]]), [1]), [[-1, 1]])


def test_what_is_no_number_goes_through_relu_as_in_torch():
    """Torch writes x > threshold ? x : value, which NaN is not."""
    x = np.float32([np.nan, -1, 2, np.inf, -np.inf])
    np.testing.assert_array_equal(nn.ReLU().forward(x), [0, 0, 2, np.inf, 0])
    np.testing.assert_array_equal(nn.Threshold(-2, 7).forward(x), [7, -1, 2, np.inf, 7])
    np.testing.assert_array_equal(nn.ReLU(True).forward(x.copy()), [np.nan, 0, 2, np.inf, 0])  # x <= threshold ? value
    np.testing.assert_array_equal(nn.Threshold(-2, -7, True).forward(x.copy()), [np.nan, -1, 2, np.inf, -7])


@pytest.mark.parametrize('dtype', [np.float16, np.float32, np.float64])
@pytest.mark.parametrize('inplace', [True, False])
def test_relu_lets_no_infinity_through_where_it_is_shut(inplace, dtype):
    """Torch writes 0 there, where inf * 0 would be NaN."""
    relu = nn.ReLU(inplace).type(nnlite.tensor.types.TYPES[np.dtype(dtype)])
    x = np.array([[-1, 0, 2, np.nan]], dtype)
    relu.forward(x)
    gradInput = relu.backward(x, np.array([[np.inf, np.nan, -np.inf, 3]], dtype))
    np.testing.assert_array_equal(gradInput, [[0, 0, -np.inf, 3 if inplace else 0]])
