"""Work over processes: results in order, few tasks taken ahead, errors and kills reported."""

import math
import multiprocessing
import os
import subprocess
import sys

import pytest

from nnlite.data_prep.parallel import in_order
from nnlite.errors import DataError


@pytest.mark.parametrize('workers', [1, 2, 4])
@pytest.mark.parametrize('count', [0, 1, 2, 50])
def test_results_come_in_the_order_of_the_tasks(workers, count):
    assert list(in_order(math.factorial, range(count), workers)) == [math.factorial(n) for n in range(count)]
    assert not multiprocessing.active_children()


def test_only_a_few_tasks_are_taken_ahead():
    taken = []
    results = in_order(math.factorial, (taken.append(n) or n for n in range(1000)), 2)
    next(results)
    assert len(taken) <= 8
    results.close()
    assert not multiprocessing.active_children()


@pytest.mark.parametrize('workers', [1, 2])
def test_an_error_of_a_task_reaches_the_caller(workers):
    with pytest.raises(ValueError, match='factorial'):
        list(in_order(math.factorial, [1, 2, -1, 3, 4], workers))


def test_a_killed_worker_is_one_clear_error():
    with pytest.raises(DataError, match='worker process was killed'):
        list(in_order(os._exit, [9, 9, 9], 2))


def test_workers_count_from_1():
    with pytest.raises(DataError, match='1 or more workers, got 0'):
        list(in_order(math.factorial, [1, 2], 0))


@pytest.mark.parametrize('workers', [2, 4])
def test_workers_end_with_a_process_that_is_killed(workers):
    script = f"""
import itertools, time
from nnlite.data_prep.parallel import in_order
for _ in in_order(time.sleep, itertools.repeat(0.01), {workers}):
    print('at work', flush=True)
"""
    with subprocess.Popen([sys.executable, '-c', script], stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        process.kill()
        process.communicate(timeout=20)  # comes to the end once nobody is left who could write
