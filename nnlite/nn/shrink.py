"""What the two shrinking functions have in common: numbers near 0 become 0."""

from nnlite.nn.arguments import number
from nnlite.nn.transfer import Transfer


class Shrink(Transfer):
    """The base of nn.HardShrink and nn.SoftShrink: y = 0 where |x| <= lambda, and slope 1 elsewhere.

    Args:
        lambda_: lambda, a word of Python's own; 0.5 by default.
    """

    def __init__(self, lambda_=None):
        super().__init__()
        setattr(self, 'lambda', number(self, 'lambda', lambda_, 0.5))

    def _bound(self):
        return getattr(self, 'lambda')

    def _write_gradInput(self, input, gradOutput, gradInput):
        self.kernels.Shrink_updateGradInput(input, gradOutput, gradInput, self._bound())
