"""The processes of a measurement: what they answer, and what becomes of errors."""

import mmap
import subprocess
import sys
import time

import numpy as np
import pytest

from nnlite.bench.cases import Layer, Network, from_json, growing, to_json
from nnlite.bench.child import _Others
from nnlite.bench.interleaved import Settings, measure
from nnlite.bench.machine import cores, memory_now, most_memory, seconds_at_work
from nnlite.errors import Error
from nnlite.training.progress import Progress

QUIET = Progress(quiet=True)
TINY = Layer('tiny', 1, 2, 2, 4)


@pytest.mark.parametrize('case', [TINY, *(case for _, case in growing('width', 8))], ids=lambda case: case.name)
def test_a_case_reaches_its_process_as_it_is(case):
    assert from_json(to_json(case)) == case


def test_each_round_adds_a_sample_of_each_step():
    few, many = (measure(TINY, ['numpy'], Settings(rounds, 1, 0.0), QUIET)[0] for rounds in (1, 3))
    assert {step: len(times) for step, times in few.times.items()} == dict.fromkeys(Layer.steps, 1)
    assert {step: len(times) for step, times in many.times.items()} == dict.fromkeys(Layer.steps, 3)
    assert few.median('forward') > 0 and few.first > 0


def test_a_sample_lasts_as_long_as_was_said():
    (result,) = measure(TINY, ['numpy'], Settings(1, 1, 0.05), QUIET)
    assert all(0.05 <= sum(times) < 5 and len(times) > 1 for times in result.times.values())


@pytest.mark.skipif(memory_now() is None, reason='this system has no /proc')
def test_memory_is_that_of_the_process_and_of_its_work():
    before = memory_now()
    taken = mmap.mmap(-1, 2**25)  # new pages, where an array may get those that another gave back
    np.frombuffer(taken, np.uint8)[...] = 1
    assert memory_now() - before > 2**24
    taken.close()
    assert most_memory() - before > 2**24

    (result,) = measure(Network('convnet', 8, 'cifar10', 32), ['numpy'], Settings(1, 1, 0.0), QUIET)
    maps = 32 * 32 * 32 * 16 * 4  # bytes of the first layer's output, of which there are several
    assert 3 * maps < result.step_memory < result.process_memory


@pytest.mark.skipif(seconds_at_work() is None, reason='this system has no /proc')
def test_others_are_those_who_are_not_this_process():
    program = 'import time\nwhile time.process_time() < 1: pass'
    started = time.perf_counter()
    with _Others() as others:
        subprocess.run([sys.executable, '-c', program], check=True)
    seconds = time.perf_counter() - started
    assert others.share * seconds * cores() > 0.9  # that one's second, and what else this machine does


def test_this_process_is_none_of_them(monkeypatch):
    monkeypatch.setattr('nnlite.bench.child.seconds_at_work', time.process_time)  # as if it were alone
    with _Others() as others:
        began = time.process_time()
        while time.process_time() < began + 0.2:
            pass
    assert others.share < 0.01


def test_an_error_of_ours_says_where():
    with pytest.raises(Error, match='expected a depth of 7 or more') as raised:
        measure(Network('resnet', 3, 'cifar10', 1), ['numpy'], Settings(1, 1, 0.0), QUIET)
    assert raised.value.where == 'resnet-3, numpy'


def test_a_process_that_ends_is_an_error(capfd):
    with pytest.raises(Error, match='measures numpy, and it has ended'):
        measure(Network('resnet', 8, 'no such data', 1), ['numpy'], Settings(1, 1, 0.0), QUIET)
    assert "KeyError: 'no such data'" in capfd.readouterr().err
