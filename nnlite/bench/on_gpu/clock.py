"""Time on a GPU: of many steps, from one wait for the GPU to the next."""

import math
import time
from collections.abc import Callable
from typing import Any

WARM = 5  # steps: kernels are compiled and chosen, and steps captured, in the first three
LEAST = 20  # steps between two waits
BURST = 2e-3  # seconds of work that one launch is to be, where a layer takes less


def samples(
    step: Callable[[], Any], wait: Callable[[], Any], rounds: int, seconds: float, least: int = LEAST
) -> list[float]:
    """Return the time of a step, `rounds` times over.

    Args:
        step: launches work on the GPU.
        wait: returns when the GPU has done it.
        rounds: how many times are returned.
        seconds: how long each is measured at least; 0 measures a single step.
        least: how many steps each is of at least.
    """
    for _ in range(WARM):
        step()
    count = 1 if not seconds else max(least, math.ceil(seconds / _mean(step, wait, least)))
    _mean(step, wait, count)  # the GPU comes to its speed
    return [_mean(step, wait, count) for _ in range(rounds)]


def repetitions(step: Callable[[], Any], wait: Callable[[], Any], seconds: float) -> int:
    """Return how often a short step is to be repeated in a graph, so that launching it takes no time beside it."""
    step()
    return 1 if not seconds else max(4, min(200, math.ceil(BURST / _mean(step, wait, 3))))


def _mean(step: Callable[[], Any], wait: Callable[[], Any], count: int) -> float:
    wait()
    started = time.perf_counter()
    for _ in range(count):
        step()
    wait()
    return (time.perf_counter() - started) / count
