"""The processes of jobs, one after the other: while one has the GPU, the next loads what it needs."""

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nnlite.bench.on_gpu.jobs import Job

LOADING = 120  # seconds that a process has to load what it needs
LEAST = 5  # seconds without which no job is begun


def answers(jobs: list[Job], deadline: float, log: Path) -> Iterator[tuple[Job, dict[str, Any]]]:
    """Yield what the jobs' processes answer, each with its job, as soon as it is there.

    What comes to nothing is answered with an `error`: a job that fails, takes longer than its limit, or that there is
    no time left for.

    Args:
        jobs: in order.
        deadline: when all must have ended, as of time.monotonic.
        log: the file that gets all that the processes print.
    """
    with contextlib.ExitStack() as stack, open(log, 'a') as file:
        following: _Process | None = None
        for place, job in enumerate(jobs):
            process = following or stack.enter_context(_Process(job, file))
            following = None
            if deadline - time.monotonic() < LEAST:
                process.end()
                yield from ((left, {'error': 'there was no time left'}) for left in jobs[place:])
                return
            ready = process.wait_until_ready(deadline)
            if place + 1 < len(jobs):
                following = stack.enter_context(_Process(jobs[place + 1], file))
            if ready:
                process.begin()
            for answer in process.answers(min(deadline, time.monotonic() + job.limit)):
                yield job, answer
            process.end()


class _Process:
    """The process of a job; it is ended with the block `with process:`, and so is all that it started."""

    def __init__(self, job: Job, log: Any) -> None:
        self.job = job
        self._process = subprocess.Popen(
            [sys.executable, '-m', 'nnlite.bench.on_gpu.child', job.to_json()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
        )
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> '_Process':
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def wait_until_ready(self, deadline: float) -> bool:
        """Return whether the process has loaded what it needs; if not, `answers` says why."""
        self._first = self._answer(min(deadline, time.monotonic() + LOADING))
        return 'ready' in self._first

    def begin(self) -> None:
        """Let it have the GPU."""
        assert self._process.stdin
        with contextlib.suppress(BrokenPipeError):  # it has ended, and its answer says so
            self._process.stdin.write('\n')
            self._process.stdin.flush()

    def answers(self, deadline: float) -> Iterator[dict[str, Any]]:
        """Yield what it answers until it is done, has failed, or must end."""
        if 'ready' not in self._first:
            yield self._first
            return
        while 'done' not in (answer := self._answer(deadline)):
            yield answer
            if 'error' in answer:
                return

    def end(self) -> None:
        """End it, and what it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._reader.join()
        for stream in (self._process.stdin, self._process.stdout):
            assert stream
            with contextlib.suppress(BrokenPipeError):
                stream.close()

    def _answer(self, deadline: float) -> dict[str, Any]:
        """Return its next answer, or an error."""
        try:
            line = self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            return {'error': 'it took too long, and was ended'}
        if line:
            return json.loads(line)
        return {'error': f'its process ended with status {self._process.wait()}'}

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put('')
