"""Pooling over windows of every kind, against PyTorch and, where PyTorch differs, against Torch7's rule."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812 as everybody calls it

from nnlite import nn

pytestmark = pytest.mark.usefixtures('kernels')


def windows(seed, dilation=(1, 1)):
    """Return a random input and (kernel, stride, padding), a number for each side, that leave at least one window."""
    rng = np.random.default_rng(seed)
    kernel, stride = rng.integers(1, 6, len(dilation)), rng.integers(1, 5, len(dilation))
    padding = rng.integers(0, kernel // 2 + 1)
    reach = (kernel - 1) * dilation + 1
    size = rng.integers(np.maximum(reach - 2 * padding, 1), np.maximum(reach + 1, 13))
    x = rng.permutation(2 * 3 * size.prod()).reshape(2, 3, *size) / 7 - 10  # no ties
    return x, *(tuple(map(int, pair)) for pair in (kernel, stride, padding))


def expected(function, x, *args, **kwargs):
    """Return (output, gradOutput, gradInput) of PyTorch."""
    given = torch.tensor(x, requires_grad=True)
    output = function(given, *args, **kwargs)
    gradOutput = np.random.default_rng(1).standard_normal(output.shape)
    output.backward(torch.tensor(gradOutput))
    return output.detach().numpy(), gradOutput, given.grad.numpy()


def built(cls, kernel, stride, padding, ceil):
    made = cls(*kernel[::-1], *stride[::-1], *padding[::-1]).double()
    return made.ceil() if ceil else made


def starts_inside(x, kernel, stride, padding):
    """Return whether PyTorch and Torch7 agree on the number of windows: without padding Torch7 keeps one that begins
    outside of the map.
    """
    return any(padding) or all(step <= size for step, size in zip(stride, kernel, strict=True))


@pytest.mark.parametrize('ceil', [False, True], ids=['floor', 'ceil'])
@pytest.mark.parametrize('seed', range(40))
def test_max_pooling(seed, ceil):
    x, kernel, stride, padding = windows(seed)
    ceil = ceil and starts_inside(x, kernel, stride, padding)
    output, gradOutput, gradInput = expected(F.max_pool2d, x, kernel, stride, padding, ceil_mode=ceil)
    pool = built(nn.SpatialMaxPooling, kernel, stride, padding, ceil)
    np.testing.assert_array_equal(pool.forward(x), output)
    np.testing.assert_allclose(pool.backward(x, gradOutput), gradInput, rtol=0, atol=1e-14)
    places = F.max_pool2d(torch.tensor(x), kernel, stride, padding, ceil_mode=ceil, return_indices=True)[1]
    np.testing.assert_array_equal(pool.indices, places.numpy() + 1)


@pytest.mark.parametrize('ceil', [False, True], ids=['floor', 'ceil'])
@pytest.mark.parametrize('seed', range(20))
def test_dilated_max_pooling_of_volumes(seed, ceil):
    dilation = np.random.default_rng(seed).integers(1, 4, 3)
    x, kernel, stride, padding = windows(seed, dilation)
    ceil = ceil and starts_inside(x, kernel, stride, padding)
    output, gradOutput, gradInput = expected(
        F.max_pool3d, x, kernel, stride, padding, dilation=tuple(dilation.tolist()), ceil_mode=ceil
    )
    in_torchs_order = [(t, w, h) for t, h, w in (kernel, stride, padding, dilation.tolist())]
    pool = nn.VolumetricDilatedMaxPooling(*sum(in_torchs_order, ())).double()
    pool = pool.ceil() if ceil else pool
    np.testing.assert_array_equal(pool.forward(x), output)
    np.testing.assert_allclose(pool.backward(x, gradOutput), gradInput, rtol=0, atol=1e-14)


@pytest.mark.parametrize('count', [True, False], ids=['padding counts', 'padding does not count'])
@pytest.mark.parametrize('ceil', [False, True], ids=['floor', 'ceil'])
@pytest.mark.parametrize('seed', range(40))
def test_average_pooling(seed, ceil, count):
    x, kernel, stride, padding = windows(seed)
    ceil = ceil and starts_inside(x, kernel, stride, padding)
    output, gradOutput, gradInput = expected(F.avg_pool2d, x, kernel, stride, padding, ceil, count)
    pool = built(nn.SpatialAveragePooling, kernel, stride, padding, ceil)
    pool = pool if count else pool.setCountExcludePad()
    np.testing.assert_allclose(pool.forward(x), output, rtol=0, atol=1e-13)
    np.testing.assert_allclose(pool.backward(x, gradOutput), gradInput, rtol=0, atol=1e-14)


@pytest.mark.parametrize('seed', range(20))
def test_adaptive_average_pooling(seed):
    x, (height, width), *_ = windows(seed)
    output, gradOutput, gradInput = expected(F.adaptive_avg_pool2d, x, (height, width))
    pool = nn.SpatialAdaptiveAveragePooling(width, height).double()
    np.testing.assert_allclose(pool.forward(x), output, rtol=0, atol=1e-13)
    np.testing.assert_allclose(pool.backward(x, gradOutput), gradInput, rtol=0, atol=1e-14)


def test_last_window_begins_inside_if_any_side_is_padded():
    x = np.arange(20.0).reshape(1, 1, 5, 4)
    assert nn.SpatialMaxPooling(2, 1, 2, 3, 0, 0).ceil().double().forward(x).shape == (1, 1, 3, 2)
    assert nn.SpatialMaxPooling(2, 1, 2, 3, 1, 0).ceil().double().forward(x).shape == (1, 1, 2, 3)


def test_window_of_nothing_is_minus_infinity_and_hands_back_nothing():
    pool = nn.SpatialMaxPooling(1, 1, 3, 3).ceil().double()
    x = np.ones((1, 1, 5, 5))
    assert (pool.forward(x)[0, 0, 2] == -np.inf).all() and (pool.indices[0, 0, 2] == 0).all()
    assert pool.backward(x, np.ones((1, 1, 3, 3))).sum() == 4


def test_first_of_equal_pixels_wins():
    pool = nn.SpatialMaxPooling(2, 2)
    pool.forward(np.zeros((1, 1, 4, 4), np.float32))
    assert pool.indices.ravel().tolist() == [1, 3, 9, 11]


def test_infinite_gradient_reaches_the_largest_pixel_only():
    pool, x = nn.SpatialMaxPooling(2, 2), np.arange(4, dtype=np.float32).reshape(1, 1, 2, 2)
    pool.forward(x)
    np.testing.assert_array_equal(
        pool.backward(x, np.full((1, 1, 1, 1), np.inf, np.float32)), [[[[0, 0], [0, np.inf]]]]
    )
