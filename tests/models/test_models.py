"""The paper's networks: their sizes, against published counts, and what ties a ResNet to its plain twin."""

import numpy as np
import pytest

import nnlite
from nnlite import models, nn
from nnlite.errors import Error
from nnlite.models.resnet import shortcut as shortcut_of


def parameters_of(model):
    return sum(weight.size for weight in model.parameters()[0])


def built(make, *args, **kwargs):
    nnlite.manualSeed(3)
    return make(*args, **kwargs)


@pytest.mark.parametrize(('depth', 'dataset'), [(7, 'cifar10'), (9, 'cifar10'), (20, 'cifar10'), (12, 'tiny-imagenet')])
def test_twins_begin_with_the_same_parameters(depth, dataset):
    widths = {'cifar10': (4, 8, 16), 'tiny-imagenet': (4, 8, 12, 16)}[dataset]
    params, _ = built(models.resnet, depth, dataset, widths=widths).getParameters()
    twins, _ = built(models.convnet, depth, dataset, widths=widths).getParameters()
    np.testing.assert_array_equal(params, twins)


def test_13_is_14s_network():
    assert repr(models.resnet(13, 'tiny-imagenet')) == repr(models.resnet(14, 'tiny-imagenet'))


@pytest.mark.parametrize(('depth', 'millions'), [(20, 0.27), (32, 0.46), (44, 0.66), (56, 0.85), (110, 1.7)])
def test_cifar_networks_have_the_sizes_of_hes_table_6(depth, millions):
    assert parameters_of(models.resnet(depth, 'cifar10')) / 1e6 == pytest.approx(millions, rel=0.03)


# What torchvision's networks of the same build have.
@pytest.mark.parametrize(('depth', 'count'), [(18, 11_689_512), (34, 21_797_672), (50, 25_557_032)])
def test_imagenet_networks_have_torchvisions_sizes(depth, count):
    assert parameters_of(models.resnet(depth, 'imagenet', shortcutType='B')) == count


@pytest.mark.parametrize('shortcut', ['A', 'A-subsample', 'B', 'C'])
@pytest.mark.parametrize('size', [16, 32, 30])
def test_every_shortcut_runs_on_any_size(shortcut, size):
    net = models.resnet(9, 'cifar10', shortcutType=shortcut, widths=(4, 8, 8), classes=5)
    images = np.random.RandomState(0).randn(2, 3, size, size).astype('float32')
    assert net.forward(images).shape == (2, 5)
    assert net.backward(images, np.ones((2, 5), 'float32')).shape == images.shape


def test_type_a_shortcut_is_the_mean_of_four_pixels_and_zero_planes():
    x = np.random.RandomState(0).randn(2, 3, 4, 4).astype('float32')
    y = shortcut_of(3, 5, 2, 'A').forward(x)
    np.testing.assert_allclose(y[:, :3], x.reshape(2, 3, 2, 2, 2, 2).mean((3, 5)), rtol=1e-6)
    assert not y[:, 3:].any()
    subsampled = shortcut_of(3, 5, 2, 'A-subsample').forward(x)
    np.testing.assert_array_equal(subsampled[:, :3], x[:, :, ::2, ::2])


def test_initial_weights_have_hes_variance_and_no_bias():
    net = built(models.resnet, 8, 'cifar10')
    for convolution in net.findModules('nn.SpatialConvolution')[0]:
        assert convolution.bias is None
        expected = np.sqrt(2 / (9 * convolution.nOutputPlane))
        tolerance = 4 / np.sqrt(2 * convolution.weight.size)  # four standard errors of a standard deviation
        assert convolution.weight.std() == pytest.approx(expected, rel=tolerance)
    assert all((norm.weight == 1).all() for norm in net.findModules('nn.SpatialBatchNormalization')[0])
    assert not net.get(-1).bias.any()


def test_dropout_stands_between_the_convolutions_of_every_block():
    for make in (models.resnet, models.convnet):
        net = make(9, 'cifar10', dropout=0.5)
        dropouts, branches = net.findModules('nn.Dropout')
        assert len(dropouts) == 4
        for branch in branches:
            names = [type(module).__name__ for module in branch]
            place = names.index('Dropout')
            assert names[place - 1 : place + 2] == ['ReLU', 'Dropout', 'SpatialConvolution']
            assert branch.modules[place].p == 0.5


@pytest.mark.parametrize('make', [models.resnet18_upsampled, models.resnet18_skip_first, models.resnet18_finetune])
def test_three_ways_take_over_what_a_trained_network_has(make):
    pretrained = built(models.resnet, 18, 'imagenet')
    kept = [weight.copy() for weight in pretrained.parameters()[0]]
    net = make(classes=20, pretrained=pretrained)
    images = np.random.RandomState(0).randn(1, 3, 64, 64).astype('float32')
    assert net.forward(images).shape == (1, 20)
    last_stage = [module for module in net.modules if isinstance(module, nn.Sequential)][-1]
    theirs = pretrained.get(8)
    for ours, weight in zip(last_stage.parameters()[0], theirs.parameters()[0], strict=True):
        np.testing.assert_array_equal(ours, weight)
        assert not np.shares_memory(ours, weight)
    for weight, before in zip(pretrained.parameters()[0], kept, strict=True):
        np.testing.assert_array_equal(weight, before)


def test_three_ways_refuse_another_network():
    with pytest.raises(Error, match='expected the parameters of ResNet-18 for imagenet'):
        models.resnet18_finetune(20, pretrained=models.resnet(8, 'cifar10'))


@pytest.mark.parametrize(
    ('args', 'message'),
    [
        ((6, 'cifar10'), 'expected a depth of 7 or more'),
        ((8, 'tiny-imagenet'), 'expected a depth of 9 or more'),
        ((20, 'imagenet'), 'expected a depth of 18, 34, 50, 101, 152'),
        ((20, 'mnist'), "expected a data set of cifar10, tiny-imagenet, imagenet, got 'mnist'"),
        ((20, 'cifar10', 'D'), "expected a shortcut of A, A-subsample, B, C, got 'D'"),
    ],
)
def test_what_there_is_not_is_said(args, message):
    with pytest.raises(Error, match=message):
        models.resnet(*args)


def test_zero_planes_cannot_make_a_network_narrower():
    with pytest.raises(Error, match='expected widths that grow, got 8 planes after 16'):
        models.resnet(8, 'cifar10', widths=(16, 8, 4))
    images = np.zeros((2, 3, 16, 16), 'float32')
    assert models.resnet(8, 'cifar10', 'B', widths=(16, 8, 4)).forward(images).shape == (2, 10)
