"""The processes of jobs: one after the other, and what becomes of those that fail or take too long."""

import sys
import time
from dataclasses import replace

import pytest

from nnlite.bench.cases import Network, to_json
from nnlite.bench.on_gpu.jobs import EAGER, EAGER_LAST, FLOAT32, STEPS, Job
from nnlite.bench.on_gpu.processes import answers

pytest.importorskip('torch')
QUICK = Job(STEPS, EAGER, 'cpu', FLOAT32, to_json(Network('resnet', 8, 'cifar10', 1)), rounds=1, seconds=0)
# A step of this takes seconds, and a sample a minute.
SLOW = replace(QUICK, case=to_json(Network('resnet', 18, 'tiny-imagenet', 64)), seconds=60)


def run(jobs, tmp_path, seconds=120):
    return list(answers(jobs, time.monotonic() + seconds, tmp_path / 'log'))


def test_each_answers_in_its_turn(tmp_path):
    jobs = [QUICK, replace(QUICK, contestant=EAGER_LAST)]
    found = run(jobs, tmp_path)
    assert [(job, answer['step']) for job, answer in found] == [
        (job, step) for job in jobs for step in ('training', 'evaluation')
    ]


def test_one_that_fails_is_an_error_and_the_next_goes_on(tmp_path):
    broken = replace(QUICK, case=to_json(Network('resnet', 3, 'cifar10', 1)))
    (_, error), *others = run([broken, QUICK], tmp_path)
    assert 'expected a depth of 7' in error['error']
    assert [answer['step'] for _, answer in others] == ['training', 'evaluation']


def test_a_foreign_error_leaves_its_traceback_in_the_log(tmp_path):
    (_, error), *_ = run([replace(QUICK, device='no such device')], tmp_path)
    assert 'device' in error['error']
    assert 'Traceback' in (tmp_path / 'log').read_text()


def test_one_that_ends_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, 'executable', '/bin/false')
    assert run([QUICK], tmp_path) == [(QUICK, {'error': 'its process ended with status 1'})]


def test_one_that_takes_too_long_is_ended(tmp_path):
    (_, error), *others = run([replace(SLOW, limit=1), QUICK], tmp_path)
    assert error == {'error': 'it took too long, and was ended'}
    assert len(others) == 2


def test_what_there_is_no_time_for_is_said(tmp_path):
    assert run([QUICK, QUICK], tmp_path, seconds=1) == [(QUICK, {'error': 'there was no time left'})] * 2
