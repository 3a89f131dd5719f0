"""Weights of the networks that PyTorch's people publish, under their names: the scores are theirs.

Each architecture is written here from its paper; what the names are comes from the published state_dicts.
"""

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812 as everybody calls it
from torch import nn as tnn
from trees import assert_close

import nnlite
from nnlite import models, nn
from nnlite.interop import from_state_dict, read_network, state_dict, write_weights
from nnlite.interop.recipe import facts_of

torch.set_num_threads(1)


def conv(planes, out, side, stride=1):
    return tnn.Conv2d(planes, out, side, stride, side // 2, bias=False)


class Block(tnn.Module):
    """Two 3x3 convolutions, or a bottleneck whose 3x3 has the stride; a 1x1 in the shortcut where the size changes."""

    def __init__(self, planes, n, stride, bottleneck, shortcut, halves=False):
        super().__init__()
        self.out = 4 * n if bottleneck else n
        self.sizes = [1, 3, 1] if bottleneck else [3, 3]
        outs, strides = ([n, n, self.out], [1, stride, 1]) if bottleneck else ([n, n], [stride, 1])
        before = planes
        for number, (side, out, step) in enumerate(zip(self.sizes, outs, strides, strict=True), 1):
            setattr(self, f'conv{number}', conv(before, out, side, step))
            setattr(self, f'bn{number}', tnn.BatchNorm2d(out))
            before = out
        self.short, self.stride, self.more = None, stride, self.out - planes
        if not halves and (stride != 1 or planes != self.out):
            self.short = shortcut
            setattr(self, shortcut, tnn.Sequential(conv(planes, self.out, 1, stride), tnn.BatchNorm2d(self.out)))

    def forward(self, x):
        y = x
        for number in range(1, len(self.sizes) + 1):
            y = getattr(self, f'bn{number}')(getattr(self, f'conv{number}')(y))
            y = F.relu(y) if number < len(self.sizes) else y
        if self.short:
            return F.relu(y + getattr(self, self.short)(x))
        x = x[:, :, :: self.stride, :: self.stride]
        return F.relu(y + F.pad(x, (0, 0, 0, 0, self.more // 2, self.more // 2)))


class ResNet(tnn.Module):
    def __init__(self, blocks, widths, bottleneck=False, large=True, last='fc', classes=7, **kind):
        super().__init__()
        planes = widths[0]
        self.conv1 = tnn.Conv2d(3, planes, 7, 2, 3, bias=False) if large else conv(3, planes, 3)
        self.bn1, self.large, self.last = tnn.BatchNorm2d(planes), large, last
        for stage, (count, n) in enumerate(zip(blocks, widths, strict=True), 1):
            made = []
            for number in range(count):
                made.append(Block(planes, n, 2 if stage > 1 and number == 0 else 1, bottleneck, **kind))
                planes = made[-1].out
            setattr(self, f'layer{stage}', tnn.Sequential(*made))
        setattr(self, last, tnn.Linear(planes, classes))
        self.stages = len(blocks)
        generator = torch.Generator().manual_seed(1)
        with torch.no_grad():
            for name, array in self.state_dict().items():
                if 'running' in name or 'bn' in name:
                    array.copy_(torch.rand(array.shape, generator=generator) + 0.5)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        x = F.max_pool2d(x, 3, 2, 1) if self.large else x
        for stage in range(1, self.stages + 1):
            x = getattr(self, f'layer{stage}')(x)
        return getattr(self, self.last)(x.mean((2, 3)))


DOWN, SHORT = {'shortcut': 'downsample'}, {'shortcut': 'shortcut'}
TORCHVISION = [
    pytest.param(lambda: ResNet((2, 2, 2, 2), (64, 128, 256, 512), classes=1000, **DOWN), id='18, of the real size'),
    pytest.param(lambda: ResNet((3, 4, 6, 3), (4, 5, 6, 7), **DOWN), id='34'),
    pytest.param(lambda: ResNet((3, 4, 6, 3), (3, 4, 5, 6), True, **DOWN), id='50'),
    pytest.param(lambda: ResNet((3, 4, 23, 3), (2, 3, 4, 5), True, **DOWN), id='101'),
    pytest.param(lambda: ResNet((3, 8, 36, 3), (2, 3, 4, 5), True, **DOWN), id='152'),
]
CIFAR = [
    pytest.param(
        lambda: ResNet((3, 3, 3), (4, 8, 16), False, False, 'linear', **SHORT, halves=True), id='A, as akamaster'
    ),
    pytest.param(lambda: ResNet((2, 2, 2), (8, 12, 20), False, False, 'linear', **SHORT, halves=True), id='A, odd'),
    pytest.param(lambda: ResNet((3, 3, 3), (4, 8, 16), False, False, 'linear', **SHORT), id='B, as akamaster'),
    pytest.param(lambda: ResNet((1, 1, 1), (4, 8, 16), False, False, **DOWN), id='as chenyaofo'),
    pytest.param(lambda: ResNet((2, 2, 2, 2), (4, 6, 8, 9), False, False, 'linear', **SHORT), id='as kuangliu'),
]


def arrays_of(theirs, prefix=''):
    return {prefix + name: tensor.numpy() for name, tensor in theirs.state_dict().items()}


@pytest.mark.parametrize('make', TORCHVISION + CIFAR)
def test_scores_are_equal(make):
    torch.manual_seed(2)
    theirs = make().eval()
    ours = from_state_dict(arrays_of(theirs))
    assert not ours.train
    side = 64 if theirs.large else 16
    images = torch.randn(2, 3, side, side, generator=torch.Generator().manual_seed(3))
    with torch.no_grad():
        expected = theirs(images).numpy()
    assert expected.std() > 1e-3
    assert_close(ours.forward(images.numpy()), expected, 1e-5, 'scores')


def test_names_are_torchvisions():
    theirs = ResNet((3, 4, 6, 3), (3, 4, 5, 6), True, **DOWN)
    names = [name for name in theirs.state_dict() if not name.endswith('num_batches_tracked')]
    assert sorted(state_dict(models.resnet(50, 'imagenet', 'B'))) == sorted(names)


def test_prefix_of_data_parallel_and_other_types():
    theirs = CIFAR[0].values[0]().double()
    ours = from_state_dict(arrays_of(theirs, 'module.'))
    assert ours.type() == 'torch.DoubleTensor'
    halves = {name: array.astype(np.float16) for name, array in arrays_of(theirs).items()}
    assert from_state_dict(halves).type() == 'torch.FloatTensor'


def changed(**arrays):
    known = arrays_of(TORCHVISION[1].values[0]())
    return {name: array for name, array in (known | arrays).items() if array is not None}


REFUSED = [
    ({'some.weight': np.ones(3)}, 'none called bn1.weight; there are some.weight'),
    ({}, 'none called bn1.weight; there are no arrays'),
    (changed(**{'conv1.weight': np.ones((4, 3, 5, 5))}), r'7x7 or 3x3.*got a first convolution \(4, 3, 5, 5\)'),
    (changed(**{'conv1.weight': np.ones((4, 1, 7, 7))}), r'conv1.weight: expected \(4, 3, 7, 7\), got \(4, 1, 7, 7\)'),
    (changed(**{'layer2.1.conv2.weight': np.ones((5, 1, 3, 3))}), 'layer2.1.conv2.weight\n.*in groups'),
    (changed(**{'layer2.3.conv2.weight': None}), r'layer2.3.conv2.weight\n.*got none'),
    (changed(**{'layer3.5.bn1.bias': None}), r'(?s)ResNet-34.*missing: layer3.5.bn1.bias'),
    (changed(**{'layer3.6.conv2.weight': np.ones((6, 6, 3, 3))}), '3, 4, 7, 3 blocks of two convolutions'),
    (changed(**{'fc.weight': np.ones((7, 8))}), r'fc.weight\n.*expected \(classes, 7\)'),
    (changed(more=np.ones(1)), '(?s)ResNet-34.*not expected: more'),
    ({name: a for name, a in changed().items() if 'downsample' not in name}, 'no telling what is there'),
]


@pytest.mark.parametrize(('arrays', 'said'), REFUSED)
def test_what_is_no_network_of_ours_is_said(arrays, said):
    with pytest.raises(nnlite.DataError, match=said):
        from_state_dict(arrays)


@pytest.mark.parametrize('suffix', ['safetensors', 'h5'])
@pytest.mark.parametrize('make', [
    lambda: models.resnet(8, 'cifar10', 'A', 0.3, classes=3, widths=(2, 4, 5)),
    lambda: models.convnet(9, 'tiny-imagenet', widths=(2, 3, 4, 5)).double(),
    lambda: models.resnet(18, 'imagenet', 'A-subsample', widths=(2, 3, 4, 5)),
])  # fmt: skip
def test_files_of_our_own_say_what_they_are(make, suffix, tmp_path):
    net, path = make(), tmp_path / f'net.{suffix}'
    write_weights(path, state_dict(net), facts_of(net, {'classes': ['a', 'b', 'c'], 'pictures': {'size': [4, 5]}}))
    again, beside = read_network(path)
    assert repr(again) == repr(net)
    assert beside == {'classes': ['a', 'b', 'c'], 'pictures': {'size': [4, 5]}}
    for name, array in state_dict(net).items():
        assert (state_dict(again)[name] == array).all()
        assert state_dict(again)[name].dtype == array.dtype


CHANGES = [
    lambda net: net.replace(lambda module: nn.ELU() if type(module) is nn.ReLU else module),
    lambda net: [setattr(norm, 'eps', 1e-3) for norm in net.findModules('nn.SpatialBatchNormalization')[0]],
    lambda net: net.add(nn.LogSoftMax()),
]


@pytest.mark.parametrize('change', CHANGES)
def test_a_resnet_of_another_build_is_not_taken_for_ours(change, tmp_path):
    """Its names and shapes are those of a ResNet-8; what computes between them is not."""
    net, path = models.resnet(8, 'cifar10', 'B', widths=(2, 4, 5)), tmp_path / 'net.safetensors'
    change(net)
    write_weights(path, state_dict(net), facts_of(net))
    for read in (from_state_dict, read_network):
        with pytest.raises(nnlite.DataError, match=r'(?s)differs from all of them.*--like'):
            read(path)
    assert repr(read_network(path, net)[0]) == repr(net)


@pytest.mark.parametrize('recipe', ['{', '[]', '{"net": "resnet"}', '[' * 100_000,
    '{"net": "x", "dataset": "cifar10", "shortcut": "A", "dropout": 0}',
    '{"net": "resnet", "dataset": "cifar10", "shortcut": "A", "dropout": "much"}'])  # fmt: skip
def test_a_recipe_that_is_none_is_one_error(recipe, tmp_path):
    write_weights(tmp_path / 'net.safetensors', state_dict(models.resnet(8, 'cifar10')), {'network': recipe})
    with pytest.raises(nnlite.FileFormatError, match='network'):
        from_state_dict(tmp_path / 'net.safetensors')
