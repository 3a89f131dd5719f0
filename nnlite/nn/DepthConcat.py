"""One input to every branch, the outputs joined along a dimension, and the smaller maps framed with zeros."""

from nnlite.errors import ShapeError
from nnlite.nn.Concat import Concat
from nnlite.tensor.dimensions import narrow


class DepthConcat(Concat):
    """y = f_1(x), f_2(x), ... joined along a dimension: nn.Concat, for outputs that differ in other dimensions too.

    There the largest size counts, and what is smaller is put in the middle, zeros around it: in front as many as
    behind, or one less.

    As in Torch, backward adds the parameters' gradients as they are, whatever scale says; accGradParameters heeds it.

    Args:
        dimension: counted from 1.

    Shapes: input (N, C, H, W), in general what every module takes; output of the largest sizes, and as many planes as
    all together for a dimension of 2.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> net = nn.DepthConcat(2).add(nn.SpatialConvolution(3, 2, 1, 1)).add(nn.SpatialConvolution(3, 4, 3, 3))
    >>> net.forward(np.zeros((8, 3, 6, 6), np.float32)).shape
    (8, 6, 6, 6)

    Source: torch/nn, DepthConcat.lua; Szegedy et al., "Going deeper with convolutions", 2014.
    """

    def backward(self, input, gradOutput, scale=1):
        return super().backward(input, gradOutput)

    def _room(self, outputs, axis):
        if len({output.ndim for output in outputs}) > 1:
            shapes = ', '.join(str(output.shape) for output in outputs)
            raise ShapeError(f'expected outputs of as many dimensions, got {shapes}', where=self._name())
        shape = [max(sizes) for sizes in zip(*(output.shape for output in outputs), strict=True)]
        shape[axis] = sum(output.shape[axis] for output in outputs)
        room = self.buffer('output', shape, like=outputs[0])
        room.fill(0)
        return room

    def _windows(self, whole):
        views = []
        for module, view in zip(self.modules, super()._windows(whole), strict=True):
            for axis, (size, most) in enumerate(zip(module.output.shape, view.shape, strict=True)):
                begin = (most - size) // 2
                view = narrow(view, axis, slice(begin, begin + size))
            views.append(view)
        return views
