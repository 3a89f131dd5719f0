"""Tables, nested lists (or dicts) of arrays, element by element: what containers do with the gradients of a table."""

import numpy as np

from nnlite.errors import ShapeError
from nnlite.tensor.memory import as_they_lie


def expect_like(module, given, like, name):
    """Raise unless `given` is an array, or a table of arrays, of the shapes of another."""
    if isinstance(like, dict):
        if not isinstance(given, dict) or given.keys() != like.keys():
            keys = sorted(given) if isinstance(given, dict) else type(given).__name__
            raise ShapeError(f'expected {name} to be a table of {sorted(like)}, got {keys}', where=module._name())
        each(lambda key, part: expect_like(module, given[key], part, f'{name}.{key}'), like)
    elif isinstance(like, list):
        module.expect_table(given, len(like), name)
        each(lambda key, part: expect_like(module, given[key], part, f'{name}[{key}]'), like)
    else:
        module.expect(given, like.shape, name)


def expect_alike(module, table, count=None):
    """Raise unless `table` is a list of arrays of one shape: of `count`, or, if that is None, of one or more."""
    module.expect_table(table, count)
    module.expect(table[0])
    for part in table[1:]:
        module.expect(part, table[0].shape)


def leaves(table):
    """Return what is in a table, and in the tables in it, as one list; or a list of the one thing that is no table."""
    if isinstance(table, (list, dict)):
        return [leaf for part in (table.values() if isinstance(table, dict) else table) for leaf in leaves(part)]
    return [table]


def mapped(function, table):
    """Return the table of function(part), or function(table) if it is none."""
    if isinstance(table, (list, dict)):
        return each(lambda key, part: mapped(function, part), table)
    return function(table)


def copy_into(module, name, source, scale=1, dtype=None):
    """Return a copy, times `scale`, of an array or a table of arrays in the module's own memory for `name`.

    It is of the module's type, or of another dtype.
    """
    if isinstance(source, (list, dict)):
        return each(lambda key, part: copy_into(module, f'{name}.{key}', part, scale, dtype), source)
    copy = module.buffer(name, source.shape, like=source, dtype=dtype)
    if scale == 1 and copy.dtype == source.dtype:
        module.kernels.Copy_updateOutput(source, copy)
    else:
        source, rows = as_they_lie(source, copy)
        np.multiply(source, scale, out=rows)
    return copy


def add_into(module, total, term):
    """Add an array, or a table of arrays, to another of the same shape, in place, by a module's kernels."""
    if isinstance(total, (list, dict)):
        each(lambda key, part: add_into(module, part, term[key]), total)
    else:
        module.kernels.CAdd_updateOutput(total, term, total)


def sum_into(module, name, first, second):
    """Return the sum of two arrays, or of two tables of arrays, in the module's own memory for `name`."""
    if isinstance(first, (list, dict)):
        return each(lambda key, part: sum_into(module, f'{name}.{key}', part, second[key]), first)
    total = module.buffer(name, first.shape, like=first)
    module.kernels.CAdd_updateOutput(first, second, total)
    return total


def room_like(module, name, source):
    """Return the module's own memory for `name`, of the shape of an array, or of a table of arrays; undefined."""
    if isinstance(source, (list, dict)):
        return each(lambda key, part: room_like(module, f'{name}.{key}', part), source)
    return module.buffer(name, source.shape, like=source)


def zeros_like(module, name, source):
    """Return zeros of the shape of an array, or of a table of arrays, in the module's own memory for `name`."""
    zeros = room_like(module, name, source)
    for part in leaves(zeros):
        part.fill(0)
    return zeros


def each(function, table):
    """Return the table of function(key, part)."""
    if isinstance(table, dict):
        return {key: function(key, part) for key, part in table.items()}
    return [function(key, part) for key, part in enumerate(table)]
