"""Batch normalization where float32 is tight: far from zero, over many rows, step after step; against PyTorch's."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812 as everybody calls it

from nnlite import nn

pytestmark = pytest.mark.usefixtures('kernels')


def batch(shape, mean, std, seed=1):
    return (mean + std * np.random.default_rng(seed).standard_normal(shape)).astype(np.float32)


# Where the mean is 30 standard deviations, numbers in float32 are known to 30 * 6e-8 of a deviation, and no result can
# be better. Sums in float32 would be ten times worse, sums that cancel a thousand times.
@pytest.mark.parametrize(('mean', 'std'), [(0, 1), (30, 1), (-3000, 100)])
@pytest.mark.parametrize('shape', [(64, 16, 16, 16), (3, 5, 7, 9), (40, 300, 1, 1), (16384, 3, 1, 1)])
def test_far_from_zero(shape, mean, std):
    norm = nn.SpatialBatchNormalization(shape[1])
    x, gradOutput = batch(shape, mean, std), batch(shape, 0.5, 1, seed=2)
    given = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    weight, bias = (torch.tensor(p, dtype=torch.float64, requires_grad=True) for p in (norm.weight, norm.bias))
    expected = F.batch_norm(given, None, None, weight, bias, training=True, eps=norm.eps)
    expected.backward(torch.tensor(gradOutput, dtype=torch.float64))
    norm.zeroGradParameters()
    assert np.abs(norm.forward(x) - expected.detach().numpy()).max() < 5e-6
    gradInput = norm.backward(x, gradOutput)
    assert np.abs(gradInput - given.grad.numpy()).max() * std < 1e-5
    # sums of n terms, each of size 1 and known to the same
    assert np.abs(norm.gradWeight - weight.grad.numpy()).max() < 3e-6 * x.size / shape[1]
    np.testing.assert_allclose(norm.gradBias, bias.grad.numpy(), rtol=1e-6)


@pytest.mark.parametrize('momentum', [0.1, 0.4, 0, 1])
def test_running_statistics(momentum):
    norm = nn.SpatialBatchNormalization(4, None, momentum).double()
    mean, var = torch.zeros(4, dtype=torch.float64), torch.ones(4, dtype=torch.float64)
    for seed in range(3):
        x = np.random.default_rng(seed).standard_normal((5, 4, 3, 2)) * 3 + 2
        norm.forward(x)
        F.batch_norm(torch.tensor(x), mean, var, training=True, momentum=momentum)
        np.testing.assert_allclose(norm.running_mean, mean.numpy(), rtol=0, atol=1e-14)
        np.testing.assert_allclose(norm.running_var, var.numpy(), rtol=0, atol=1e-13)
    kept = norm.running_mean.copy()
    norm.evaluate().forward(x)
    norm.training().forward(x[:1])  # a batch of one has no variance worth keeping: Torch leaves the statistics alone
    np.testing.assert_array_equal(norm.running_mean, kept)


def test_batch_of_one_is_normalised_as_in_evaluation():
    norm = nn.BatchNormalization(3).double()
    x = np.random.default_rng(1).standard_normal((6, 3)) + 1
    norm.forward(x)
    trained = norm.forward(x[:1]).copy()
    np.testing.assert_array_equal(trained, norm.evaluate().forward(x[:1]))


def test_constant_channel_gives_its_bias():
    norm = nn.SpatialBatchNormalization(2)
    norm.bias[:] = 3, -1
    x = np.full((4, 2, 5, 5), 7, np.float32)
    np.testing.assert_array_equal(norm.forward(x)[:, :, 0, 0], np.tile([3, -1], (4, 1)))
    assert np.isfinite(norm.backward(x, np.ones_like(x))).all()
