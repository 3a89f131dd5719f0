"""A network in evaluation, over all batches of a loader."""

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from nnlite.nn.by_example import by_example
from nnlite.training.device import device_of
from nnlite.training.meters import Meters
from nnlite.training.on_gpu import StepsOnGPU
from nnlite.training.tracing import trace


def evaluate(
    net: Any,
    criterion: Any,
    loader: Any,
    after_batch: Callable[[Any, Any], None] | None = None,
    steps: StepsOnGPU | None = None,
) -> Meters:
    """Return loss, top-1 and top-5 accuracy of a network over a loader's images, and leave it in evaluation.

    `after_batch` is called with the scores (N, C) and labels (N,) of each batch, where the network lives. `steps` are
    those of this network on a GPU, if there are some already.

    Raises:
        NotFiniteError: a loss is NaN or Inf.
        DeviceError: the GPU has too little memory.
    """
    net.evaluate()
    if steps is not None:
        return _evaluate_on_gpu(steps, loader, after_batch)
    if device_of(net) != 'cpu':
        with StepsOnGPU(net, criterion, classes=len(loader.classes)) as steps:
            return _evaluate_on_gpu(steps, loader, after_batch)
    meters = Meters()
    for images, labels in loader.epoch(1):
        with np.errstate(
            over='ignore', invalid='ignore', divide='ignore'
        ):  # what NumPy would warn of is looked at here
            output = net.forward(images.astype(net.dtype, copy=False))
            loss = criterion.forward(output, labels)
        if not math.isfinite(loss):
            raise trace(net, criterion, images, labels, backward=False)
        output = by_example(output, len(labels))
        meters.add(loss, output, labels)
        if after_batch is not None:
            after_batch(output, labels)
    return meters


def _evaluate_on_gpu(steps: StepsOnGPU, loader: Any, after_batch: Callable[[Any, Any], None] | None) -> Meters:
    meters, batches = Meters(), 0

    def read() -> None:
        nonlocal batches
        reading = steps.read()
        meters.enter(reading.losses, reading.images, reading.correct1, reading.correct5)
        batches += len(reading.losses)
        if reading.fault:
            batch = steps.hold(*next(itertools.islice(loader.epoch(1), batches, None)))
            raise trace(steps.net, steps.criterion, *batch, backward=False)

    for images, labels in loader.epoch(1):
        scores = steps.test(images, labels)
        if after_batch is not None:
            after_batch(*scores)
        if steps.must_be_read:
            read()
    read()
    return meters
