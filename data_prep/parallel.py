"""Work spread over processes, its results in order."""

import itertools
import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from nnlite.errors import DataError

Task = TypeVar('Task')
Result = TypeVar('Result')


def in_order(function: Callable[[Task], Result], tasks: Iterable[Task], workers: int | None = None) -> Iterator[Result]:
    """Give `function(task)` for each task, in the tasks' order, computed in `workers` processes (default: one a core).

    The function stands at the top of a module. Only a few tasks are taken ahead of the results, so that a long row of
    them never lies in memory. One worker is this process itself.

    Raises:
        DataError: `workers` is below 1, or a process was killed from outside.
    """
    workers = cores() if workers is None else workers
    if workers < 1:
        raise DataError(f'expected 1 or more workers, got {workers}')
    tasks = iter(tasks)
    first = list(itertools.islice(tasks, 2))
    if workers == 1 or len(first) < 2:
        yield from map(function, itertools.chain(first, tasks))
        return
    # Forked children need no import of the caller's script, which may have no `if __name__ == '__main__'`. Elsewhere
    # than on Linux the system's own libraries do not survive a fork.
    context = multiprocessing.get_context('fork' if sys.platform == 'linux' else 'spawn')
    with ProcessPoolExecutor(workers, context, _follow_the_parent) as pool:
        pending: deque[Future[Result]] = deque()
        try:
            for task in itertools.chain(first, tasks):
                pending.append(pool.submit(function, task))
                if len(pending) > 2 * workers:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        except BrokenProcessPool as error:
            raise DataError(
                'a worker process was killed', hint='was there too little memory? fewer --workers need less'
            ) from error
        finally:
            pool.shutdown(cancel_futures=True)


def cores() -> int:
    """Return the number of processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count() or 1


def _follow_the_parent() -> None:
    """Leave interrupts to the parent; end when it has ended: killed, it could not tell, and tasks never came."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_the_parent, name='nnlite-parent', daemon=True).start()


def _end_with_the_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
