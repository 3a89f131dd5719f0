"""Kernels and what is computed with one, against SciPy."""

import numpy as np
import pytest
from scipy import ndimage, signal

from nnlite import Error, ShapeError, image


def test_gaussian_is_the_product_of_scipys_windows():
    due = np.outer(signal.windows.gaussian(8, 0.2 * 8), signal.windows.gaussian(11, 0.3 * 11))
    kernel = image.gaussian(width=11, height=8, sigma_horz=0.3, sigma_vert=0.2, amplitude=2)
    assert kernel.dtype == 'float32'
    np.testing.assert_allclose(kernel, 2 * due, atol=1e-6)
    np.testing.assert_allclose(image.gaussian(9, 0.3, 7, True).sum(), 1, atol=1e-6)
    moved = image.gaussian(size=9, mean_horz=0.5 + 2 / 9, mean_vert=0.5 - 1 / 9)
    np.testing.assert_allclose(moved, image.translate(image.gaussian(size=9), 2, -1), atol=np.exp(-1))
    assert np.unravel_index(moved.argmax(), moved.shape) == (3, 6)


def test_gaussian_fills_an_array_in_its_type():
    bytes_ = image.gaussian(amplitude=1000, tensor=np.zeros((5, 5), 'uint8'))
    exact = image.gaussian(amplitude=1000, tensor=np.zeros((5, 5)))
    np.testing.assert_array_equal(bytes_, np.clip(np.floor(exact + 0.5), 0, 255))
    assert exact.max() == 1000


def test_gaussian_of_one_dimension():
    np.testing.assert_allclose(image.gaussian1D(9, 0.3), signal.windows.gaussian(9, 2.7), atol=1e-6)
    due = image.gaussian(size=9, sigma=0.1)[4]
    np.testing.assert_allclose(image.gaussian1D(tensor=np.zeros(9), sigma=0.1), due, atol=1e-6)
    np.testing.assert_allclose(image.gaussian1D(4, normalize=True).sum(), 1, atol=1e-6)


def test_laplacian_is_scipys_turned_over():
    impulse = np.zeros((45, 45))
    impulse[22, 22] = 1
    due = ndimage.gaussian_laplace(impulse, 1.5, truncate=12)[15:30, 15:30]
    np.testing.assert_allclose(image.laplacian(15, 0.1, 3), 3 * due / due[7, 7], atol=1e-6)
    assert image.laplacian(width=5, height=3).shape == (3, 5)
    np.testing.assert_allclose(image.laplacian(7, 0.3, normalize=True).sum(), 1, atol=1e-5)


@pytest.mark.parametrize('mode', ['full', 'valid', 'same'])
@pytest.mark.parametrize('shape', [(1, 1), (3, 3), (4, 2), (5, 7)])
def test_convolve_is_scipys(random, mode, shape):
    kernel = np.random.default_rng(7).normal(size=(3, *shape))
    each = np.stack([signal.convolve2d(x, k, mode) for x, k in zip(random, kernel, strict=True)])
    np.testing.assert_allclose(image.convolve(random, kernel, mode), each, atol=1e-12)
    one = np.stack([signal.convolve2d(x, kernel[0], mode) for x in random])
    np.testing.assert_allclose(image.convolve(random, kernel[0], mode), one, atol=1e-12)


def test_a_larger_kernel_touches_the_picture_only():
    x, kernel = np.random.default_rng(8).random((2, 3)), np.random.default_rng(9).random((5, 5))
    np.testing.assert_allclose(image.convolve(x, kernel, 'full'), signal.convolve2d(x, kernel, 'full'))
    with pytest.raises(ShapeError, match='inside of 2x3, got 5x5'):
        image.convolve(x, kernel)
    with pytest.raises(ShapeError, match='for each plane'):
        image.convolve(np.zeros((3, 9, 9)), np.zeros((2, 3, 3)))


@pytest.mark.parametrize('kernel', [None, 'odd', 'even'])
def test_lcn_is_its_formula_in_scipys_convolutions(random, kernel):
    ker = {
        None: np.outer(*[signal.windows.gaussian(9, 1.591)] * 2),
        'odd': np.random.default_rng(10).random((3, 5)),
        'even': np.random.default_rng(10).random((4, 2)),
    }[kernel]
    ker /= ker.sum()
    z = (random[0] - random[0].mean()) / random[0].std(ddof=1)
    mean = signal.convolve2d(z, ker, 'valid')
    deviation = np.sqrt(np.maximum(signal.convolve2d(z * z, ker, 'valid') - mean**2, 0))
    top, left = ker.shape[0] // 2, ker.shape[1] // 2
    due = (z[top:, left:][: mean.shape[0], : mean.shape[1]] - mean) / np.maximum(deviation, 1)
    for x in (random[0], random[:1], random[0].astype('float32')):
        result = image.lcn(x, *([] if kernel is None else [ker]))
        assert result.dtype == 'float64'
        np.testing.assert_allclose(result, due, atol=1e-5)
    # Brightness and contrast of the whole make no difference.
    np.testing.assert_allclose(image.lcn(5 * random[0] - 3, ker), due, atol=1e-9)


def test_what_lcn_refuses(random):
    with pytest.raises(ShapeError, match=r'\(H, W\) or \(1, H, W\)'):
        image.lcn(random)
    with pytest.raises(ShapeError, match='9x9 pixels or more'):
        image.lcn(random[0, :8])
    with pytest.raises(Error, match='some contrast'):
        image.lcn(np.ones((20, 20)))


@pytest.mark.parametrize('pad', [0, 1])
@pytest.mark.parametrize('shape', [(3, 3), (1, 5), (5, 3)])
def test_erode_and_dilate_are_scipys(shape, pad):
    rng = np.random.default_rng(11)
    x = (rng.random((20, 30)) < 0.7).astype('uint8')
    kernel = (rng.random(shape) < 0.6).astype('uint8')
    kernel[0, 0] = 1
    due = ndimage.binary_erosion(x, kernel[::-1, ::-1], border_value=pad)
    np.testing.assert_array_equal(image.erode(x, kernel, pad), due)
    due = ndimage.binary_dilation(x, kernel[::-1, ::-1], border_value=pad)
    np.testing.assert_array_equal(image.dilate(x, kernel, pad), due)
    np.testing.assert_array_equal(image.erode(x), ndimage.binary_erosion(x, np.ones((3, 3)), border_value=1))
    np.testing.assert_array_equal(image.dilate(x), ndimage.binary_dilation(x, np.ones((3, 3))))


def test_erode_asks_for_an_odd_kernel():
    with pytest.raises(ShapeError, match='odd both ways'):
        image.erode(np.zeros((5, 5)), np.ones((2, 3)))


@pytest.mark.parametrize('dtype', ['float32', 'float64', 'uint8'])
def test_gaussianpyramid(random, dtype):
    x = (random * 255).astype(dtype)
    one, half, again = image.gaussianpyramid(x, [1, 0.5, 0.5])
    np.testing.assert_array_equal(one, x)
    blur = image.gaussian(size=3, normalize=True)
    np.testing.assert_array_equal(half, image.scale(image.convolve(x, blur, 'same'), 15, 12, 'simple'))
    np.testing.assert_array_equal(again, image.convolve(half, blur, 'same'))
    dst = []
    assert image.gaussianpyramid(dst, x, [1, 0.5]) is dst
    np.testing.assert_array_equal(dst[1], half)


@pytest.mark.parametrize('args', [(), (np.ones((4, 4)), 2), (np.ones((4, 4)), [0]), ((), np.ones((4, 4)), [1])])
def test_what_gaussianpyramid_refuses(args):
    with pytest.raises(Error, match='expected'):
        image.gaussianpyramid(*args)


@pytest.mark.parametrize(
    'table', [dict(size=0), dict(sigma=0), dict(size='3'), dict(amplitude='a'), dict(mean_horz=np.nan)]
)
def test_what_gaussian_refuses(table):
    for function in (image.gaussian, image.laplacian):
        with pytest.raises(Error, match='expected'):
            function(table)
