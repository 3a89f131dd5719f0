"""rotate, warp and its kin, against PyTorch's grid_sample, Pillow's resampling, SciPy and scikit-image."""

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import ndimage
from skimage import transform
from torch.nn.functional import grid_sample

from nnlite import DtypeError, Error, ShapeError, image

MODES = ['simple', 'bilinear', 'bicubic', 'lanczos']


def field_of(seed, shape, spread):
    return np.random.default_rng(seed).normal(0, spread, (2, *shape))


@pytest.mark.parametrize('mode', ['simple', 'bilinear'])
@pytest.mark.parametrize('shape', [(5, 5), (6, 6), (3, 7, 7)])
def test_a_quarter_turn(mode, shape):
    x = np.random.default_rng(2).random(shape)
    for turns in range(-1, 5):
        result = image.rotate(x, turns * np.pi / 2, mode)
        np.testing.assert_allclose(result, np.rot90(x, turns, (-2, -1)), atol=1e-5)


@pytest.mark.parametrize('mode', ['simple', 'bilinear'])
def test_a_turn_by_nothing(random, mode):
    np.testing.assert_array_equal(image.rotate(random, 0, mode), random)


@pytest.mark.parametrize('angle', [0.3, -1.1, 2.5])
def test_rotate_is_scikit_images(smooth, angle):
    for plane, (order, mode) in zip(smooth, ((0, 'simple'), (1, 'bilinear'), (1, 'bilinear')), strict=True):
        due = transform.rotate(plane, np.rad2deg(angle), order=order, mode='constant')
        inside = ndimage.binary_erosion(transform.rotate(np.ones_like(plane), np.rad2deg(angle)) == 1, iterations=2)
        result = image.rotate(plane, angle, mode)
        assert inside.sum() > 500
        np.testing.assert_allclose(result[inside], due[inside], atol=1e-5 if order else 0)
        assert not result[~ndimage.binary_dilation(inside, iterations=5)].any()


def test_rotated_and_back_the_middle_is_as_it_was(smooth):
    back = image.rotate(image.rotate(smooth, 0.7, 'bilinear'), -0.7, 'bilinear')
    np.testing.assert_allclose(back[:, 10:30, 15:35], smooth[:, 10:30, 15:35], atol=2e-3)


@pytest.mark.parametrize('mode', MODES)
def test_a_field_of_zeros_changes_nothing(random, mode):
    result = image.warp(random, np.zeros((2, 24, 31)), mode)
    np.testing.assert_allclose(result, random, atol=1e-6)


@pytest.mark.parametrize('mode', MODES)
def test_a_constant_field_translates(random, mode):
    field = np.ones((2, 24, 31)) * np.array([3.0, -4.0])[:, None, None]
    result = image.warp(random, field, mode, True, 'pad')
    np.testing.assert_allclose(result, image.translate(random, 4, -3), atol=1e-6)


@pytest.mark.parametrize('clamp_mode', ['clamp', 'pad'])
@pytest.mark.parametrize(('ours', 'theirs'), [('bilinear', 'bilinear'), ('simple', 'nearest')])
def test_warp_is_grid_sample(random, clamp_mode, ours, theirs):
    field = field_of(3, (18, 40), 4)
    field += np.mgrid[:18, :40] * 0.7
    result = image.warp(random, field, ours, False, clamp_mode)
    y, x = (2 * place / (side - 1) - 1 for place, side in zip(field, random.shape[1:], strict=True))
    grid = torch.tensor(np.stack([x, y], -1))[None]
    due = grid_sample(torch.tensor(random)[None], grid, theirs, 'border', align_corners=True)[0].numpy()
    if clamp_mode == 'pad':
        due[:, (np.abs(y) > 1) | (np.abs(x) > 1)] = 0
        assert (due == 0).sum() > 100
    np.testing.assert_allclose(result, due, atol=2e-5)


@pytest.mark.parametrize(('mode', 'filter'), [('bicubic', 'BICUBIC'), ('lanczos', 'LANCZOS'), ('bilinear', 'BILINEAR')])
def test_warp_is_pillows_resampling(random, mode, filter):
    plane = random[0].astype('float32')
    due = np.asarray(Image.fromarray(plane).resize((31 * 5, 24 * 5), Image.Resampling[filter]))
    field = (np.mgrid[: 24 * 5, : 31 * 5] + 0.5) / 5 - 0.5
    inside = (slice(15, -15),) * 2  # Pillow leaves out of the sums what lies beyond the border
    np.testing.assert_allclose(image.warp(plane, field, mode, False)[inside], due[inside], atol=2e-5)


def test_beyond_the_border_there_is_pad_val_for_bicubic_and_the_border_for_others():
    ones, middle = np.ones((4, 4)), np.full((2, 1, 1), 0.5)
    corner = (9 / 8) ** 2  # the four inside weigh 9 and 9 of 16, the others 0
    np.testing.assert_allclose(image.warp(ones, middle, 'bicubic', False), (17 / 16) ** 2)
    np.testing.assert_allclose(image.warp(ones, middle, 'bicubic', False, 'pad', 1), 1)
    assert corner != (17 / 16) ** 2
    np.testing.assert_allclose(image.warp(ones, middle, 'lanczos', False), 1, atol=1e-6)


def test_pad_val_in_every_type(random):
    far = np.full((2, 2, 2), 99.0)
    assert (image.warp(random, far, 'bilinear', True, 'pad', 0.3) == 0.3).all()
    assert (image.warp((random * 255).astype('uint8'), far, 'simple', True, 'pad', 12) == 12).all()


def test_bytes_are_rounded(random):
    bytes_ = (random * 255).astype('uint8')
    field = field_of(4, (24, 31), 3)
    for mode in MODES:
        exact = image.warp(bytes_.astype('float32'), field, mode)
        due = np.clip(np.floor(exact + 0.5), 0, 255).astype('uint8')
        np.testing.assert_array_equal(image.warp(bytes_, field, mode), due)


@pytest.mark.parametrize('mode', ['simple', 'bilinear'])
def test_affinetransform_is_scipys(smooth, mode):
    matrix = np.array([[0.8, 0.3], [-0.2, 1.1]])
    centre = np.array([19.5, 24.5])
    offset = centre - matrix @ centre - [2.3, -1.7]
    result = image.affinetransform(smooth, matrix, mode, [2.3, -1.7])
    for plane, ours in zip(smooth, result, strict=True):
        due = ndimage.affine_transform(plane, matrix, offset, order=0 if mode == 'simple' else 1, mode='nearest')
        np.testing.assert_allclose(ours, due, atol=1e-5)


def test_affinetransform_by_a_rotation_is_rotate(smooth):
    sine, cosine = np.sin(0.4), np.cos(0.4)
    result = image.affinetransform(smooth, np.array([[cosine, sine], [-sine, cosine]]))
    inside = (slice(None), slice(12, -12), slice(12, -12))
    np.testing.assert_allclose(result[inside], image.rotate(smooth, 0.4, 'bilinear')[inside], atol=1e-5)
    np.testing.assert_array_equal(image.affinetransform(smooth, np.eye(2), 'bilinear', None, 'pad'), smooth)


@pytest.mark.parametrize(('function', 'scaling'), [(image.polar, 'linear'), (image.logpolar, 'log')])
def test_polar_is_scikit_images_a_quarter_on(smooth, function, scaling):
    plane = smooth[0]
    due = transform.warp_polar(plane, (20, 25), radius=20, output_shape=(48, 36), scaling=scaling, order=1)
    result = function(np.zeros((48, 36)), plane, 'bilinear')
    np.testing.assert_allclose(result[:, :34], np.roll(due, -12, 0)[:, :34], atol=1e-4)
    simple = function(np.zeros((48, 36)), plane, 'simple')
    np.testing.assert_allclose(simple, result, atol=0.15)


def test_full_polar_reaches_the_corners_and_beyond(smooth):
    result = image.polar(smooth + 1, 'simple', 'full')
    assert result.shape == (3, 50, 50)
    assert (result == 0).any()
    assert (image.polar(smooth + 1) > 0).all()


def test_what_is_refused(random):
    field = np.zeros((2, 24, 31))
    with pytest.raises(ShapeError, match=r'\(2, H, W\)'):
        image.warp(random, field[:1])
    with pytest.raises(DtypeError, match='float32 or float64, got uint8'):
        image.warp(random, field.astype('uint8'))
    with pytest.raises(Error, match='NaN'):
        image.warp(random, field * np.nan)
    with pytest.raises(Error, match="clamp_mode 'pad' only"):
        image.warp(random, field, 'simple', True, 'clamp', 3)
    with pytest.raises(Error, match='mode to be one of'):
        image.warp(random, field, 'cubic')
    with pytest.raises(Error, match='mode to be one of simple, bilinear'):
        image.rotate(random, 1, 'bicubic')
    with pytest.raises(Error, match='theta to be a number'):
        image.rotate(random, float('nan'))
    with pytest.raises(ShapeError, match=r'\(2, 2\) and \(2,\)'):
        image.affinetransform(random, np.zeros(2))
    with pytest.raises(Error, match='matrix and translation to be of numbers'):
        image.affinetransform(random, np.eye(2), 'bilinear', 'down')
    with pytest.raises(Error, match='interpolation'):
        image.polar(random, 'full')
    with pytest.raises(ShapeError, match='dst'):
        image.polar(np.zeros((2, 5, 5)), random)
