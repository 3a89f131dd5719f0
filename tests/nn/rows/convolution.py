"""Convolutions."""

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 as everybody calls it
from row import Row, tensor

from nnlite import nn


def conv(*geometry):
    """Return the reference of a convolution; stride and padding come height first, as PyTorch has them."""
    return lambda m, x, weight, bias=None: F.conv2d(x, weight, bias, *geometry)


def conv_3d(*geometry):
    return lambda m, x, weight, bias=None: F.conv3d(x, weight, bias, *geometry)


def full(convolve, *geometry):
    """Return the reference of a full convolution: stride, padding, adj."""
    return lambda m, x, weight, bias=None: convolve(x, weight, bias, *geometry)


def full_to_target(convolve, stride, padding, adj):
    return lambda m, x, weight, bias=None: convolve(x[0], weight, bias, stride, padding, adj)


def matrix(*geometry):
    return lambda m, x, weight, bias=None: F.conv2d(x, weight.reshape(-1, m.nInputPlane, m.kH, m.kW), bias, *geometry)


def depth_wise(*geometry):
    """Return the reference: PyTorch has the output planes of one input plane together, and their kernels likewise."""

    def reference(m, x, weight, bias=None):
        kernels = weight.swapaxes(0, 1).reshape(-1, 1, m.kH, m.kW)
        return F.conv2d(x, kernels, bias if bias is None else bias.T.reshape(-1), *geometry, groups=m.nInputPlane)

    return reference


def local(m, x, weight, bias):
    batch = x if x.ndim == 4 else x[None]
    columns = F.unfold(batch, (m.kH, m.kW), 1, (m.padH, m.padW), (m.dH, m.dW)).reshape(len(batch), -1, m.oH, m.oW)
    output = torch.einsum('nkyx,yxok->noyx', columns, weight.flatten(3)) + bias
    return output if x.ndim == 4 else output[0]


def connected(m, x, weight, bias):
    kernels = torch.zeros(m.nOutputPlane, m.nInputPlane, m.kH, m.kW, dtype=torch.float64)
    kernels = kernels.index_put(places(m, 1, 0), weight, accumulate=True)
    return F.conv2d(x[..., : m.nInputPlane, :, :], kernels, bias, (m.dH, m.dW))


def fully_connected(m, x, weight, bias):
    kernels = torch.zeros(m.nInputPlane, m.nOutputPlane, m.kH, m.kW, dtype=torch.float64)
    kernels = kernels.index_put(places(m, 0, 1), weight, accumulate=True)
    return F.conv_transpose2d(x, kernels, bias, (m.dH, m.dW))


def places(m, *columns):
    return tuple(tensor(m.connTable)[:, column].long() - 1 for column in columns)


def sub_sampling(m, x, weight, bias):
    kernels = weight[:, None, None, None].expand(-1, 1, m.kH, m.kW)
    return F.conv2d(x, kernels, bias, (m.dH, m.dW), groups=m.nInputPlane)


def temporal(m, x, weight, bias):
    kernels = weight.reshape(m.outputFrameSize, m.kW, m.inputFrameSize).swapaxes(1, 2)
    return F.conv1d(x.swapaxes(-1, -2), kernels, bias, m.dW).swapaxes(-1, -2)


def rows(m, x, weight, bias=None):
    if m.featFirst:
        return F.conv1d(x, weight, bias, m.dW, groups=m.inputFrameSize)
    return F.conv1d(x.swapaxes(-1, -2), weight, bias, m.dW, groups=m.inputFrameSize).swapaxes(-1, -2)


def temporal_sub_sampling(m, x, weight, bias):
    kernels = weight[:, None, None].expand(-1, 1, m.kW)
    return F.conv1d(x.swapaxes(-1, -2), kernels, bias, m.dW, groups=m.inputFrameSize).swapaxes(-1, -2)


SOME = np.array([[3, 1], [1, 1], [1, 2], [3, 2], [3, 1]])  # no plane 2, and one pair twice

# fmt: off
ROWS = [
    Row('nn.SpatialConvolution(2 -> 3, 3x3)', lambda: nn.SpatialConvolution(2, 3, 3, 3), (3, 2, 5, 6), conv(),
        wrong=[(3, 3, 5, 6), (5, 6), (3, 2, 2, 6), (3, 2, 5, 2)], single=True),
    Row('nn.SpatialConvolution(2 -> 3, 3x3, 1,1, 1,1)', lambda: nn.SpatialConvolution(2, 3, 3, 3, None, None, 1),
        (3, 2, 4, 3), conv(1, 1), single=True),
    Row('nn.SpatialConvolution(2 -> 3, 3x2, 2,1, 1,0)', lambda: nn.SpatialConvolution(2, 3, 3, 2, 2, 1, 1, 0),
        (3, 2, 4, 7), conv((1, 2), (0, 1)), single=True),
    Row('nn.SpatialConvolution(3 -> 4, 1x1) without bias', lambda: nn.SpatialConvolution(3, 4, 1, 1).noBias(),
        (3, 3, 3, 2), conv(), single=True),
    Row('nn.SpatialConvolution(3 -> 1, 1x1, 2,2)', lambda: nn.SpatialConvolution(3, 1, 1, 1, 2, 2), (3, 3, 5, 4),
        conv(2), single=True),
    Row('nn.SpatialConvolution(1 -> 2, 2x5, 3,2, 1,2)', lambda: nn.SpatialConvolution(1, 2, 2, 5, 3, 2, 1, 2),
        (3, 1, 4, 6), conv((2, 3), (2, 1)), single=True),
    Row('nn.SpatialConvolutionMM(2 -> 3, 3x2)', lambda: nn.SpatialConvolutionMM(2, 3, 3, 2), (3, 2, 5, 6), matrix(),
        wrong=[(3, 3, 5, 6), (5, 6), (3, 2, 1, 6)], single=True),
    Row('nn.SpatialConvolutionMM(2 -> 3, 3x2, 2,1, 1,1)', lambda: nn.SpatialConvolutionMM(2, 3, 3, 2, 2, 1, 1),
        (3, 2, 4, 7), matrix((1, 2), 1), single=True),
    Row('nn.SpatialConvolutionMM(3 -> 2, 2x3, 1,1, 0,2) without bias',
        lambda: nn.SpatialConvolutionMM(3, 2, 2, 3, 1, 1, 0, 2).noBias(), (3, 3, 4, 3), matrix(1, (2, 0))),
    Row('nn.SpatialDilatedConvolution(2 -> 3, 3x2, 1,1)', lambda: nn.SpatialDilatedConvolution(2, 3, 3, 2),
        (3, 2, 4, 5), conv(), wrong=[(3, 3, 4, 5), (3, 2, 4, 2)], single=True),
    Row('nn.SpatialDilatedConvolution(2 -> 3, 3x3, 1,1, 2,2, 2,2)',
        lambda: nn.SpatialDilatedConvolution(2, 3, 3, 3, 1, 1, 2, 2, 2, 2), (3, 2, 5, 4), conv(1, 2, 2), single=True),
    Row('nn.SpatialDilatedConvolution(2 -> 1, 3x2, 2,1, 1,2, 2,3) without bias',
        lambda: nn.SpatialDilatedConvolution(2, 1, 3, 2, 2, 1, 1, 2, 2, 3).noBias(), (3, 2, 4, 7),
        conv((1, 2), (2, 1), (3, 2)), wrong=[(3, 2, 4, 2)]),
    Row('nn.SpatialDilatedConvolution(1 -> 2, 2x2, 1,1, 1,1, 1,3)',
        lambda: nn.SpatialDilatedConvolution(1, 2, 2, 2, None, None, 1, None, None, 3), (3, 1, 4, 3),
        conv(1, 1, (3, 1))),
    Row('nn.SpatialFullConvolution(2 -> 3, 3x2)', lambda: nn.SpatialFullConvolution(2, 3, 3, 2), (3, 2, 3, 4),
        full(F.conv_transpose2d), wrong=[(3, 3, 3, 4), (3, 4)], single=True),
    Row('nn.SpatialFullConvolution(2 -> 3, 4x3, 2,3, 1,0, 1,2)',
        lambda: nn.SpatialFullConvolution(2, 3, 4, 3, 2, 3, 1, None, 1, 2), (3, 2, 3, 4),
        full(F.conv_transpose2d, (3, 2), (0, 1), (2, 1)), single=True),
    Row('nn.SpatialFullConvolution(3 -> 2, 2x4, 1,1, 1,2) without bias',
        lambda: nn.SpatialFullConvolution(3, 2, 2, 4, None, None, 1, 2).noBias(), (3, 3, 3, 4),
        full(F.conv_transpose2d, 1, (2, 1)), wrong=[(3, 3, 3, 1), (3, 3, 1, 4)]),
    Row('nn.SpatialFullConvolution(2 -> 1, 3x3, 2,3, 1,1)',
        lambda: nn.SpatialFullConvolution(2, 1, 3, 3, 2, 3, 1, 1), [(3, 2, 3, 4), (3, 1, 9, 8)],
        full_to_target(F.conv_transpose2d, (3, 2), 1, (2, 1)),
        wrong=[[(3, 2, 3, 4)], [(3, 2, 3, 4), (8,)], [(3, 1, 3, 4), (3, 1, 9, 8)]]),
    Row('nn.SpatialDepthWiseConvolution(2 -> 3, 3x2)', lambda: nn.SpatialDepthWiseConvolution(2, 3, 3, 2),
        (3, 2, 4, 6), depth_wise(), wrong=[(3, 3, 4, 6), (4, 6), (3, 2, 4, 2)], single=True),
    Row('nn.SpatialDepthWiseConvolution(3 -> 2, 3x3, 2,1, 1,1)',
        lambda: nn.SpatialDepthWiseConvolution(3, 2, 3, 3, 2, 1, 1), (3, 3, 4, 6), depth_wise((1, 2), 1), single=True),
    Row('nn.SpatialDepthWiseConvolution(3 -> 1, 2x3, 1,2, 2,0) without bias',
        lambda: nn.SpatialDepthWiseConvolution(3, 1, 2, 3, None, 2, 2, 0).noBias(), (3, 3, 6, 4),
        depth_wise((2, 1), (0, 2))),
    Row('nn.SpatialConvolutionLocal(2 -> 3, 5x4, 3x2)', lambda: nn.SpatialConvolutionLocal(2, 3, 5, 4, 3, 2),
        (3, 2, 4, 5), local, wrong=[(3, 2, 5, 4), (3, 3, 4, 5), (4, 5)], single=True),
    Row('nn.SpatialConvolutionLocal(2 -> 1, 4x6, 3x2, 2,1, 1,1)',
        lambda: nn.SpatialConvolutionLocal(2, 1, 4, 6, 3, 2, 2, None, 1), (3, 2, 6, 4), local, single=True),
    Row('nn.SpatialConvolutionLocal(1 -> 2, 4x5, 2x3, 1,2, 0,1)',
        lambda: nn.SpatialConvolutionLocal(1, 2, 4, 5, 2, 3, 1, 2, 0, 1), (3, 1, 5, 4), local),
    Row('nn.SpatialConvolutionMap', lambda: nn.SpatialConvolutionMap(nn.tables.full(2, 3), 3, 2), (3, 2, 4, 5),
        connected, wrong=[(3, 1, 4, 5), (4, 5), (3, 2, 4, 2)], single=True),
    Row('nn.SpatialConvolutionMap', lambda: nn.SpatialConvolutionMap(SOME, 2, 2, 3, 2), (3, 4, 5, 7), connected),
    Row('nn.SpatialConvolutionMap', lambda: nn.SpatialConvolutionMap(nn.tables.random(5, 4, 2), 2, 2), (3, 5, 3, 4),
        connected, single=True),
    Row('nn.SpatialFullConvolutionMap', lambda: nn.SpatialFullConvolutionMap(nn.tables.oneToOne(2), 3, 2),
        (3, 2, 3, 4), fully_connected, wrong=[(3, 1, 3, 4), (3, 4)], single=True),
    Row('nn.SpatialFullConvolutionMap', lambda: nn.SpatialFullConvolutionMap(SOME, 2, 3, 1, 2), (3, 3, 3, 4),
        fully_connected, single=True),
    Row('nn.SpatialSubSampling', lambda: nn.SpatialSubSampling(2, 3, 2), (3, 2, 4, 5), sub_sampling,
        wrong=[(3, 3, 4, 5), (4, 5), (3, 2, 1, 5)], single=True),
    Row('nn.SpatialSubSampling', lambda: nn.SpatialSubSampling(2, 2, 3, 2, 3), (3, 2, 7, 5), sub_sampling),
    Row('nn.TemporalConvolution', lambda: nn.TemporalConvolution(3, 2, 2), (3, 5, 3), temporal,
        wrong=[(3, 5, 2), (5,), (3, 1, 3)], single=True),
    Row('nn.TemporalConvolution', lambda: nn.TemporalConvolution(2, 4, 3, 2), (3, 8, 2), temporal, single=True),
    Row('nn.TemporalSubSampling', lambda: nn.TemporalSubSampling(3, 2), (3, 5, 3), temporal_sub_sampling,
        wrong=[(3, 5, 2), (5,), (3, 1, 3)], single=True),
    Row('nn.TemporalSubSampling', lambda: nn.TemporalSubSampling(2, 3, 2), (3, 8, 2), temporal_sub_sampling),
    Row('nn.TemporalRowConvolution(3, 2)', lambda: nn.TemporalRowConvolution(3, 2), (3, 5, 3), rows,
        wrong=[(3, 5, 2), (5,), (3, 1, 3)], single=True),
    Row('nn.TemporalRowConvolution(3, 3, 2) without bias', lambda: nn.TemporalRowConvolution(3, 3, 2).noBias(),
        (3, 8, 3), rows, single=True),
    Row('nn.TemporalRowConvolution(3, 2, 2)', lambda: nn.TemporalRowConvolution(3, 2, 2, True), (4, 3, 6), rows,
        wrong=[(4, 2, 6)], single=True),
    Row('nn.VolumetricConvolution(2 -> 3, 2x3x2)', lambda: nn.VolumetricConvolution(2, 3, 2, 3, 2), (3, 2, 3, 4, 3),
        conv_3d(), wrong=[(3, 3, 3, 4, 3), (3, 4, 3), (3, 2, 1, 4, 3)], single=True),
    Row('nn.VolumetricConvolution(2 -> 1, 2x2x3, 2,1,2, 1,1,1)',
        lambda: nn.VolumetricConvolution(2, 1, 2, 2, 3, 2, None, 2, 1), (3, 2, 3, 5, 2), conv_3d((2, 2, 1), 1)),
    Row('nn.VolumetricConvolution(1 -> 2, 1x2x3, 1,1,1, 1,0,2)',
        lambda: nn.VolumetricConvolution(1, 2, 1, 2, 3, 1, 1, 1, 1, 0, 2).noBias(), (3, 1, 2, 2, 3),
        conv_3d(1, (1, 2, 0)), single=True),
    Row('nn.VolumetricDilatedConvolution(2 -> 1, 2x2x2, 1,2,1, 1,0,1, 1,2,3)',
        lambda: nn.VolumetricDilatedConvolution(2, 1, 2, 2, 2, 1, 2, 1, 1, 0, 1, 1, 2, 3), (3, 2, 2, 3, 4),
        conv_3d((1, 1, 2), (1, 1, 0), (1, 3, 2)), wrong=[(3, 2, 2, 1, 4)], single=True),
    Row('nn.VolumetricDilatedConvolution(1 -> 2, 2x1x2, 1,1,1) without bias',
        lambda: nn.VolumetricDilatedConvolution(1, 2, 2, 1, 2).noBias(), (3, 1, 3, 2, 3), conv_3d(),
        wrong=[(3, 2, 3, 2, 3)]),
    Row('nn.VolumetricFullConvolution(2 -> 3, 2x3x2)', lambda: nn.VolumetricFullConvolution(2, 3, 2, 3, 2),
        (3, 2, 2, 2, 3), full(F.conv_transpose3d), wrong=[(3, 3, 2, 2, 3), (2, 3)], single=True),
    Row('nn.VolumetricFullConvolution(2 -> 1, 2x3x3, 2,1,3, 1,0,1, 1,0,2)',
        lambda: nn.VolumetricFullConvolution(2, 1, 2, 3, 3, 2, 1, 3, 1, 0, 1, 1, 0, 2).noBias(), (3, 2, 2, 2, 3),
        full(F.conv_transpose3d, (2, 3, 1), (1, 1, 0), (1, 2, 0)), wrong=[(3, 2, 1, 2)]),
    Row('nn.VolumetricFullConvolution(1 -> 2, 2x2x3, 1,2,3)',
        lambda: nn.VolumetricFullConvolution(1, 2, 2, 2, 3, None, 2, 3), [(3, 1, 2, 2, 3), (3, 1, 3, 8, 7)],
        full_to_target(F.conv_transpose3d, (1, 3, 2), 0, (0, 2, 1))),
]
