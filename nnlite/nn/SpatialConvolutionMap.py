"""Convolution over images in which not every plane is connected with every other."""

from nnlite.nn.connected import Connected


class SpatialConvolutionMap(Connected):
    """y[o] = b[o] + sum over the connections (c, o) of W * x[c], where * slides the kernel over the map.

    Args:
        conMatrix: a row (c, o) for each connection, counted from 1; nn.tables.full(nin, nout), oneToOne(nfeat) and
            random(nin, nout, nto) make such tables.
        kW, kH: the kernel's width and height.
        dW, dH: the step from one output pixel to the next, 1 by default.

    Shapes: input (N, nInputPlane, H, W) or (nInputPlane, H, W), where nInputPlane, and more, is the largest c; output
    (N, nOutputPlane, oH, oW) or without N, with oH = (H - kH) // dH + 1 and oW likewise; weight (connections, kH, kW),
    bias (nOutputPlane), drawn from the uniform distribution over +-1 / sqrt(kW kH count), for the count of connections
    of their output plane.

    Raises:
        Error: the table has numbers that count no planes, or no row for one of the output planes.
        ShapeError: the input has too few planes, or is smaller than the kernel.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.SpatialConvolutionMap(nn.tables.oneToOne(3), 3, 3).forward(np.zeros((3, 8, 8), np.float32)).shape
    (3, 6, 6)

    Source: torch/nn, SpatialConvolutionMap.lua.
    """

    def decayParameters(self, decay):
        """Parameters -= decay * parameters."""
        for parameter in self.parameters()[0]:
            parameter *= 1 - decay
