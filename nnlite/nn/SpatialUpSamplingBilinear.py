"""Images made larger along straight lines."""

from nnlite.nn.upsampling import UpSampled


class SpatialUpSamplingBilinear(UpSampled):
    """Stretch images: the corner pixels stay in the corners, and new ones are means of those they lie between.

    Args:
        params: by how much the width and the height grow, a whole number from 1 up; or the output's sizes, a dict of
            `oheight` and `owidth`.

    Shapes: input (N, C, H, W) or (C, H, W); output (N, C, oH, oW) or without N.

    Raises:
        Error: the scale is not a whole number of 1 or more, or a size is missing.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.SpatialUpSamplingBilinear({'oheight': 1, 'owidth': 5}).forward(np.float32([[[0, 2, 8]]]))
    array([[[0., 1., 2., 5., 8.]]], dtype=float32)

    Source: torch/nn, SpatialUpSamplingBilinear.lua.
    """

    mode = 'linear'

    def __init__(self, params):
        super().__init__(params, self.mode)

    def __repr__(self):
        sizes = f'{self.oheight}, {self.owidth}' if self.scale_factor is None else self.scale_factor
        return f'nn.SpatialUpSamplingBilinear({sizes})'
