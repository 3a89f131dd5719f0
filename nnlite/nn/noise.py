"""What the layers have in common that draw random numbers."""

import numpy as np

from nnlite.errors import Error
from nnlite.nn.arguments import flag, number
from nnlite.nn.transfer import Transfer


class Noise(Transfer):
    """The base of layers that draw random numbers in training, and keep them in `noise` for the way back.

    On the host they are Torch's; a GPU has a stream of its own, which nnlite.manualSeed begins too.
    """

    cleared = (*Transfer.cleared, 'noise')

    def __init__(self):
        super().__init__()
        self.noise = np.empty(0, self.dtype)
        self.train = True

    def _expect_training(self):
        """Raise unless the module trains: some layers have no way back in evaluation."""
        if not self.train:
            raise Error('expected backward in training only, got it in evaluation', self._name(), 'call training()')


class Drops(Noise):
    """The base of nn.Dropout and nn.SpatialDropout: zeros with probability p.

    Args:
        p: the probability of a zero, 0.5 by default.
        stochasticInference: draw noise in evaluation too.
    """

    stochastic_inference = False

    def __init__(self, p=None, stochasticInference=None):
        super().__init__()
        self.p = number(self, 'p', p, 0.5)
        self.stochastic_inference = flag(self, 'stochasticInference', stochasticInference)

    def setp(self, p):
        """Choose another probability of a zero."""
        self.p = p

    def _draws(self):
        return self.train or self.stochastic_inference

    def _draw(self, input, shape):
        """Let the noise be 0 with probability p, else 1."""
        self.noise = self.buffer('noise', shape, like=input)
        self.kernels.Bernoulli_fill(self.noise, 1 - self.p)

    def __repr__(self):
        return f'nn.{type(self).__name__}({self.p:f})'
