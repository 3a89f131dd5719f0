"""Shapes: the same bytes from the same seed, ten even classes, and no way to tell them apart pixel by pixel."""

import numpy as np
import pytest

from nnlite.data_prep import open_dataset, shapes
from nnlite.errors import DataError


def arrays(path):
    with open_dataset(path) as data:
        return {split: (data.images(split), data.labels(split)) for split in data.sizes}


def test_a_data_set_of_shapes(tmp_path):
    report = shapes.prepare(tmp_path / 's.h5', size=16, train=60, val=20, workers=1, quiet=True)
    assert report.sizes == {'train': 60, 'val': 20}
    with open_dataset(tmp_path / 's.h5') as data:
        assert data.classes == sorted(data.classes) and len(data.classes) == 10
        assert data.shape == (3, 16, 16)
        assert np.bincount(data.labels('train')).tolist() == [6] * 10
        assert np.array_equal(data.images('val', [7])[0], shapes.draw(7, 'val', 16).transpose(2, 0, 1))
    assert (tmp_path / 's-samples.png').exists()


def test_the_workers_do_not_show_and_the_seed_does(tmp_path, monkeypatch):
    monkeypatch.setattr(shapes, 'TASK', 7)
    shapes.prepare(tmp_path / 'one.h5', size=16, train=50, val=10, seed=3, workers=1, quiet=True)
    shapes.prepare(tmp_path / 'three.h5', size=16, train=50, val=10, seed=3, workers=3, quiet=True)
    assert (tmp_path / 'one.h5').read_bytes() == (tmp_path / 'three.h5').read_bytes()
    shapes.prepare(tmp_path / 'other.h5', size=16, train=50, val=10, seed=4, workers=1, quiet=True)
    assert not np.array_equal(arrays(tmp_path / 'one.h5')['train'][0], arrays(tmp_path / 'other.h5')['train'][0])


def test_no_image_twice_within_or_between_the_splits():
    images = [shapes.draw(number, split, 16).tobytes() for split in ('train', 'val') for number in range(100)]
    assert len(set(images)) == 200


def test_no_outline_is_a_mirror_image_of_another_or_leaves_the_circle():
    masks = {}
    for name, outline in shapes.OUTLINES.items():
        polygons, holes = outline()
        assert max(np.linalg.norm(points, axis=1).max() for points in polygons) <= 1.1
        place = (0.45, 0.0, 0.5, 0.5)
        masks[name] = shapes._mask(
            64,
            [shapes._moved(points, *place) for points in polygons],
            [shapes._moved(points, *place) for points in holes],
        )
    assert sorted(masks) == list(shapes.CLASSES)
    for name, mask in masks.items():
        for other, its in masks.items():
            if name < other:
                assert min(np.abs(mask - turned).mean() for turned in (its, its[:, ::-1], its[::-1])) > 0.02, (
                    name,
                    other,
                )


def test_a_linear_classifier_learns_next_to_nothing():
    """Softmax regression at 32 pixels: what it knows by heart of its own images does not help it on new ones."""
    images, new = (shapes.draw_many((1, split, 0, 1000, 32)).reshape(1000, -1) for split in ('train', 'val'))
    images, new = images.astype('f4') / 127.5 - 1, new.astype('f4') / 127.5 - 1
    labels = np.arange(1000) % 10
    weight = np.zeros((images.shape[1], 10), 'f4')
    for _ in range(50):
        scores = np.exp(images @ weight)
        weight -= 2e-5 * images.T @ (scores / scores.sum(1, keepdims=True) - np.eye(10, dtype='f4')[labels])
    known = (np.argmax(images @ weight, 1) == labels).mean()
    accuracy = (np.argmax(new @ weight, 1) == labels).mean()
    assert known > 0.3, 'it did not even learn its own images: the test would pass for any data'
    assert accuracy < 0.6


@pytest.mark.parametrize(
    ('options', 'words'),
    [({'size': 20}, '16, 32 or 64'), ({'train': 9}, '10 or more'), ({'val': -1}, 'from 0'), ({'seed': -1}, 'from 0')],
)
def test_wrong_arguments_are_named(tmp_path, options, words):
    with pytest.raises(DataError, match=words):
        shapes.prepare(tmp_path / 's.h5', **options)
    assert not list(tmp_path.iterdir())
