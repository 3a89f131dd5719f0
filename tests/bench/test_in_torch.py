"""PyTorch's twins of nnlite's networks compute the same: what is measured is the same work."""

import numpy as np
import pytest
import torch

import nnlite
from nnlite import nn
from nnlite.bench import in_torch, ours
from nnlite.bench.cases import NETWORKS, OTHERS, Layer, Network, Other, from_json, to_json
from nnlite.errors import Error

SMALL = [
    Network('resnet', 8, 'cifar10', 4),
    Network('convnet', 8, 'cifar10', 4),
    Network('resnet', 9, 'tiny-imagenet', 2, (4, 4, 8, 8)),
]


@pytest.mark.parametrize('case', SMALL, ids=lambda case: f'{case.name}-{case.dataset}')
def test_outputs_and_gradients_are_nnlites(case):
    net = case.model()
    twin = in_torch.twin(net)
    images, _ = case.images_and_labels()
    output = net.forward(images)
    theirs = twin(torch.from_numpy(images))
    np.testing.assert_allclose(theirs.detach().numpy(), output, rtol=1e-3, atol=1e-4)

    gradOutput = np.random.default_rng(2).standard_normal(output.shape, np.float32)
    net.zeroGradParameters()
    net.backward(images, gradOutput)
    theirs.backward(torch.from_numpy(gradOutput))
    gradients = net.parameters()[1]
    for ours_, theirs_ in zip(gradients, twin.parameters(), strict=True):
        np.testing.assert_allclose(theirs_.grad.numpy(), ours_, rtol=1e-2, atol=1e-2 * np.abs(ours_).max())


@pytest.mark.parametrize('channels_last', [False, True])
@pytest.mark.parametrize('fused', [False, True])
def test_steps_train_as_nnlites_do(channels_last, fused):
    losses = []
    for prepare, how in ((ours.steps_of, fused), (in_torch.steps_of, channels_last)):
        nnlite.manualSeed(1)
        steps = prepare(SMALL[0], how)
        losses.append([steps['training']() for _ in range(4)] + [steps['evaluation']()])
    np.testing.assert_allclose(*losses, rtol=0.02)
    assert losses[0][3] < losses[0][0]


@pytest.mark.parametrize('name', OTHERS)
def test_other_networks_are_nnlites_too(name):
    """In evaluation, that nothing is drawn; so before the step of training that follows, whose dropout differs."""
    case = from_json(to_json(Other(name, 2)))
    losses = []
    for prepare, how in ((ours.steps_of, True), (in_torch.steps_of, True), (in_torch.steps_of, False)):
        nnlite.manualSeed(1)
        steps = prepare(case, how)
        losses.append(steps['evaluation']())
        assert np.isfinite(steps['training']())
    np.testing.assert_allclose(losses, losses[0], rtol=1e-4)


def test_a_module_that_is_not_known_is_an_error():
    with pytest.raises(Error, match='knows in PyTorch, got Tanh'):
        in_torch.twin(nn.Sequential().add(nn.Tanh()))


def test_passes_of_a_convolution_are_nnlites():
    case = Layer('small', 2, 3, 4, 9, 2)
    mine, theirs = ours.steps_of(case, fused=False), in_torch.steps_of(case, channels_last=True)
    assert mine.keys() == theirs.keys() == set(Layer.steps)
    assert mine['forward']().shape == theirs['forward']().shape == (2, 4, 5, 5)
    assert mine['gradInput']().shape == theirs['gradInput']()[0].shape == (2, 3, 9, 9)
    assert theirs['gradWeight']()[1].shape == (4, 3, 3, 3)


def test_every_network_can_be_measured():
    for case in NETWORKS.values():
        in_torch.twin(case.model())
