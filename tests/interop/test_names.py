"""The names of a network's parameters, and what becomes of a state_dict of other names, shapes or types."""

import numpy as np
import pytest
import torch
from table import MODULES, every
from trees import assert_equal

import nnlite
from nnlite import models, nn
from nnlite.interop import from_state_dict, load_state_dict, paths, state_dict
from nnlite.interop.names import SHOWN
from nnlite.interop.recipe import make, recipe_of


@every(MODULES)
def test_goes_through_a_state_dict_and_back(row):
    module = row.module()
    arrays = {name: array.copy() for name, array in state_dict(module).items()}
    twin = module.clone()
    for array in state_dict(twin).values():
        array[...] = np.inf
    load_state_dict(twin, arrays)
    assert_equal(list(state_dict(twin).values()), list(arrays.values()))
    assert sum(len(network.parameters()[0]) for network in (module, twin)) <= 2 * len(arrays) or isinstance(
        module, nn.MapTable
    )


def test_names_of_places_and_of_torchvisions_resnets():
    net = nn.Sequential().add(nn.SpatialConvolution(3, 2, 1, 1))
    net.add(
        nn.ConcatTable().add(nn.Sequential().add(nn.SpatialBatchNormalization(2, None, None, False))).add(nn.Identity())
    )
    assert list(state_dict(net)) == ['0.weight', '0.bias', '1.0.0.running_mean', '1.0.0.running_var']
    names = list(state_dict(models.resnet(50, 'imagenet', 'B', widths=(1, 2, 3, 4))))
    assert names[:4] == ['conv1.weight', 'bn1.weight', 'bn1.bias', 'bn1.running_mean']
    assert {'layer1.0.conv3.weight', 'layer1.0.downsample.0.weight', 'layer4.2.bn3.running_var', 'fc.bias'} <= {*names}
    assert 'layer1.1.downsample.0.weight' not in names
    upsampled = state_dict(models.resnet18_upsampled())
    assert {name for name in upsampled if not name.startswith('layer')} == {
        'conv1.weight', 'bn1.weight', 'bn1.bias', 'bn1.running_mean', 'bn1.running_var', 'fc.weight', 'fc.bias',
    }  # fmt: skip
    assert next(iter(state_dict(models.resnet18_skip_first()))) == '0.0.0.0.0.weight'
    places = dict(paths(models.convnet(7, 'cifar10')))
    assert type(places['layer2.0.relu2']).__name__ == 'ReLU'
    assert len(places) == len(models.convnet(7, 'cifar10').listModules())


def test_shapes_are_pytorchs_where_ours_are_others():
    net = nn.Sequential().add(nn.SpatialConvolutionMM(2, 3, 5, 4)).add(nn.TemporalConvolution(2, 3, 4))
    assert [array.shape for array in state_dict(net).values()] == [(3, 2, 4, 5), (3,), (3, 2, 4), (3,)]


def test_what_does_not_fit_is_listed_and_nothing_changed():
    net = nn.Sequential().add(nn.Linear(3, 2)).add(nn.Linear(2, 1))
    kept = [weight.copy() for weight in net.parameters()[0]]
    arrays = {name: np.ones_like(array) for name, array in state_dict(net).items()}
    arrays['0.weight'] = np.ones((2, 4))
    arrays['one.more'] = arrays.pop('1.bias')
    with pytest.raises(nnlite.ShapeError) as caught:
        load_state_dict(net, arrays)
    for said in ('missing: 1.bias', 'not expected: one.more', '0.weight: expected (2, 3), got (2, 4)'):
        assert said in str(caught.value)
    assert_equal(net.parameters()[0], kept)
    with pytest.raises(nnlite.ShapeError, match=r'expected \(2, 3\)'):
        load_state_dict(net, arrays, strict=False)
    del arrays['0.weight']
    load_state_dict(net, arrays | {'0.num_batches_tracked': np.array(3)}, strict=False)
    assert_equal(net.get(2).weight, np.ones((1, 2), np.float32))
    assert_equal(net.get(1).weight, kept[0])
    with pytest.raises(nnlite.ShapeError, match=f'and {20 - SHOWN} more'):
        load_state_dict(nn.Identity(), {str(n): np.ones(1) for n in range(20)})


@pytest.mark.parametrize(
    ('arrays', 'said'),
    [
        ({'weight': np.array(['a'])}, r'load_state_dict, weight\n.*of real numbers of at most 8 bytes, got <U1'),
        ({'weight': np.array([1j])}, 'got complex128'),
        ({'weight': [[1], [1, 2]]}, 'expected an array of numbers, got none'),
        ({'weight': torch.ones(1).to(torch.float8_e4m3fn)}, r'(?s)got none.*tensor\.float\(\)'),
        ({1: np.ones(1)}, 'expected names that are strings, got 1'),
        ({'state_dict': {'weight': np.ones(1)}}, r'(?s)got a dict.*of a checkpoint'),
        (torch.nn.Linear(1, 1), r'(?s)load_state_dict\n.*got Linear.*give its state_dict\(\)'),
        ([np.ones(1)], 'expected arrays by their names, got list'),
    ],
)
def test_what_are_no_arrays_by_name_is_said(arrays, said):
    with pytest.raises(nnlite.DtypeError, match=said):
        load_state_dict(nn.Mul(), arrays)
    with pytest.raises(nnlite.DtypeError, match=said.replace('load_state_dict', 'from_state_dict')):
        from_state_dict(arrays)


def test_parameters_of_pytorch_are_arrays_by_name():
    theirs = torch.nn.Linear(3, 2)  # they ask for gradients
    net = load_state_dict(nn.Linear(3, 2), dict(theirs.named_parameters()))
    assert_equal(net.parameters()[0], [parameter.detach().numpy() for parameter in theirs.parameters()])
    theirs.bfloat16()
    load_state_dict(net, theirs.state_dict())
    assert_equal(net.parameters()[0], [parameter.detach().float().numpy() for parameter in theirs.parameters()])


def test_numbers_come_in_the_networks_type_and_memory():
    net = nn.Sequential().add(nn.Linear(3, 2))
    params, _ = net.getParameters()
    load_state_dict(net, {'0.weight': np.full((2, 3), 7.0), '0.bias': np.array([1, 2])})
    assert params.dtype == np.float32
    assert params.tolist() == [7] * 6 + [1, 2]


def test_networks_on_a_gpu_give_and_take_numbers_of_the_host(cupy):
    net = nn.Sequential().add(nn.Linear(3, 2)).add(nn.TemporalConvolution(2, 3, 2)).cuda()
    arrays = {name: array + 1 for name, array in state_dict(net).items()}
    assert all(type(array) is np.ndarray for array in arrays.values())
    load_state_dict(net, arrays)
    assert type(net.get(1).weight) is cupy.ndarray
    assert_equal(list(state_dict(net).values()), list(arrays.values()))


def test_a_shared_parameter_is_to_be_given_once():
    first = nn.Linear(3, 3)
    net = nn.Sequential().add(first).add(nn.Linear(3, 3).share(first, 'weight', 'bias', 'gradWeight', 'gradBias'))
    arrays = {name: array.copy() for name, array in state_dict(net).items()}
    load_state_dict(net, arrays)
    arrays['1.weight'] += 1
    with pytest.raises(nnlite.Error, match=r'in 1\.weight\n.*two that differ: 0\.weight'):
        load_state_dict(net, arrays)


def test_a_class_with_parameters_of_other_names_is_refused():
    class Odd(nn.Module):
        def parameters(self):
            return [self.matrix], [self.matrix]

    odd = Odd()
    odd.matrix = np.ones(2, np.float32)
    with pytest.raises(nnlite.Error, match=r'in 0\n.*others in Odd'):
        state_dict(nn.Sequential().add(odd))


@pytest.mark.parametrize('net', ['resnet', 'convnet'])
@pytest.mark.parametrize('dataset', ['cifar10', 'tiny-imagenet', 'imagenet'])
def test_the_recipe_of_a_network_makes_it_again(net, dataset):
    depth, widths = (50 if dataset == 'imagenet' else 9), {3: (2, 2, 4), 4: (2, 3, 4, 5)}
    widths = widths[3 if dataset == 'cifar10' else 4]
    for shortcut in ('A', 'A-subsample', 'B', 'C') if net == 'resnet' else ('A',):
        recipe = {'net': net, 'dataset': dataset, 'shortcut': shortcut, 'dropout': 0.25}
        state = nnlite.getRNGState()
        model = make(recipe, depth, widths, 7)
        assert recipe_of(model) == recipe
        assert (nnlite.getRNGState() == state).all()
        model.get(2).eps = 1e-3
        assert recipe_of(model) is None
    assert recipe_of(nn.Sequential().add(nn.Linear(3, 2))) is None
