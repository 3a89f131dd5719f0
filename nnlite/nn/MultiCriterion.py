"""Several losses of one output."""

import numpy as np

from nnlite.nn.weighted_sum import WeightedSum
from nnlite.tensor.storage import Storage


class MultiCriterion(WeightedSum):
    """loss = w_1 loss_1(x, y) + w_2 loss_2(x, y) + ...

    Shapes: what all its criterions take; input may be a table.

    Raises:
        Error: what is added is no criterion.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> criterion = nn.MultiCriterion().add(nn.MSECriterion(), 0.5).add(nn.AbsCriterion())
    >>> criterion.forward(np.float32([3]), np.float32([1]))
    4.0

    Source: torch/nn, MultiCriterion.lua.
    """

    def write(self):
        return {**super().write(), 'weights': Storage(np.array(self.weights, np.float64))}

    def read(self, fields, version=1):
        super().read({**fields, 'weights': fields['weights'].memory.tolist()}, version)
