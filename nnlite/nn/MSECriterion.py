"""The mean squared error."""

from nnlite.nn.Criterion import Criterion


class MSECriterion(Criterion):
    """loss = sum of (input - target)^2, divided by the number of elements unless sizeAverage is False.

    Shapes: any, input and target the same.

    Raises:
        ShapeError: the target's shape is not the input's.

    Source: torch/nn, MSECriterion.lua.
    """

    def __init__(self, sizeAverage=None):
        super().__init__()
        self.sizeAverage = sizeAverage is not False

    def updateOutput(self, input, target):
        self.expect(input)
        self.expect(target, input.shape, 'target')
        self.output = self.kernels.MSECriterion_updateOutput(input, target, self.sizeAverage)
        return self.output

    def updateGradInput(self, input, target):
        self.expect(target, input.shape, 'target')
        self.gradInput = self.buffer('gradInput', input.shape, like=input)
        self.kernels.MSECriterion_updateGradInput(input, target, self.gradInput, self.sizeAverage)
        return self.gradInput
