"""Colour spaces, against colorsys, scikit-image, and the way back."""

import colorsys

import numpy as np
import pytest
from skimage import color

from nnlite import image

CORNERS = np.array([[r, g, b] for r in (0, 0.5, 1) for g in (0, 0.5, 1) for b in (0, 0.5, 1)])
COLOURS = np.concatenate([CORNERS, np.random.default_rng(5).random((300, 3))])


def as_picture(colours, dtype='float64'):
    return np.array(colours, dtype).T[:, None]


def each(function, colours):
    return as_picture([function(*colour) for colour in colours])


def rgb_to_hsl(red, green, blue):
    hue, lightness, saturation = colorsys.rgb_to_hls(red, green, blue)
    return hue, saturation, lightness


def hsl_to_rgb(hue, saturation, lightness):
    return colorsys.hls_to_rgb(hue, lightness, saturation)


THEIRS = {
    'rgb2hsv': colorsys.rgb_to_hsv,
    'hsv2rgb': colorsys.hsv_to_rgb,
    'rgb2hsl': rgb_to_hsl,
    'hsl2rgb': hsl_to_rgb,
}


@pytest.mark.parametrize('name', THEIRS)
def test_hues_are_those_of_colorsys(name):
    due = each(THEIRS[name], COLOURS)
    np.testing.assert_allclose(getattr(image, name)(as_picture(COLOURS)), due, atol=1e-12)
    np.testing.assert_allclose(getattr(image, name)(as_picture(COLOURS, 'float32')), due, atol=2e-6)


@pytest.mark.parametrize('name', THEIRS)
def test_bytes_are_the_rounded_floats(name):
    bytes_ = np.random.default_rng(6).integers(0, 256, (3, 20, 30)).astype('uint8')
    exact = getattr(image, name)(bytes_ / np.float32(255)) * np.float32(255)
    np.testing.assert_array_equal(getattr(image, name)(bytes_), np.floor(exact + 0.5).astype('uint8'))


@pytest.mark.parametrize('name', ['hsv', 'hsl', 'lab', 'yuv'])
def test_there_and_back(name):
    x = as_picture(COLOURS)
    there, back = getattr(image, f'rgb2{name}'), getattr(image, f'{name}2rgb')
    np.testing.assert_allclose(back(there(x)), x, atol=1e-4)  # the precision torch/image's own tests ask for


def test_hue_and_back_in_bytes():
    bytes_ = (as_picture(COLOURS) * 255).astype('uint8')
    for back, there in ((image.hsv2rgb, image.rgb2hsv), (image.hsl2rgb, image.rgb2hsl)):
        assert np.abs(back(there(bytes_)).astype(int) - bytes_).max() <= 3  # as in torch/image's own tests


def test_lab_is_scikit_images():
    # The white differs in the fifth digit: Torch's is that of the matrix's rows.
    due = color.rgb2lab(COLOURS).T[:, None]
    np.testing.assert_allclose(image.rgb2lab(as_picture(COLOURS)), due, atol=0.03)
    np.testing.assert_allclose(image.lab2rgb(due), as_picture(COLOURS), atol=5e-4)


def test_yuv_and_y_are_scikit_images():
    np.testing.assert_allclose(image.rgb2yuv(as_picture(COLOURS)), color.rgb2yuv(COLOURS).T[:, None], atol=3e-5)
    np.testing.assert_allclose(image.yuv2rgb(as_picture(COLOURS)), color.yuv2rgb(COLOURS).T[:, None], atol=1e-4)
    np.testing.assert_allclose(image.rgb2y(as_picture(np.eye(3)))[0, 0], [0.299, 0.587, 0.114])
    bytes_ = (as_picture(COLOURS) * 255).astype('uint8')
    due = np.tensordot([0.299, 0.587, 0.114], bytes_, 1)[None]
    np.testing.assert_allclose(image.rgb2y(bytes_), due, atol=0.5001)


def test_shares_of_the_sum():
    result = image.rgb2nrgb(as_picture(COLOURS + 0.1))
    np.testing.assert_allclose(result.sum(0), 1, atol=1e-5)
    np.testing.assert_allclose(result[0] / result[2], as_picture(COLOURS + 0.1)[0] / as_picture(COLOURS + 0.1)[2])
    assert not image.rgb2nrgb(np.zeros((3, 1, 1))).any()
