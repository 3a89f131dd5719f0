"""The base of all losses."""

import numpy as np

from nnlite.nn.Object import Object
from nnlite.nn.tree import below
from nnlite.tensor.devices import gpu, is_on_gpu


class Criterion(Object):
    """A loss: what an output is worth, given what it should have been, and the gradient with respect to the output.

    On a GPU the loss is computed there, and `forward` waits for it to return it as a float; while a CUDA graph is
    captured it returns the array on the GPU, of no dimension and float64, that each launch of the graph fills anew.
    Labels may be on the host too, where they are checked; those on a GPU are not.

    Many losses are sums. `sizeAverage`, which may be set at any time, says whether such a sum is divided by the number
    of its terms, so that a loss means the same for small batches and large ones; it is True by default.

    Shapes: what input and target are, each loss says; the gradient has the shape of the input.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> criterion = nn.MSECriterion()
    >>> criterion.forward(np.float32([1, 2]), np.float32([1, 4]))
    2.0
    >>> criterion.backward(np.float32([1, 2]), np.float32([1, 4]))
    array([ 0., -2.], dtype=float32)

    Source: torch/nn, Criterion.lua.
    """

    cleared = ('gradInput',)
    foreign = ('output_tensor',)
    sizeAverage = True

    def __init__(self):
        super().__init__()
        self.gradInput = np.empty(0, self.dtype)
        self.output = 0.0

    def updateOutput(self, input, target=None):
        """Compute, keep and return the loss, a float."""
        return self.output

    def updateGradInput(self, input, target=None):
        """Compute, keep and return the gradient of the loss with respect to the input."""
        return self.gradInput

    def forward(self, input, target=None):
        """Return the loss, a float; a few losses need no target."""
        return self.updateOutput(input, target)

    def backward(self, input, target=None):
        """Return the gradient of the loss with respect to the input."""
        return self.updateGradInput(input, target)

    def __call__(self, input, target=None):
        """Return (loss, gradInput)."""
        return self.forward(input, target), self.backward(input, target)

    def clearState(self):
        """Drop all results and buffers, also of what the loss is made of; return the criterion."""
        for _, _, part in below(self, lambda value: isinstance(value, Object)):
            Object.clearState(part)
        return super().clearState()

    def _divisor(self, count):
        """Return what a sum of `count` terms is divided by."""
        return count if self.sizeAverage and count else 1

    def _number(self, total, divisor=1):
        """Return a sum over a divisor as what `forward` returns."""
        if not is_on_gpu(total):
            return float(total) / divisor
        loss = self.buffer('output', (), like=total, dtype=np.float64)
        np.divide(total, divisor, out=loss)
        return loss if gpu().cuda.get_current_stream().is_capturing() else float(loss)

    def __repr__(self):
        return f'nn.{type(self).__name__}'
