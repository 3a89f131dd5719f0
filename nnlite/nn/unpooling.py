"""What the unpooling layers have in common: each pixel goes back to where a max pooling found it."""

from nnlite.errors import Error
from nnlite.nn.maps import MapLayer


class MaxUnpooling(MapLayer):
    """The base of nn.SpatialMaxUnpooling and nn.VolumetricMaxUnpooling.

    Args:
        poolingModule: the max pooling to undo; its windows lie side by side.
    """

    cleared = (*MapLayer.cleared, 'indices')
    poolingType = None  # the class of poolingModule

    def __init__(self, poolingModule):
        super().__init__()
        if type(poolingModule) is not self.poolingType:
            came = type(poolingModule).__name__
            raise Error(f'expected an nn.{self.poolingType.__name__}, got {came}', where=type(self).__name__)
        self.pooling = poolingModule
        kernel, stride, _ = poolingModule._geometry()
        if kernel != stride:
            raise Error(f'expected windows of the size of their step, got {poolingModule}', where=type(self).__name__)

    def setParams(self):
        """Take over from the pooling where its last output's pixels stood, and how large its input was.

        Raises:
            Error: it has not run.
        """
        self.indices = self.pooling.indices
        if not self.indices.size:
            raise Error('expected a pooling that has run, got one that has not', where=self._name())
        for name in self.pooling.noted:
            setattr(self, f'o{name[1:]}', getattr(self.pooling, name))

    def _expect_input(self, input):
        self.setParams()
        self.expect(input, self.indices.shape)

    def _output_space(self, maps):
        return [getattr(self.pooling, name) for name in self.pooling.noted]

    def _compute(self, maps, output):
        _, *windows = self.pooling._geometry()
        self.kernels.MaxUnpooling_updateOutput(maps, output, self._maps(self.indices), *windows)

    def _hand_back(self, grads, gradInput):
        self.setParams()
        _, *windows = self.pooling._geometry()
        self.kernels.MaxUnpooling_updateGradInput(grads, gradInput, self._maps(self.indices), *windows)

    def __repr__(self):
        return f'nn.{type(self).__name__} associated to {self.pooling}'
