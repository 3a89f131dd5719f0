"""What the transfer functions have in common: every number of the input becomes one of the output."""

from nnlite.nn.Module import Module


class Transfer(Module):
    """The base of layers whose output has the shape of the input, in memory of its own or in the input's.

    A layer says what it writes: `_write_output(input, output)` and `_write_gradInput(input, gradOutput, gradInput)`. In
    place, `output` is the input, and `gradInput` is gradOutput; the backward pass then sees what became of the input.
    """

    inplace = False

    def updateOutput(self, input):
        self.expect(input)
        self.output = input if self.inplace else self.buffer('output', input.shape, like=input)
        self._write_output(input, self.output)
        return self.output

    def updateGradInput(self, input, gradOutput):
        self.expect(gradOutput, self.output.shape, 'gradOutput')
        self.expect(input, gradOutput.shape)
        if self.gradInput is not None:
            self.gradInput = gradOutput if self.inplace else self.buffer('gradInput', input.shape, like=input)
            self._write_gradInput(input, gradOutput, self.gradInput)
        return self.gradInput
