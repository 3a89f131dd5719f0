"""Transfer functions."""

import torch
import torch.nn.functional as F  # noqa: N812 as everybody calls it
from row import Row

from nnlite import nn

# fmt: off
ROWS = [
    Row('nn.ReLU', nn.ReLU, (4, 5), lambda m, x: F.relu(x), inplace=lambda: nn.ReLU(True), single=True),
    Row('nn.ReLU', nn.ReLU, (3, 2, 3, 4), lambda m, x: F.relu(x), inplace=lambda: nn.ReLU(True)),
    Row('nn.Threshold', lambda: nn.Threshold(0.6, -0.4), (4, 5), lambda m, x: F.threshold(x, 0.6, -0.4),
        inplace=lambda: nn.Threshold(0.6, -0.4, True)),
    Row('nn.Threshold', lambda: nn.Threshold(-0.7, 3), (3, 2, 3, 4), lambda m, x: F.threshold(x, -0.7, 3)),
    Row('nn.Sigmoid', nn.Sigmoid, (4, 5), lambda m, x: torch.sigmoid(x)),
    Row('nn.Tanh', nn.Tanh, (3, 2, 3, 4), lambda m, x: torch.tanh(x)),
    Row('nn.SoftMax', nn.SoftMax, (4, 5), lambda m, x: F.softmax(x, 1), wrong=[(1, 1, 1, 1, 1), ()], single=True),
    Row('nn.SoftMax', nn.SoftMax, (3, 4, 2, 3), lambda m, x: F.softmax(x, 1), single=True),
    Row('nn.LogSoftMax', nn.LogSoftMax, (4, 5), lambda m, x: F.log_softmax(x, 1), wrong=[(1, 1, 1, 1, 1)], single=True),
    Row('nn.LogSoftMax', nn.LogSoftMax, (3, 4, 2, 3), lambda m, x: F.log_softmax(x, 1), single=True),
]
