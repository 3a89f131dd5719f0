"""Containers: a list of modules, how they print, and where they say that an error was."""

import numpy as np
import pytest

import nnlite
from nnlite import nn

# As Torch's __tostring__ in Sequential.lua and ConcatTable.lua puts the pieces together.
BLOCK = """\
nn.Sequential {
  [input -> (1) -> (2) -> (3) -> output]
  (1): nn.ConcatTable {
    input
      |`-> (1): nn.Sequential {
      |      [input -> (1) -> (2) -> output]
      |      (1): nn.SpatialConvolution(4 -> 4, 3x3, 1,1, 1,1)
      |      (2): nn.ReLU
      |    }
      |`-> (2): nn.Identity
       `-> (3): nn.Sequential {
             [input -> (1) -> output]
             (1): nn.Padding
           }
       ... -> output
  }
  (2): nn.CAddTable
  (3): nn.Linear(4 -> 2)
}"""


def block():
    branch = nn.Sequential().add(nn.SpatialConvolution(4, 4, 3, 3, 1, 1, 1, 1)).add(nn.ReLU(True))
    fork = nn.ConcatTable().add(branch).add(nn.Identity()).add(nn.Sequential().add(nn.Padding(1, 1)))
    return nn.Sequential().add(fork).add(nn.CAddTable()).add(nn.Linear(4, 2))


def test_prints_the_tree_as_torch_does():
    assert repr(block()) == BLOCK


@pytest.mark.parametrize('cls', [nn.ParallelTable, nn.ConcatTable, nn.Parallel])
def test_branches_print_alike(cls):
    expected = f'nn.{cls.__name__} {{\n  input\n    |`-> (1): nn.Tanh\n     `-> (2): nn.ReLU\n     ... -> output\n}}'
    assert repr(cls().add(nn.Tanh()).add(nn.ReLU())) == expected
    assert repr(nn.Sequential()) == 'nn.Sequential {\n  [input -> output]\n}'


def test_get_insert_and_remove_count_from_1():
    a, b, c, d = nn.Tanh(), nn.ReLU(), nn.Sigmoid(), nn.Identity()
    net = nn.Sequential().add(a).add(c)
    assert net.insert(b, 2) is net and net.modules == [a, b, c]
    assert net.insert(d).modules == [a, b, c, d]
    assert (net.get(1), net.get(4), net.get(-1), net.get(-4)) == (a, d, d, a)
    assert net.remove(1).modules == [b, c, d] and net.remove().modules == [b, c]
    assert net.size() == len(net) == 2 and list(net) == [b, c]
    assert bool(nn.Sequential()), 'an empty container is still true'


def test_nothing_is_left_to_remove():
    with pytest.raises(nnlite.Error, match='expected a place from 1 to 0, got -1'):
        nn.Sequential().remove()


@pytest.mark.parametrize('place', [0, 3, -3, 1.0, True, None, 'one'])
def test_places_that_are_not_there(place):
    net = nn.Sequential().add(nn.Tanh()).add(nn.ReLU())
    with pytest.raises(nnlite.Error, match=f'expected a place from 1 to 2, got {place}') as caught:
        net.get(place)
    assert (caught.value.hint is not None) == (place == 0)


def test_a_container_shares_with_a_container():
    with pytest.raises(nnlite.Error, match='expected as many modules to share with, 1, got 0'):
        nn.Sequential().add(nn.Linear(2, 2)).share(nn.Linear(2, 2), 'weight')


def test_a_table_of_no_modules_is_said():
    with pytest.raises(nnlite.Error, match='expected a module inside, got none'):
        nn.ParallelTable().forward([np.ones(2, np.float32)])


def test_only_modules_are_added():
    for thing in (nn.Linear, nn.MSECriterion(), 3, None):
        with pytest.raises(nnlite.Error, match='expected a module to add, got'):
            nn.Sequential().add(thing)
        with pytest.raises(nnlite.Error, match='expected a module to add, got'):
            nn.Sequential().insert(thing, 1)


def test_error_says_where_what_and_why():
    inner = nn.Sequential().add(nn.SpatialBatchNormalization(32)).add(nn.SpatialConvolution(64, 128, 3, 3, 2, 2, 1, 1))
    net = nn.Sequential().add(nn.Identity()).add(nn.ConcatTable().add(inner).add(nn.Identity()))
    with pytest.raises(nnlite.ShapeError) as caught:
        net.forward(np.zeros((128, 32, 16, 16), np.float32))
    assert str(caught.value).split('\n') == [
        'in Sequential[2] > ConcatTable[1] > Sequential[2] > SpatialConvolution(64 -> 128, 3x3, 2,2, 1,1)',
        '  expected input (N, 64, H, W) or (64, H, W), got (128, 32, 16, 16)',
        '  hint: module 1, SpatialBatchNormalization (4D) (32), gives (128, 32, 16, 16)',
    ]


@pytest.mark.parametrize('build', [
    lambda bad: (nn.Sequential().add(nn.Identity()).add(bad), 'Sequential[2]'),
    lambda bad: (nn.ConcatTable().add(nn.Identity()).add(bad), 'ConcatTable[2]'),
    lambda bad: (nn.Concat(1).add(nn.Identity()).add(bad), 'Concat[2]'),
])  # fmt: skip
@pytest.mark.parametrize('method', ['forward', 'updateGradInput', 'accGradParameters', 'backward'])
def test_every_pass_says_where(build, method):
    net, where = build(nn.Linear(3, 3))
    x = np.ones((2, 3), np.float32)
    output = net.forward(x)
    net.backward(x, output)
    if method == 'forward':
        with pytest.raises(nnlite.ShapeError) as caught:
            net.forward(np.ones((2, 4), np.float32))
    else:
        net.get(2).gradInput = np.empty(0, np.float32)
        net.get(2).updateGradInput = net.get(2).accGradParameters = net.get(2).backward = refuse
        with pytest.raises(nnlite.Error) as caught:
            getattr(net, method)(x, output)
    assert caught.value.where.startswith(where)


def refuse(*args):
    raise nnlite.Error('expected to be asked, got called', where='Linear(3 -> 3)')


def test_error_of_pythons_own_is_noted_with_its_place():
    net = nn.Sequential().add(nn.Identity()).add(nn.Identity())
    net.get(2).updateOutput = lambda input: 1 / 0
    with pytest.raises(ZeroDivisionError) as caught:
        net.forward(np.ones(2, np.float32))
    assert caught.value.__notes__ == ['in Sequential[2], Identity']


def test_a_module_that_stands_twice_is_one_module():
    shared = nn.Linear(3, 3)
    net = nn.Sequential().add(shared).add(nn.Tanh()).add(shared).double()
    flat, _ = net.getParameters()
    assert flat.size == 12 and net.get(1) is net.get(3)
    twin = net.clone()
    assert twin.get(1) is twin.get(3) and twin.get(1) is not shared


def test_empty_sequential_is_the_identity_forward():
    x = np.ones((2, 3), np.float32)
    assert nn.Sequential().forward(x) is x


def test_a_network_that_ends_in_its_loss_needs_no_gradOutput():
    net = nn.Sequential().add(nn.ParallelTable().add(nn.Linear(5, 3)).add(nn.Identity()))
    net.add(nn.CriterionTable(nn.MSECriterion()))
    pair, losses = [np.ones(5, np.float32), np.ones(3, np.float32)], []
    for _ in range(3):
        losses.append(net.forward(pair))
        net.zeroGradParameters()
        net.backward(pair)
        net.updateParameters(0.05)
    assert losses[0] > losses[1] > losses[2]
    branches = net.get(1)
    assert branches.gradInput[0].shape == (5,) and branches.gradInput[1] is None, 'there is no gradient for a target'
    assert net.clone().clearState().double().forward([array.astype(np.float64) for array in pair]) > 0
    layer, x = nn.Linear(5, 3), np.ones(5, np.float32)
    layer.forward(x)
    with pytest.raises(nnlite.DtypeError, match='expected gradOutput to be an array, got NoneType'):
        layer.backward(x)
    with pytest.raises(nnlite.DtypeError, match=r'ParallelTable\[2\] > Linear.*\n.*expected gradOutput to be an array'):
        nn.ParallelTable().add(layer).add(layer).backward([x, x], [np.ones(3, np.float32)])


def test_concat_passes_over_branches_without_gradInput():
    """Concat.lua ignores first layers that nobody asks for it."""
    x, gradOutput = np.float32([[1, 2]]), np.float32([[1, 2, 3, 4]])
    first, second = nn.Linear(2, 2), nn.Linear(2, 2)
    net = nn.Concat(2).add(first).add(second)
    net.forward(x)
    first.gradInput = None
    np.testing.assert_allclose(net.backward(x, gradOutput), gradOutput[:, 2:] @ second.weight, rtol=1e-6)
    np.testing.assert_array_equal(first.gradWeight, np.outer([1, 2], [1, 2]))
    second.gradInput = None
    assert net.backward(x, gradOutput) is None


@pytest.mark.parametrize('cls', [nn.Concat, nn.DepthConcat])
def test_concat_wants_outputs_of_as_many_dimensions(cls):
    net = cls(1).add(nn.Identity()).add(nn.View(-1))
    with pytest.raises(nnlite.ShapeError, match=r'expected outputs .*, got \(2, 3\), \(6,\)'):
        net.forward(np.ones((2, 3), np.float32))


def test_parallel_leaves_modules_without_a_slice_alone():
    net, x = nn.Parallel(1, 1).add(nn.MulConstant(2)).add(nn.MulConstant(3)).add(nn.Linear(5, 5)), np.ones((2, 2))
    net.double()
    assert net.forward(x).tolist() == [2, 2, 3, 3]
    assert net.backward(x, np.arange(4.0)).tolist() == [[0, 2], [6, 9]]
