"""Files made by hand, to harm: each ends in one clear error, soon and in little memory."""

import struct
import time
import tracemalloc

import numpy as np
import pytest

import nnlite
from nnlite.serialization.lua_function import LuaFunction

NIL, NUMBER, STRING, TABLE, TORCH, BOOLEAN = range(6)


def ints(*numbers):
    return struct.pack(f'<{len(numbers)}i', *numbers)


def longs(*numbers):
    return struct.pack(f'<{len(numbers)}q', *numbers)


def number(value):
    return ints(NUMBER) + struct.pack('<d', value)


def string(chars):
    return ints(STRING, len(chars)) + chars


def head(index, name, version=b'V 1'):
    return ints(TORCH, index, len(version)) + version + ints(len(name)) + name


def table(index, *elements):
    return ints(TABLE, index, len(elements) // 2) + b''.join(elements)


def storage(index, values, name=b'torch.DoubleStorage'):
    return head(index, name) + longs(len(values)) + struct.pack(f'<{len(values)}d', *values)


def tensor(index, sizes, strides, offset, below, name=b'torch.DoubleTensor'):
    return head(index, name) + ints(len(sizes)) + longs(*sizes, *strides, offset) + below


SIX = storage(2, range(6))


def test_tensor_made_by_hand(parse):
    assert parse(tensor(1, [2, 2], [3, 1], 2, SIX)).tolist() == [[1, 2], [4, 5]]


def test_stride_of_a_single_element_means_nothing(parse):
    assert parse(tensor(1, [1, 2], [2**62, 1], 5, SIX)).tolist() == [[4, 5]]


def test_expanded_tensor_takes_no_memory(parse):
    found = parse(tensor(1, [1000, 1000, 6], [0, 0, 1], 1, SIX))
    assert found.shape == (1000, 1000, 6) and found.strides == (0, 0, 8)


@pytest.mark.parametrize(
    ('sizes', 'strides', 'offset', 'below'),
    [
        ([7], [1], 1, SIX),
        ([6], [1], 2, SIX),
        ([2, 3], [4, 1], 1, SIX),
        ([6], [1], 0, SIX),
        ([6], [1], -5, SIX),
        ([6], [-1], 6, SIX),
        ([0], [1], 1, SIX),
        ([-1], [1], 1, SIX),
        ([2, 2**62], [2**62, 1], 1, SIX),
        ([2**62, 4], [4, 1], 1, SIX),
        ([2**40], [0], 1, SIX),
        ([2**40, 2**40, 2**40], [0, 0, 0], 1, SIX),
        ([1], [1], 1, ints(NIL)),
        ([1], [1], 1, number(1)),
        ([1], [1], 1, table(2)),
        ([1], [1], 1, ints(TORCH, 1)),
        ([1], [1], 1, storage(2, [1], b'torch.LongStorage')),
        ([1], [1], 1, tensor(2, [1], [1], 1, storage(3, [1]))),
        ([1] * 65, [1] * 65, 1, SIX),
    ],
    ids=lambda part: None if isinstance(part, bytes) else str(part)[:20],
)
def test_tensor_outside_its_storage(sizes, strides, offset, below, parse):
    contents = table(1, string(b'weight'), tensor(3, sizes, strides, offset, below))
    with pytest.raises(nnlite.FileFormatError) as caught:
        parse(contents)
    assert caught.value.where.endswith('parsed.t7, byte 26, weight')


@pytest.mark.parametrize(
    'contents',
    [
        b'',
        ints(9),
        ints(-1),
        ints(7),
        ints(BOOLEAN, 2),
        ints(STRING, -1),
        ints(STRING, 2**31 - 1),
        ints(TABLE, 1, 2**31 - 1),
        ints(TABLE, 1, -1),
        ints(TABLE, 1, 1) + number(1),
        ints(TABLE),
        ints(NUMBER, 0),
        ints(8, 1, 2**30),
        ints(6, -1),
        head(1, b'torch.FloatStorage') + longs(2**62),
        head(1, b'torch.FloatStorage') + longs(-1),
        head(1, b'torch.FloatTensor') + ints(2**31 - 1),
        head(1, b'torch.FloatTensor') + ints(-1),
        head(1, b'nn.Linear', b'V 99999999999999999999'),
        head(1, b'x' * 201) + table(2),
        head(1, b'\x1b[2J') + table(2),
        head(1, b'') + table(2),
        head(1, b'my.Class') + number(3),
        head(1, b'my.Class') + ints(NIL),
        head(1, b'my.Class') + ints(TORCH, 1),
        table(1, ints(NIL), number(1)),
        table(1, number(float('nan')), number(1)),
        table(1, number(1), ints(TORCH, 1)),
        table(1, number(1), storage(2, [1]), number(2), ints(TABLE, 2)),
        b'3\n1\n',
        b'3\n1\n999999\n',
        b'1\nx\n',
        b'2\n2147483647\nx',
        b'4\n1\n3\nV 1\n17\ntorch.LongStorage\n3\n1 2 99999999999999999999\n',
        b'1\n' + b'9' * 5000,
        b'1\n' + b' ' * 5000,
        b'5\n7\n',
        b'\x89HDF\r\n\x1a\n',
        b'PK\x03\x04' + bytes(40),
    ],
    ids=repr,
)
def test_nonsense_is_one_error_soon_and_in_little_memory(contents, parse):
    tracemalloc.start()
    begin = time.perf_counter()
    with pytest.raises(nnlite.FileFormatError) as caught:
        parse(contents)
    seconds, (_, peak) = time.perf_counter() - begin, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert 'parsed.t7, byte ' in caught.value.where
    assert '\x1b' not in str(caught.value)
    assert peak < 2**20 and seconds < 1


def test_error_says_byte_and_path(parse):
    contents = table(1, string(b'model'), table(2, number(1), ints(BOOLEAN, 1), number(2), ints(BOOLEAN, 5)))
    with pytest.raises(nnlite.FileFormatError) as caught:
        parse(contents)
    assert caught.value.where.endswith('parsed.t7, byte 69, model[2]')
    assert caught.value.message == 'expected a boolean, 0 or 1, got 5'


def test_depth_has_a_bound(parse):
    links = 100_000
    chain = b''.join(ints(TABLE, index, 1) + number(1) for index in range(1, links))
    with pytest.raises(nnlite.FileFormatError, match='at most 10000 levels'):
        parse(chain + ints(TABLE, links, 0))
    with pytest.raises(nnlite.FileFormatError, match='at most 3 levels'):
        parse(table(1, number(1), table(2, number(1), table(3, number(1), table(4)))), max_depth=3)


def test_depth_of_objects_has_a_bound(parse):
    chain = b''.join(head(2 * i, b'my.Class') + ints(TABLE, 2 * i + 1, 1) + string(b'x') for i in range(1, 50_000))
    with pytest.raises(nnlite.FileFormatError, match='at most 10000 levels'):
        parse(chain)


def test_tensors_in_place_of_storages_do_not_recurse(parse):
    chain = b''.join(head(i, b'torch.DoubleTensor') + ints(1) + longs(1, 1, 1) for i in range(1, 5000))
    with pytest.raises(nnlite.FileFormatError, match='storage of float64'):
        parse(chain)


def test_number_of_values_has_a_bound(parse):
    contents = table(1, *(number(i) for i in range(1, 21)))
    assert len(parse(contents, max_values=21)) == 10
    with pytest.raises(nnlite.FileFormatError, match='at most 20 values'):
        parse(contents, max_values=20)


def test_expanded_tensors_have_a_bound(parse):
    contents = tensor(1, [100, 6], [0, 1], 1, SIX)
    assert parse(contents, max_expanded=4800).nbytes == 4800
    with pytest.raises(nnlite.FileFormatError, match='at most 4799 bytes'):
        parse(contents, max_expanded=4799)


def test_key_that_comes_twice_has_its_last_value(parse):
    assert parse(table(1, string(b'a'), number(1), string(b'a'), number(2))) == {'a': 2}
    assert parse(table(1, number(2), number(3), number(1), number(1), number(2), number(4))) == [1, 4]


def test_list_whose_keys_come_in_any_order(parse):
    assert parse(table(1, number(2), string(b'b'), number(1), string(b'a'))) == ['a', 'b']


def test_table_with_a_hole_is_no_list(parse):
    assert parse(table(1, number(1), string(b'a'), number(3), string(b'c'))) == {1: 'a', 3: 'c'}
    assert parse(table(1, number(0), string(b'a'), number(1), string(b'b'))) == {0: 'a', 1: 'b'}


def test_function_is_kept_and_not_run(parse):
    contents = ints(8, 1, 5) + b'\x1bLJ\x02\x00' + table(2, number(1), table(3, string(b'value'), ints(8, 1)))
    found = parse(contents)
    assert isinstance(found, LuaFunction) and not callable(found)
    assert found.bytecode == b'\x1bLJ\x02\x00' and found.upvalues == [{'value': found}]


def test_tensors_of_the_gpu_are_arrays(parse):
    contents = tensor(1, [2], [1], 1, head(2, b'torch.CudaStorage') + longs(2) + struct.pack('<2f', 1, 2))
    found = parse(contents.replace(b'\x12\0\0\0torch.DoubleTensor', b'\x10\0\0\0torch.CudaTensor'))
    assert found.dtype == np.float32 and found.tolist() == [1, 2]


@pytest.mark.parametrize(('name', 'twin'), [('nn.Tanh', 'Tanh'), ('cudnn.ReLU', 'ReLU'), ('cunn.Sigmoid', 'Sigmoid')])
def test_classes_of_nn_and_their_gpu_twins(name, twin, parse):
    assert type(parse(head(1, name.encode()) + table(2))) is getattr(nnlite.nn, twin)


@pytest.mark.parametrize('name', ['nn.Nowhere', 'nn.nn', 'nn.__class__', 'nn.importlib', 'nn.Tanh.x', 'other.Tanh'])
def test_other_names_are_data(name, parse):
    found = parse(head(1, name.encode(), b'V 4') + table(2, string(b'x'), number(1)))
    assert isinstance(found, nnlite.TorchObject)
    assert (found.typename, found.fields, found.version) == (name, {'x': 1}, 4)


@pytest.mark.parametrize('field', [(number(1), number(1)), (ints(BOOLEAN, 1), number(1)), (table(3), number(1))])
def test_fields_of_our_classes_have_names(field, parse):
    with pytest.raises(nnlite.FileFormatError, match=r'fields of nn\.Tanh to have names'):
        parse(head(1, b'nn.Tanh') + table(2, *field))


def test_storage_is_read_in_one_piece(tmp_path):
    array = np.random.default_rng(1).standard_normal(2_000_000)
    nnlite.save(tmp_path / 'large.t7', {'array': array})
    tracemalloc.start()
    found = nnlite.load(tmp_path / 'large.t7')['array']
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert np.array_equal(found, array) and peak < 1.05 * array.nbytes


def test_missing_file_is_an_error_of_the_system(tmp_path):
    with pytest.raises(FileNotFoundError):
        nnlite.load(tmp_path / 'nowhere.t7')
