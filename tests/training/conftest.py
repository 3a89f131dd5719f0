"""A data set of drawn shapes, small enough to train on in a moment."""

import pytest

from nnlite.data_prep import shapes


@pytest.fixture(scope='session')
def small_data(tmp_path_factory):
    """48 training and 20 validation images of 16 pixels, 10 classes."""
    path = tmp_path_factory.mktemp('data') / 'shapes.h5'
    shapes.prepare(path, size=16, train=48, val=20, seed=1, workers=1, quiet=True)
    return str(path)
