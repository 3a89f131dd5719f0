"""From one order of dimensions to another."""

import numpy as np

from nnlite.errors import Error, ShapeError
from nnlite.nn.cast import cast
from nnlite.nn.Container import Container
from nnlite.nn.Identity import Identity
from nnlite.nn.Reshape import Reshape
from nnlite.nn.Select import Select
from nnlite.nn.Sequential import Sequential
from nnlite.nn.Transpose import Transpose
from nnlite.tensor.devices import is_array, is_on_gpu
from nnlite.tensor.types import ON_GPU


class Convert(Container):
    """y = x, of any type, in the module's type, and with its dimensions in another order, or in fewer.

    Shapes are written with a letter for each dimension: b the batch, c channels, h height, w width, t time, f features.

    Args:
        inputShape: the shape of x, as 'bchw'; any one by default. Without a b, the batch comes first.
        outputShape: the shape of y: the letters of inputShape in another order, 'bf' (all features of each example),
            'b' (of 'bf' or 'bt': the first column), or 'bt' (of 'b': one column); inputShape by default.

    An input of fewer dimensions is a single one, and so is its output. What converts it is made for the first input.

    Shapes: as inputShape and outputShape say; an input without the batch gives an output without it.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.Convert('bchw', 'bhwc').forward(np.zeros((8, 3, 5, 6), np.uint8)).shape
    (8, 5, 6, 3)
    >>> nn.Convert('chw', 'f').forward(np.zeros((3, 5, 6), np.uint8)).shape
    (90,)

    Raises:
        Error: there is no way from the one shape to the other.
        ShapeError: the input is not of inputShape.

    Source: torch/nn, Convert.lua.
    """

    foreign = ('converter', 'batchMode', '_input', '_gradInput', '__input', '__output', '__gradInput', '__gradOutput')
    transposition = False

    def __init__(self, inputShape=None, outputShape=None):
        super().__init__()
        if outputShape is not None and inputShape is None:
            raise Error(f'expected an inputShape to go with {outputShape!r}, got None', where='Convert')
        for shape in (inputShape, outputShape):
            if shape is not None and not isinstance(shape, str):
                raise Error(f"expected shapes such as 'bchw', got {shape!r}", where='Convert')
        inputShape = 'b*' if inputShape is None else inputShape
        outputShape = inputShape if outputShape is None else outputShape
        self.inputShape, self.outputShape = (s if 'b' in s else f'b{s}' for s in (inputShape, outputShape))
        if (self.inputShape == 'b*') != (self.outputShape == 'b*'):
            raise Error(f'expected two shapes or none, got {inputShape!r} and {outputShape!r}', where='Convert')
        self.inputBatchDim, self.outputBatchDim = (s.index('b') + 1 for s in (self.inputShape, self.outputShape))
        self.nInputDim, self.nOutputDim = (-1 if s == 'b*' else len(s) for s in (self.inputShape, self.outputShape))
        self.transposition = sorted(self.inputShape) == sorted(self.outputShape)

    def updateOutput(self, input):
        batch = self._batch(input)
        if not self.modules:
            self.add(self._converter(batch).type(self.type()))
        output = self.rethrowErrors(0, 'updateOutput', batch)
        if self._is_single(input):
            output = output.reshape(_without(output.shape, self.outputBatchDim))
        self.output = output
        return self.output

    def updateGradInput(self, input, gradOutput):
        self.expect(gradOutput, self.output.shape, 'gradOutput')
        gradOutput = gradOutput.reshape(self.modules[0].output.shape)
        self.gradInput = self.rethrowErrors(0, 'updateGradInput', self._batch(input), gradOutput).reshape(input.shape)
        return self.gradInput

    def _is_single(self, input):
        return input.ndim < self.nInputDim

    def _batch(self, input):
        """Return the input as a batch, in the module's type."""
        if not is_array(input) or input.dtype != self.dtype or is_on_gpu(input) != (self._type in ON_GPU):
            input = cast(self, 'input', input, self._type)
        self.expect(input)
        if self.nInputDim != -1 and input.ndim not in (self.nInputDim, self.nInputDim - 1):
            expected = f'{self.nInputDim} or {self.nInputDim - 1} dimensions'
            raise ShapeError(f'expected input of {expected}, got {input.shape}', where=self._name())
        return np.expand_dims(input, self.inputBatchDim - 1) if self._is_single(input) else input

    def _converter(self, batch):
        """Return a module that converts such a batch."""
        match self.inputShape, self.outputShape:
            case _ if self.transposition:
                return self._transpose()
            case 'b', 'bf' | 'bt':
                return Reshape(1)
            case ('bt' | 'tb' | 'bf' | 'fb') as given, 'b':
                axis = 2 - self.inputBatchDim
                if 'f' in given and batch.shape[axis] > 1:
                    raise ShapeError(f'expected input of one feature, got {batch.shape}', where=self._name())
                return Select(axis + 1, 1)
            case given, 'bf' if given != 'bt':
                return self._features(batch)
        text = f'expected shapes of which one can become the other, got {self.inputShape!r} and {self.outputShape!r}'
        raise Error(text, where=self._name())

    def _transpose(self):
        """Return a module that brings the dimensions into another order, by swapping pairs of them."""
        letters, swaps = list(self.inputShape), []
        for place, letter in enumerate(self.outputShape):
            other = letters.index(letter)
            if other != place:
                letters[place], letters[other] = letters[other], letters[place]
                swaps.append([other + 1, place + 1])
        return Transpose(*swaps) if swaps else Identity()

    def _features(self, batch):
        """Return a module that puts the batch first, and makes one dimension of the others."""
        modules = []
        if self.inputBatchDim != 1:
            modules.append(Transpose([1, self.inputBatchDim]))
        if batch.ndim > 2:
            modules.append(Reshape(batch.size // batch.shape[self.inputBatchDim - 1]))
        if len(modules) < 2:
            return modules[0] if modules else Identity()
        return Sequential().add(modules[0]).add(modules[1])

    def __repr__(self):
        return 'nn.Convert'


def _without(shape, dimension):
    """Return the shape without a dimension, which is kept if it is the only one."""
    return shape[: dimension - 1] + shape[dimension:] or shape
