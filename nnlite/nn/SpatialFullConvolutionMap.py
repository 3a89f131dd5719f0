"""Full (transposed) convolution over images in which not every plane is connected with every other."""

import numpy as np

from nnlite.nn.connected import Connected
from nnlite.nn.full_convolution import FullConvolution
from nnlite.tensor.random import fill_uniform


class SpatialFullConvolutionMap(Connected, FullConvolution):
    """y[o] = b[o] + sum over the connections (c, o) of x[c] times W, laid down every dW and dH pixels.

    Args:
        conMatrix: a row (c, o) for each connection, counted from 1; see nn.SpatialConvolutionMap.
        kW, kH: the kernel's width and height.
        dW, dH: how far apart the kernels of two neighbouring pixels are laid down, 1 by default.

    Shapes: input (nInputPlane, H, W), here also (N, nInputPlane, H, W), where nInputPlane, and more, is the largest c;
    output (nOutputPlane, oH, oW), or with N, with oH = (H - 1) dH + kH and oW likewise; weight and bias as in
    nn.SpatialConvolutionMap.

    Raises:
        Error: the table has numbers that count no planes, or no row for one of the output planes.
        ShapeError: the input has too few planes.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.SpatialFullConvolutionMap(nn.tables.oneToOne(3), 3, 3, 2, 2).forward(np.zeros((3, 8, 8), np.float32)).shape
    (3, 17, 17)

    Source: torch/nn, SpatialFullConvolutionMap.lua.
    """

    def _in_order(self, inputs, outputs):
        return inputs, outputs

    def _fill(self, parameter, bound):
        # Torch draws these one by one, and so in double whatever the type.
        np.copyto(parameter, fill_uniform(np.empty(parameter.shape), -bound, bound))
