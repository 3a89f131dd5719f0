"""A network in evaluation, over all batches of a loader."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from nnlite.training.meters import Meters
from nnlite.training.tracing import trace


def evaluate(
    net: Any, criterion: Any, loader: Any, after_batch: Callable[[np.ndarray, np.ndarray], None] | None = None
) -> Meters:
    """Return loss, top-1 and top-5 accuracy of a network over a loader's images, and leave it in evaluation.

    `after_batch` is called with the scores (N, C) and labels (N,) of each batch.

    Raises:
        NotFiniteError: a loss is NaN or Inf.
    """
    net.evaluate()
    meters = Meters()
    for images, labels in loader.epoch(1):
        with np.errstate(
            over='ignore', invalid='ignore', divide='ignore'
        ):  # what NumPy would warn of is looked at here
            output = net.forward(images.astype(net.dtype, copy=False))
            loss = criterion.forward(output, labels)
        if not math.isfinite(loss):
            raise trace(net, criterion, images, labels, backward=False)
        meters.add(loss, output, labels)
        if after_batch is not None:
            after_batch(output, labels)
    return meters
