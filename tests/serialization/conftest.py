"""Ways to get values into .t7 files and out of them."""

import pytest

import nnlite


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

    def round_trip(value, **options):
        path = tmp_path / 'round_trip.t7'
        nnlite.save(path, value)
        return nnlite.load(path, **options)

    return round_trip
