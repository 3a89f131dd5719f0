"""Convolution, in one of several ways: which, is chosen for each shape.

A way is a module with a function for each of the three passes:

    forward(input, output, weight, finish, geometry)
    back(gradOutput, gradInput, weight, added, geometry)
    weight_gradient(input, gradOutput, gradWeight, scale, geometry)

of maps that lie channels-last: input and gradInput (N, *space, planes), output and gradOutput (N, *out, outputs), all
in C order; of weight and gradWeight (outputs, planes, *kernel), which may lie anyhow; `finish` says what is done with
an output before it is written, and `forward` may return its moments; `added`, like gradInput, is None for zero. One
more, `takes(dtype, geometry)`, says whether the way is for such numbers and sizes. Maps and kernels have
one to three sides, or none (then they are matrices); `geometry` has always three.
"""

import contextlib
import functools
import os
import zlib

import numpy as np

from nnlite.errors import DeviceError, inside
from nnlite.kernels import getprecise
from nnlite.kernels.on_cupy import cudnn, fma, halo, im2col, narrow, tensor_cores, warpgroups
from nnlite.kernels.on_cupy.choice import fastest
from nnlite.kernels.on_cupy.finish import Finish
from nnlite.kernels.on_cupy.geometry import Geometry
from nnlite.kernels.on_cupy.launching import flattened
from nnlite.kernels.on_cupy.memory import is_aligned
from nnlite.kernels.on_cupy.sums import add_sum_of_rows
from nnlite.kernels.on_numpy.scratch import channels_last, contiguous, scratch, scratch_like
from nnlite.tensor.devices import gpu

WAYS = {
    'im2col': im2col,
    'fma': fma,
    'tensor_cores': tensor_cores,
    'warpgroups': warpgroups,
    'halo': halo,
    'narrow': narrow,
    'cudnn': cudnn,
}
EXACT = 'fma'  # the way that is for all numbers and sizes, and rounds no more than they make it
ANYWHERE = 'im2col', EXACT  # ways that are for maps that begin anywhere in memory; others copy 16 bytes at a time
# Ways that nothing goes unless somebody asks for it: im2col's products cannot be captured, and a step is to go the same
# way captured or not; cuDNN is there to be compared with.
BY_HAND = 'im2col', 'cudnn'

_way = None


def setway(name):
    """Have all convolutions that it is for go one way; None has each go the fastest.

    The environment variable NNLITE_CUDA_CONVOLUTION chooses it from outside.

    Raises:
        DeviceError: there is no such way, or what it needs is not installed.
    """
    global _way
    if name is not None and name not in WAYS:
        raise DeviceError(f'expected a way of convolution, one of {", ".join(WAYS)}, got {name!r}')
    if name == 'cudnn':
        cudnn.library()
    _way = name


with inside('NNLITE_CUDA_CONVOLUTION'):
    setway(os.environ.get('NNLITE_CUDA_CONVOLUTION') or None)


def getway():
    """Return the name of the way that all convolutions go, None where each goes the fastest."""
    return _way


def Convolution_updateOutput(input, output, weight, bias, stride, padding, dilation):
    """Output[n, o, y] = bias[o] + sum over c, k of weight[o, c, k] input[n, c, y * stride + k * dilation - padding].

    Shapes: as in NumPy's.
    """
    _forward(input, output, weight, Finish(bias), stride, padding, dilation)


def ConvolutionReLU_updateOutput(input, residual, output, weight, bias, stride, padding, dilation):
    """Output = max(0, Convolution_updateOutput's + residual); NaN stays.

    Shapes: as in NumPy's.
    """
    _forward(input, output, weight, Finish(bias, residual, rectifies=True), stride, padding, dilation)


def ConvolutionMoments_updateOutput(input, output, weight, bias, stride, padding, dilation):
    """Do what Convolution_updateOutput does, and return what its output adds up to; None where that saves nothing.

    Returns:
        the sums of the output, and of its square, over some of the pixels each, (blocks, 2, outputs), float64: those of
        a warp's pixels were added up in float32.
    """
    wants_moments = output.dtype == np.float32  # others are rounded once more when they are written
    return _forward(input, output, weight, Finish(bias, wants_moments=wants_moments), stride, padding, dilation)


def _forward(input, output, weight, finish, stride, padding, dilation):
    """Write the output, finished; return its moments, or None."""
    geometry = Geometry.of(input.shape, output.shape, weight.shape[2:], stride, padding, dilation)
    bias = None if finish.bias is None else contiguous(finish.bias, 'bias')
    residual = None if finish.residual is None else channels_last(finish.residual, 'residual')
    with in_order(output, 'output') as result:
        finish = finish._replace(bias=bias, residual=residual)
        return go('forward', channels_last(input, 'input'), result, weight, finish, geometry)


def Convolution_updateGradInput(gradOutput, gradInput, weight, stride, padding, dilation):
    """GradInput: every output pixel hands its gradient back to the window it came from.

    Shapes: as in NumPy's.
    """
    ConvolutionAdd_updateGradInput(gradOutput, None, gradInput, weight, stride, padding, dilation)


def ConvolutionAdd_updateGradInput(gradOutput, added, gradInput, weight, stride, padding, dilation):
    """GradInput = Convolution_updateGradInput's + added, in the same pass.

    Shapes: as in NumPy's.
    """
    geometry = Geometry.of(gradInput.shape, gradOutput.shape, weight.shape[2:], stride, padding, dilation)
    grads = channels_last(gradOutput, 'gradOutput')
    added = None if added is None else channels_last(added, 'added')
    with in_order(gradInput, 'gradInput') as result:
        go('back', grads, result, weight, added, geometry)


def Convolution_accGradParameters(input, gradOutput, gradWeight, gradBias, stride, padding, dilation, scale):
    """GradWeight += scale * the sum over pixels of gradOutput times the input's windows; gradBias likewise.

    Shapes: as in NumPy's.
    """
    geometry = Geometry.of(input.shape, gradOutput.shape, gradWeight.shape[2:], stride, padding, dilation)
    maps, grads = channels_last(input, 'input'), channels_last(gradOutput, 'gradOutput')
    go('weight_gradient', maps, grads, gradWeight, scale, geometry)
    if gradBias is not None:
        Convolution_accGradBias(gradOutput, gradBias, scale)


def Convolution_accGradBias(gradOutput, gradBias, scale):
    """GradBias (planes) += scale * the sum of all pixels of gradOutput (N, planes, *space)."""
    add_sum_of_rows(channels_last(gradOutput, 'gradOutput').reshape(-1, len(gradBias)), gradBias, scale)


def go(name, *args):
    """Return what one of the three passes does, with the arguments of a way's function, in the way that is chosen."""
    way = chosen(name, *args) if _way in ANYWHERE or is_aligned(*_maps(name, *args)) else EXACT
    return getattr(WAYS[way], name)(*args)


def _maps(name, first, second, weight, more, geometry):
    """Return the maps among the arguments of a pass."""
    added = more.residual if name == 'forward' else more if name == 'back' else None
    return [first, second] if added is None else [first, second, added]


def chosen(name, *args):
    """Return the name of the way that a pass goes; it is measured if it has not been yet."""
    dtype, geometry = args[0].dtype, args[-1]
    if _way is not None and WAYS[_way].takes(dtype, geometry):
        return _way
    if getprecise() or dtype == np.float64:
        return EXACT
    ways, words = _possible(tuple(WAYS), dtype, geometry, gpu().cuda.Device().id)
    if len(ways) == 1:
        return EXACT
    few = geometry.planes * geometry.outputs < 256
    trials = {key: functools.partial(_try, key, name, *args) for key in ways}
    return fastest(f'{name} of {words}', trials, EXACT if few else ways[-1])


@functools.lru_cache(4096)
def _possible(names, dtype, geometry, device):
    """Return (the names of the ways that this may go, what it is, in words, and which sources there are)."""
    ways = [name for name in names if name not in BY_HAND and WAYS[name].takes(dtype, geometry)]
    return ways, f'{dtype}, {geometry}, {_version(tuple(ways))}'


def _try(way, name, *args):
    """Do a pass in some way, so as to see how long it takes; what it would add to stays as it is."""
    if name == 'weight_gradient':
        args = *args[:2], scratch_like(args[2], 'trial'), *args[3:]
    getattr(WAYS[way], name)(*args)


@functools.cache
def _version(ways):
    """Return a number that is another one once the kernels of these ways are."""
    return f'sources {zlib.crc32("".join(flattened(f"{way}.cu") for way in ways).encode()):08x}'


@contextlib.contextmanager
def in_order(maps, purpose):
    """Give memory (N, *space, C) in C order where maps (N, C, *space) are to be written: their own if it lies so."""
    rolled = np.moveaxis(maps, 1, -1)
    result = rolled if rolled.flags.c_contiguous else scratch(purpose, rolled.shape, rolled.dtype)
    yield result
    if result is not rolled:
        np.copyto(rolled, result)
