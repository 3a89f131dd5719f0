"""What follows from a recording, against what is known of the network."""

import math

import numpy as np
import pytest

import nnlite
from nnlite import models, nn, trace


def residual_blocks(count, branch, dtype='torch.DoubleTensor'):
    """A network of blocks x + f(x), and its way out."""
    net = nn.Sequential()
    for _ in range(count):
        net.add(nn.ConcatTable().add(branch()).add(nn.Identity())).add(nn.CAddTable())
    return net.type(dtype)


@pytest.mark.parametrize('factor', [2.0, -0.5])
def test_paths_of_a_network_that_multiplies(factor):
    """Of n blocks x + c x there are (n over k) paths through k branches, each of which multiplies by c^k."""
    net = residual_blocks(6, lambda: nn.Sequential().add(nn.MulConstant(factor)))
    x, target = np.ones((2, 3)), np.zeros((2, 3))
    found = trace.path_lengths(net, nn.MSECriterion().double(), x, target)
    criterion = nn.MSECriterion().double()
    output = net.forward(x)
    criterion.forward(output, target)
    gradient = criterion.backward(output, target)
    for k in range(7):
        np.testing.assert_allclose(found[k], math.comb(6, k) * factor**k * gradient, rtol=1e-12)


@pytest.mark.parametrize('kind', ['A', 'B'])
@pytest.mark.parametrize('place', [0, 1], ids=['branch first', 'shortcut first'])
def test_paths_of_all_lengths_add_up_to_the_gradient(kind, place):
    nnlite.manualSeed(1)
    net = models.resnet(14, 'cifar10', kind, widths=(4, 6, 8)).double()
    if place:
        for fork in net.findModules('nn.ConcatTable')[0]:
            fork.modules.reverse()
    images, labels = nnlite.randn(3, 3, 16, 16).astype(np.float64), [1, 2, 3]
    frame = trace.record(net, nn.CrossEntropyCriterion().double(), images, labels, arrays=True)
    norms = [module for module in net.listModules() if hasattr(module, 'running_mean')]
    rng, running = nnlite.getRNGState(), [norm.running_mean.copy() for norm in norms]
    found = trace.path_lengths(net, nn.CrossEntropyCriterion().double(), images, labels)
    assert len(found) == 7 and all(np.linalg.norm(part) > 0 for part in found)
    np.testing.assert_allclose(found.sum(0), frame.arrays['gradInput', 0], rtol=0, atol=1e-14)
    np.testing.assert_array_equal(nnlite.getRNGState(), rng)
    for norm, before in zip(norms, running, strict=True):
        np.testing.assert_array_equal(norm.running_mean, before)


def test_paths_of_a_block_in_a_block():
    def branch():
        return nn.Sequential().add(residual_blocks(2, lambda: nn.MulConstant(3))).add(nn.MulConstant(0.5))

    net = residual_blocks(1, branch)
    x = np.ones((1, 2))
    found = trace.path_lengths(net, nn.MSECriterion().double(), x, np.zeros((1, 2)))
    # past: 1; through the branch: 0.5 (1 + 3)^2 by the inner lengths, each one longer
    ratios = found[:, 0, 0] / found[0, 0, 0]
    np.testing.assert_allclose(ratios, [1, 0.5, 0.5 * 2 * 3, 0.5 * 9], rtol=1e-12)


def test_a_plain_network_has_one_length():
    nnlite.manualSeed(1)
    net = models.convnet(8, 'cifar10', widths=(4, 6, 8))
    assert len(trace.path_lengths(net, nn.CrossEntropyCriterion(), nnlite.randn(2, 3, 16, 16), [1, 2])) == 1


def test_paths_through_what_is_around_modules():
    """A file of Torch's may have its network in a DataParallelTable; a layer may be a container in which is no fork."""
    nnlite.manualSeed(1)
    net = residual_blocks(
        2, lambda: nn.Sequential().add(nn.Bottle(nn.Linear(3, 3))).add(nn.SpatialLPPooling(3, 2, 1, 1))
    )
    batch = nn.MSECriterion().double(), nnlite.randn(2, 3, 3, 3).astype(np.float64), np.zeros((2, 3, 3, 3))
    found = trace.path_lengths(nn.DataParallelTable(1).add(net).double(), *batch)
    assert len(found) == 3
    np.testing.assert_array_equal(found, trace.path_lengths(net, *batch))
    whole = trace.record(net, *batch, arrays=True).arrays['gradInput', 0]
    np.testing.assert_allclose(found.sum(0), whole, rtol=0, atol=1e-14)


@pytest.mark.parametrize(
    ('fork', 'after', 'got'),
    [(nn.Concat(2), nn.Identity(), 'an nn.Concat'), (nn.ConcatTable(), nn.CAddTable(), 'an nn.ConcatTable of 3')],
)
def test_other_forks_are_refused(fork, after, got):
    for _ in range(3):
        fork.add(nn.Linear(2, 2))
    net = nn.Sequential().add(nn.Identity()).add(nn.Sequential().add(fork).add(after)).float()
    targets = np.ones((1, 6 if type(fork) is nn.Concat else 2), np.float32)
    with pytest.raises(nnlite.Error, match=f'residual blocks alone, .*, got {got}') as caught:
        trace.path_lengths(net, nn.MSECriterion(), np.ones((1, 2), np.float32), targets)
    assert caught.value.where.startswith('Sequential[2] > Sequential[1] > ')


def test_dead_units():
    nnlite.manualSeed(1)
    net = nn.Sequential().add(nn.Linear(4, 8)).add(nn.ReLU()).add(nn.Linear(8, 4)).add(nn.ReLU())
    net.get(1).bias[:3] = -100  # three of eight never fire
    net.get(3).bias[...] = 100
    frame = trace.record(net, nn.MSECriterion(), nnlite.randn(200, 4), np.zeros((200, 4), np.float32))
    nodes, shares = trace.dead_units(frame.trace())
    assert [node.path for node in nodes] == ['Sequential[2]', 'Sequential[4]']
    np.testing.assert_array_equal(shares, [[3 / 8, 0]])


def test_gradient_norms():
    nnlite.manualSeed(1)
    net = models.resnet(8, 'cifar10', widths=(4, 6, 8))
    frame = trace.record(net, nn.CrossEntropyCriterion(), nnlite.randn(2, 3, 16, 16), [1, 2], arrays=True)
    nodes, norms = trace.gradient_norms(frame.trace())
    assert {node.kind for node in nodes} == {'SpatialConvolution', 'Linear'} and len(nodes) == 8
    layers = [module for module in net.listModules() if isinstance(module, (nn.SpatialConvolution, nn.Linear))]
    expected = [np.sqrt(sum((g.astype(float) ** 2).sum() for g in layer.parameters()[1])) for layer in layers]
    np.testing.assert_allclose(norms[0], expected, rtol=1e-12)
    assert len(trace.gradient_norms(frame.trace(), batch_norms=True)[0]) == 15
    assert trace.gradient_norms(frame.trace(), 'gradOutput')[1].shape == (1, 8)
