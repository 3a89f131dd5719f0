"""The mean squared error from targets that are scaled."""

import numpy as np

from nnlite.errors import ShapeError
from nnlite.nn.labels import numbers
from nnlite.nn.MSECriterion import MSECriterion


class WeightedMSECriterion(MSECriterion):
    """loss = mean of (x - w y)^2; the sum if sizeAverage is set to False.

    As in Torch, the weight scales the target, not the square.

    Args:
        w: the weight, of the shape of an input, or of one of a batch.

    Shapes: input like w, or (N, *w); target of as many elements.

    Raises:
        ShapeError: the input is not like the weight, or the target has not as many elements as the input.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.WeightedMSECriterion(np.float32([1, 0.5])).forward(np.float32([1, 2]), np.float32([1, 8]))
    2.0

    Source: torch/nn, WeightedMSECriterion.lua.
    """

    foreign = ('output_tensor', 'buffer')

    def __init__(self, w):
        super().__init__()
        self.weight = numbers(self, w, 'weight').astype(self.dtype)

    def _target(self, input, target):
        target = super()._target(input, target)
        if self.weight.shape not in (input.shape, input.shape[1:]):
            like = ', '.join(map(str, self.weight.shape))
            raise ShapeError(f'expected input ({like}) or (N, {like}), got {input.shape}', where=self._name())
        scaled = self.buffer('scaled', input.shape, like=input)
        return np.multiply(target, self.weight, out=scaled)
