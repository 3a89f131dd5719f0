"""scale, against PyTorch's interpolate, SciPy's splines, exact areas, and the numbers torch/image's own tests hold."""

import numpy as np
import pytest
import torch
from scipy.interpolate import CubicHermiteSpline
from torch.nn.functional import interpolate

from nnlite import DtypeError, Error, ShapeError, image

SIZES = [(24, 31), (1, 1), (25, 50), (100, 37), (7, 90), (24, 5), (13, 30)]  # rows, columns
RAMP = [1, 2, 4, 2]


@pytest.mark.parametrize(
    ('mode', 'due'),
    [
        ('bilinear', [1, 1.5, 2, 3, 4, 3, 2]),
        ('bilinear', [1.25, 3, 2.5]),
        ('bicubic', [1, 1.4375, 2, 3.1875, 4, 3.25, 2]),
        ('bicubic', [1, 3.1875, 2]),
    ],
)
def test_torch7s_numbers(mode, due):
    result = image.scale(np.outer(RAMP, RAMP).astype(float), len(due), len(due), mode)
    np.testing.assert_allclose(result, np.outer(due, due), atol=1e-6)


def test_torch7s_bytes_are_rounded_after_rows_and_after_columns():
    row = np.array([[0, 1, 32]], 'uint8')
    assert image.scale(row, 4, 1, 'bicubic').tolist() == [[0, 0, 9, 32]]
    square = np.array([[1, 2], [2, 3]], 'uint8')
    assert image.scale(square, 3, 3).tolist() == [[1, 2, 2], [2, 3, 3], [2, 3, 3]]


@pytest.mark.parametrize('rows', [24, 25, 100])
@pytest.mark.parametrize('columns', [31, 32, 77])
def test_bilinear_to_more_pixels_is_pytorchs(random, rows, columns):
    due = interpolate(torch.tensor(random)[None], (rows, columns), mode='bilinear', align_corners=True)[0]
    np.testing.assert_allclose(image.scale(random, columns, rows), due, atol=2e-5)


@pytest.mark.parametrize('rows', [1, 5, 12, 23])
@pytest.mark.parametrize('columns', [1, 8, 30])
def test_bilinear_to_fewer_pixels_is_the_mean_of_the_area(random, rows, columns):
    fine = random.repeat(rows, 1).repeat(columns, 2)
    due = fine.reshape(3, rows, 24, columns, 31).mean((2, 4))
    np.testing.assert_allclose(image.scale(random, columns, rows), due, atol=1e-5)


@pytest.mark.parametrize(('rows', 'columns'), SIZES)
def test_bicubic_is_catmull_and_roms_spline(random, rows, columns):
    due = random
    for axis, size in ((2, columns), (1, rows)):
        length = due.shape[axis]
        slopes = np.gradient(due, axis=axis)
        places = np.linspace(0, length - 1, size) if size > 1 else [length - 1]  # a single one is the last, as in Torch
        due = CubicHermiteSpline(np.arange(length), due, slopes, axis)(places) if size != length else due
    np.testing.assert_allclose(image.scale(random, columns, rows, 'bicubic'), due, atol=5e-5)


@pytest.mark.parametrize(('rows', 'columns'), SIZES)
def test_simple_is_pytorchs_nearest(random, rows, columns):
    due = interpolate(torch.tensor(random)[None], (rows, columns), mode='nearest')[0]
    np.testing.assert_array_equal(image.scale(random, columns, rows, 'simple'), due)


@pytest.mark.parametrize('mode', ['bilinear', 'bicubic', 'simple'])
@pytest.mark.parametrize('shape', [(1, 1), (1, 5), (4, 1), (2, 2)])
def test_the_smallest_pictures(mode, shape):
    for rows in (1, 2, 5):
        for columns in (1, 2, 7):
            np.testing.assert_allclose(
                image.scale(np.full(shape, 0.3), columns, rows, mode), np.full((rows, columns), 0.3)
            )


@pytest.mark.parametrize(
    ('size', 'width', 'height'),
    [
        (62, 62, 48),
        ('62', 62, 48),
        ('^48', 62, 48),
        ('10x7', 10, 7),
        ('*2', 62, 48),
        ('*1/2', 15, 12),
        ('*0.25', 7, 6),
        (1, 1, 1),
        (0.5, 1, 1),
    ],
)
def test_sizes(random, size, width, height):
    assert image.scale(random, size, 'simple').shape == (3, height, width)
    np.testing.assert_array_equal(image.scale(random, size), image.scale(random, width, height))


@pytest.mark.parametrize('size', ['', 'big', '10x', '^', '*', '*a', '*1/0', 'nan', 'inf', None, '*nan', [3, 4], True])
def test_what_is_no_size(random, size):
    with pytest.raises(Error, match='expected a size such as'):
        image.scale(random, size)


def test_what_else_is_refused(random):
    with pytest.raises(Error, match="mode to be one of bilinear, bicubic, simple, got 'cubic'"):
        image.scale(random, 3, 4, 'cubic')
    with pytest.raises(ShapeError, match=r'dst to be of the shape \(3, 4, 5\), got \(2, 4, 5\)'):
        image.scale(np.zeros((2, 4, 5)), random)
    with pytest.raises(DtypeError, match='dst to be float64'):
        image.scale(np.zeros((3, 4, 5), 'float32'), random)
