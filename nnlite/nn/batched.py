"""What the layers have in common that are told how many dimensions are a single input's."""

from nnlite.nn.arguments import whole_or_none
from nnlite.nn.Module import Module


class Batched(Module):
    """The base of nn.View, nn.Transpose, nn.Squeeze and nn.Unsqueeze: any input will do, a batch or a single one."""

    numInputDims = None

    def setNumInputDims(self, numInputDims):
        """Say how many dimensions an input has without the batch's; return the module."""
        self.numInputDims = whole_or_none(self, 'numInputDims', numInputDims, 1)
        return self
