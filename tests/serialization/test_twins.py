"""Classes of cudnn, cunn, fbnn, inn and nngraph open as what nn has for them; what it has not stays data."""

import time

import numpy as np
import pytest

import nnlite
from nnlite import TorchObject, nn
from nnlite.tensor.memory import root


@pytest.fixture
def opened(round_trip):
    """Save an object of a class by its name and fields, and load it."""
    return lambda typename, version=1, **fields: round_trip(TorchObject(typename, fields, version))


def images(*shape):
    return np.random.default_rng(1).standard_normal(shape).astype(np.float32)


@pytest.mark.parametrize(
    'name', ['ReLU', 'Tanh', 'Sigmoid', 'SoftMax', 'LogSoftMax', 'SpatialSoftMax', 'SpatialLogSoftMax']
)
def test_functions_of_cudnn(name, opened):
    found = opened(f'cudnn.{name}', inplace=False, mode='CUDNN_ACTIVATION', iSize=nnlite.Storage(np.arange(4)))
    x = images(2, 3, 4, 4)
    assert type(found) is getattr(nn, name) and not hasattr(found, 'iSize')
    assert np.array_equal(found.forward(x), getattr(nn, name)().forward(x))


def test_clipped_relu(opened):
    found = opened('cudnn.ClippedReLU', ceiling=0.5, inplace=False, mode='CUDNN_ACTIVATION_CLIPPED_RELU')
    assert np.array_equal(found.forward(images(3, 4)), np.clip(images(3, 4), 0, 0.5))


def convolution(groups):
    fields = {'nInputPlane': 4, 'nOutputPlane': 6, 'kW': 3, 'kH': 2, 'dW': 1, 'dH': 1, 'padW': 1, 'padH': 0}
    fields['weight'], fields['bias'] = images(6, 4 // groups, 2, 3), images(6)
    gradients = {'gradWeight': np.zeros_like(fields['weight']), 'gradBias': np.zeros_like(fields['bias'])}
    return {**fields, **gradients, 'groups': groups, '_type': 'torch.CudaTensor'}


def test_grouped_convolution_runs_as_a_branch_for_each_group(opened):
    fields = convolution(2)
    found, x = opened('cudnn.SpatialConvolution', **fields), images(2, 4, 5, 5)
    parts = []
    for group in range(2):
        part = nn.SpatialConvolution(2, 3, 3, 2, 1, 1, 1, 0)
        part.weight[:], part.bias[:] = fields['weight'][3 * group :][:3], fields['bias'][3 * group :][:3]
        parts.append(part.forward(x[:, 2 * group :][:, :2]).copy())
    assert np.array_equal(found.forward(x), np.concatenate(parts, 1))
    assert len({id(root(weight)) for weight in found.parameters()[0][::2]}) == 1
    assert found.backward(x, images(2, 6, 4, 5)).shape == x.shape


def test_one_group_is_a_plain_convolution(opened):
    assert type(opened('cudnn.SpatialConvolution', **convolution(1))) is nn.SpatialConvolution


def test_groups_that_do_not_divide_the_planes(opened):
    with pytest.raises(nnlite.FileFormatError, match='4 and 6 planes are not 3 groups'):
        opened('cudnn.SpatialConvolution', **{**convolution(2), 'groups': 3})


def test_convolution_of_very_many_groups_stays_data(opened):
    found = opened('cudnn.SpatialConvolution', **{**convolution(2), 'groups': 10**9, 'nInputPlane': 10**9})
    assert isinstance(found, TorchObject)


def test_pooling_of_inn_reaches_over_the_border(opened):
    found = opened('inn.SpatialMaxPooling', kW=2, kH=2, dW=2, dH=2, padW=0, padH=0, indices=images(1))
    assert found.forward(images(1, 1, 5, 5)).shape == (1, 1, 3, 3)


def test_parallel_network_of_cunn(tmp_path):
    """The list of GPUs stands before the fields, since version 2."""
    net = TorchObject('nn.Sequential', {'modules': [nn.Linear(3, 2)], '_type': 'torch.CudaTensor'})
    fields = {'modules': [net], 'dimension': 1, 'typeStr': 'torch.CudaTensor', '_type': 'torch.FloatTensor'}
    nnlite.save(tmp_path / 'one.t7', {'net': TorchObject('nn.DataParallelTable', fields), 'epoch': 3})
    contents = (tmp_path / 'one.t7').read_bytes()
    name = b'V 1\x14\0\0\0nn.DataParallelTable'
    gpus = (
        np.array([3, 900, 2, 1], '<i4').tobytes() + np.array([1.0]).tobytes() + b'\1\0\0\0' + np.array([1.0]).tobytes()
    )
    gpus += b'\1\0\0\0' + np.array([2.0]).tobytes() + b'\1\0\0\0' + np.array([4.0]).tobytes()
    assert contents.count(name) == 1
    (tmp_path / 'three.t7').write_bytes(contents.replace(name, name.replace(b'1', b'3', 1) + gpus))
    found = nnlite.load(tmp_path / 'three.t7')
    assert found['epoch'] == 3 and repr(found['net']).startswith('DataParallelTable: 2 x nn.Sequential {')
    assert found['net'].gpuAssignments == [1, 4]
    x = images(5, 3)
    assert np.array_equal(found['net'].forward(x), found['net'].get(1).forward(x))
    nnlite.save(tmp_path / 'again.t7', found)
    again = nnlite.load(tmp_path / 'again.t7', rebuild=False)['net']
    assert (again.typename, again.version, again.fields['gpuAssignments']) == ('nn.DataParallelTable', 1, [1, 4])


def test_graphs_element(opened):
    assert opened('nngraph.JustElement', gradInput=[]).forward([images(2)]).tolist() == images(2).tolist()


@pytest.mark.parametrize('name', ['cudnn.LSTM', 'inn.ConstAffine', 'fbnn.Constant', 'cudnn._Pointwise', 'nn.importlib'])
def test_what_has_no_twin_stays_data(name, opened, round_trip):
    found = opened(name, version=2, x=1)
    assert (found.typename, found.fields, found.version) == (name, {'x': 1}, 2)
    assert round_trip(found).typename == name


def test_convolution_over_time_with_padding_stays_data(opened):
    weights = {'weight': images(2, 6), 'bias': images(2), 'inputFrameSize': 3, 'outputFrameSize': 2, 'kH': 2, 'dH': 1}
    found = opened('cudnn.TemporalConvolution', kW=3, dW=1, padH=0, **weights)
    assert (found.kW, found.dW) == (2, 1) and found.forward(images(5, 3)).shape == (4, 2)
    assert isinstance(opened('cudnn.TemporalConvolution', kW=3, dW=1, padH=1, **weights), TorchObject)


def test_network_with_an_unknown_layer_says_so_when_it_runs(round_trip):
    unknown = TorchObject('my.Layer', {'scale': 3})
    net = nn.Sequential().add(nn.Linear(2, 2))
    net.modules.append(unknown)
    net = round_trip(nn.Sequential().add(net))
    assert repr(net.get(1)).endswith('(2): my.Layer\n}')
    for run in (lambda: net.forward(images(1, 2)), net.evaluate, net.clearState, net.parameters):
        with pytest.raises(nnlite.Error, match=r'my\.Layer, a class that nnlite does not know') as caught:
            run()
        assert "nnlite.register('my.Layer')" in caught.value.hint
    assert (
        net.replace(lambda module: nn.Tanh() if module is net.get(1).modules[1] else module).forward(images(1, 2)).any()
    )


def test_field_that_is_missing_is_named_at_load(round_trip):
    fields = {'bias': images(2), '_type': 'torch.FloatTensor'}
    for weight, got in ((None, 'none'), (images(2), 'one of 1'), ('text', 'str')):
        with pytest.raises(nnlite.FileFormatError) as caught:
            round_trip({'net': [TorchObject('nn.Linear', {**fields, 'weight': weight})]})
        message = (
            f"nn.Linear cannot be made of its fields: expected the field 'weight', an array of 2 dimensions, got {got}"
        )
        assert caught.value.message == message and caught.value.where.endswith('net[1]')
    with pytest.raises(
        nnlite.FileFormatError, match=r"nn\.MulConstant .* expected the field 'constant_scalar', got none"
    ):
        round_trip(TorchObject('nn.MulConstant', {'_type': 'torch.FloatTensor'}))


def test_looking_at_fields_draws_no_random_numbers(tmp_path):
    nnlite.save(tmp_path / 'net.t7', nn.SpatialBatchNormalization(3))
    nnlite.manualSeed(5)
    nnlite.load(tmp_path / 'net.t7')
    found = nnlite.rand(3).tolist()
    nnlite.manualSeed(5)
    assert nnlite.rand(3).tolist() == found


def test_class_that_writes_ints_before_its_fields_is_kept(tmp_path):
    thing = TorchObject('my.Writer', {'v': 23}, 2, [7, -1])
    for form in ('binary', 'ascii'):
        nnlite.save(tmp_path / 'lead.t7', {'thing': thing, 'after': 1}, form)
        found = nnlite.load(tmp_path / 'lead.t7')
        assert (found['thing'].lead, found['thing'].fields, found['after']) == ([7, -1], {'v': 23}, 1)


def each(typename, **fields):
    """Return many objects that share the values of their fields."""
    return [TorchObject(typename, dict(fields)) for _ in range(2000)]


@pytest.mark.parametrize(
    'value',
    [
        each('nn.Sequential', modules=[nn.Identity() for _ in range(2000)]),
        each('nn.Sequential', modules=[], table=[1] * 5000),
        each('nn.Tanh', table={'a': [2] * 5000}),
    ],
    ids=['modules', 'numbers', 'tables'],
)
def test_many_objects_above_the_same_values_take_no_longer_than_one_by_one(value, round_trip):
    begin = time.perf_counter()
    round_trip(value)
    assert time.perf_counter() - begin < 5


def test_many_objects_cannot_each_make_a_list_of_one_storage(round_trip):
    sizes = nnlite.Storage(np.ones(100_000, np.int64))
    with pytest.raises(nnlite.FileFormatError, match='list of at most 64 sizes'):
        round_trip(each('nn.View', size=sizes))


def test_objects_do_not_share_their_fields(round_trip):
    fields = {'inplace': True}
    with pytest.raises(nnlite.FileFormatError, match=r'own for fields of nn\.Tanh'):
        round_trip([TorchObject('nn.Tanh', fields), TorchObject('nn.Tanh', fields)])


def test_fields_that_are_the_table_around_them(parse):
    """As only a damaged file has it: the table is not yet filled when its object is."""
    contents = b'3\n1\n1\n1\n1\n4\n2\n3\nV 1\n8\nmy.Thing\n3\n1\n'
    found = parse(contents)
    assert found[0].fields is found


@pytest.mark.parametrize('typename', ['torch.FloatTensor', 'torch.CudaTensor'])
def test_a_module_on_a_gpu_has_two_tables(typename, tmp_path, parse):
    """GPU.lua writes {type, device} before the fields."""
    net = nn.GPU(nn.Linear(2, 3), 4, 5)
    fields = {**net.write(), '_type': typename}
    nnlite.save(tmp_path / 'plain.t7', TorchObject('nn.XPU', fields))  # a class that is written in the usual way
    nnlite.save(tmp_path / 'header.t7', [typename, 4])
    plain, header = ((tmp_path / f'{name}.t7').read_bytes() for name in ('plain', 'header'))
    name = b'\x06\0\0\0nn.XPU'
    at = plain.index(name) + len(name)
    header = header.replace(b'\x03\0\0\0\x01\0\0\0', b'\x03\0\0\0\xff\0\0\0', 1)  # an index that is free
    found = parse(plain[:at].replace(b'XPU', b'GPU') + header + plain[at:])
    assert repr(found) == repr(net) and found.outdevice == 5 and found.type() == 'torch.FloatTensor'
    assert np.array_equal(found.get(1).weight, net.get(1).weight)
    nnlite.save(tmp_path / 'again.t7', found)
    (again,) = nnlite.loadAll(tmp_path / 'again.t7', rebuild=False)
    assert again.fields['device'] == 4
    assert (tmp_path / 'again.t7').read_bytes().index(b'FloatTensor') < (tmp_path / 'again.t7').read_bytes().index(
        b'_type'
    )
