"""Text and rectangles, against Pillow's."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from nnlite import Error, ShapeError, image


def drawn(shape, draw):
    """Return what Pillow draws on black, as (3, H, W)."""
    canvas = Image.new('RGB', shape[::-1])
    draw(ImageDraw.Draw(canvas))
    return np.asarray(canvas).transpose(2, 0, 1)


@pytest.mark.parametrize('place', [(3, 4), (-8, -5), (60, 2), (2, 17)])
@pytest.mark.parametrize('dtype', ['uint8', 'float32', 'float64'])
def test_text_is_pillows(place, dtype):
    font = ImageFont.load_default_imagefont()
    due = drawn((22, 70), lambda on: on.text(place, 'Ag{ j.é', (9, 200, 255), font))
    x = np.zeros((3, 22, 70), dtype)
    result = image.drawText(x, 'Ag{ j.é', *place, dict(color=[9, 200, 255], wrap=False))
    assert result.any()
    assert not x.any()
    assert result.dtype == dtype
    np.testing.assert_allclose(result * (1 if dtype == 'uint8' else 255), due, atol=1e-4)


def test_larger_letters_are_the_same_in_larger_pixels():
    one = image.drawText(np.zeros((3, 11, 18)), 'abc', 0, 0, dict(wrap=False))
    three = image.drawText(np.zeros((3, 33, 54)), 'abc', 0, 0, dict(size=3, wrap=False))
    np.testing.assert_array_equal(three, one.repeat(3, 1).repeat(3, 2))


def test_lines():
    two = image.drawText(np.zeros((3, 30, 40)), 'ab\ncd', 5, 3)
    by_hand = image.drawText(image.drawText(np.zeros((3, 30, 40)), 'ab', 5, 3), 'cd\r', 5, 14)
    np.testing.assert_array_equal(two, by_hand)
    wrapped = image.drawText(np.zeros((3, 30, 40)), 'abcdefg', 5, 3)  # five letters reach column 35
    by_hand = image.drawText(image.drawText(np.zeros((3, 30, 40)), 'abcde', 5, 3), 'fg', 0, 14)
    np.testing.assert_array_equal(wrapped, by_hand)
    assert not image.drawText(np.zeros((3, 30, 40)), ' \n ', 5, 3, dict(bg=[1, 1, 1])).any()
    assert not image.drawText(np.zeros((3, 30, 40)), None).any()


def test_the_ground_under_the_letters():
    result = image.drawText(np.full((3, 20, 20), 7, 'uint8'), 'A', 2, 3, dict(color=[1, 2, 3], bg=[4, 5, 6]))
    box = result[:, 3:14, 2:8]
    assert {tuple(pixel) for pixel in box.reshape(3, -1).T.tolist()} == {(1, 2, 3), (4, 5, 6)}
    assert (result == 7).sum() == 3 * (400 - 66)


@pytest.mark.parametrize('width', [1, 2, 3, 6])
@pytest.mark.parametrize('box', [(5, 4, 20, 15), (1, 1, 30, 20), (7, 8, 12, 13), (-3, 5, 40, 12)])
def test_rectangle_is_pillows(box, width):
    left, top, right, bottom = (place - 1 for place in box)
    outside, inside = width // 2, (width - 1) // 2
    corners = (left - outside, top - outside, right + inside, bottom + inside)
    due = drawn((20, 30), lambda on: on.rectangle(corners, outline=(10, 20, 30), width=width))
    x = np.zeros((3, 20, 30), 'uint8')
    result = image.drawRect(x, *box, dict(color=[10, 20, 30], lineWidth=width))
    np.testing.assert_array_equal(result, due)
    assert not x.any()


def test_a_rectangle_of_one_pixel():
    assert image.drawRect(np.zeros((3, 6, 6)), 3, 4, 3, 4)[0].nonzero() == ([3], [2])


def test_in_place():
    x = np.zeros((3, 20, 30), 'float32')
    assert image.drawRect(x, 1, 1, 5, 5, dict(inplace=True)) is x
    assert x.max(axis=(1, 2)).tolist() == [1, 0, 0]
    y = np.zeros((3, 20, 30), 'float32').transpose(0, 2, 1)
    assert image.drawText(y, 'x', 0, 0, dict(inplace=True)) is y
    assert y.any()


@pytest.mark.parametrize(
    'opts', [dict(colour=[1, 2, 3]), dict(color=[1, 2]), dict(color=[0, 0, 256]), dict(color='red'), [1], dict(size=0)]
)
def test_what_is_refused(opts):
    with pytest.raises(Error, match='expected'):
        image.drawText(np.zeros((3, 20, 20)), 'A', 1, 1, opts)


def test_what_else_is_refused():
    with pytest.raises(Error, match=r'no .⚙.'):
        image.drawText(np.zeros((3, 20, 20)), 'A⚙')
    with pytest.raises(Error, match='expected a text'):
        image.drawText(np.zeros((3, 20, 20)), 3)
    with pytest.raises(ShapeError, match=r'\(3, H, W\)'):
        image.drawRect(np.zeros((20, 20)), 1, 1, 2, 2)
