"""The negative log-likelihood of the right class at every pixel."""

import numpy as np

from nnlite.nn.ClassNLLCriterion import ClassNLLCriterion


class SpatialClassNLLCriterion(ClassNLLCriterion):
    """loss = nn.ClassNLLCriterion's, over all pixels of a batch.

    Args:
        weights: one for each class; all 1 by default.
        sizeAverage: whether to divide by the sum of the weights; True by default.

    Shapes: input, log-probabilities, (N, C, H, W); target (N, H, W), classes counted from 1, of any numeric type.

    Raises:
        ShapeError, DtypeError, DataError: as in nn.ClassNLLCriterion.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> logs = np.log(np.full((2, 4, 3, 3), 0.25, np.float32))
    >>> round(nn.SpatialClassNLLCriterion().forward(logs, np.ones((2, 3, 3), int)), 4)
    1.3863

    Source: torch/nn, SpatialClassNLLCriterion.lua.
    """

    ignoreIndex = None

    def __init__(self, weights=None, sizeAverage=None):
        super().__init__(weights, sizeAverage)
        self.ignoreIndex = None  # every pixel has a class

    def _expect_input(self, input):
        self.expect(input, ('N', self._classes(), 'H', 'W'))

    def _rows(self, array):
        return np.moveaxis(array, 1, -1)
