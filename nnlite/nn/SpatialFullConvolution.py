"""Full (transposed) convolution over images."""

from nnlite.nn.full_convolution import FullConvolution


class SpatialFullConvolution(FullConvolution):
    """The opposite of nn.SpatialConvolution in shape, which it enlarges: each input pixel adds a kernel to the output.

    y[o] = b[o] + sum over c of x[c] times W[c, o], laid down every dW and dH pixels. Also called transposed
    convolution, or deconvolution; it is what a convolution does to gradients on their way back.

    Args:
        nInputPlane: the planes of the input.
        nOutputPlane: the planes of the output.
        kW, kH: the kernel's width and height.
        dW, dH: how far apart the kernels of two neighbouring pixels are laid down, 1 by default.
        padW, padH: how many pixels are cut off on each side of the output, none by default.
        adjW, adjH: how many pixels the output has more at its end, below dW and dH, none by default.

    Shapes: input (N, nInputPlane, H, W) or (nInputPlane, H, W); output (N, nOutputPlane, oH, oW) or without N, with
    oH = (H - 1) dH - 2 padH + kH + adjH and oW likewise; weight (nInputPlane, nOutputPlane, kH, kW), bias
    (nOutputPlane), drawn from the uniform distribution over +-1 / sqrt(kW kH nInputPlane). An input may also be a table
    {x, target}, where the last two sizes of the target choose adjW and adjH for an output as large.

    Raises:
        Error: adjW is not below dW, or adjH not below dH.
        ShapeError: the input has other planes, or nothing is left of the output.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.SpatialFullConvolution(3, 2, 4, 4, 2, 2, 1, 1).forward(np.zeros((3, 8, 8), np.float32)).shape
    (2, 16, 16)

    Source: torch/nn, SpatialFullConvolution.lua.
    """

    made_at_first = ('ones',)

    def __init__(self, nInputPlane, nOutputPlane, kW, kH, dW=None, dH=None, padW=None, padH=None, adjW=None, adjH=None):
        super().__init__(
            nInputPlane=nInputPlane, nOutputPlane=nOutputPlane,
            kW=kW, kH=kH, dW=dW, dH=dH, padW=padW, padH=padH, adjW=adjW, adjH=adjH,
        )  # fmt: skip
