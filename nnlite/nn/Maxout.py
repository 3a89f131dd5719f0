"""The largest of several linear maps."""

from nnlite.nn.arguments import sizes
from nnlite.nn.Linear import Linear
from nnlite.nn.Max import Max
from nnlite.nn.Sequential import Sequential
from nnlite.nn.View import View


class Maxout(Sequential):
    """y_j = the largest of maxoutNumber linear functions of x.

    Args:
        inputSize: the number of inputs.
        outputSize: the number of outputs.
        maxoutNumber: how many linear functions there are for each output.
        preprocess: a module that sees all their results, (N, maxoutNumber, outputSize), first; none by default.

    Shapes: input (N, inputSize) or (inputSize); output (N, outputSize) or (outputSize).

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.Maxout(4, 3, 5).forward(np.ones((8, 4), np.float32)).shape
    (8, 3)

    Raises:
        ShapeError: the input's last size is not inputSize.

    Source: torch/nn, Maxout.lua.
    """

    def __init__(self, inputSize, outputSize, maxoutNumber, preprocess=None):
        super().__init__()
        outputSize, maxoutNumber = sizes(self, outputSize=outputSize, maxoutNumber=maxoutNumber)
        self.add(Linear(inputSize, outputSize * maxoutNumber))
        self.add(View(maxoutNumber, outputSize).setNumInputDims(1))
        if preprocess:
            self.add(preprocess)
        self.add(Max(1, 2))
