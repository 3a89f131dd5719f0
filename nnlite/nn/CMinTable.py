"""The smallest of a table."""

import numpy as np

from nnlite.nn.extreme_table import ExtremeTable
from nnlite.nn.Module import Module


class CMinTable(ExtremeTable):
    """y = min(x_1, x_2, ...): the smallest, element by element, of a table of arrays of one shape.

    The gradient goes to the array that won: where two are equal, to the first of them.

    Source: torch/nn, CMinTable.lua.
    """

    cleared = (*Module.cleared, 'minIdx', 'mask', 'minVals', 'gradMaxVals')
    winners = 'minIdx'
    beats = np.less
