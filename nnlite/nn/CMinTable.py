"""The smallest of a table."""

import numpy as np

from nnlite.nn.extreme_table import ExtremeTable
from nnlite.nn.Module import Module


class CMinTable(ExtremeTable):
    """y = min(x_1, x_2, ...): the smallest, element by element, of a table of arrays of one shape.

    The gradient goes to the array that won: where two are equal, to the first of them.

    Shapes: input a table of arrays of one shape; output of that shape.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.CMinTable().forward([np.float32([6, 1]), np.float32([2, 4]), np.float32([3, 5])])
    array([2., 1.], dtype=float32)

    Source: torch/nn, CMinTable.lua.
    """

    cleared = (*Module.cleared, 'minIdx', 'mask', 'minVals', 'gradMaxVals')
    winners = 'minIdx'
    beats = np.less
