"""Pictures to try things on."""

import numpy as np
import pytest


@pytest.fixture
def random():
    """A picture (3, 24, 31) of noise, 0 to 1."""
    return np.random.default_rng(1).random((3, 24, 31))


@pytest.fixture
def smooth():
    """A picture (3, 40, 50) without edges, 0 to 1."""
    y, x = np.mgrid[:40, :50] / 50
    return np.stack([np.sin(3 * x + y), np.cos(4 * y * x), x * y]) / 2 + 0.5
