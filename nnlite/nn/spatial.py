"""What layers over maps have in common: a single map (C, H, W) counts as a batch of one, and windows have sizes."""

import math


def batch_of(maps):
    """Return maps (C, H, W) as (1, C, H, W), and a batch as it is."""
    return maps[None] if maps.ndim == 3 else maps


def as_given(result, given):
    """Return a batch's result without the batch dimension if the input was given without it."""
    return result[0] if given.ndim == 3 else result


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
