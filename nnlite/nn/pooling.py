"""What the pooling layers have in common: windows of pixels, and how many of them a map has."""

import numpy as np

from nnlite.errors import ShapeError
from nnlite.nn.maps import MapLayer
from nnlite.nn.spatial import expect_geometry, pooled_size


class Pooling(MapLayer):
    """The base of the layers that make one pixel of each window of a map.

    Args:
        kernel: the window's size, for each side in the order of `order`.
        stride: the step from one window to the next, the window's own size by default.
        padding: pixels put around the input, at most half a window, none by default.
    """

    order = 'WH'  # in which Torch's arguments name the sides
    foreign = ('iSize', 'mode')  # cudnn's
    padT = padW = padH = 0
    dilationT = dilationW = dilationH = 1
    ceil_mode = False

    def __init__(self, kernel, stride, padding):
        super().__init__()
        for side, size, step, pad in zip(self.order, kernel, stride, padding, strict=True):
            setattr(self, f'k{side}', size)
            setattr(self, f'd{side}', size if step is None else step)
            setattr(self, f'pad{side}', 0 if pad is None else pad)
        self.ceil_mode = False
        expect_geometry(self)

    def ceil(self):
        """Let the last window hang over the border; return the module."""
        self.ceil_mode = True
        return self

    def floor(self):
        """Leave out a last window that would hang over the border; return the module."""
        self.ceil_mode = False
        return self

    def _geometry(self):
        """Return (kernel, stride, padding), of one number for each side."""
        return self._each('k'), self._each('d'), self._each('pad')

    def _output_space(self, maps):
        expect_geometry(self)
        kernel, stride, padding = self._geometry()
        if any(pad > size // 2 for pad, size in zip(padding, kernel, strict=True)):
            pads = ','.join(map(str, self._each('pad', self.order)))
            raise ShapeError(f'expected padding of at most half a window, got {pads}', where=self._name())
        reach = [(size - 1) * gap + 1 for size, gap in zip(kernel, self._each('dilation'), strict=True)]
        sides = zip(maps.shape[2:], reach, stride, padding, strict=True)
        out = [pooled_size(*side, self.ceil_mode, any(padding)) for side in sides]
        if min(out) < 1:
            least, came = (' x '.join(map(str, sizes)) for sizes in (reach, maps.shape[2:]))
            raise ShapeError(f'expected input of at least {least} pixels, got {came}', where=self._name())
        return out

    def _parts(self):
        """Return what stands in the brackets of the module's text."""
        size, step, pad = ([str(size) for size in self._each(name, self.order)] for name in ('k', 'd', 'pad'))
        padded = any(self._each('pad'))
        return ['x'.join(size), ','.join(step)] + [','.join(pad)] * padded

    def __repr__(self):
        return f'nn.{type(self).__name__}({", ".join(self._parts())})'


class MaxPooling(Pooling):
    """The base of the layers that take the largest pixel of each window, and keep in `indices` where it stood."""

    cleared = (*Pooling.cleared, 'indices')
    noted = ()  # the names of fields that tell the size of the last input's sides

    def __init__(self, kernel, stride, padding):
        super().__init__(kernel, stride, padding)
        self.indices = np.empty(0, np.int64)

    def updateOutput(self, input):
        super().updateOutput(input)
        self.indices = self._as_given(self.indices, input)
        return self.output

    def _compute(self, maps, output):
        for name, size in zip(self.noted, maps.shape[2:], strict=False):
            setattr(self, name, size)
        self.indices = self.buffer('indices', output.shape, like=output, layout='map', dtype=np.int64)
        dilation = self._each('dilation')
        self.kernels.MaxPooling_updateOutput(maps, output, self.indices, *self._geometry(), dilation)

    def _hand_back(self, grads, gradInput):
        indices, dilation = self._maps(self.indices), self._each('dilation')
        self.kernels.MaxPooling_updateGradInput(grads, indices, gradInput, *self._geometry(), dilation)


class AveragePooling(Pooling):
    """The base of the layers that take the mean of each window."""

    count_include_pad = True

    def _compute(self, maps, output):
        self.kernels.AveragePooling_updateOutput(maps, output, *self._geometry(), self.count_include_pad)

    def _hand_back(self, grads, gradInput):
        self.kernels.AveragePooling_updateGradInput(grads, gradInput, *self._geometry(), self.count_include_pad)

    def read(self, fields, version=1):
        super().read(fields, version)
        mode = fields.get('mode')
        if isinstance(mode, str) and mode.startswith('CUDNN_POOLING_AVERAGE'):  # cudnn's classes always gave the mean
            self.divide = True
            self.count_include_pad = fields.get('count_include_pad', 'EXCLUDE_PADDING' not in mode)
