"""What is saved comes back: values, sharing, strides; what cannot be saved is named."""

import math
import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import nnlite
from nnlite.serialization import register
from nnlite.serialization.lua_function import LuaFunction
from nnlite.serialization.t7_format import MAX_DEPTH
from nnlite.tensor.memory import root
from nnlite.tensor.types import DTYPES

text = st.text(st.characters(exclude_categories=['Cs']), max_size=8)
binary = st.binary(max_size=6).map(lambda data: b'\xff' + data)  # never UTF-8
numbers = st.integers(-(2**53), 2**53) | st.floats()
arrays = hnp.arrays(
    st.sampled_from(list(DTYPES.values())), hnp.array_shapes(min_dims=1, max_dims=4, max_side=3), fill=st.nothing()
)
leaves = st.none() | st.booleans() | numbers | text | binary | arrays
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(text | binary, inner, min_size=1, max_size=4)
        | st.dictionaries(st.integers(5, 99) | st.just(0.5), inner, min_size=1, max_size=4)
        | st.builds(lambda value: nnlite.LuaTable([(True, value), (1, value), (np.ones(2), 'array')]), inner)
        | st.builds(lambda value: nnlite.TorchObject('some.Class', {'field': value}), inner)
        | st.builds(lambda value: LuaFunction(b'\x1bLJ', [{'name': 'up', 'id': 1, 'value': value}]), inner)
    ),
    max_leaves=12,
)


def same(one, two):
    """Return whether two values are the same to Lua, and of the types that load promises."""
    if isinstance(one, float) and (one.is_integer() and abs(one) <= 2**53 and repr(one) != '-0.0'):
        one = int(one)
    if type(one) is not type(two):
        return False
    if isinstance(one, float):
        return one == two if not math.isnan(one) else math.isnan(two)
    if isinstance(one, np.ndarray):
        return one.dtype == two.dtype and np.array_equal(one, two, equal_nan=one.dtype.kind == 'f')
    if isinstance(one, list):
        return len(one) == len(two) and all(map(same, one, two))
    if isinstance(one, dict):
        return list(one) == list(two) and same(list(one.values()), list(two.values()))
    if isinstance(one, nnlite.LuaTable):
        return same([list(pair) for pair in one.items()], [list(pair) for pair in two.items()])
    if isinstance(one, nnlite.TorchObject):
        return one.typename == two.typename and same(one.fields, two.fields)
    if isinstance(one, LuaFunction):
        return (one.bytecode, one.tag) == (two.bytecode, two.tag) and same(one.upvalues, two.upvalues)
    return one == two


@settings(max_examples=200, deadline=None, derandomize=True)
@given(value=values, format=st.sampled_from(['binary', 'ascii']))
def test_values_come_back(value, format, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / 'values.t7'
    nnlite.save(path, value, format)
    assert same(value, nnlite.load(path))


def test_what_lua_does_not_tell_apart_comes_back_as_lists(round_trip):
    assert round_trip([(1, 2), {}, {1: 'a', 2: 'b'}, {2: 'b', 1: 'a'}]) == [[1, 2], [], ['a', 'b'], ['a', 'b']]


def test_scalars_of_numpy_are_numbers(round_trip):
    values = [np.float32(0.5), np.float64(0.1), np.int64(3), np.uint8(4), np.bool(True), np.str_('s')]
    found = round_trip(values)
    assert found == [0.5, 0.1, 3, 4, True, 's']
    assert [type(value) for value in found] == [float, float, int, int, bool, str]


def test_array_without_elements_is_torchs_empty_tensor(round_trip):
    found = round_trip([np.empty(0, np.float32), np.empty((0, 3), np.int64)])
    assert [(array.shape, str(array.dtype)) for array in found] == [((0,), 'float32'), ((0,), 'int64')]


def test_views_of_one_memory_stay_views_of_one(round_trip):
    flat = np.arange(24.0)
    found = round_trip(
        {'matrix': flat[:12].reshape(3, 4), 'turned': flat[:12].reshape(3, 4).T, 'tail': flat[20:], 'step': flat[1:9:3]}
    )
    assert found['matrix'].tolist() == flat[:12].reshape(3, 4).tolist()
    assert found['turned'].tolist() == flat[:12].reshape(3, 4).T.tolist()
    assert found['step'].tolist() == [1, 4, 7]
    found['matrix'][0, 1] = -1
    assert found['turned'][1, 0] == -1 and found['step'][0] == -1
    assert len({id(root(array)) for array in found.values()}) == 1
    assert all(array.flags.writeable and array.flags.aligned for array in found.values())


def test_other_memory_is_not_joined(round_trip):
    one, two = round_trip([np.ones(3), np.ones(3)])
    assert not np.shares_memory(one, two)


def test_same_array_twice_is_one(round_trip):
    array = np.arange(3.0)
    found = round_trip([array, {'again': array}])
    assert found[0] is found[1]['again']


def test_part_of_a_large_array_makes_a_small_file(tmp_path):
    large = np.arange(1_000_000.0)
    nnlite.save(tmp_path / 'part.t7', [large[500_000:500_010], large[500_005:500_020:2]])
    assert os.path.getsize(tmp_path / 'part.t7') < 1000
    one, two = nnlite.load(tmp_path / 'part.t7')
    assert one.tolist() == large[500_000:500_010].tolist() and two.tolist() == large[500_005:500_020:2].tolist()
    assert np.shares_memory(one, two)


def test_strides_are_kept_where_torch_can_have_them(round_trip):
    channels_last = np.moveaxis(np.arange(120.0).reshape(2, 4, 5, 3), -1, 1)
    expanded = np.broadcast_to(np.arange(3.0), (4, 3))
    for array in (channels_last, expanded, np.asfortranarray(np.arange(6.0).reshape(2, 3)), np.arange(6.0)[:, None]):
        found = round_trip(array)
        assert np.array_equal(found, array) and found.strides == array.strides


def test_other_layouts_are_copied(round_trip):
    numbers = np.arange(6, dtype=np.int32)
    record = np.zeros(3, [('odd', 'u1'), ('number', '<f4')])
    record['number'] = 1, 2, 3
    foreign = np.frombuffer(bytearray(numbers.tobytes()), np.int32)[::2]
    arrays = [numbers[::-1], numbers.astype('>i4'), record['number'], foreign, np.float32([[1, 2]])[:, ::-1][:, :1]]
    for array, found in zip(arrays, round_trip(arrays), strict=True):
        assert found.tolist() == array.tolist() and found.dtype == array.dtype.newbyteorder('=')


def test_unaligned_array_comes_back_aligned(round_trip):
    memory = np.zeros(41, np.uint8)
    unaligned = memory[1:].view(np.float64)
    unaligned[:] = range(5)
    found = round_trip([unaligned, memory])
    assert found[0].tolist() == [0, 1, 2, 3, 4] and found[0].flags.aligned and found[1].tolist() == memory.tolist()


def test_storages_keep_their_size_and_their_views(round_trip):
    sizes = nnlite.Storage(np.array([2, 3, -1]))
    flat = np.arange(8.0, dtype=np.float32)
    whole, part = nnlite.Storage(flat), nnlite.Storage(flat[2:5])
    found = round_trip(
        {'sizes': sizes, 'view': flat[3:5], 'whole': whole, 'part': part, 'again': part, 'none': nnlite.Storage()}
    )
    assert found['sizes'].memory.tolist() == [2, 3, -1] and found['sizes'].memory.dtype == np.int64
    assert found['view'].base is found['whole'].memory and len(found['whole']) == 8
    assert found['part'].memory.tolist() == [2, 3, 4] and found['part'] is found['again']
    assert len(found['none']) == 0


def test_cycles_and_shared_things(round_trip):
    shared = ['shared']
    table = {'list': [shared, shared], 'fields': nnlite.TorchObject('my.Node', {})}
    table['self'] = table
    table['fields'].fields['up'] = table
    table['key'] = nnlite.LuaTable([(shared, 'by identity'), (True, table)])
    found = round_trip(table)
    assert found['self'] is found and found['fields'].fields['up'] is found
    assert found['list'][0] is found['list'][1]
    assert found['key'][found['list'][0]] == 'by identity' and found['key'][True] is found


def test_network_keeps_its_sharing(round_trip):
    nnlite.manualSeed(1)
    nn = nnlite.nn
    net = nn.Sequential().add(nn.Linear(3, 3)).add(nn.Tanh()).add(nn.Linear(3, 3))
    net.modules[2].weight = net.modules[0].weight.T
    net.add(net.modules[1])
    found = round_trip({'net': net, 'input': np.float32([[1, 2, 3]])})
    twin = found['net']
    assert type(twin) is nn.Sequential and twin.modules[1] is twin.modules[3]
    assert np.array_equal(twin.forward(found['input']), net.forward(found['input']))
    twin.modules[0].weight[0, 1] = 7
    assert twin.modules[2].weight[1, 0] == 7


def test_flattened_network_keeps_its_vector(round_trip):
    nn = nnlite.nn
    net = nn.Sequential().add(nn.Linear(3, 4)).add(nn.Linear(4, 2))
    params, gradients = net.getParameters()
    found = round_trip([net, params, gradients])
    found[1].fill(5)
    assert all((weight == 5).all() for weight in found[0].parameters()[0])
    alone = round_trip(net)
    assert len({id(root(weight)) for weight in alone.parameters()[0]}) == 1


def test_class_and_version_of_unknown_objects_are_kept(tmp_path):
    batch_norm = nnlite.nn.BatchNormalization(2)
    nnlite.save(tmp_path / 'one.t7', batch_norm)
    data = nnlite.load(tmp_path / 'one.t7', rebuild=False)
    assert data.typename == 'nn.BatchNormalization' and data.version == 2
    nnlite.save(tmp_path / 'two.t7', data)
    assert (tmp_path / 'one.t7').read_bytes() == (tmp_path / 'two.t7').read_bytes()


class Unknown:
    pass


@register('tests.Named')
class Named:
    def __init__(self, **fields):
        vars(self).update(fields)


@pytest.mark.parametrize(
    ('value', 'where', 'message'),
    [
        ({'model': Named(modules=[0, 0, 0, {'foo': Unknown()}])}, 'model.modules[3].foo', 'object of Unknown'),
        ([1, {'big': 2**53 + 1}], '[1].big', 'at most 2**53'),
        ([np.int64(2**60)], '[0]', 'at most 2**53'),
        ({'odd key': np.zeros(2, bool)}, "['odd key']", 'got bool'),
        ([np.zeros(2, complex)], '[0]', 'got complex128'),
        ([np.array(1.0)], '[0]', 'one or more dimensions'),
        ([np.ma.array([1.0])], '[0]', 'object of MaskedArray'),
        ({3: Unknown}, '[3]', 'object of type'),
        (Unknown(), 'the whole value', 'object of Unknown'),
        ({'a': {None: 1}}, 'a', 'got None'),
        ({float('nan'): 1}, 'the whole value', 'got nan'),
        (['\ud800'], '[0]', 'UTF-8'),
        ({'o': nnlite.TorchObject('torch.FloatTensor', {})}, 'o', 'name of a class'),
        ({'o': nnlite.TorchObject('two words', {})}, 'o', 'name of a class'),
        ({'o': nnlite.TorchObject('my.Class', 3)}, 'o', 'as a dict, got int'),
    ],
)
def test_what_a_file_cannot_hold_is_named(value, where, message, tmp_path):
    with pytest.raises(nnlite.Error) as caught:
        nnlite.save(tmp_path / 'never.t7', value)
    assert caught.value.where == where and message in caught.value.message
    assert not list(tmp_path.iterdir())


def test_depth_that_could_not_be_read_again_is_refused(tmp_path):
    deep = []
    for _ in range(MAX_DEPTH - 1):
        deep = [deep]
    nnlite.save(tmp_path / 'deep.t7', deep)
    found, levels = nnlite.load(tmp_path / 'deep.t7'), 1
    while found:
        found, levels = found[0], levels + 1
    assert levels == MAX_DEPTH
    with pytest.raises(nnlite.Error, match='levels'):
        nnlite.save(tmp_path / 'deeper.t7', [deep])
