"""Arrays and tables of arrays (nested lists, dicts): what modules take and give, drawn, copied and compared."""

import math

import numpy as np


def leaves(tree):
    """Return the arrays of a table, in order."""
    if isinstance(tree, dict):
        return [leaf for key in sorted(tree) for leaf in leaves(tree[key])]
    if isinstance(tree, list):
        return [leaf for part in tree for leaf in leaves(part)]
    return [tree]


def mapped(function, tree):
    """Return the table of function(array)."""
    if isinstance(tree, dict):
        return {key: mapped(function, part) for key, part in tree.items()}
    if isinstance(tree, list):
        return [mapped(function, part) for part in tree]
    return function(tree)


def copied(tree):
    return mapped(np.copy, tree)


def astype(tree, dtype):
    """Return the table with its floating arrays in another type; whole numbers stay."""
    return mapped(lambda array: array.astype(dtype if array.dtype.kind == 'f' else array.dtype), tree)


def drawn(shapes, seed, dtype=np.float64, low=-2, high=2):
    """Return an array of a shape, or a table of them for a table of shapes, of numbers from `low` to `high`.

    Its numbers are as far apart from each other as that many can be, and from 0 by half of it: a step of finite
    differences crosses no kink, and no two pixels of a pooling window tie. An array in place of a shape is taken as it
    is, but for its floating type.
    """
    rng = np.random.default_rng(seed)

    def spread(shape):
        size = math.prod(shape)
        return ((rng.permutation(size) + 0.5) / max(size, 1) * (high - low) + low).reshape(shape).astype(dtype)

    if isinstance(shapes, dict):
        return dict(zip(shapes, drawn(list(shapes.values()), seed, dtype, low, high), strict=True))
    if isinstance(shapes, list):
        return [drawn(shape, [*np.atleast_1d(seed), place], dtype, low, high) for place, shape in enumerate(shapes)]
    if isinstance(shapes, np.ndarray):
        return astype(shapes.copy(), dtype)
    return spread(shapes)


def assert_close(ours, theirs, tolerance, what=''):
    """Assert that two tables have the same form, and differ by `tolerance` at most, relative to the larger of 1 and
    the largest number there is; return by how much they do.
    """
    ours, theirs, largest = leaves(ours), leaves(theirs), 0
    assert len(ours) == len(theirs), f'{what}: {len(ours)} arrays, expected {len(theirs)}'
    for mine, other in zip(map(np.asarray, ours), map(np.asarray, theirs), strict=True):
        assert mine.shape == other.shape, f'{what}: {mine.shape}, expected {other.shape}'
        scale = max(1, np.abs(other).max(initial=0))
        error = np.abs(mine.astype(np.float64) - other).max(initial=0) / scale
        assert error <= tolerance, f'{what}: off by {error:.1e} of {scale:.2g}'
        largest = max(largest, error)
    return largest


def assert_equal(ours, theirs, what=''):
    """Assert that two tables are equal to the last bit."""
    assert_close(ours, theirs, 0, what)
    assert [leaf.dtype for leaf in leaves(ours)] == [leaf.dtype for leaf in leaves(theirs)], what
