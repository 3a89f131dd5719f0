"""setnumthreads, asked of the BLAS library and seen in which of the process's threads work."""

import os
import subprocess
import sys
from threading import Barrier, Thread

import numpy as np
import pytest

import nnlite
from nnlite.tensor import threads


@pytest.fixture(autouse=True)
def as_before():
    before = nnlite.getnumthreads()
    yield
    nnlite.setnumthreads(before)


# Linux counts the nanoseconds that each thread was on a CPU; a new worker spins for a while before it sleeps.
WORK = """
import os, time, numpy as np, nnlite
def seconds_of_others():
    tasks = (task for task in os.listdir('/proc/self/task') if int(task) != os.getpid())
    return sum(int(open(f'/proc/self/task/{task}/schedstat').read().split()[0]) for task in tasks) / 1e9
nnlite.setnumthreads(%d)
a = np.ones((1500, 1500))
time.sleep(0.3)
before = seconds_of_others()
a @ a
print(seconds_of_others() - before)
"""


@pytest.mark.skipif(not os.path.exists('/proc/self/schedstat'), reason='Linux shows the CPU time of threads')
def test_a_matrix_product_uses_as_many_threads():
    def seconds_of_others(n):
        command = [sys.executable, '-c', WORK % n]
        return float(subprocess.run(command, capture_output=True, check=True, text=True).stdout)

    assert seconds_of_others(1) < seconds_of_others(2) / 4


def test_the_number_is_what_was_set():
    for n in (1, 2, 1, np.int64(3)):
        nnlite.setnumthreads(n)
        assert nnlite.getnumthreads() == n


@pytest.mark.skipif(not hasattr(os, 'sched_getaffinity'), reason='needs the set of cores that the process may use')
def test_all_cores_that_the_process_may_use_by_default():
    clean = {key: value for key, value in os.environ.items() if not key.endswith('_NUM_THREADS')}
    code = 'import nnlite, os; print(nnlite.getnumthreads() == min(64, len(os.sched_getaffinity(0))))'
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, check=True, text=True, env=clean)
    assert done.stdout == 'True\n'


@pytest.mark.parametrize('n', (0, -1, 1.5, '2', True, None, 2**40))
def test_a_number_that_is_none(n):
    with pytest.raises(nnlite.Error, match='whole number of threads'):
        nnlite.setnumthreads(n)


def test_more_than_the_library_takes_changes_nothing():
    nnlite.setnumthreads(2)
    with pytest.raises(nnlite.DeviceError, match=r'at most \d+ threads'):
        nnlite.setnumthreads(2**20)
    assert nnlite.getnumthreads() == 2


def test_a_library_that_cannot_be_told(monkeypatch):
    monkeypatch.setattr(threads, '_NAMES', (('set_threads_of_no_library', 'get_threads_of_no_library'),))
    monkeypatch.setattr(threads, '_blas', threads._blas.__wrapped__)
    monkeypatch.setattr(threads, '_number', None)
    with pytest.raises(nnlite.DeviceError, match='no function known here') as caught:
        nnlite.setnumthreads(2)
    assert 'OMP_NUM_THREADS' in caught.value.hint
    # The kernels have one thread then, and it may be said.
    assert nnlite.getnumthreads() == 1
    nnlite.setnumthreads(1)
    parts = []
    threads.share_out(lambda part, piece: parts.append(part), 5)
    assert parts == [0]


def test_work_is_shared_out_in_parts_that_cover_it_once():
    for n, count in ((1, 5), (2, 5), (3, 2), (4, 0)):
        nnlite.setnumthreads(n)
        pieces = {}
        threads.share_out(lambda part, piece, pieces=pieces: pieces.update({part: piece}), count)
        covered = [i for part in sorted(pieces) for i in range(count)[pieces[part]]]
        assert covered == list(range(count))
        assert len(pieces) == min(n, count)


def test_matrix_products_have_one_thread_meanwhile_and_their_own_afterwards():
    nnlite.setnumthreads(2)
    seen = []
    threads.share_out(lambda part, piece: seen.append(threads._blas()[1]()), 2)
    assert seen == [1, 1]
    assert threads._blas()[1]() == 2


def test_several_of_the_callers_threads_share_out_at_once():
    nnlite.setnumthreads(2)
    together = Barrier(2)
    parts = []

    def work(part, piece):
        if part == 0:
            together.wait(5)  # both callers are in the middle of their work here
        parts.append(part)

    callers = [Thread(target=threads.share_out, args=(work, 2)) for _ in range(2)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert sorted(parts) == [0, 0, 1, 1]
    assert threads._blas()[1]() == 2


def test_a_part_may_share_out_its_own():
    seen = []

    def work(part, piece):
        threads.share_out(lambda inner, rows: seen.append((part, inner, rows.start, rows.stop)), 4)

    nnlite.setnumthreads(2)
    threads.share_out(work, 2)
    assert sorted(seen) == [(0, 0, 0, 4), (1, 0, 0, 4)]


def test_an_error_in_a_worker_reaches_the_caller():
    nnlite.setnumthreads(2)

    def work(part, piece):
        if part:
            raise ValueError('from the other thread')

    with pytest.raises(ValueError, match='from the other thread'):
        threads.share_out(work, 2)
    assert threads._blas()[1]() == 2


def test_workers_heed_the_callers_errstate():
    nnlite.setnumthreads(2)
    with np.errstate(divide='raise'), pytest.raises(FloatingPointError):
        threads.share_out(lambda part, piece: np.float64(part and 1) / 0 if part else None, 2)


@pytest.mark.skipif(not hasattr(os, 'fork'), reason='needs fork')
def test_a_forked_process_has_threads_of_its_own():
    code = """
import os, sys, nnlite
from nnlite.tensor.threads import share_out
nnlite.setnumthreads(2)
share_out(lambda part, piece: None, 2)
child = os.fork()
share_out(lambda part, piece: None, 2)
sys.exit(0 if child == 0 else os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    assert subprocess.run([sys.executable, '-W', 'ignore', '-c', code], timeout=300).returncode == 0
