"""What the up-sampling layers have in common: how large their output is to be, and two ways to fill it."""

from nnlite.errors import Error
from nnlite.nn.arguments import whole
from nnlite.nn.maps import MapLayer


class UpSampled(MapLayer):
    """The base of nn.SpatialUpSamplingNearest, nn.SpatialUpSamplingBilinear and nn.UpSampling.

    Args:
        params: by how much each side grows, a whole number from 1 up; or a dict of the output's sizes.
        mode: 'nearest', where every pixel becomes a block of equal ones, or 'linear', where lines are drawn from pixel
            to pixel, corners lying on corners.
    """

    longStorages = ('inputSize', 'outputSize')
    most = 4  # dimensions of an input
    scale_factor = odepth = oheight = owidth = None

    def __init__(self, params, mode):
        super().__init__()
        if isinstance(params, dict):
            if mode == 'nearest':
                raise Error('expected a scale for nearest neighbours, got a table of sizes', where=type(self).__name__)
            for name in ('oheight', 'owidth', *(['odepth'] if params.get('odepth') is not None else [])):
                setattr(self, name, whole(self, name, params.get(name), 1))
        else:
            self.scale_factor = whole(self, 'scale_factor', params, 1)
        self.inputSize, self.outputSize = [0] * self.most, [0] * self.most

    def setSize(self, input):
        """Note the sizes of an input and of the output that it will have."""
        space = input.shape[2:]
        if self.scale_factor is not None:
            out = [size * self.scale_factor for size in space]
        else:
            out = [self.odepth, self.oheight, self.owidth][-len(space) :]
        if None in out:
            raise Error('expected odepth for an input with depth, got none', where=self._name())
        self.inputSize[: input.ndim] = input.shape
        self.outputSize[: input.ndim] = *input.shape[:2], *out

    def _output_space(self, maps):
        self.setSize(maps)
        return self.outputSize[2 : maps.ndim]

    def _compute(self, maps, output):
        if self.mode == 'nearest':
            self.kernels.UpSamplingNearest_updateOutput(maps, output, self.scale_factor)
        else:
            self.kernels.UpSamplingLinear_updateOutput(maps, output)

    def _hand_back(self, grads, gradInput):
        if self.mode == 'nearest':
            self.kernels.UpSamplingNearest_updateGradInput(grads, gradInput, self.scale_factor)
        else:
            self.kernels.UpSamplingLinear_updateGradInput(grads, gradInput)
