"""A run that is killed anywhere, and resumed, ends in the bits of one that never was."""

import csv
import random
import signal
import subprocess
import sys

import pytest

import nnlite

# Trains as a user's program would, and kills itself at its `at`-th event. Events are the beginnings and ends of steps,
# and the moments before and after a file is brought to the disk and takes its place.
PROGRAM = """
import os, signal, sys
import nnlite
from nnlite import models, nn, optim
from nnlite.data_prep import Loader
from nnlite.training import Trainer

data, folder, at, workers = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
events = 0

def counted(function):
    def counting(*args, **options):
        event()
        result = function(*args, **options)
        event()
        return result
    return counting

def event():
    global events
    events += 1
    if events == at:
        os.kill(os.getpid(), signal.SIGKILL)

nnlite.manualSeed(1)
net = models.resnet(7, 'cifar10', dropout=0.5, widths=(2, 3, 4))
train = Loader(data, 'train', 16, seed=3, augment='stochastic', workers=workers)
trainer = Trainer(net, nn.CrossEntropyCriterion(), train, Loader(data, 'val', 8), folder,
                  resume=True, minutes=0, quiet=True)
os.fsync, os.replace, trainer.step = counted(os.fsync), counted(os.replace), counted(trainer.step)
trainer.run(epochs=3)
print(events)
"""
SECONDS = ('seconds', 'images_per_second')


def run(data, folder, at=-1, workers=1):
    return subprocess.run(
        [sys.executable, '-c', PROGRAM, data, str(folder), str(at), str(workers)],
        capture_output=True,
        text=True,
        timeout=300,
    )


def outcome(folder):
    """Everything that a run leaves, but for the time it took."""
    checkpoint = nnlite.load(folder / 'latest.t7')
    best = nnlite.load(folder / 'best.t7')
    with open(folder / 'log.csv') as file:
        lines = [[value for name, value in line.items() if name not in SECONDS] for line in csv.DictReader(file)]
    return {
        'model': [array.tobytes() for _, _, array in checkpoint['model'].arrays()],
        'momentum': checkpoint['optimState']['dfdx'].tobytes(),
        'steps': checkpoint['optimState']['evalCounter'],
        'rng': checkpoint['rng'].tobytes(),
        'best': [array.tobytes() for _, _, array in best['model'].arrays()],
        'log': lines,
        'files': sorted(path.name for path in folder.iterdir()),
    }


@pytest.fixture(scope='module')
def uninterrupted(small_data, tmp_path_factory):
    """What a run leaves that nobody stopped, and how many events it had."""
    folder = tmp_path_factory.mktemp('uninterrupted') / 'run'
    done = run(small_data, folder)
    assert done.returncode == 0, done.stderr
    return outcome(folder), int(done.stdout)


@pytest.mark.parametrize('seed', range(3))
def test_killed_again_and_again_it_ends_in_the_same_bits(small_data, tmp_path, uninterrupted, seed):
    expected, events = uninterrupted
    chance, kills = random.Random(seed), 0
    while True:
        # The first kills come early, so that a part of the way is gone more than once.
        done = run(small_data, tmp_path / 'run', chance.randrange(1, events), workers=chance.choice([1, 2]))
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL, done.stderr
        kills += 1
        assert kills < 30
    assert kills > 0, 'this seed kills nothing: choose another'
    assert outcome(tmp_path / 'run') == expected


@pytest.mark.slow
def test_killed_once_at_any_point_it_ends_in_the_same_bits(small_data, tmp_path, uninterrupted):
    expected, events = uninterrupted
    for at in range(1, events + 1):
        folder = tmp_path / f'run{at}'
        assert run(small_data, folder, at).returncode == -signal.SIGKILL
        done = run(small_data, folder)
        assert done.returncode == 0, done.stderr
        assert outcome(folder) == expected, f'killed at event {at}'
