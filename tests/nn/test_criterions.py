"""What the table of criterions cannot say: random slopes, errors from within, edges, and methods of a few."""

import numpy as np
import pytest

import nnlite
from nnlite import nn
from nnlite.tensor import random


def test_slope_of_ties_is_drawn_from_torchs_stream():
    criterion, given = (
        nn.L1HingeEmbeddingCriterion().double(),
        [np.array([1.0, 2, 3, 4, 5]), np.array([1.0, 0, 3, 7, 5])],
    )
    nnlite.manualSeed(3)
    signs = [2 * random.random(2) - 3 for _ in range(3)]
    nnlite.manualSeed(3)
    first, second = criterion.backward(given, 1)
    assert first.tolist() == [signs[0], 1, signs[1], -1, signs[2]] and len(set(signs)) == 2
    assert np.array_equal(second, -first)


def test_error_says_in_which_criterion():
    inner = nn.ParallelCriterion().add(nn.AbsCriterion()).add(nn.MSECriterion())
    criterion = nn.MultiCriterion().add(nn.ModuleCriterion(inner)).double()
    x = np.ones(3)
    with pytest.raises(nnlite.ShapeError) as caught:
        criterion.forward([x, x], [x, x[:2]])
    path = 'MultiCriterion[1] > ModuleCriterion.criterion > ParallelCriterion[2] > MSECriterion'
    assert str(caught.value) == f'in {path}\n  expected target (3,), got (2,)'


@pytest.mark.parametrize(
    'make',
    [
        lambda: nn.MultiCriterion().add(nn.Tanh()),
        lambda: nn.ParallelCriterion().add(None),
        lambda: nn.ModuleCriterion(nn.Tanh()),
        lambda: nn.CriterionTable(nn.Tanh()),
        lambda: nn.MultiMarginCriterion(3),
        lambda: nn.ClassSimplexCriterion(1),
        lambda: nn.BCECriterion([[1, 2]]),
        lambda: nn.WeightedMSECriterion('heavy'),
    ],
)
def test_wrong_argument_is_refused(make):
    with pytest.raises(nnlite.Error, match=r'expected .+, got .+') as caught:
        make()
    assert 'Criterion' in caught.value.where


def test_certainty_that_is_wrong_costs_no_more_than_eps_lets_it():
    criterion, x, y = nn.BCECriterion().double(), np.array([0.0, 1.0]), np.array([1.0, 0.0])
    assert criterion.forward(x, y) == pytest.approx(-np.log(1e-12))
    np.testing.assert_allclose(criterion.backward(x, y), [-0.5e12, 0.5e12])


def test_simplex_has_corners_equally_far_apart():
    criterion = nn.ClassSimplexCriterion(4).double()
    products = criterion.simplex @ criterion.simplex.T
    np.testing.assert_allclose(products, np.where(np.eye(4) == 1, 1, -1 / 3), atol=1e-7)
    assert np.array_equal(criterion.getPredictions(criterion.simplex), products)
    assert criterion.getTopPrediction(criterion.simplex[2]).tolist() == [3]


def test_inputModule_that_would_learn_is_warned_of():
    with pytest.warns(UserWarning, match='does not learn'):
        nn.ModuleCriterion(nn.MSECriterion(), nn.Linear(2, 2))


def test_file_without_a_type_is_of_the_type_of_what_is_in_it():
    for criterion in (nn.ParallelCriterion().add(nn.MSECriterion()), nn.CosineEmbeddingCriterion()):
        fields = criterion.double().write()
        del fields['_type']
        twin = type(criterion).__new__(type(criterion))
        twin.read(fields)
        assert twin.type() == 'torch.DoubleTensor'


def test_old_file_lacks_what_came_later():
    criterion, x = nn.MultiMarginCriterion().double(), np.array([[0.5, -1, 0.25]])
    fields = {name: value for name, value in criterion.write().items() if name not in ('p', 'margin', 'weights')}
    old = nn.MultiMarginCriterion.__new__(nn.MultiMarginCriterion)
    old.read(fields)
    assert old.forward(x, 2) == criterion.forward(x, 2)
