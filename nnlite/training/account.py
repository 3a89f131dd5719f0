"""The account of steps on a GPU: what they came to is read from time to time, not after each."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnlite.tensor.devices import gpu

STEPS = 32  # at most so many are unread: a GPU that has them waits for nobody, and bars move all the same


@dataclass(frozen=True)
class Reading:
    """What the steps since the last reading came to.

    Attributes:
        losses: of each step up to the first fault.
        images: of each of them.
        correct1, correct5: how many of their labels were among the top 1 and 5.
        fault: whether the step after these had a loss or gradient that was not finite.
    """

    losses: list[float]
    images: list[int]
    correct1: int
    correct5: int
    fault: bool


class Account:
    """Sums of losses and hits in the memory of the GPU.

    Attributes: `rate`, float64 (), is what SGD_step gets as its rate: NaN, with which it takes no step, from the first
    loss or gradient on that is not finite; `unread`, how many steps there are since the last reading.
    """

    def __init__(self) -> None:
        cupy = gpu()
        self._losses, self._counts = cupy.zeros(STEPS, np.float64), cupy.zeros(4, np.int64)
        self._loss, self._rates = cupy.zeros((), np.float64), cupy.full(3, math.nan, np.float64)
        self.rate = self._rates[2:].reshape(())
        self._asked: float | None = None
        self._images: list[int] = []

    @property
    def unread(self) -> int:
        return len(self._images)

    @property
    def is_full(self) -> bool:
        return self.unread == STEPS

    def ask_for(self, rate: float) -> None:
        """Say which rate the steps from now on are to get."""
        if rate != self._asked:
            self._rates[:1].fill(rate)
            self._asked = rate

    def enter(self, loss: Any, output: Any, labels: Any, gradients: Any = None) -> None:
        """Enter a step. All that this does is done on the GPU, and is a part of a captured graph.

        Args:
            loss: a number, or an array () on the GPU.
            output: scores (N, C).
            labels: int64 (N), from 1.
            gradients: the vector of the parameters' gradients, if the step is one of training.
        """
        from nnlite.kernels.on_cupy.account import enter_step, look

        if isinstance(loss, float):
            self._loss.fill(loss)
        else:
            np.copyto(self._loss, loss.reshape(()))
        if gradients is not None:
            look(gradients, self._counts)
        enter_step(output, labels, self._loss, self._losses, self._rates, self._counts)

    def entered(self, images: int) -> None:
        """Note that a step of so many images was launched."""
        self._images.append(images)

    def read(self) -> Reading:
        """Wait for the GPU, and return what the steps since the last reading came to."""
        losses, (steps, correct1, correct5, fault) = self._losses.get().tolist(), self._counts.get().tolist()
        reading = Reading(losses[:steps], self._images[:steps], correct1, correct5, bool(fault))
        self._counts.fill(0)
        self._images = []
        return reading
