"""What layers over maps have in common: a single map (C, *space) counts as a batch of one, and windows have sizes."""

import math

from nnlite.nn.arguments import whole

_LEAST = dict.fromkeys(('nInputPlane', 'nOutputPlane', 'inputFrameSize', 'outputFrameSize'), 1)
_LEAST |= {
    name + side: least
    for name, least in (('i', 1), ('k', 1), ('d', 1), ('pad', 0), ('dilation', 1), ('adj', 0))
    for side in 'TWH'
}


def batch_of(maps, sides=2):
    """Return maps (C, *space), with so many sides, as (1, C, *space), and a batch as it is."""
    return maps[None] if maps.ndim == sides + 1 else maps


def as_given(result, given, sides=2):
    """Return a batch's result without the batch dimension if the input was given without it."""
    return result[0] if given.ndim == sides + 1 else result


def expect_geometry(module):
    """Raise unless a module's planes, kernel, step and dilation are one or more, and its padding is none or more."""
    for name, least in _LEAST.items():
        size = getattr(module, name, least)
        if type(size) is not int or size < least:  # asked at every step, where nearly all are plain and right
            whole(module, name, size, least)


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
