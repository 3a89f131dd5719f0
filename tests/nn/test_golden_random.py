"""What layers draw, initial parameters and noise, against Torch7's, bit by bit."""

import math

import numpy as np
import pytest
from golden_files import FOLDER, cases

import nnlite
from nnlite import nn


def reset(module, stdv):
    module.reset(stdv)
    return module


def fbresnet():
    """Return a network initialised as fb.resnet.torch does: convolutions normal, by the planes that come out."""
    net = nn.Sequential().add(nn.SpatialConvolution(3, 4, 3, 3)).add(nn.SpatialConvolution(4, 2, 3, 3))
    net.add(nn.Linear(3, 2))
    for module in net.findModules('nn.SpatialConvolution')[0]:
        fan_out = module.kW * module.kH * module.nOutputPlane
        nnlite.tensor.random.fill_normal(module.weight, 0, math.sqrt(2 / fan_out))
        module.bias.fill(0)
    return net


PARAMETERS = {
    'init_Bilinear_2_3_2': lambda: nn.Bilinear(2, 3, 2),
    'init_CMul_4': lambda: nn.CMul(4),
    'init_Linear_7_5': lambda: nn.Linear(7, 5),
    'init_Linear_7_5_nobias': lambda: nn.Linear(7, 5, False),
    'init_Linear_reset_0.1': lambda: reset(nn.Linear(4, 3), 0.1),
    'init_LookupTable_4_3': lambda: nn.LookupTable(4, 3),
    'init_PReLU_3': lambda: nn.PReLU(3),
    'init_SpatialBatchNormalization_5': lambda: nn.SpatialBatchNormalization(5),
    'init_SpatialConvolution_2_3_5_1_nobias': lambda: nn.SpatialConvolution(2, 3, 5, 1).noBias(),
    'init_SpatialConvolution_3_4_3_3': lambda: nn.SpatialConvolution(3, 4, 3, 3),
    'init_SpatialFullConvolution_2_3_4_4': lambda: nn.SpatialFullConvolution(2, 3, 4, 4),
    'init_TemporalConvolution_3_4_2': lambda: nn.TemporalConvolution(3, 4, 2),
    'init_VolumetricConvolution_2_2_2_3_3': lambda: nn.VolumetricConvolution(2, 2, 2, 3, 3),
    'init_fbresnet_init': fbresnet,
}
NOISE = {  # the module, what it is given, and where its noise shows
    'dropout_0.5': (lambda: nn.Dropout(0.5), np.ones((4, 5)), 'output'),
    'dropout_0.3_output': (lambda: nn.Dropout(0.3), np.ones((4, 5)), 'output'),
    'rrelu_noise': (lambda: nn.RReLU(0.1, 0.3), -np.ones((4, 5)), 'noise'),
    'spatialdropout_0.4': (lambda: nn.SpatialDropout(0.4), np.ones((2, 6, 3, 3)), 'noise'),
    'whitenoise': (lambda: nn.WhiteNoise(0, 1), np.zeros(8), 'output'),
}


@pytest.fixture(params=['torch.DoubleTensor', 'torch.FloatTensor'])
def suffix(request):
    """Make modules of one type, and say how the file's names of it end."""
    nnlite.setdefaulttensortype(request.param)
    yield '' if request.param == 'torch.DoubleTensor' else '_float'
    nnlite.setdefaulttensortype('torch.FloatTensor')


def assert_equal(ours, theirs):
    for mine, other in zip(ours, theirs, strict=True):
        assert mine.dtype == other.dtype
        np.testing.assert_array_equal(mine, other)


@cases('rng')
@pytest.mark.parametrize('name', PARAMETERS)
def test_initial_parameters_are_torchs(case, name, suffix):
    record = nnlite.load(FOLDER / case['file'])
    nnlite.manualSeed(case['seed'])
    assert_equal(PARAMETERS[name]().parameters()[0], record[name + suffix])


@cases('rng')
@pytest.mark.parametrize('name', NOISE)
def test_noise_is_torchs(case, name, suffix):
    record = nnlite.load(FOLDER / case['file'])
    make, input, field = NOISE[name]
    module = make()
    nnlite.manualSeed(case['seed'])
    module.forward(input.astype(module.dtype))
    assert_equal([getattr(module, field)], [record[name + suffix]])


@cases('rng')
def test_no_layer_is_left_out(case):
    drawn = {name.removesuffix('_float') for name in nnlite.load(FOLDER / case['file']) if name.startswith('init_')}
    assert drawn == set(PARAMETERS)
