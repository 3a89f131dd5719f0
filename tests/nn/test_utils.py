"""nn.utils: tables of arrays, element by element."""

import numpy as np
import pytest

import nnlite
from nnlite import nn
from nnlite.nn import utils


def test_recursiveType_converts_what_hangs_together():
    one, other = nn.Linear(2, 2), nn.Linear(2, 2)
    other.share(one, 'weight')
    table = {'nets': [one, other], 'x': np.zeros(2, np.float32), 'labels': np.array([1, 2])}
    assert utils.recursiveType(table, 'torch.DoubleTensor') is table
    assert np.shares_memory(one.weight, other.weight) and one.weight.dtype == np.float64 == table['x'].dtype
    assert one.type() == other.type() == 'torch.DoubleTensor' and table['labels'].dtype == np.int64
    assert utils.recursiveType(np.zeros(2), 'torch.HalfTensor').dtype == np.float16
    with pytest.raises(nnlite.DtypeError, match='expected one of torch'):
        utils.recursiveType(table, 'torch.IntTensor')


def test_a_cache_keeps_sharing_from_call_to_call():
    one, other, cache = nn.Linear(2, 2), nn.Linear(2, 2), {}
    flat, _ = one.getParameters()
    other.share(one, 'weight')
    one.double(cache)
    other.type('torch.DoubleTensor', cache)
    vector = utils.recursiveType(flat, 'torch.DoubleTensor', cache)
    assert vector.dtype == np.float64 and np.array_equal(vector[:4], one.weight.ravel())
    vector += 1
    assert np.array_equal(vector[:4], one.weight.ravel()) and np.array_equal(one.weight, other.weight)
    assert not np.shares_memory(one.bias, other.bias) and np.array_equal(vector[4:], one.bias)
    assert one.float().weight.dtype == np.float32 == one.half().float(cache).weight.dtype


def test_recursiveResizeAs_keeps_memory_where_it_fits():
    kept = np.zeros(6)
    like = [np.ones((2, 3), np.float32), {'a': np.ones(4, np.float32)}]
    sized = utils.recursiveResizeAs([kept, None, 'more'], like)
    assert sized[0].shape == (2, 3) and np.shares_memory(sized[0], kept)
    assert sized[1]['a'].shape == (4,) and sized[1]['a'].dtype == np.float32 and len(sized) == 2
    assert utils.recursiveResizeAs(np.zeros(3), np.ones(4, np.float32)).dtype == np.float64
    assert utils.recursiveResizeAs(None, [np.ones(2)])[0].shape == (2,)


def test_recursive_functions_fill_add_and_copy():
    table = [np.zeros(2), {'a': np.zeros(1)}]
    assert utils.recursiveFill(table, 3)[1]['a'].tolist() == [3] and table[0].tolist() == [3, 3]
    step = [np.ones(2), {'a': np.ones(1)}]
    assert utils.recursiveAdd(table, -2, step)[0] is table[0] and table[0].tolist() == [1, 1]
    assert utils.recursiveAdd(table, step)[1]['a'].tolist() == [2] == table[1]['a'].tolist()
    copy = utils.recursiveCopy(table, step)
    assert copy[0] is not step[0] and np.shares_memory(copy[0], table[0]) and table[0].tolist() == [1, 1]


@pytest.mark.parametrize('function', [
    lambda thing: utils.recursiveResizeAs(np.zeros(1), thing),
    lambda thing: utils.recursiveFill([thing], 0),
    lambda thing: utils.recursiveAdd([np.zeros(1)], [thing]),
    lambda thing: utils.recursiveAdd(thing, np.zeros(1)),
    lambda thing: utils.recursiveCopy(np.zeros(1), thing),
])  # fmt: skip
def test_what_is_no_array_is_refused(function):
    with pytest.raises(nnlite.DtypeError, match='expected an array or a table of arrays, got str'):
        function('text')


def test_views():
    x = np.arange(6.0).reshape(2, 3)
    assert np.shares_memory(utils.addSingletonDimension(x), x) and utils.addSingletonDimension(x).shape == (1, 2, 3)
    with pytest.raises(nnlite.ShapeError, match='expected a dimension from 1 to 3, got 4'):
        utils.addSingletonDimension(x, 4)
    assert np.shares_memory(utils.contiguousView(None, x, 3, 2), x)
    room = np.zeros(6)
    view = utils.contiguousView(room, x.T, -1)
    assert view.tolist() == [0, 3, 1, 4, 2, 5] and np.shares_memory(view, room)


def test_clear_empties_fields():
    module = nn.Linear(2, 2)
    module.buffers, module.note = [1], 'text'
    assert utils.clear(module, 'weight', 'buffers', 'note', 'absent') is module
    assert (module.weight.size, module.buffers, module.note) == (0, [], None) and not hasattr(module, 'absent')
    assert utils.clear(module, ['bias']).bias.size == 0
