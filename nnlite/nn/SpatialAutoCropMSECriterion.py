"""The mean squared error from the middle of a larger target."""

from nnlite.errors import ShapeError
from nnlite.nn.MSECriterion import MSECriterion


class SpatialAutoCropMSECriterion(MSECriterion):
    """loss = mean of (x - y)^2, where y is the middle of the target; the sum if sizeAverage is False.

    Args:
        sizeAverage: whether to divide by the number of elements; True by default.

    Shapes: input (N, C, H, W) or (C, H, W); target the same, but for H and W, which may be larger.

    Raises:
        ShapeError: the target is smaller than the input, or differs in N or C.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> target = np.float32([[[9, 9, 9], [9, 2, 9], [9, 9, 9]]])
    >>> nn.SpatialAutoCropMSECriterion().forward(np.float32([[[5]]]), target)
    9.0

    Source: torch/nn, SpatialAutoCropMSECriterion.lua. Torch's backward takes targets of the input's own size only; this
    one takes what forward takes.
    """

    def _target(self, input, target):
        self.expect(input, ('N', 'C', 'H', 'W'), single=True)
        self.expect(target, (*input.shape[:-2], 'H', 'W'), 'target')
        height, width = input.shape[-2:]
        over = target.shape[-2] - height, target.shape[-1] - width
        if min(over) < 0:
            raise ShapeError(f'expected a target of {height}x{width} pixels or more, got {target.shape}', self._name())
        top, left = over[0] // 2, over[1] // 2
        return super()._target(input, target[..., top : top + height, left : left + width])
