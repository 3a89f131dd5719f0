"""The ways to copy a module or criterion, and the ways an array can lie in memory."""

import copy
import pickle

import numpy as np

import nnlite
from nnlite.tensor.devices import array_module

COPIES = {
    'clone': lambda thing, path: thing.clone(),
    'deepcopy': lambda thing, path: copy.deepcopy(thing),
    'pickle': lambda thing, path: pickle.loads(pickle.dumps(thing)),
    'fields': lambda thing, path: through_fields(thing),
    'file': lambda thing, path: nnlite.save(path / 'thing.t7', thing) or nnlite.load(path / 'thing.t7'),
}


def through_fields(thing):
    """Return what is made from the fields that a file would hold, without calling the constructor."""
    twin = type(thing).__new__(type(thing))
    twin.read(thing.clone().write(), thing.version)
    return twin


def channels_last(array, axis):
    return np.moveaxis(in_order(np.moveaxis(array, axis, -1)), -1, axis)


def in_order(array):
    return array_module(array).ascontiguousarray(array)


LAYOUTS = {
    'C order': in_order,
    'Fortran order': np.asfortranarray,
    'channels-last': lambda array: channels_last(array, min(1, array.ndim - 1)),
    'with holes': lambda array: np.repeat(array, 2, -1)[..., ::2],
    'backwards': lambda array: in_order(array[::-1])[::-1],
}
