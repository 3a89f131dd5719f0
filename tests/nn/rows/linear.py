"""Linear layers of other kinds: tables of rows, sparse inputs, a part of the outputs, norms apart from the weights."""

import numpy as np
import torch.nn.functional as F  # noqa: N812 as everybody calls it
from row import Row

from nnlite import nn

WORDS = np.array([[2, 5, 2], [1, 3, 2], [5, 5, 4], [4, 1, 2]])


def embedding(m, x, weight):
    """PyTorch counts from 0, and has no row to leave out under index 0."""
    padding = m.paddingValue - 1 if m.paddingValue else None
    return F.embedding(x - 1, weight, padding, scale_grad_by_freq=m.shouldScaleGradByFreq)


# fmt: off
ROWS = [
    Row('nn.LookupTable', lambda: nn.LookupTable(5, 3), WORDS, embedding, wrong=[(2, 2, 2)], single=True,
        anything=True),
    Row('nn.LookupTable', lambda: nn.LookupTable(6, 3, 2), WORDS, embedding, derivative=False, anything=True),
    Row('nn.LookupTable', lambda: nn.LookupTable(5, 3).setPadding(5).scaleGradByFreq(), WORDS, embedding,
        independent=(), derivative=False, anything=True),
    Row('nn.LookupTable', lambda: nn.LookupTable(5, 4, None, 0.2).reset(0.1), WORDS, embedding, derivative=False,
        anything=True),
    Row('nn.LookupTable', lambda: nn.LookupTable(5, 3, None, 0.2, 1).reset(0.1), WORDS, embedding, derivative=False,
        anything=True),
    Row('nn.LookupTable', lambda: nn.LookupTable(5, 3).reset(0.1).setMaxNorm(0.15).setNormType(3), WORDS, embedding,
        derivative=False, anything=True),
]
