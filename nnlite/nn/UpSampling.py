"""Images and volumes made larger."""

from nnlite.errors import ShapeError
from nnlite.nn.upsampling import UpSampled


class UpSampling(UpSampled):
    """Enlarge images or volumes: pixels become blocks of equal ones, or lines are drawn between them.

    Args:
        params: by how much each side grows, a whole number from 1 up; or, for 'linear', the output's sizes, a dict of
            `oheight`, `owidth` and, for volumes, `odepth`.
        mode: 'linear' ('bilinear' and 'trilinear' are the same), else it is 'nearest', the default.

    Shapes: input (N, C, H, W) or (N, C, D, H, W); output (N, C, oH, oW) or (N, C, oD, oH, oW).

    Raises:
        Error: the scale is not a whole number of 1 or more, a size is missing, or sizes are given to 'nearest'.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.UpSampling(2).forward(np.float32([[[[1, 2]]]]))
    array([[[[1., 1., 2., 2.],
             [1., 1., 2., 2.]]]], dtype=float32)
    >>> nn.UpSampling({'oheight': 1, 'owidth': 3}, 'linear').forward(np.float32([[[[1, 2]]]]))
    array([[[[1. , 1.5, 2. ]]]], dtype=float32)

    Source: torch/nn, UpSampling.lua.
    """

    most = 5

    def __init__(self, params, mode=None):
        mode = 'linear' if mode in ('linear', 'bilinear', 'trilinear') else 'nearest'
        super().__init__(params, mode)
        self.mode = mode

    def _expect_input(self, input):
        self.expect(input)
        if input.ndim not in (4, 5):
            raise ShapeError(f'expected input (N, C, H, W) or (N, C, D, H, W), got {input.shape}', where=self._name())

    def _maps(self, array):
        return array

    def _as_given(self, maps, given):
        return maps

    def __repr__(self):
        sizes = [size for size in (self.odepth, self.oheight, self.owidth) if size is not None]
        text = 'x'.join(map(str, sizes)) if self.scale_factor is None else f'{self.scale_factor}x'
        return f'nn.UpSampling({text}, {self.mode})'
