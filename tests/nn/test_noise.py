"""Modules that draw random numbers, where they do not train."""

import numpy as np
import pytest

import nnlite
from nnlite import nn

IMAGES = np.ones((2, 300, 2, 3), np.float32)
PLANES = {
    'batch of maps': (nn.SpatialDropout, IMAGES, (2, 300, 1, 1)),
    'map': (nn.SpatialDropout, IMAGES[0], (300, 1, 1)),
    'batch of volumes': (nn.VolumetricDropout, IMAGES[..., None], (2, 300, 1, 1, 1)),
    'volume': (nn.VolumetricDropout, IMAGES[0, ..., None], (300, 1, 1, 1)),
}


@pytest.mark.parametrize('given', PLANES)
def test_planes_are_dropped_whole_and_scaled_in_evaluation(given):
    make, x, shape = PLANES[given]
    dropout = make(0.2)
    output = dropout.forward(x).copy()
    assert dropout.noise.shape == shape
    assert np.array_equal(output, np.broadcast_to(dropout.noise, x.shape)), 'kept planes are not scaled'
    assert 0.05 < 1 - output.mean() < 0.35
    np.testing.assert_array_equal(dropout.evaluate().forward(x), np.float32(0.8) * x)


def test_stochastic_inference_draws_in_evaluation():
    for dropout in (nn.SpatialDropout(0.5, True), nn.VolumetricDropout(0.5, True), nn.Dropout(0.5, False, False, True)):
        x = IMAGES[..., None] if isinstance(dropout, nn.VolumetricDropout) else IMAGES
        kept = 2 if isinstance(dropout, nn.Dropout) else 1
        assert set(np.unique(dropout.evaluate().forward(x)).tolist()) == {0, kept}


def test_setp_changes_what_is_dropped():
    for dropout in (nn.Dropout(0.5), nn.SpatialDropout(0.5)):
        dropout.setp(0)
        np.testing.assert_array_equal(dropout.forward(IMAGES), IMAGES)
        assert repr(dropout).endswith('(0.000000)')


def test_white_noise_is_its_mean_in_evaluation():
    x = np.zeros((3, 4), np.float32)
    np.testing.assert_array_equal(nn.WhiteNoise(0.5).evaluate().forward(x), x + 0.5)


@pytest.mark.parametrize('module', [nn.SpatialDropout(), nn.WhiteNoise()], ids=repr)
def test_no_way_back_in_evaluation(module):
    module.evaluate().forward(IMAGES)
    with pytest.raises(nnlite.Error, match='expected backward in training only, got it in evaluation') as caught:
        module.backward(IMAGES, IMAGES)
    assert 'training()' in caught.value.hint


def test_rrelu_draws_for_what_is_not_positive_only():
    """So the numbers that follow in the stream depend on the signs of the input, as in Torch."""
    x = np.float32([[-1, 2, 0], [3, -4, 5]])
    nnlite.manualSeed(1)
    rrelu = nn.RReLU(0.1, 0.2)
    rrelu.forward(x)
    after = nnlite.uniform()
    nnlite.manualSeed(1)
    drawn = nnlite.tensor.random.fill_uniform(np.empty(3, np.float32), 0.1, 0.2)
    assert after == nnlite.uniform()
    np.testing.assert_array_equal(rrelu.noise, [[drawn[0], 1, drawn[1]], [1, drawn[2], 1]])
