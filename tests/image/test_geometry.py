"""Pixels to other places."""

import numpy as np
import pytest
import torch
from PIL import Image

from nnlite import Error, ShapeError, image


@pytest.mark.parametrize('box', [(0, 0, 31, 24), (3, 4, 10, 24), (30, 23, 31, 24)])
def test_crop_counts_from_0_up_to_the_second_corner(random, box):
    plane = random[0].astype('float32')
    np.testing.assert_array_equal(image.crop(plane, *box), np.asarray(Image.fromarray(plane).crop(box)))


@pytest.mark.parametrize(
    ('format', 'x', 'y'), [('c', 12, 9), ('tl', 0, 0), ('tr', 25, 0), ('bl', 0, 19), ('br', 25, 19)]
)
def test_crop_by_format(random, format, x, y):
    due = random[:, y : y + 5, x : x + 6]
    np.testing.assert_array_equal(image.crop(random, format, 6, 5), due)
    np.testing.assert_array_equal(image.crop(np.zeros((3, 5, 6)), random, format, 6, 5), due)


def test_crop_fills_dst_and_scales_into_another_size(random):
    dst = np.zeros((3, 4, 5))
    assert image.crop(dst, random, 2, 3) is dst
    np.testing.assert_array_equal(dst, random[:, 3:7, 2:7])
    image.crop(dst, random, 2, 3, 12, 23)
    np.testing.assert_array_equal(dst, image.scale(random[:, 3:23, 2:12], 5, 4))


def test_crop_cuts_off_what_comes_after_the_point(random):
    np.testing.assert_array_equal(image.crop(random, 2.9, 3.2, 7.9, 8.1), random[:, 3:7, 2:7])


@pytest.mark.parametrize('rest', [(0, 0, 32, 3), (-1, 0, 3, 3), (3, 3, 3, 5), ('br', 40, 2), ('c', 33, 2)])
def test_crop_stays_inside(random, rest):
    with pytest.raises(ShapeError, match='inside of 31x24'):
        image.crop(random, *rest)


@pytest.mark.parametrize('rest', [(), (1, 2), (1, 2, 3), (1, 2, 3, 4, 5), ('x', 2, 3), ('c', 'a', 3), (1, 2, None, 4)])
def test_crop_asks_for_one_of_its_forms(random, rest):
    with pytest.raises(Error, match='expected'):
        image.crop(random, *rest)


@pytest.mark.parametrize(('x', 'y'), [(0, 0), (4, -3), (-30, 23), (31, 0), (5, 400), (-5, -24)])
def test_translate(random, x, y):
    due = np.zeros_like(random)
    for row in range(24):
        for column in range(31):
            if 0 <= row - y < 24 and 0 <= column - x < 31:
                due[:, row, column] = random[:, row - y, column - x]
    np.testing.assert_array_equal(image.translate(random, x, y), due)


def test_translate_and_back(random):
    back = image.translate(image.translate(random, 7, -5), -7, 5)
    np.testing.assert_array_equal(back[:, 5:, :-7], random[:, 5:, :-7])
    assert not back[:, :5].any()
    assert not back[:, :, -7:].any()


def test_flips(random):
    np.testing.assert_array_equal(image.hflip(random), torch.flip(torch.tensor(random), [-1]))
    np.testing.assert_array_equal(image.vflip(random), torch.flip(torch.tensor(random), [-2]))
    for flip in (image.hflip, image.vflip):
        np.testing.assert_array_equal(flip(flip(random)), random)
        inplace = random.copy()
        np.testing.assert_array_equal(flip(inplace, inplace), flip(random))


@pytest.mark.parametrize('ndim', [1, 2, 3, 4, 5])
def test_flip_counts_dimensions_from_1(ndim):
    x = np.random.default_rng(ndim).random(tuple(range(2, 2 + ndim)))
    for dimension in range(1, ndim + 1):
        due = torch.flip(torch.tensor(x), [dimension - 1])
        np.testing.assert_array_equal(image.flip(x, dimension), due)
    for dimension in (0, ndim + 1):
        with pytest.raises(ShapeError, match='dimension from 1'):
            image.flip(x, dimension)
