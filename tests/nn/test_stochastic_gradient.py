"""nn.StochasticGradient: its steps, its order, its messages."""

import numpy as np
import pytest

import nnlite
from nnlite import nn


@pytest.fixture
def dataset():
    rng = np.random.default_rng(1)
    return [(rng.standard_normal(3), rng.standard_normal(2)) for _ in range(5)]


def trainer(**settings):
    nnlite.manualSeed(3)
    made = nn.StochasticGradient(nn.Linear(3, 2).double(), nn.MSECriterion().double())
    made.__dict__.update({'maxIteration': 3, **settings})
    return made


@pytest.mark.parametrize('shuffle', [True, False])
def test_steps_are_those_by_hand(dataset, shuffle):
    examples, rates = [], []
    one = trainer(learningRate=0.1, learningRateDecay=0.5, shuffleIndices=shuffle)
    one.hookExample = lambda trainer, example: examples.append([one is example for one in dataset])
    one.hookIteration = lambda trainer, iteration, error: rates.append((trainer is one, iteration, error))
    one.train(dataset)

    twin = trainer()
    order = (nnlite.randperm(5) - 1).tolist() if shuffle else [0, 1, 2, 3, 4]
    errors = []
    for rate in (0.1, 0.1 / (1 + 2 * 0.5), 0.1 / (1 + 3 * 0.5)):
        errors.append(0)
        for place in order:
            input, target = dataset[place]
            errors[-1] += twin.criterion.forward(twin.module.forward(input), target) / 5
            twin.module.zeroGradParameters()
            twin.module.backward(input, twin.criterion.backward(twin.module.output, target))
            twin.module.updateParameters(rate)
    assert [which.index(True) for which in examples] == 3 * order
    assert [(mine, iteration) for mine, iteration, _ in rates] == [(True, 1), (True, 2), (True, 3)]
    np.testing.assert_allclose([error for _, _, error in rates], errors, rtol=1e-13)
    np.testing.assert_allclose(one.module.weight, twin.module.weight, rtol=1e-13)


def test_random_numbers_are_drawn_even_for_the_given_order(dataset):
    trainer(shuffleIndices=False).train(dataset)
    after = nnlite.uniform()
    trainer()
    nnlite.randperm(5)
    assert nnlite.uniform() == after


@pytest.mark.parametrize('verbose', [True, False])
def test_messages(dataset, capsys, verbose):
    errors = []
    one = trainer(verbose=verbose)
    one.hookIteration = lambda trainer, iteration, error: errors.append(error)
    one.train(dataset)
    current = [f'# current error = {error:.14g}' for error in errors] if verbose else []
    assert capsys.readouterr().out.splitlines() == [
        '# StochasticGradient: training',
        *current,
        '# StochasticGradient: you have reached the maximum number of iterations',
        f'# training error = {errors[-1]:.14g}',
    ]


def test_a_file_holds_the_trainer_without_its_hooks(dataset, tmp_path):
    one = trainer(learningRate=0.02, learningRateDecay=0.1, shuffleIndices=False, verbose=False)
    one.hookExample = lambda trainer, example: None
    nnlite.save(tmp_path / 'trainer.t7', one)
    found = nnlite.load(tmp_path / 'trainer.t7')
    assert type(found) is nn.StochasticGradient and found.hookExample is None
    one.train(dataset)
    found.train(dataset)
    assert np.array_equal(one.module.weight, found.module.weight)
    data = nnlite.load(tmp_path / 'trainer.t7', rebuild=False)
    old = {'module': data.fields['module'], 'criterion': data.fields['criterion']}
    nnlite.save(tmp_path / 'old.t7', nnlite.TorchObject('nn.StochasticGradient', old))
    assert nnlite.load(tmp_path / 'old.t7').maxIteration == 25
    nnlite.save(tmp_path / 'bad.t7', nnlite.TorchObject('nn.StochasticGradient', {**old, 'learningRate': 'fast'}))
    with pytest.raises(nnlite.FileFormatError, match='expected learningRate to be a number'):
        nnlite.load(tmp_path / 'bad.t7')


def test_without_a_maximum_a_hook_ends_it(dataset):
    class StopError(Exception):
        pass

    def stop(trainer, iteration, error):
        if iteration == 40:
            raise StopError

    one = trainer(maxIteration=0)
    one.hookIteration = stop
    with pytest.raises(StopError):
        one.train(dataset)
