"""What layers over maps have in common: a single map (C, H, W) counts as a batch of one, and windows have sizes."""

import math

import numpy as np

from nnlite.errors import Error


def batch_of(maps):
    """Return maps (C, H, W) as (1, C, H, W), and a batch as it is."""
    return maps[None] if maps.ndim == 3 else maps


def as_given(result, given):
    """Return a batch's result without the batch dimension if the input was given without it."""
    return result[0] if given.ndim == 3 else result


def expect_geometry(module):
    """Raise unless a module's kernel and step are of a pixel or more, and its padding of none or more."""
    for name, least in (('kW', 1), ('kH', 1), ('dW', 1), ('dH', 1), ('padW', 0), ('padH', 0)):
        size = getattr(module, name)
        if not isinstance(size, (int, np.integer)) or size < least:
            raise Error(f'expected {name} to be a whole number from {least} up, got {size!r}', where=module._name())


def pooled_size(size, kernel, stride, padding, ceil_mode, padded):
    """Return how many windows of `kernel` pixels, every `stride` pixels, a side of `size` pixels has when pooled.

    With ceil_mode a last window may hang over the border. If any side of the map is padded, this one or another, it
    begins inside of the map or its padding in front.

    >>> pooled_size(5, 2, 2, 0, False, False), pooled_size(5, 2, 2, 0, True, False)
    (2, 3)
    """
    windows = (size - kernel + 2 * padding) / stride
    count = (math.ceil(windows) if ceil_mode else math.floor(windows)) + 1
    if padded and (count - 1) * stride >= size + padding:
        count -= 1
    return count
