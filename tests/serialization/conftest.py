"""Ways to get values into .t7 files and out of them."""

import pytest

import nnlite
from nnlite.serialization import t7_nodes


@pytest.fixture
def as_data(monkeypatch):
    """Know no classes: objects of nn come as TorchObjects, with every field of the file."""
    monkeypatch.setattr(t7_nodes, 'class_of', lambda typename: None)


@pytest.fixture
def parse(tmp_path):
    """Load bytes as a file."""

    def parse(contents, **bounds):
        path = tmp_path / 'parsed.t7'
        path.write_bytes(contents)
        return nnlite.load(path, **bounds)

    return parse


@pytest.fixture
def round_trip(tmp_path):
    """Save a value and load it again."""

    def round_trip(value):
        path = tmp_path / 'round_trip.t7'
        nnlite.save(path, value)
        return nnlite.load(path)

    return round_trip
