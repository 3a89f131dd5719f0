import numpy as np
import pytest
import torch

from nnlite.training.meters import Meters


@pytest.mark.parametrize('seed', range(3))
@pytest.mark.parametrize('classes', [2, 5, 10])
def test_accuracies_are_those_of_pytorchs_topk(seed, classes):
    generator = np.random.default_rng(seed)
    meters, hits, seen = Meters(), np.zeros(2), 0
    for batch in (7, 16, 1):
        scores = generator.standard_normal((batch, classes), np.float32)
        labels = generator.integers(1, classes + 1, batch)
        meters.add(0.0, scores, labels)
        best = torch.from_numpy(scores).topk(min(5, classes)).indices.numpy() + 1 == labels[:, None]
        hits += best[:, 0].sum(), best.sum()
        seen += batch
    assert (meters.top1, meters.top5) == pytest.approx(tuple(100 * hits / seen), rel=1e-12)


def test_a_network_that_says_the_same_of_all_classes_is_right_by_chance_only():
    meters = Meters()
    meters.add(2.3, np.zeros((10, 10), np.float32), np.arange(1, 11))
    assert (meters.top1, meters.top5) == (10, 50)


def test_the_loss_is_the_mean_over_images_not_over_batches():
    meters = Meters()
    meters.add(1.0, np.zeros((3, 2)), np.ones(3, int))
    meters.add(5.0, np.zeros((1, 2)), np.ones(1, int))
    assert meters.loss == 2


def test_meters_go_on_from_their_state():
    whole, part = Meters(), Meters()
    generator = np.random.default_rng(0)
    batches = [(generator.random(), generator.random((4, 6)), generator.integers(1, 7, 4)) for _ in range(3)]
    for batch in batches:
        whole.add(*batch)
    part.add(*batches[0])
    part = Meters(**part.state)
    for batch in batches[1:]:
        part.add(*batch)
    assert part.state == whole.state
