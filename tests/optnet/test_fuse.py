"""A fused network is the plain one to all who look at it, and computes the same."""

import re
import tracemalloc

import numpy as np
import pytest
from copies import COPIES
from nets import NETS, convolution, fork, norm, residual, sequence
from runs import forward, gradient_for, gradients_of, run
from test_allocation import BUFFER, LIMIT, training_step
from trees import assert_close, copied, drawn

import nnlite
from nnlite import models, nn, optim, optnet
from nnlite.nn.Container import Container
from nnlite.optnet.fuse import LAYERS

pytestmark = pytest.mark.usefixtures('kernels')


def dense():
    head = nn.View(-1).setNumInputDims(3), nn.Linear(3 * 16 * 16, 6), nn.BatchNormalization(6), nn.ReLU(True)
    return sequence(*head, nn.Linear(6, 4, False), nn.BatchNormalization(4, None, None, False))


def volumes():
    layers = nn.VolumetricConvolution(1, 4, 2, 3, 3), nn.VolumetricBatchNormalization(4), nn.ReLU()
    return sequence(nn.View(1, 3, 16, 16), *layers, nn.VolumetricConvolution(4, 2, 1, 1, 1))


def norm_at_the_end_of_the_second_branch():
    block = fork(sequence(convolution(), nn.Dropout(0.3)), sequence(nn.Dropout(0.3), convolution(), norm()))
    return sequence(convolution(3), block, nn.CAddTable(), nn.ReLU(), convolution())


def sums_of_three():
    block = fork(nn.Identity(), sequence(convolution(), norm()), nn.Tanh())
    return sequence(convolution(3), block, nn.CAddTable(), nn.ReLU(True))


def sum_in_place_behind_a_relu_that_is_not():
    """What the sum overwrites is the ReLU's output, which a plain ReLU does not look at on the way back."""
    branches = sequence(convolution(3), norm(), nn.ReLU()), sequence(convolution(3), nn.Tanh())
    inner = fork(sequence(fork(nn.Tanh(), norm()), nn.CAddTable(), nn.ReLU()), nn.Tanh(), nn.Sigmoid())
    return sequence(fork(*branches), nn.CAddTable(True), inner, nn.CAddTable(True), nn.ReLU(), convolution())


def frozen_norm():
    """A norm that its owner keeps in evaluation while the rest trains."""
    net = residual('B', 0.5)
    for frozen in net.findModules('nn.SpatialBatchNormalization')[0][::2]:
        frozen.training = frozen.evaluate
    return net


NETS = {
    # but one whose gradients are wrong, which depends on what stands where when they are
    **{name: made for name, made in NETS.items() if name != 'a sum in place'},
    'dense layers': dense,
    'volumes': volumes,
    'a norm at the end of the second branch': norm_at_the_end_of_the_second_branch,
    'a sum of three': sums_of_three,
    'a sum in place behind a ReLU that is not': sum_in_place_behind_a_relu_that_is_not,
}

every_net = pytest.mark.parametrize('name', NETS)


def made(name):
    nnlite.manualSeed(1)
    return NETS[name]()


def fused_parts(model):
    return re.findall(r'nnlite\.Fused', repr(model))


# Running statistics that have seen a batch, so that evaluation does something.
def pair(name, dtype='torch.DoubleTensor'):
    """Return a network and its fused twin, whose layers are not shared."""
    net = made(name).type(dtype)
    forward(net, drawn((3, 3, 16, 16), 5, net.dtype))
    return net.clearState(), optnet.fuse(net.clone())


# The same sums in the same order in training; folded weights in evaluation, which round otherwise.
@every_net
@pytest.mark.parametrize('optimized', [False, True], ids=['', 'memory optimized'])
def test_computes_the_same(name, optimized):
    net, fused = pair(name)
    if optimized:
        optnet.optimizeMemory(fused)
    images = drawn((3, 3, 16, 16), 1)
    for mode in ('training', 'evaluate', 'training'):
        expected, got = (run(getattr(model, mode)(), images) for model in (net, fused))
        expected.assert_close(got, 1e-12)
        assert_close([array for *_, array in fused.arrays()], [array for *_, array in net.arrays()], 1e-12, mode)


@every_net
@pytest.mark.parametrize('mode', ['training', 'evaluate'])
def test_backward_is_its_two_halves(name, mode):
    net, fused = pair(name)
    images = drawn((3, 3, 16, 16), 1)
    expected = run(getattr(net, mode)(), images)
    run(fused.evaluate(), images)  # what it leaves behind is not to be mistaken
    getattr(fused, mode)().zeroGradParameters()
    given = copied(images)
    gradOutput = gradient_for(forward(fused, given))
    assert_close(fused.updateGradInput(given, gradOutput), expected.gradInput, 1e-12, 'gradInput')
    fused.accGradParameters(given, gradOutput)
    assert_close(gradients_of(fused), expected.gradParams, 1e-12, 'gradParams')


@every_net
def test_in_evaluation_layers_have_their_output_or_none(name):
    net, fused = pair(name)
    images = drawn((3, 3, 16, 16), 1)
    for model in (net, fused):
        run(model.training(), images)  # what it leaves behind is not to be mistaken
        forward(model.evaluate(), images)
    layers = [twins for twins in zip(net.listModules(), fused.listModules(), strict=True) if type(twins[0]) in LAYERS]
    for plain, layer in layers:
        assert not layer.output.size or np.abs(layer.output - plain.output).max() < 1e-12, str(plain)
    assert layers


@pytest.mark.parametrize('mode', ['training', 'evaluate'])
def test_an_error_in_a_block_names_its_place_as_printed(mode):
    net = optnet.fuse(sequence(convolution(3), residual('A').get(4)))
    net.findModules('nn.SpatialConvolution')[0][2].weight = np.ones((4, 4, 3, 2), np.float32)
    with pytest.raises(nnlite.ShapeError, match=r'Sequential\[2\] > SpatialConvolution.*\n  expected weight'):
        getattr(net, mode)().forward(np.ones((2, 3, 8, 8), np.float32))


def test_backwardUpdate_takes_the_step():
    net, fused = pair('ResNet B')
    images = drawn((3, 3, 16, 16), 1)
    for model in (net, fused):
        output = forward(model, images)
        model.backwardUpdate(images, gradient_for(output), 0.1)
    assert_close(fused.parameters()[0], net.parameters()[0], 1e-12, 'parameters')


@pytest.mark.parametrize('frozen', [False, True], ids=['', 'some norms frozen'])
@pytest.mark.parametrize(
    ('dtype', 'steps', 'tolerance'), [('torch.DoubleTensor', 20, 1e-9), ('torch.FloatTensor', 5, 1e-4)]
)
def test_trains_the_same(dtype, steps, tolerance, frozen):
    nnlite.manualSeed(1)
    net = (frozen_norm() if frozen else residual('A', 0.5)).type(dtype).training()
    images, labels = drawn((8, 3, 16, 16), 1, net.dtype), np.arange(8) % 3 + 1
    learnt = []
    for model in (net.clone(), optnet.optimizeMemory(optnet.fuse(net))):
        nnlite.manualSeed(2)
        params, gradParams = model.getParameters()
        criterion = nn.CrossEntropyCriterion().type(dtype)

        def feval(x, model=model, criterion=criterion, gradParams=gradParams):
            model.zeroGradParameters()
            loss = criterion.forward(model.forward(images), labels)
            model.backward(images, criterion.backward(model.output, labels))
            return loss, gradParams

        config = {'learningRate': 0.1, 'momentum': 0.9, 'dampening': 0, 'nesterov': True, 'weightDecay': 1e-4}
        for _ in range(steps):
            optim.sgd(feval, params, config)
        learnt.append([array for *_, array in model.arrays()])
    assert_close(learnt[1], learnt[0], tolerance, 'weights and statistics')


def test_prints_what_it_is():
    net = sequence(convolution(3), norm(), nn.ReLU(), norm(), nn.ReLU(True), nn.Tanh())
    assert repr(optnet.fuse(net)).split('\n') == [
        'nn.Sequential {',
        '  [input -> (1) -> (2) -> (3) -> output]',
        '  (1): nnlite.Fused {',
        '    nn.SpatialConvolution(3 -> 4, 3x3, 1,1, 1,1)',
        '    nn.SpatialBatchNormalization (4D) (4)',
        '    nn.ReLU',
        '  }',
        '  (2): nnlite.Fused {',
        '    nn.SpatialBatchNormalization (4D) (4)',
        '    nn.ReLU',
        '  }',
        '  (3): nn.Tanh',
        '}',
    ]


# a stem and, in each of three blocks, two convolutions and the end
@pytest.mark.parametrize(('name', 'count'), [('ResNet A', 19), ('ConvNet', 13), ('pre-activation', 5), ('volumes', 1)])
def test_fuses_what_it_can(name, count):
    assert len(fused_parts(optnet.fuse(made(name)))) == count


@pytest.mark.parametrize(
    'net',
    [
        lambda: sequence(convolution(3), norm(5)),  # an error, as it was
        lambda: sequence(norm(), nn.Threshold(0.1, 0)),
        lambda: sequence(nn.SpatialFullConvolution(3, 4, 3, 3), norm(), nn.Tanh()),
        lambda: sequence(fork(nn.Identity(), nn.Identity()), nn.CAddTable(), nn.Tanh()),
        lambda: sequence(nn.Decorator(sequence(norm(), nn.ReLU()))),
        # A sum that is not looked at would overwrite what a fused ReLU needs.
        lambda: sequence(norm(), nn.ReLU(), fork(nn.Identity(), nn.Tanh()), nn.Decorator(nn.CAddTable(True))),
    ],
)
def test_leaves_what_it_cannot(net):
    net = net()
    assert repr(optnet.fuse(net)) == repr(net)


@every_net
def test_shows_the_plain_networks_modules(name):
    net = made(name)
    fused = optnet.fuse(net)
    layers = [[module for module in model.listModules() if not isinstance(module, Container)] for model in (net, fused)]
    assert layers[0] == layers[1]
    assert len(net.listModules()) == len(fused.listModules())
    for kind in ('nn.Sequential', 'nn.ConcatTable', 'nn.SpatialConvolution', 'nn.SpatialBatchNormalization', 'nn.ReLU'):
        found, holders = fused.findModules(kind)
        expected, held = net.findModules(kind)
        assert len(found) == len(expected)
        assert [type(holder).__name__ for holder in holders] == [type(holder).__name__ for holder in held]
    seen = []
    fused.apply(seen.append)
    assert seen == fused.listModules()
    for mine, other in zip(fused.parameters(), net.parameters(), strict=True):
        assert all(a is b for a, b in zip(mine, other, strict=True)) and len(mine) == len(other)
    fused.evaluate()
    assert not any(module.train for module in layers[0])
    fused.training()
    assert all(module.train for module in layers[0])


def test_a_step_is_the_plain_networks_and_so_is_the_file(tmp_path):
    net = made('ResNet B')
    before = net.clone()
    fused = optnet.optimizeMemory(optnet.fuse(net))
    training_step_of(fused)()
    assert any((mine != old).any() for mine, old in zip(net.parameters()[0], before.parameters()[0], strict=True))
    for mine, other in zip(net.arrays(), fused.arrays(), strict=True):
        assert mine[1] == other[1] and mine[2] is other[2]
    nnlite.save(tmp_path / 'fused.t7', fused)
    nnlite.save(tmp_path / 'plain.t7', net)
    loaded = nnlite.load(tmp_path / 'fused.t7')
    assert b'Fused' not in (tmp_path / 'fused.t7').read_bytes() and b'runs' not in (tmp_path / 'fused.t7').read_bytes()
    assert (tmp_path / 'fused.t7').stat().st_size == (tmp_path / 'plain.t7').stat().st_size
    for other in (loaded, nnlite.load(tmp_path / 'plain.t7'), optnet.plain(fused), optnet.plain(fused.clone())):
        assert repr(other) == repr(net)
        assert [type(module) for module in other.listModules()] == [type(module) for module in net.listModules()]
        images = drawn((2, 3, 16, 16), 3, np.float32)
        run(net.clone(), images).assert_equal(run(other.clone(), images))


def training_step_of(model):
    images, labels = drawn((4, 3, 16, 16), 1, model.dtype), np.array([1, 2, 3, 1])
    criterion = nn.CrossEntropyCriterion().type(model.type())
    params, gradParams = model.getParameters()

    def step():
        model.zeroGradParameters()
        criterion.forward(model.forward(images), labels)
        model.backward(images, criterion.backward(model.output, labels))
        params.__isub__(0.1 * gradParams)

    return step


@pytest.mark.parametrize('way', [way for way in COPIES if way not in ('file', 'fields')])
def test_copies_are_fused_and_share_nothing(way, tmp_path):
    fused = optnet.fuse(made('ResNet C').double())
    images = drawn((3, 3, 16, 16), 1)
    before = run(fused, images)
    twin = COPIES[way](fused, tmp_path)
    assert repr(twin) == repr(fused) and fused_parts(twin)
    before.assert_equal(run(twin, images))
    for parameter in twin.parameters()[0]:
        parameter += 1
    before.assert_equal(run(fused, images))


def test_shares_parameters_with_its_like_and_with_the_plain_one():
    fused, plain = optnet.fuse(made('ResNet A')), made('ResNet A')
    fused.share(plain, 'weight', 'bias')
    assert all(a is b for a, b in zip(fused.parameters()[0], plain.parameters()[0], strict=True))


def test_changes_its_type():
    fused, images = optnet.fuse(made('ResNet A')), drawn((3, 3, 16, 16), 1)
    run(fused, images.astype(np.float32))
    assert {module.type() for module in fused.double().listModules()} == {'torch.DoubleTensor'}
    run(optnet.plain(fused.clone()), images).assert_close(run(fused, images), 1e-12)


def test_modules_may_come_and_go():
    fused, images = optnet.fuse(made('ConvNet').double()), drawn((3, 3, 16, 16), 1)
    run(fused, images)
    fused.insert(nn.Tanh().double(), 3)  # between a norm and its ReLU
    fused.get(5).get(1).remove(3)
    run(optnet.plain(fused.clone()), images).assert_close(run(fused, images), 1e-12)


def test_single_image_in_evaluation():
    net, fused = pair('ResNet B')
    net, fused = (
        nn.Sequential().add(model.evaluate().get(1)).add(model.get(2)) for model in (net, optnet.plain(fused))
    )
    image = drawn((3, 16, 16), 1)
    run(net, image).assert_close(run(optnet.fuse(fused), image), 1e-12)


def test_error_says_where():
    fused = optnet.fuse(nn.Sequential().add(made('ResNet A')))
    with pytest.raises(nnlite.ShapeError, match=r'in Sequential\[1\] > .*Fused.*\[1\] > SpatialConvolution\(3 -> 4'):
        fused.forward(np.zeros((2, 5, 16, 16), np.float32))


def test_warm_step_allocates_nothing_big():
    nnlite.manualSeed(1)
    step = training_step(optnet.optimizeMemory(optnet.fuse(models.resnet(8, 'cifar10'))))
    kept = np.setbufsize(BUFFER)
    try:
        for _ in range(3):
            step()
        tracemalloc.start()
        step()
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        step()
        assert tracemalloc.get_traced_memory()[1] - before < LIMIT
    finally:
        tracemalloc.stop()
        np.setbufsize(kept)


def test_needs_less_memory():
    net, images = models.resnet(20, 'cifar10'), drawn((2, 3, 32, 32), 1, np.float32)
    run(net, images)
    run(optimized := optnet.optimizeMemory(optnet.fuse(net.clone())), images)
    assert optnet.countUsedMemory(optimized) < 0.4 * optnet.countUsedMemory(net)


@pytest.mark.parametrize('before', [True, False], ids=['fused and moved', 'moved and fused'])
def test_computes_with_the_kernels_of_where_it_lives(before, cupy):
    net = sequence(convolution(), norm(), nn.ReLU())
    net = optnet.fuse(net).cuda() if before else optnet.fuse(net.cuda())
    (block,) = net.sequence().modules
    assert block.kernels is net.get(1).kernels and block.kernels.__name__ == 'nnlite.kernels.on_cupy'


def test_each_branch_has_sums_of_its_own():
    """In float32, in which a convolution may leave its batch norm's sums; the other branch's come before their use."""
    net = NETS['two branches of convolutions']().float()
    images, expected = drawn((4, 3, 16, 16), 1, np.float32), net.clone()
    assert_close(optnet.fuse(net).forward(images), expected.forward(images), 1e-4)
