"""The account of steps on a GPU says what meters on the host say, and from the first fault on no step is taken."""

import math

import numpy as np
import pytest

from nnlite.training.account import STEPS, Account
from nnlite.training.meters import Meters


@pytest.mark.parametrize('dtype', ['f2', 'f4', 'f8'])
@pytest.mark.parametrize('rows, classes', [(1, 1), (3, 4), (40, 7), (9, 100)])
def test_it_counts_as_meters_on_the_host(cupy, dtype, rows, classes):
    random = np.random.default_rng(1)
    account, meters = Account(), Meters()
    for loss in (0.5, 2.25, 1 / 3):
        scores = random.integers(-3, 4, (rows, classes)).astype(dtype)  # with equal ones among them
        labels = random.integers(1, classes + 1, rows)
        account.enter(loss, cupy.asarray(scores), cupy.asarray(labels))
        account.entered(rows)
        meters.add(loss, scores, labels)
    assert account.unread == 3
    reading, read = account.read(), Meters()
    read.enter(reading.losses, reading.images, reading.correct1, reading.correct5)
    assert read.state == meters.state and not reading.fault
    assert account.unread == 0 and account.read().losses == []


def test_a_loss_on_the_gpu_is_taken_from_there(cupy):
    account = Account()
    account.enter(cupy.full((), 1.25, 'f8'), cupy.zeros((2, 3), 'f4'), cupy.ones(2, 'i8'))
    account.entered(2)
    assert account.read().losses == [1.25]


@pytest.mark.parametrize('bad', [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize('where', ['loss', 'gradient'])
def test_from_the_first_fault_on_the_rate_is_nan(cupy, bad, where):
    account = Account()
    account.ask_for(0.25)
    scores, labels, good = cupy.zeros((2, 3), 'f4'), cupy.ones(2, 'i8'), cupy.ones(5000, 'f4')
    faulty = good.copy()
    faulty[4321] = bad
    steps = [(1.0, good), (bad, good) if where == 'loss' else (1.0, faulty), (1.0, good)]
    rates = []
    for loss, gradients in steps:
        account.enter(loss, scores, labels, gradients)
        account.entered(2)
        rates.append(float(account.rate))
    assert rates[0] == 0.25 and all(map(math.isnan, rates[1:]))
    reading = account.read()
    assert (reading.losses, reading.images, reading.correct1, reading.fault) == ([1.0], [2], 2, True)
    account.enter(1.0, scores, labels, good)
    assert float(account.rate) == 0.25  # after the reading it goes on


def test_it_is_full_after_so_many_steps(cupy):
    account = Account()
    for step in range(STEPS):
        assert not account.is_full
        account.enter(float(step), cupy.zeros((1, 2), 'f4'), cupy.ones(1, 'i8'))
        account.entered(1)
    assert account.is_full
    assert account.read().losses == [float(step) for step in range(STEPS)]


def test_labels_that_are_no_classes_are_no_hits(cupy):
    account = Account()
    account.enter(1.0, cupy.zeros((3, 2), 'f4'), cupy.asarray([0, 3, 1]))
    account.entered(3)
    assert account.read().correct1 == 1
