"""Gradients that share memory are equal to those that do not, and take less of it."""

import numpy as np
import pytest
from nets import NETS
from runs import run
from table import MODULES, every
from trees import drawn, leaves

import nnlite
from nnlite import models, nn, optnet
from nnlite.nn.Container import Container
from nnlite.optnet.memory import Turn
from nnlite.optnet.turns import Overwritten

pytestmark = pytest.mark.usefixtures('kernels')

every_net = pytest.mark.parametrize('name', NETS)


def made(name):
    nnlite.manualSeed(1)
    return NETS[name]()


def turns_of(model):
    storages = [storage for module in model.listModules() for storage in vars(module).get('_storages', {}).values()]
    return [storage for storage in storages if isinstance(storage, Turn)]


def pieces_of(model):
    return list({turn.piece for turn in turns_of(model)})


def spoil(model):
    """Overwrite all memory that is used by turns, as a module may do that has nothing to do with its last user."""
    for piece in pieces_of(model):
        if piece.storage.memory.size:
            piece.storage.memory.fill(np.nan)


@every_net
@pytest.mark.parametrize('mode', ['training', 'evaluate'])
@pytest.mark.parametrize('dtype', ['torch.FloatTensor', 'torch.DoubleTensor'])
def test_gradients_are_equal(name, mode, dtype):
    net = getattr(made(name).type(dtype), mode)()
    images = drawn((3, 3, 16, 16), 1, net.dtype)
    expected = run(net, images)
    optnet.optimizeMemory(net.clearState())
    for size in (3, 1, 3):
        if size == 3:
            expected.assert_equal(run(net, images))
        else:  # smaller ones in the same memory
            run(net, images[:size])
        spoil(net)


def has_gradients_to_add(row):
    return not row.sparse and all(leaf.dtype.kind == 'f' for leaf in leaves(row.given()))


@every(MODULES, lambda row: not isinstance(row.make(), Container) and has_gradients_to_add(row))
def test_no_module_keeps_anything_in_the_memory_of_its_gradients(row):
    """Two of them as branches of a fork: the second writes where the first one's gradient was."""
    nets = []
    for _ in range(2):
        nets.append(nn.ConcatTable().add(row.module()).add(row.module()).double())
    plain, net = nets
    optnet.optimizeMemory(net)
    input = row.given()
    for _ in range(2):
        run(plain, input).assert_equal(run(net, input))
        spoil(net)


@every_net
def test_memory_falls(name):
    net, images = made(name), drawn((3, 3, 16, 16), 1, np.float32)
    run(net, images)
    before = optnet.countUsedMemory(net)
    run(optnet.optimizeMemory(net.clearState()), images)
    assert optnet.countUsedMemory(net) < before
    assert len(pieces_of(net)) < len(turns_of(net))


# Of a step's memory the outputs are left, and three maps of the largest size.
@pytest.mark.parametrize('net', [('ResNet-20', 20, 'cifar10', 32), ('ResNet-18', 18, 'tiny-imagenet', 64)], ids=str)
def test_residual_networks_need_half_the_memory(net):
    _, depth, dataset, side = net
    net, images = models.resnet(depth, dataset), drawn((2, 3, side, side), 1, np.float32)
    run(net, images)
    before = optnet.countUsedMemory(net)
    run(optnet.optimizeMemory(net.clearState()), images)
    assert optnet.countUsedMemory(net) < 0.5 * before
    assert len(pieces_of(net)) == 3


def test_memory_is_counted_once():
    net = nn.Sequential().add(nn.Tanh()).add(nn.Tanh())
    run(net, np.ones((4, 8), np.float32))
    assert optnet.countUsedMemory(net) == 4 * (4 * 8 * 4)  # two outputs, two gradients


def test_gradients_that_are_gone_are_not_mistaken_for_others():
    net, images = made('ResNet A'), drawn((2, 3, 16, 16), 1, np.float32)
    optnet.optimizeMemory(net)
    gradOutput = drawn(net.forward(images).shape, 2, np.float32)
    net.updateGradInput(images, gradOutput)
    with pytest.raises(nnlite.Error, match='expected a gradient that is still there'):
        net.accGradParameters(images, gradOutput)
    first, last = net.get(1), net.get(-1)
    assert first.gradInput is net.gradInput and first.gradInput.shape == images.shape
    with pytest.raises(nnlite.Error, match=r'optnet\.removeOptimization'):
        np.sum(last.gradInput)
    with pytest.raises(nnlite.Error, match='expected a gradient'):
        last.gradInput.sum()


@every_net
@pytest.mark.parametrize('fused', [False, True], ids=['plain', 'fused'])
def test_each_gradient_is_right_or_said_to_be_gone(name, fused):
    """So no module holds on to memory, either, from which its turn's piece has grown away."""
    net, images = made(name), drawn((3, 3, 16, 16), 1, np.float32)
    net = optnet.fuse(net) if fused else net
    run(net, images)
    expected = [module.gradInput for module in net.listModules()]
    optnet.optimizeMemory(net)
    run(net, images)
    gone = 0
    for module, gradient in zip(net.listModules(), expected, strict=True):
        if isinstance(module.gradInput, Overwritten):
            gone += 1
        elif isinstance(gradient, np.ndarray):
            np.testing.assert_array_equal(module.gradInput, gradient, str(module))
    assert gone or not turns_of(net)


def test_can_be_undone():
    net, images = made('ResNet A'), drawn((2, 3, 16, 16), 1, np.float32)
    expected, before = run(net, images), optnet.countUsedMemory(net)
    run(optnet.optimizeMemory(net), images)
    assert optnet.removeOptimization(net) is net
    assert not turns_of(net)
    assert all(isinstance(module.gradInput, np.ndarray | list) for module in net.listModules())
    expected.assert_equal(run(net, images))
    assert optnet.countUsedMemory(net) == before
    net.updateGradInput(images, gradOutput := drawn(net.output.shape, 2, np.float32))
    net.accGradParameters(images, gradOutput)


def test_again_for_a_changed_network():
    net, images = made('ConvNet'), drawn((2, 3, 16, 16), 1, np.float32)
    run(optnet.optimizeMemory(net), images)
    net.remove(2)
    expected = run(net.clone(), images)
    expected.assert_equal(run(optnet.optimizeMemory(net), images))


def test_copies_and_files_have_memory_of_their_own(tmp_path):
    net, images = made('ResNet A'), drawn((2, 3, 16, 16), 1, np.float32)
    expected = run(optnet.optimizeMemory(net), images)
    nnlite.save(tmp_path / 'net.t7', net)
    for twin in (net.clone(), nnlite.load(tmp_path / 'net.t7')):
        assert not turns_of(twin)
        expected.assert_equal(run(twin, images))
        for mine, other in zip(net.listModules(), twin.listModules(), strict=True):
            assert not np.shares_memory(mine.output, other.output) or isinstance(mine.output, list)
    assert turns_of(net)
    net.clearState()
    assert not turns_of(net)
