"""Folders of data that lie beside the project on some machines; tests that need them are skipped on others."""

import os
from pathlib import Path

import pytest


def _folder(variable):
    path = os.environ.get(variable)
    if not path:
        pytest.skip(f'{variable} is not set: it names a folder of data that is not in the repository')
    assert Path(path).is_dir(), f'{variable} is {path}, which is no folder'
    return Path(path)


@pytest.fixture(scope='session')
def golden():
    """Torch7's own numbers and files, all of them."""
    return _folder('NNLITE_GOLDEN')


@pytest.fixture(scope='session')
def data():
    """CIFAR-10 and a part of Tiny ImageNet."""
    return _folder('NNLITE_DATA')
