"""The process of one contestant: it prepares a case, and then computes a sample whenever it is asked for one.

    python -m nnlite.bench.child CONTESTANT THREADS CASE

It answers in lines of JSON: first how long the first step took; to the name of a step and a number of seconds on its
standard input, the seconds of each step that it computed in that time, at least one, and the share of the cores' time
that other programs took meanwhile; to the end of its input, memory.
"""

import json
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

import nnlite
from nnlite.bench.cases import Case, from_json
from nnlite.bench.contestants import CHANNELS_LAST, FUSED, family_of, is_pytorch
from nnlite.bench.machine import cores, memory_now, most_memory, seconds_at_work
from nnlite.errors import Error


def main(contestant: str, threads: int, case: Case) -> None:
    """Prepare, and answer until nobody asks any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one who asks
    prepare = _chosen(contestant, threads)
    before = memory_now()
    steps = prepare(case)
    first = _seconds(steps[case.steps[0]])
    for step in steps.values():
        step()
    _answer({'first': first})
    for line in sys.stdin:
        name, seconds = line.split()
        with _Others() as others:
            times = _sample(steps[name], float(seconds))
        _answer({'times': times, 'others': others.share})
    most = most_memory()
    _answer({'process_memory': most, 'step_memory': None if most is None or before is None else most - before})


def _chosen(contestant: str, threads: int) -> Callable[[Case], dict[str, Callable[[], Any]]]:
    """Load what a contestant computes with; return what prepares its cases."""
    if is_pytorch(contestant):
        import torch

        from nnlite.bench import in_torch

        torch.set_num_threads(threads)
        return lambda case: in_torch.steps_of(case, contestant.endswith(CHANNELS_LAST))

    from nnlite.bench import ours

    nnlite.setkernels(family_of(contestant))
    nnlite.setnumthreads(threads)
    return lambda case: ours.steps_of(case, contestant.endswith(FUSED))


def _sample(step: Callable[[], Any], seconds: float) -> list[float]:
    """Return the time of each step for so many seconds; the first, which finds others' data in the cache, is left out.

    >>> len(_sample(lambda: None, 0))
    1
    """
    step()
    times = [_seconds(step)]
    while sum(times) < seconds:
        times.append(_seconds(step))
    return times


class _Others:
    """How much of the cores' time others than this process took during a block: `share`, None where nobody knows."""

    share: float | None

    def __enter__(self) -> '_Others':
        self._started, self._all, self._own = time.perf_counter(), seconds_at_work(), time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        seconds, own, at_work = time.perf_counter() - self._started, time.process_time() - self._own, seconds_at_work()
        if at_work is None or self._all is None:
            self.share = None
        else:
            self.share = max(0.0, at_work - self._all - own) / (seconds * cores())


def _seconds(step: Callable[[], Any]) -> float:
    started = time.perf_counter()
    step()
    return time.perf_counter() - started


def _answer(content: Any) -> None:
    print(json.dumps(content), flush=True)


if __name__ == '__main__':
    try:
        main(sys.argv[1], int(sys.argv[2]), from_json(sys.argv[3]))
    except Error as error:
        _answer({'error': str(error)})
