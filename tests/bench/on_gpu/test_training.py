"""The time to train: a short run, and its rates."""

import pytest

from nnlite.bench.on_gpu import training
from nnlite.data_prep import shapes


def test_rate_rises_and_falls():
    rates = [training.rise_and_fall(epoch, 30, 0.2) for epoch in range(1, 31)]
    assert max(rates) == rates[5] == 0.2
    assert rates[:6] == sorted(rates[:6]) and rates[5:] == sorted(rates[5:], reverse=True)
    assert 0 < rates[-1] < 0.01
    assert [training.rise_and_fall(epoch, 1, 0.2) for epoch in (1,)] == [0.2]


def test_epochs_are_told_as_they_end(cupy, tmp_path, monkeypatch):
    monkeypatch.setitem(training.DEPTHS, 'cifar10', 8)
    path = tmp_path / 'shapes.h5'
    shapes.prepare(path, size=16, train=20, val=10, seed=1, workers=1, quiet=True)
    told = []
    training.train(str(path), 2, 'cuda:0', lambda rows: told.append(rows[-1]))
    assert [row['epoch'] for row in told] == [1, 2]
    assert all(row['seconds'] > 0 and 0 <= row['val_top1'] <= 100 for row in told)
    assert told[-1]['learning_rate'] == pytest.approx(training.RATE * 0.5)
