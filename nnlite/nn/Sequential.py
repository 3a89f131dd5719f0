"""One module after the other."""

from nnlite.nn.Container import Container
from nnlite.tensor.devices import is_array


class Sequential(Container):
    """y = f_n(... f_2(f_1(x))): each module's output is the next one's input.

    Backward runs the chain rule from the last module to the first.

    Shapes: input that of the first module, output that of the last.

    >>> from nnlite import nn
    >>> nn.Sequential().add(nn.Linear(4, 3)).add(nn.ReLU())
    nn.Sequential {
      [input -> (1) -> (2) -> output]
      (1): nn.Linear(4 -> 3)
      (2): nn.ReLU
    }

    Source: torch/nn, Sequential.lua.
    """

    def updateOutput(self, input):
        for index in range(len(self.modules)):
            input = self.rethrowErrors(index, 'updateOutput', input)
        self.output = input
        return self.output

    def updateGradInput(self, input, gradOutput):
        self.gradInput = self._back(input, gradOutput, 'updateGradInput')
        return self.gradInput

    def accGradParameters(self, input, gradOutput, scale=1):
        for index, given, grad in self._gradOutputs(input, gradOutput):
            self.rethrowErrors(index, 'accGradParameters', given, grad, scale)

    def accUpdateGradParameters(self, input, gradOutput, lr):
        for index, given, grad in self._gradOutputs(input, gradOutput):
            self.rethrowErrors(index, 'accUpdateGradParameters', given, grad, lr)

    def backward(self, input, gradOutput=None, scale=1):
        self.gradInput = self._back(input, gradOutput, 'backward', scale)
        return self.gradInput

    def _back(self, input, gradOutput, method, *scale):
        for index in reversed(range(len(self.modules))):
            given = self.modules[index - 1].output if index else input
            gradOutput = self.rethrowErrors(index, method, given, gradOutput, *scale)
        return gradOutput

    def _gradOutputs(self, input, gradOutput, kept='gradInput'):
        """Yield, from the last module to the first, its place, its input, and the gradient at its output.

        A module keeps the gradient at its input, that is, at the output of the one before, in the field `kept`.
        """
        for index in reversed(range(len(self.modules))):
            yield index, self.modules[index - 1].output if index else input, gradOutput
            gradOutput = getattr(self.modules[index], kept)

    def _hint(self, index, method):
        if method != 'updateOutput' or index == 0:
            return None
        previous = self.modules[index - 1]
        gives = previous.output.shape if is_array(previous.output) else 'a table'
        return f'module {index}, {previous._name()}, gives {gives}'

    def __repr__(self):
        numbers = [f'({number})' for number in range(1, len(self.modules) + 1)]
        lines = ['nn.Sequential {', f'  [{" -> ".join(["input", *numbers, "output"])}]']
        for number, module in zip(numbers, self.modules, strict=True):
            lines.append(f'  {number}: ' + repr(module).replace('\n', '\n  '))
        return '\n'.join([*lines, '}'])
