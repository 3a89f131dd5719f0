"""Measuring contestants turn and turn about, each in a process of its own."""

import contextlib
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnlite.bench.cases import Case, to_json
from nnlite.bench.contestants import is_pytorch
from nnlite.errors import Error
from nnlite.training.progress import Progress

PAUSE = 0.1  # seconds before each sample, in which the threads of the one before go to sleep

# What is imported before the first network can be made.
_IMPORTS = {True: 'import torch', False: 'import nnlite; from nnlite import nn, optim, models; nnlite.getkernels()'}
_PRINT = 'print(time.perf_counter() - started)'


@dataclass(frozen=True)
class Result:
    """What was measured of one contestant on one case."""

    case: Case
    contestant: str
    times: dict[str, list[float]]  # seconds of each step, by its name
    first: float  # seconds of the very first
    step_memory: int | None  # the most bytes, beyond what the process had before the network was made
    process_memory: int | None  # the most bytes of all
    others: float | None  # the share of the cores' time that other programs took meanwhile

    def median(self, step: str) -> float:
        """Return the median time of a step in seconds."""
        return float(np.median(self.times[step]))

    def quartiles(self, step: str) -> tuple[float, float]:
        """Return between which times half of the steps lie."""
        low, high = np.quantile(self.times[step], [0.25, 0.75])
        return float(low), float(high)


@dataclass(frozen=True)
class Settings:
    """How it is measured.

    Args:
        rounds: how many samples of each step are taken from each contestant.
        threads: how many each contestant computes with.
        seconds: how long a sample is at least.
    """

    rounds: int
    threads: int
    seconds: float


def measure(case: Case, contestants: list[str], settings: Settings, progress: Progress) -> list[Result]:
    """Return a result for each contestant.

    All are started, one after the other; then, round by round, each computes a sample of each step while the others
    sleep. One of compiled kernels is started twice: the first time what is not compiled yet is, and kept on disk.

    Raises:
        Error: a contestant could not compute the case.
    """
    with contextlib.ExitStack() as stack:
        running = []
        for contestant in contestants:
            if contestant.startswith('numba'):
                with _Process(contestant, case, settings.threads) as process:
                    progress.say(f'{case.name}: {contestant} has compiled what was not yet, {process.first:.1f} s')
            running.append(stack.enter_context(_Process(contestant, case, settings.threads)))
            progress.say(f'{case.name}: {contestant} is ready, its first step took {running[-1].first:.2f} s')
        with progress.bar(case.name, settings.rounds, unit='rounds') as bar:
            for _ in range(settings.rounds):
                for process in running:
                    for step in case.steps:
                        process.sample(step, settings.seconds)
                bar.update()
        return [process.result() for process in running]


def import_seconds(family: str, rounds: int) -> float:
    """Return how long a fresh process takes to import a family of kernels, or PyTorch: the median of some."""
    environment = _environment(family, 1) | ({} if is_pytorch(family) else {'NNLITE_KERNELS': family})
    program = f'import time; started = time.perf_counter(); {_IMPORTS[is_pytorch(family)]}; {_PRINT}'
    line = [sys.executable, '-c', program]
    times = [subprocess.check_output(line, env=environment, text=True) for _ in range(rounds)]
    return float(np.median(list(map(float, times))))


class _Process:
    """The process of a contestant; `first` is how long its first step took.

    Raises:
        Error: it could not compute the case.
    """

    def __init__(self, contestant: str, case: Case, threads: int) -> None:
        self.contestant, self.case = contestant, case
        self.times: dict[str, list[float]] = {step: [] for step in case.steps}
        self.others: list[float] = []
        self._process = subprocess.Popen(
            [sys.executable, '-m', 'nnlite.bench.child', contestant, str(threads), to_json(case)],
            env=_environment(contestant, threads),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdin and self._process.stdout
        self._questions, self._answers = self._process.stdin, self._process.stdout

    def __enter__(self) -> '_Process':
        try:
            self.first = self._answer()['first']
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        self._answers.close()
        with contextlib.suppress(BrokenPipeError):
            self._questions.close()

    def sample(self, step: str, seconds: float) -> None:
        """Have it compute a sample of a step."""
        time.sleep(PAUSE)
        with contextlib.suppress(BrokenPipeError):  # it has ended, and its answer says so
            self._questions.write(f'{step} {seconds}\n')
            self._questions.flush()
        answer = self._answer()
        self.times[step] += answer['times']
        self.others += [] if answer['others'] is None else [answer['others']]

    def result(self) -> Result:
        """Let it end; return all that was measured."""
        self._questions.close()
        others = float(np.mean(self.others)) if self.others else None
        return Result(self.case, self.contestant, self.times, self.first, **self._answer(), others=others)

    def _answer(self) -> Any:
        line = self._answers.readline()
        if not line:
            raise Error(
                f'expected an answer of the process that measures {self.contestant}, and it has ended',
                where=self.case.name,
                hint='it said above why, unless the system killed it: a smaller --batch needs less memory',
            )
        answer = json.loads(line)
        if 'error' in answer:
            raise Error(answer['error'], where=f'{self.case.name}, {self.contestant}')
        return answer


def _environment(contestant: str, threads: int) -> dict[str, str]:
    """Return the environment of a contestant's process.

    How threads wait is left to each contestant, as everywhere else; a pause before each sample lets them fall asleep.
    PyTorch's are bound to cores, which is best for it; NumPy's kernels have threads of Python's own, which would then
    all be bound to the first.
    """
    own = {'OMP_NUM_THREADS': str(threads)}
    if is_pytorch(contestant):
        own['OMP_PROC_BIND'] = 'true'
    return {**os.environ, **own}
