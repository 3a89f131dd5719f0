"""Data that a user of the commands has made with them."""

import pytest

from nnlite.cli import main


@pytest.fixture(scope='session')
def shapes(tmp_path_factory):
    """A data set of 48 training and 20 validation images, made by the command."""
    path = tmp_path_factory.mktemp('shapes') / 'shapes.h5'
    line = ['prep', 'shapes', '--size', '16', '--train', '48', '--val', '20', '--out', str(path), '--quiet']
    assert main(line) == 0
    return str(path)
