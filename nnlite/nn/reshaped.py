"""The one way to give elements another shape: a view where memory allows, else a copy in logical order."""

import math

import numpy as np


def reshaped(module, name, array, shape):
    """Return the array's elements, in their logical order (the last dimension runs fastest), in another shape.

    Args:
        module: whose memory a copy lies in.
        name: what the memory is for.
        array: the elements.
        shape: the new shape; one size may be -1.
    """
    if -1 in shape:
        known = math.prod(size for size in shape if size != -1)
        shape = tuple(array.size // known if size == -1 else size for size in shape)
    if array.flags.c_contiguous:
        return array.reshape(shape)
    copy = module.buffer(name, shape, like=array)
    if copy.flags.c_contiguous:
        np.copyto(copy.reshape(array.shape), array)
    else:  # from one layout to another, by way of C order
        plain = module.buffer(f'{name}, plain', array.shape, like=array, layout='plain')
        np.copyto(plain, array)
        np.copyto(copy, plain.reshape(shape))
    return copy
