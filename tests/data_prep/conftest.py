"""Small pictures for the tests: drawn from a seed, as PNG or JPEG files."""

import io

import numpy as np
import pytest
from PIL import Image


@pytest.fixture(scope='session')
def pixels():
    """Return a function that draws an image, uint8 (H, W, 3), from a seed."""

    def draw(seed, height=8, width=8):
        return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)

    return draw


@pytest.fixture(scope='session')
def picture(pixels):
    """Return a function that gives such an image as the bytes of a file."""

    def encode(seed, height=8, width=8, kind='PNG', mode='RGB', **options):
        file = io.BytesIO()
        Image.fromarray(pixels(seed, height, width)).convert(mode).save(file, kind, **options)
        return file.getvalue()

    return encode


@pytest.fixture
def fill():
    """Return a function that writes files, given by their names and contents, into a folder."""

    def write(folder, files):
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return folder

    return write
