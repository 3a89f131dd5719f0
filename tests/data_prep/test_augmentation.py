"""Augmentations, held against what a loop over pixels or Pillow gives."""

import numpy as np
import pytest
from PIL import Image

from nnlite.data_prep import augmentation
from nnlite.errors import DataError

FILL = np.array([120, 110, 100], np.uint8)


def pictures(dtype='u1', count=40, height=16, width=16, seed=1):
    return np.random.default_rng(seed).integers(0, 256, (count, height, width, 3)).astype(dtype)


def places(image, crop, padding):
    """Return each (top, left) at which the crop is the padded image's window."""
    height, width, _ = image.shape
    padded = np.broadcast_to(FILL, (height + 2 * padding, width + 2 * padding, 3)).astype(image.dtype)
    padded[padding:-padding, padding:-padding] = image
    steps = range(2 * padding + 1)
    return [(y, x) for y in steps for x in steps if np.array_equal(padded[y : y + height, x : x + width], crop)]


@pytest.mark.parametrize(('height', 'padding'), [(16, 2), (32, 4), (64, 8)])
def test_a_crop_is_a_window_of_the_padded_image(height, padding):
    images = pictures(height=height, width=height + 4, count=30)
    crops = augmentation.random_crop(images, np.random.default_rng(2), FILL)
    found = [places(image, crop, padding) for image, crop in zip(images, crops, strict=True)]
    assert all(len(places) == 1 for places in found)
    assert len({place for places in found for place in places}) > 10


def test_flips_mirror_about_half_of_the_images():
    images = pictures(count=1000, height=2, width=2)
    flipped = augmentation.horizontal_flip(images, np.random.default_rng(3))
    mirrored = (flipped == images[:, :, ::-1]).all((1, 2, 3))
    same = (flipped == images).all((1, 2, 3))
    assert (mirrored | same).all()
    assert 440 < mirrored.sum() < 560


def test_a_scaled_window_is_the_one_that_pillow_gives():
    images = pictures('f4', height=16, width=12, count=20)

    class Fixed:
        """A generator that always says the same, so that the window is known: half the area, ratio 1."""

        def uniform(self, low, high, count):
            return np.full(count, 0.5 if high == 1 else 0.0)

        def random(self, count):
            return np.full(count, 0.25)

    scaled = augmentation.random_scale(images, Fixed())
    rows, columns = 16 * 0.5**0.5, 12 * 0.5**0.5
    top, left = (16 - rows) / 4, (12 - columns) / 4
    for image, got in zip(images, scaled, strict=True):
        for channel in range(3):
            whole = Image.fromarray(image[:, :, channel])
            # Pillow's own window ends the interpolation at its edge, ours goes on beyond it: so the inner part counts.
            due = whole.transform(
                (12, 16), Image.Transform.AFFINE, (columns / 12, 0, left, 0, rows / 16, top), Image.Resampling.BILINEAR
            )
            assert np.allclose(np.asarray(due), got[:, :, channel], atol=1e-2)


def test_scaling_the_whole_window_changes_nothing():
    class Whole:
        def uniform(self, low, high, count):
            return np.full(count, 1.0 if high == 1 else 0.0)

        def random(self, count):
            return np.zeros(count)

    images = pictures()
    assert np.array_equal(augmentation.random_scale(images, Whole()), images)


def test_scales_stay_within_the_image():
    images = np.full((200, 8, 8, 3), 77, np.uint8)
    assert (augmentation.random_scale(images, np.random.default_rng(4)) == 77).all()


def test_color_jitter_is_its_formula():
    images = pictures('f4', count=5)
    got = augmentation.color_jitter(images, np.random.default_rng(5))
    factors = np.random.default_rng(5).uniform(0.6, 1.4, (3, 5))
    for image, result, brightness, contrast, saturation in zip(images, got, *factors, strict=True):
        image = image.astype('f8') * brightness
        grey = (image @ [0.299, 0.587, 0.114])[:, :, None]
        image = grey + (image - grey) * saturation
        image = grey.mean() + (image - grey.mean()) * contrast
        assert np.allclose(result, image.clip(0, 255), atol=1e-2)


def test_cutout_paints_a_square():
    images = np.zeros((300, 16, 16, 3), np.uint8)
    holed = augmentation.cutout(images, np.random.default_rng(6), FILL)
    painted = (holed == FILL).all(-1)
    assert ((holed == 0).all(-1) | painted).all()
    heights, widths = painted.any(2).sum(1), painted.any(1).sum(1)
    assert (painted.sum((1, 2)) == heights * widths).all()
    assert (heights.max(), widths.max()) == (4, 4)
    assert heights.min() >= 2 and widths.min() >= 2


@pytest.mark.parametrize('dtype', ['u1', 'f4'])
@pytest.mark.parametrize('name', ['standard', 'stochastic'])
def test_presets_keep_shape_dtype_range_and_their_input(name, dtype):
    images = pictures(dtype)
    before = images.copy()
    augment = augmentation.preset(name)
    one, two = (augment(images, np.random.default_rng(7), FILL) for _ in range(2))
    assert one.shape == images.shape and one.dtype == images.dtype
    assert one.min() >= 0 and one.max() <= 255
    assert np.array_equal(one, two)
    assert np.array_equal(images, before)
    assert not np.array_equal(one, augment(images, np.random.default_rng(8), FILL))


def test_presets_are_named():
    assert augmentation.preset(None) is None
    assert augmentation.preset(augmentation.cutout) is augmentation.cutout
    with pytest.raises(DataError, match="got 'all'"):
        augmentation.preset('all')
