"""A training step that has run before allocates nothing of 64 KB or more: results lie in memory that is used again."""

import tracemalloc

import numpy as np
import pytest

import nnlite
from nnlite import models, nn, optim

LIMIT = 64 << 10  # bytes; the smallest map of these networks has more
# NumPy itself buffers operations on rows with gaps between them, in pieces of up to 64 KB that it frees at once: they
# are made small here, so that what remains is ours.
BUFFER = 256


def pooling():
    net = nn.Sequential().add(nn.SpatialConvolution(3, 16, 3, 3, 1, 1, 1, 1)).add(nn.Sigmoid())
    net.add(nn.SpatialMaxPooling(3, 3, 2, 2, 1, 1)).add(nn.SpatialUpSamplingNearest(2)).add(nn.Tanh()).add(nn.Dropout())
    net.add(nn.Concat(2).add(nn.SpatialConvolution(16, 8, 1, 1)).add(nn.SpatialAveragePooling(3, 3, 1, 1, 1, 1)))
    net.add(nn.SpatialAveragePooling(4, 4, 4, 4)).add(nn.View(-1).setNumInputDims(3))
    return net.add(nn.Linear(24 * 64, 100)).add(nn.BatchNormalization(100)).add(nn.Threshold()).add(nn.Linear(100, 10))


NETS = {
    'ResNet-8': lambda: models.resnet(8, 'cifar10'),
    'ResNet-8 with dropout': lambda: models.resnet(8, 'cifar10', dropout=0.5),
    'ResNet-8 with convolutions as shortcuts': lambda: models.resnet(8, 'cifar10', 'C'),
    'plain twin': lambda: models.convnet(8, 'cifar10'),
    'every kind of pooling': pooling,
}


@pytest.mark.parametrize('name', NETS)
@pytest.mark.usefixtures('kernels')
def test_warm_step_allocates_nothing_big(name):
    nnlite.manualSeed(1)
    step = training_step(NETS[name]())
    kept = np.setbufsize(BUFFER)
    try:
        for _ in range(2):
            step()
        tracemalloc.start()
        step()  # what tracing itself costs at first
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        step()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        np.setbufsize(kept)
    assert peak - before < LIMIT


def training_step(net):
    """Return a function that takes one step of SGD on a batch of images."""
    rng = np.random.default_rng(1)
    images, labels = rng.standard_normal((16, 3, 32, 32), np.float32), rng.integers(1, 11, 16)
    criterion, state = nn.CrossEntropyCriterion(), {}
    params, gradParams = net.getParameters()

    def feval(x):
        net.zeroGradParameters()
        output = net.forward(images)
        loss = criterion.forward(output, labels)
        net.backward(images, criterion.backward(output, labels))
        return loss, gradParams

    config = {'learningRate': 0.1, 'momentum': 0.9, 'dampening': 0, 'nesterov': True, 'weightDecay': 1e-4}
    return lambda: optim.sgd(feval, params, config, state)


def test_what_is_allocated_is_seen():
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        np.empty(LIMIT, np.uint8)
        assert tracemalloc.get_traced_memory()[1] - before >= LIMIT
    finally:
        tracemalloc.stop()
