"""Full (transposed) convolution over volumes."""

import numpy as np

from nnlite.nn.full_convolution import FullConvolution


class VolumetricFullConvolution(FullConvolution):
    """The opposite of nn.VolumetricConvolution in shape: each input pixel adds its kernel to the output.

    Args:
        nInputPlane: the planes of the input.
        nOutputPlane: the planes of the output.
        kT, kW, kH: the kernel's duration (or depth), width and height.
        dT, dW, dH: how far apart the kernels of two neighbouring pixels are laid down, 1 by default.
        padT, padW, padH: how many pixels are cut off on each side of the output, none by default.
        adjT, adjW, adjH: how many pixels the output has more at its end, below dT, dW and dH, none by default.

    Shapes: input (N, nInputPlane, T, H, W) or (nInputPlane, T, H, W); output (N, nOutputPlane, oT, oH, oW) or without
    N, with oT = (T - 1) dT - 2 padT + kT + adjT, oH and oW likewise; weight (nInputPlane, nOutputPlane, kT, kH, kW),
    bias (nOutputPlane), drawn from the uniform distribution over +-1 / sqrt(kT kW kH nInputPlane). An input may also be
    a table {x, target}, where the last three sizes of the target choose the adj for an output as large.

    Raises:
        Error: an adj is not below the d of its side.
        ShapeError: the input has other planes, or nothing is left of the output.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.VolumetricFullConvolution(3, 2, 4, 4, 4, 2, 2, 2, 1, 1, 1).forward(np.zeros((3, 4, 8, 8), np.float32)).shape
    (2, 8, 16, 16)

    Source: torch/nn, VolumetricFullConvolution.lua.
    """

    sides = 'THW'
    says_no_bias = False
    made_at_first = ('ones', 'finput', 'fgradInput')

    def __init__(
        self, nInputPlane, nOutputPlane, kT, kW, kH, dT=None, dW=None, dH=None, padT=None, padW=None, padH=None,
        adjT=None, adjW=None, adjH=None,
    ):  # fmt: skip
        super().__init__(
            nInputPlane=nInputPlane, nOutputPlane=nOutputPlane,
            kT=kT, kW=kW, kH=kH, dT=dT, dW=dW, dH=dH, padT=padT, padW=padW, padH=padH, adjT=adjT, adjW=adjW, adjH=adjH,
        )  # fmt: skip

    def read(self, fields, version=1):
        renamed = {'pT': 'padT', 'pW': 'padW', 'pH': 'padH'}  # as the paddings were called in old files
        super().read({renamed.get(name, name): value for name, value in fields.items()}, version)
        if 'adjW' not in fields:  # there the output's planes came first in the weight
            for name in ('weight', 'gradWeight'):
                old = self.__dict__.get(name)
                if old is not None and old.ndim == 5:
                    self.__dict__[name] = np.ascontiguousarray(old.swapaxes(0, 1))
            self.adjT = self.adjW = self.adjH = 0
