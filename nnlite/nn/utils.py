"""What Torch keeps in nn.utils: tables element by element, and views.

Arrays have one size for good, so that where Torch changes its first argument, these return what is to take its place:
`self.gradInput = nn.utils.recursiveResizeAs(self.gradInput, input)`.

Source: torch/nn, utils.lua.
"""

import numpy as np

from nnlite.errors import DtypeError
from nnlite.nn.Object import convert, emptied
from nnlite.nn.table import each, mapped
from nnlite.tensor.devices import is_array, is_on_gpu
from nnlite.tensor.dimensions import axis_of


def recursiveType(param, type, tensorCache=None):
    """Return an array, a module, a criterion, or a table of them, converted to a type such as 'torch.FloatTensor'.

    What shares memory goes on sharing it, also from one call to the next, if these get the same dict as tensorCache.
    Arrays of whole numbers keep their type, and go where the others go.

    >>> recursiveType([np.zeros(2), [np.ones(1)]], 'torch.FloatTensor')
    [array([0., 0.], dtype=float32), [array([1.], dtype=float32)]]

    Raises:
        DtypeError: not a floating tensor type.
        DeviceError: a Cuda type, where there is no GPU to use.
    """
    holder = [param]
    convert(holder, type, tensorCache)
    return holder[0]


def recursiveResizeAs(t1, t2):
    """Return an array of t2's shape, or a table of them: t1's own where they have as many elements, else new ones.

    New ones live where t2's do, and t1's own are taken where they live there too.

    Raises:
        DtypeError: in t2 there is something that is neither an array nor a table.
    """
    if isinstance(t2, (list, dict)):
        return each(lambda key, part: recursiveResizeAs(_part(t1, key), part), t2)
    if not is_array(t2):
        raise DtypeError(f'expected an array or a table of arrays, got {_kind(t2)}')
    if not is_array(t1):
        return np.empty_like(t2)
    fits = t1.size == t2.size and is_on_gpu(t1) == is_on_gpu(t2)
    return t1.reshape(t2.shape) if fits else np.empty_like(t2, t1.dtype)


def recursiveFill(t2, val):
    """Fill an array, or all arrays of a table, with a number; return it.

    Raises:
        DtypeError: there is something in it that is neither an array nor a table.
    """
    return mapped(lambda array: _array(array).fill(val) or array, t2)


def recursiveAdd(t1, val, t2=None):
    """Add val * t2, element by element, to an array or to a table of them; return t1.

    Args:
        t1: the array or table.
        val: a number; or t2, if no number is meant.
        t2: an array or table like it.

    Raises:
        DtypeError: there is something in it that is neither an array nor a table.
    """
    val, t2 = (1, val) if t2 is None else (val, t2)
    if isinstance(t2, (list, dict)):
        return each(lambda key, part: recursiveAdd(_part(t1, key), val, part), t2)
    return np.add(_array(t1), _array(t2) if val == 1 else val * _array(t2), out=t1)


def recursiveCopy(t1, t2):
    """Return a copy of an array, or of a table of them, in t1's memory where they have as many elements.

    Raises:
        DtypeError: in t2 there is something that is neither an array nor a table.
    """
    if isinstance(t2, (list, dict)):
        return each(lambda key, part: recursiveCopy(_part(t1, key), part), t2)
    copy = recursiveResizeAs(t1, t2)
    np.copyto(copy, t2, casting='unsafe')
    return copy


def addSingletonDimension(t, dim=1):
    """Return the view of an array that has one more dimension, of size 1: its `dim`-th, counted from 1.

    >>> addSingletonDimension(np.zeros((2, 3)), 3).shape
    (2, 3, 1)

    Raises:
        ShapeError: the array has too few dimensions.
    """
    return np.expand_dims(t, axis_of(dim, t.ndim + 1))


def contiguousView(output, input, *sizes):
    """Return the input's elements in another shape: a view, or, if they do not lie in order, a copy.

    Args:
        output: memory for the copy, used if it has as many elements; it may be None.
        input: the array.
        sizes: the new shape; one size may be -1.
    """
    return (input if input.flags.c_contiguous else recursiveCopy(output, input)).reshape(sizes)


def clear(self, *names):
    """Empty the fields of these names: arrays and tables; what is neither becomes None. Return the object.

    Args:
        self: a module or criterion.
        names: the names, one by one or as a list.
    """
    for name in names[0] if names and isinstance(names[0], list) else names:
        value = getattr(self, name, None)
        filled = is_array(value) or isinstance(value, (list, dict))
        if value is not None:
            setattr(self, name, emptied(value, self.dtype) if filled else None)
    return self


def _part(table, key):
    """Return an element of a table, None if it has none such."""
    if isinstance(table, list):
        return table[key] if key < len(table) else None
    return table.get(key) if isinstance(table, dict) else None


def _array(thing):
    if not is_array(thing):
        raise DtypeError(f'expected an array or a table of arrays, got {_kind(thing)}')
    return thing


def _kind(thing):
    return type(thing).__name__
