"""Pixels by their number in a plane, which counts from 0 along the rows: handing values to them, and taking them."""

import math

import numpy as np

from nnlite.kernels.on_numpy.scratch import channels_last, scratch


def add_at(values, pixels, planes):
    """Planes (N, C, *space) = for each pixel the sum of the values (N, C, *out) that go to it.

    Args:
        pixels: where each value goes, (N, *out, C), scratch memory that is spent; values below 0 go nowhere.
        planes: channels-last.
    """
    planes.fill(0)
    values = channels_last(values, 'values')
    nowhere = np.less(pixels, 0, out=scratch('nowhere', pixels.shape, bool))
    if nowhere.any():
        kept = scratch('kept', values.shape, values.dtype)
        np.copyto(kept, values)
        np.copyto(kept, 0, where=nowhere)
        np.copyto(pixels, 0, where=nowhere)
        values = kept
    np.add.at(memory_of(planes), places(pixels, planes).ravel(), values.ravel())


def put_at(values, pixels, planes):
    """Planes (N, C, *space), channels-last = 0 but for the values (N, C, *out), each at its pixel, as in `add_at`."""
    planes.fill(0)
    memory_of(planes)[places(pixels, planes)] = channels_last(values, 'values')


def take_at(planes, pixels, values):
    """Values (N, C, *out), channels-last = what the planes (N, C, *space) hold at the pixels (N, *out, C)."""
    planes = np.moveaxis(channels_last(planes, 'planes'), -1, 1)
    np.take(memory_of(planes), places(pixels, planes), out=np.moveaxis(values, 1, -1), mode='clip')


def places(pixels, planes):
    """Turn the numbers of pixels (N, *out, C), in place, into places in the memory of planes that lie channels-last."""
    count, channels, *space = planes.shape
    np.multiply(pixels, channels, out=pixels)
    np.add(pixels, np.arange(channels), out=pixels)
    image = np.arange(count) * (channels * math.prod(space))
    np.add(pixels, image.reshape(count, *[1] * (pixels.ndim - 1)), out=pixels)
    return pixels


def memory_of(planes):
    """Return planes that lie channels-last as a vector."""
    return np.moveaxis(planes, 1, -1).reshape(-1)
