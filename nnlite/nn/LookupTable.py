"""A table of vectors, looked up by index: word embeddings."""

import numpy as np

from nnlite.errors import Error, ShapeError
from nnlite.nn.arguments import number, sizes, whole
from nnlite.nn.indices import from_zero, take
from nnlite.nn.Module import Module
from nnlite.tensor.devices import is_array
from nnlite.tensor.random import fill_normal


class LookupTable(Module):
    """y[i] = weight[x[i]]: for each index the row of that number.

    Args:
        nIndex: how many rows there are.
        nOutput: the size of a row.
        paddingValue: an index whose row gets no gradient; 0, which is none, by default.
        maxNorm: rows that are looked up are first shrunk to this norm, where they are longer; None: left as they are.
        normType: which norm that is: (sum of |w|^p)^(1/p), 2 by default.

    Shapes: input, of any numeric type and counted from 1, (N, L) or (L); output (N, L, nOutput) or (L, nOutput); weight
    (nIndex, nOutput), drawn from the standard normal distribution. gradInput is zero.

    Raises:
        ShapeError: an input of another number of dimensions.
        DataError: an index that is not one of 1 to nIndex.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> table = nn.LookupTable(3, 2)
    >>> bool((table.forward(np.array([3, 1])) == table.weight[[2, 0]]).all())
    True

    Source: torch/nn, LookupTable.lua.
    """

    version = 4
    foreign = ('_count', '_input', '_sorted', '_indices', 'copiedInput')
    paddingValue = 0
    maxNorm = normType = None
    shouldScaleGradByFreq = False

    def __init__(self, nIndex, nOutput, paddingValue=None, maxNorm=None, normType=None):
        super().__init__()
        self.weight = np.empty(sizes(self, nIndex=nIndex, nOutput=nOutput), self.dtype)
        self.gradWeight = np.zeros_like(self.weight)
        self.setPadding(0 if paddingValue is None else paddingValue)
        self.setMaxNorm(maxNorm)
        self.setNormType(normType)
        self.reset()

    def accUpdateOnly(self):
        """Do without gradWeight, of use for backwardUpdate alone; return the module."""
        self.gradWeight = None
        return self

    def setPadding(self, paddingValue):
        """Choose the index whose row gets no gradient; return the module."""
        self.paddingValue = whole(self, 'paddingValue', paddingValue)
        return self

    def setMaxNorm(self, maxNorm):
        """Choose how long a row may be; return the module."""
        self.maxNorm = None if maxNorm is None else number(self, 'maxNorm', maxNorm)
        return self

    def setNormType(self, normType):
        """Choose the norm that maxNorm is about; return the module."""
        self.normType = None if normType is None else number(self, 'normType', normType)
        return self

    def scaleGradByFreq(self):
        """Divide the gradient of a row by how often the input has its index; return the module."""
        self.shouldScaleGradByFreq = True
        return self

    def reset(self, stdv=None):
        fill_normal(self.weight, 0, 1 if stdv is None else stdv)
        return self

    def parameters(self):
        return [self.weight], [] if self.gradWeight is None else [self.gradWeight]

    def _rows(self, input):
        return from_zero(self, input, len(self.weight)).reshape(-1)

    def updateOutput(self, input):
        if is_array(input) and input.ndim not in (1, 2):
            raise ShapeError(f'expected input (N, L) or (L,), got {input.shape}', where=self._name())
        self.renorm(input)
        rows = self._rows(input)
        self.output = self.buffer('output', (*input.shape, self.weight.shape[1]), like=self.weight, layout='plain')
        take(self.weight, rows, 0, out=self.output.reshape(-1, self.weight.shape[1]))
        return self.output

    def renorm(self, input):
        """Shrink the rows that the input looks up to maxNorm, where they are longer."""
        if not self.maxNorm:
            return
        power = self.normType or 2
        if power <= 0:
            raise Error(f'expected normType above 0, got {power}', where=self._name())
        rows = np.unique(self._rows(input))
        norms = (np.abs(self.weight[rows]) ** power).sum(axis=1) ** (1 / power)
        long = norms > self.maxNorm
        self.weight[rows[long]] *= (self.maxNorm / (norms[long] + 1e-7))[:, None]

    def updateGradInput(self, input, gradOutput):
        self.expect(gradOutput, self.output.shape, 'gradOutput')
        self.gradInput = self.buffer('gradInput', input.shape, like=input, dtype=input.dtype)
        self.gradInput.fill(0)
        return self.gradInput

    def accGradParameters(self, input, gradOutput, scale=1):
        self.expect(gradOutput, self.output.shape, 'gradOutput')
        rows = self._rows(input)
        counted = np.flatnonzero(rows != self.paddingValue - 1)
        shares = 1 / np.bincount(rows)[rows[counted]] if self.shouldScaleGradByFreq else self.xp.ones(len(counted))
        self.kernels.SparseLinear_accGradParameters(  # of one entry of value 1 for each index
            counted, rows[counted], shares.astype(self.dtype), gradOutput.reshape(-1, self.weight.shape[1]),
            self.gradWeight, None, scale,
        )  # fmt: skip

    def accUpdateGradParameters(self, input, gradOutput, lr):
        self.defaultAccUpdateGradParameters(input, gradOutput, lr)  # even where shared: the step adds up by itself
