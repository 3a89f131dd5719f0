"""Pictures are made ready as the images were that a network learnt from: to the bit."""

import io

import numpy as np
import pytest
from PIL import Image

from nnlite.data_prep import Loader, open_dataset
from nnlite.data_prep.pictures import decode
from nnlite.errors import DataError
from nnlite.training.preparation import Preparation, about, checked

FACTS = {'size': [4, 6], 'mean': [0.5] * 3, 'std': [0.25] * 3}


def draw(height, width):
    return np.random.default_rng(1).integers(0, 256, (height, width, 3), np.uint8)


def test_the_numbers_are_the_loaders(small_data):
    loader = Loader(small_data, 'val', 8)
    prepare = Preparation(**checked(about(loader)['pictures'], 'here'))
    with open_dataset(small_data) as data:
        pictures = data.images('val', range(8)).transpose(0, 2, 3, 1)
    images = prepare.normalised(np.concatenate([prepare.cut(picture) for picture in pictures]))
    expected, _ = next(iter(loader))
    assert np.array_equal(images, expected) and images.strides == expected.strides
    assert about(loader)['names'] == loader.names
    assert about(object()) == {}


@pytest.mark.parametrize('sides', [(16, 16), (50, 31), (31, 50), (7, 9)])
def test_the_middle_is_that_of_prep(sides):
    picture, file = draw(*sides), io.BytesIO()
    Image.fromarray(picture).save(file, 'PNG')
    cut = Preparation((16, 16), [0] * 3, [1] * 3).cut(picture)
    assert np.array_equal(cut[0], decode(file.getvalue(), 16))


def test_sides_of_two_lengths_keep_their_ratio():
    picture = np.zeros((40, 100, 3), np.uint8)
    picture[:, 20:80] = 200  # the middle of 3 : 2
    for size, turned in (((20, 30), picture), ((30, 20), picture.swapaxes(0, 1))):
        (cut,) = Preparation(size, [0] * 3, [1] * 3).cut(turned)
        assert cut.shape == (*size, 3)
        assert (cut[2:-2, 2:-2] == 200).all() and cut.min() > 180  # at the edges the filter sees beyond them


def test_pictures_that_are_too_narrow_or_too_long_are_refused():
    with pytest.raises(DataError, match='expected at least 60x20 pixels to cut out of, got 25x40'):
        Preparation((20, 60), [0] * 3, [1] * 3, scale=25).cut(np.zeros((40, 25, 3), np.uint8))
    with pytest.raises(DataError, match='expected at most 134217728 pixels of the scaled picture'):
        Preparation((20, 20), [0] * 3, [1] * 3, scale=4000).cut(np.zeros((1, 4000, 3), np.uint8))


@pytest.mark.parametrize(
    ('change', 'said'),
    [
        ({'size': 4}, 'a size of height and width'),
        ({'size': [4, 0]}, 'sides of 1 to 4096'),
        ({'size': [4, 6.5]}, 'a size of height and width'),
        ({'mean': [0.5]}, 'a finite mean'),
        ({'mean': ['a'] * 3}, "under 'pictures'"),
        ({'std': [1, 1, float('inf')]}, 'a std above 0'),
        ({'std': [1, 1, 0]}, 'a std above 0'),
    ],
)
def test_what_a_file_says_is_looked_at_first(change, said):
    assert checked(FACTS, 'here')['size'] == (4, 6)
    with pytest.raises(DataError, match=said) as caught:
        checked({**FACTS, **change}, 'here')
    assert caught.value.where == 'here'
    with pytest.raises(DataError, match="under 'pictures'"):
        checked([1, 2], 'here')
