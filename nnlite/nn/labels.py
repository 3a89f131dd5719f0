"""Targets that are labels: classes, which count from 1, or 1 and -1 for alike and different.

A criterion on the GPU takes them from the host too. What lies on the GPU is taken as it is: to look at it would mean to
wait until the GPU has got to it.
"""

import math

import numpy as np

from nnlite.errors import DataError, DtypeError, ShapeError
from nnlite.tensor.devices import is_array, is_on_gpu


def numbers(criterion, given, name='targets'):
    """Return what was given, an array, a list or a number, as an array of numbers, or say that it is none."""
    try:
        array = given if is_array(given) else np.asarray(given)
    except ValueError:  # lists of different lengths
        array = None
    if array is None or array.dtype.kind not in 'iuf':
        kind = getattr(given, 'dtype', type(given).__name__)
        raise DtypeError(f'expected numbers as {name}, got {kind}', where=criterion._name())
    return array


def class_labels(criterion, target, shape, classes, ignored=None, lowest=1):
    """Return the classes as int64 of this shape, where the criterion computes, or say what is wrong with them.

    Args:
        criterion: whose targets they are.
        target: the classes, of any numeric type; on the GPU they are not checked but for their shape.
        shape: the shape that they are to have; where there is one class, a number will do.
        classes: how many there are.
        ignored: a label that needs not be a class.
        lowest: the lowest label: 0 where that says that there is no class.
    """
    given = numbers(criterion, target)
    if given.size == math.prod(shape) == 1:
        given = given.reshape(shape)
    if given.shape != shape:
        raise ShapeError(f'expected target of shape {shape}, got {given.shape}', where=criterion._name())
    if is_on_gpu(given):
        return criterion.placed(given, 'target').astype(np.int64, copy=False)
    whole = np.isfinite(given) & (given == np.rint(given))
    if not whole.all():
        raise DataError(f'expected whole numbers as targets, got {given[~whole][0]}', criterion._name())
    labels = given.astype(np.int64)
    wrong = ((labels < lowest) | (labels > classes)) & (labels != ignored)
    if wrong.any():
        hint = 'labels count from 1, as in Torch' if (labels == 0).any() else None
        raise DataError(f'expected targets from {lowest} to {classes}, got {labels[wrong][0]}', criterion._name(), hint)
    return criterion.placed(labels)


def signs(criterion, target):
    """Return targets that are 1 or -1, of any numeric type, in the criterion's own, or say what is wrong with them.

    On the GPU they are not checked.
    """
    given = numbers(criterion, target).astype(criterion.dtype, copy=False)
    if is_on_gpu(given):
        return criterion.placed(given, 'target')
    wrong = (given != 1) & (given != -1)
    if wrong.any():
        raise DataError(f'expected targets of 1 or -1, got {given[wrong][0]:g}', criterion._name())
    return criterion.placed(given)
