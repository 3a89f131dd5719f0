"""How well distances tell what is alike from what is not."""

import numpy as np

from nnlite.nn.arguments import number
from nnlite.nn.elementwise import Elementwise
from nnlite.nn.labels import signs


class HingeEmbeddingCriterion(Elementwise):
    """loss = mean of x where y = 1, and of max(0, margin - x) where y = -1; the sum if sizeAverage is set to False.

    Args:
        margin: how far apart two things are to be that are not alike; 1 by default.

    Shapes: input, distances as nn.PairwiseDistance gives them, any; target of as many elements, 1 for alike or -1, of
    any numeric type; for one distance, a number.

    Raises:
        ShapeError: there are not as many targets as distances.
        DataError: a target that is neither 1 nor -1.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.HingeEmbeddingCriterion(2).forward(np.float32([0.5, 0.5]), np.float32([1, -1]))
    1.0

    Source: torch/nn, HingeEmbeddingCriterion.lua.
    """

    foreign = ('buffer', 'ty')
    margin = 1

    def __init__(self, margin=None):
        super().__init__()
        self.margin = number(self, 'margin', margin, 1)

    def _target(self, input, target):
        return super()._target(input, signs(self, target))

    def _loss(self, input, target, loss):
        np.subtract(self.margin, input, out=loss)
        np.maximum(loss, 0, out=loss)
        np.copyto(loss, input, where=target == 1)

    def _slope(self, input, target, slope):
        np.copyto(slope, target)
        np.copyto(slope, 0, where=(target == -1) & (input > self.margin))
