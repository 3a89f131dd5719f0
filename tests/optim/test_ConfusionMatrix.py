"""ConfusionMatrix against counting by hand, and against the text that Torch's Lua makes of it."""

import math

import numpy as np
import pytest

import nnlite
from nnlite import optim

# Worked out by hand from ConfusionMatrix.lua, with Lua's numbers (%.14g) and its blanks at the ends of lines.
TEXT = (
    'ConfusionMatrix:\n'
    '[[       2       1       0]   66.667% \t[class: cat]\n'
    ' [       0       1       0]   100.000% \t[class: dog]\n'
    ' [       0       0       0]]  nan% \t[class: owl]\n'
    ' + average row correct: 83.333334326744% \n'
    ' + average rowUcol correct (VOC measure): 58.333334326744% \n'
    ' + global correct: 75%'
)


def counted(predictions, targets, classes):
    counts = np.zeros((classes, classes), int)
    for prediction, target in zip(predictions, targets, strict=True):
        if target > 0:
            counts[target - 1, prediction - 1] += 1
    return counts


def test_the_text_is_torchs():
    confusion = optim.ConfusionMatrix(['cat', 'dog', 'owl'])
    for prediction, target in ((1, 1), (1, 1), (2, 1), (2, 2), (3, 0), (1, -1)):
        confusion.add(prediction, target)
    assert str(confusion) == repr(confusion) == TEXT


def test_columns_grow_with_the_counts():
    confusion = optim.ConfusionMatrix(2)
    confusion.mat[0, 0] = 123_456_789_012
    assert str(confusion).splitlines()[1:3] == [
        '[[ 123456789012            0]   100.000% ',
        ' [            0            0]]  nan% ',
    ]


@pytest.mark.parametrize('seed', (1, 2))
def test_all_forms_count_alike(seed):
    random = np.random.default_rng(seed)
    scores, targets = random.normal(size=(200, 5)).astype(np.float32), random.integers(-1, 6, 200)
    predictions = scores.argmax(axis=1) + 1
    expected = counted(predictions, targets, 5)
    labelled = targets > 0
    one_hot = np.eye(5)[targets[labelled] - 1]
    batches = (
        (scores, targets),
        (scores.tolist(), targets.tolist()),
        (predictions, targets.astype(np.float32)),
        (predictions[:, None], targets[:, None]),
        (scores[labelled], one_hot),
    )
    for batch in batches:
        confusion = optim.ConfusionMatrix(5)
        confusion.batchAdd(*batch)
        np.testing.assert_array_equal(confusion.mat, expected)
    singles = optim.ConfusionMatrix(5)
    for i, target in enumerate(targets):
        singles.add(*((scores[i], target) if i % 2 else (int(predictions[i]), int(target))))
    np.testing.assert_array_equal(singles.mat, expected)


def test_counts_add_up_over_batches_until_zero():
    confusion = optim.ConfusionMatrix(3)
    confusion.batchAdd([1, 2], [1, 1])
    confusion.batchAdd([1, 3], [1, 3])
    confusion.batchAdd(np.empty((0, 3)), [])
    np.testing.assert_array_equal(confusion.mat, [[2, 1, 0], [0, 0, 0], [0, 0, 1]])
    confusion.updateValids()
    confusion.zero()
    assert confusion.mat.sum() == confusion.valids.sum() == confusion.totalValid == confusion.averageValid == 0


def test_floats_that_are_equal_are_a_tie_that_the_first_class_wins():
    confusion = optim.ConfusionMatrix(2)
    confusion.add(np.array([1, 1 + 1e-12]), 1)
    assert confusion.mat[0, 0] == 1


def test_valids_skip_the_classes_not_seen():
    confusion = optim.ConfusionMatrix(4)
    confusion.mat[...] = [[6, 2, 0, 0], [1, 3, 0, 0], [0, 0, 0, 0], [0, 1, 0, 4]]
    confusion.updateValids()
    np.testing.assert_allclose(confusion.valids, [0.75, 0.75, np.nan, 0.8], rtol=1e-7)
    np.testing.assert_allclose(confusion.unionvalids, [6 / 9, 3 / 7, np.nan, 0.8], rtol=1e-7)
    assert confusion.averageValid == pytest.approx((0.75 + 0.75 + 0.8) / 3, rel=1e-7)
    assert confusion.averageUnionValid == pytest.approx((6 / 9 + 3 / 7 + 0.8) / 3, rel=1e-7)
    assert confusion.totalValid == 13 / 17


def test_nothing_counted_is_nan():
    confusion = optim.ConfusionMatrix(2)
    confusion.updateValids()
    assert math.isnan(confusion.totalValid) and math.isnan(confusion.averageValid)


def test_false_rejections_and_acceptances():
    confusion = optim.ConfusionMatrix(4)
    confusion.mat[...] = [[6, 2, 0, 0], [1, 3, 0, 0], [0, 0, 0, 0], [0, 1, 1, 3]]
    classFrrs, classFars, frrs, fars = confusion.farFrr()
    np.testing.assert_allclose(frrs, [0.25, 0.25, 0.4])
    np.testing.assert_allclose(fars, [(1 / 4 + 0) / 2, (2 / 8 + 1 / 5) / 2, 0])
    np.testing.assert_array_equal(classFrrs, [frrs[0], frrs[1], -1, frrs[2]])
    np.testing.assert_array_equal(classFars, [fars[0], fars[1], -1, fars[2]])
    confusion.mat[...] = np.eye(4)
    assert [rates.sum() for rates in confusion.farFrr()] == [0, 0, 0, 0]


@pytest.mark.parametrize(
    'predictions, targets, message',
    [
        ([1], [3], 'targets from 1 to 2, got 3'),
        ([0], [1], 'predictions from 1 to 2, got 0'),
        ([1.5], [1], 'predictions to be whole'),
        ([1], [float('nan')], 'targets to be whole'),
        ([1, 2], [1], 'got 1 for 2'),
        (np.ones((2, 3)), [1, 1], r'\(N, 2\), got \(2, 3\)'),
        (np.ones((2, 2, 2)), [1, 1], r'got \(2, 2, 2\)'),
    ],
)
def test_what_does_not_fit_is_refused_and_not_counted(predictions, targets, message):
    confusion = optim.ConfusionMatrix(2)
    with pytest.raises(nnlite.Error, match=message):
        confusion.batchAdd(predictions, targets)
    assert confusion.mat.sum() == 0


@pytest.mark.parametrize('arguments', ((0,), ([],), (3, ['cat', 'dog'])))
def test_classes_without_names_of_their_own(arguments):
    with pytest.raises(nnlite.Error, match='number of classes'):
        optim.ConfusionMatrix(*arguments)


def test_render_shows_rows_as_parts_in_order():
    confusion = optim.ConfusionMatrix(['cat', 'dog', 'rat'])
    confusion.mat[:] = [[6, 4, 0], [0, 0, 0], [1, 0, 9]]
    picture = confusion.render(block=10, legendwidth=50)
    assert picture.shape == (3, 30, 80) and picture.dtype == np.float32 and 0 <= picture.min() < picture.max() <= 1
    blocks = picture[0, 1:30:10, 1:30:10]
    np.testing.assert_allclose(blocks, [[0.9, 0.1, 0], [0, 0.6, 0.4], [0, 0, 0]], atol=1 / 255)
    names = confusion.render(block=10)[0, :, 140:]
    assert names[:10].max() > names[20:].max() > 0, 'the better a class, the brighter its name'
    again = confusion.render('occurrence', False, 10, 50)[0, 1:30:10, 1:30:10]
    np.testing.assert_allclose(again, [[0.6, 0, 0.4], [0.1, 0.9, 0], [0, 0, 0]], atol=1 / 255)
    assert optim.ConfusionMatrix(2).render().shape == (3, 50, 250)
    with pytest.raises(nnlite.Error, match="expected sortmode score or occurrence, got 'name'"):
        confusion.render('name')
