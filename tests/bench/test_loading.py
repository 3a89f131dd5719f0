"""The loader's images a second, beside those that a step takes."""

import time

import numpy as np
import pytest

from nnlite.bench import loading
from nnlite.bench.cases import NETWORKS
from nnlite.bench.interleaved import Result, Settings

CASE = NETWORKS['resnet-20']


def result(contestant, seconds):
    return Result(CASE, contestant, {step: [seconds] for step in CASE.steps}, 0.5, None, None, others=None)


@pytest.mark.parametrize('rounds', [1, 3])
def test_each_round_adds_a_rate_of_each_augmentation(rounds, monkeypatch):
    monkeypatch.setattr(loading, 'IMAGES', 50)
    rates = loading.measure_loading(NETWORKS['resnet-8'], Settings(rounds, 1, 0.0))
    assert list(rates) == ['none', 'standard', 'stochastic']
    assert all(len(measured) == rounds and min(measured) > 0 for measured in rates.values())


def test_a_sample_goes_on_over_epochs():
    class Slow:
        """A loader with one batch of 3 images an epoch, each of which takes a hundredth of a second."""

        epochs = 0

        def __iter__(self):
            self.epochs += 1
            time.sleep(0.03)
            yield None, np.ones(3)

    loader = Slow()
    assert 10 < loading._rate(loader, 0.1) <= 100
    assert 1 < loader.epochs <= 4


def test_rates_are_held_against_the_fastest_of_our_own_steps():
    results = [result('numpy', 0.256), result('numba', 0.128), result('PyTorch', 0.064)]
    rows = loading.loading_rows(results, {'none': [5000.0, 7000.0, 6000.0], 'standard': [500.0]})
    assert [row['ratio'] for row in rows] == [6, 0.5]
    assert loading.loading_table(rows)[2:4] == [
        '| resnet-20 | 128 | numba | 1000 | none | 6000 (5500 to 6500) | 6.0 |',
        '| resnet-20 | 128 | numba | 1000 | standard | 500 (500 to 500) | 0.5 |',
    ]
