"""Every way to use a class is said in PyTorch, or named in the list of what cannot be."""

import copy
from collections.abc import Callable

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812 as everybody calls it
from runs import forward, gradient_for, gradients_of
from table import BASES, CRITERIONS, MODULES, every
from trees import assert_close, assert_equal, copied, leaves, mapped

import nnlite
from nnlite import interop, models, nn
from nnlite.interop import in_torch  # noqa: F401
from nnlite.interop.in_torch.expressions import EXPRESSIONS, expresses
from nnlite.interop.names import COUNTER, _as_pytorch, _slots
from nnlite.tensor.memory import address

RANDOM = (nn.Dropout, nn.SpatialDropout, nn.VolumetricDropout, nn.WhiteNoise, nn.RReLU)
# Torch's slopes are not those of its functions there, on purpose; see docs/differences.md.
OTHER_SLOPE: dict[type, Callable] = {nn.PairwiseDistance: lambda module: 1 < module.norm < 2}
# Torch adds 1e-7 or 1e-6 to what it divides by on the way back, PyTorch does not.
ROUNDED = {nn.Euclidean: 1e-5, nn.WeightedEuclidean: 1e-5, nn.PairwiseDistance: 1e-5}


def draws(module, mode):
    always = getattr(module, 'stochastic_inference', False)
    return isinstance(module, RANDOM) and (mode == 'training' or always)


def in_pytorch(module, input, gradOutput):
    x = mapped(lambda array: torch.tensor(array).requires_grad_(array.dtype.kind == 'f'), input)
    output = module(x)
    loss = sum((o * torch.tensor(g)).sum() for o, g in zip(leaves(output), leaves(gradOutput), strict=True))
    if loss.requires_grad:
        loss.backward()
    grad = lambda leaf: np.zeros(leaf.shape) if leaf.grad is None else leaf.grad.numpy()  # noqa: E731
    return mapped(lambda leaf: leaf.detach().numpy(), output), mapped(grad, x)


def gradients(module):
    """Return the parameters' gradients by the parameters' names."""
    pairs = zip(module.parameters()[0], gradients_of(module), strict=True)
    grads = {address(parameter): grad for parameter, grad in pairs}
    slots = [slot for slot in _slots(module) if address(slot[3]) in grads]
    return {name: _as_pytorch(below, what, grads[address(a)].reshape(a.shape)) for name, below, what, a in slots}


def test_every_class_is_expressed():
    assert {kind.__name__ for kind in EXPRESSIONS} == set(nn.__all__) - BASES


@every(MODULES)
@pytest.mark.parametrize(('mode', 'dtype'), [('training', np.float64), ('evaluate', np.float32)])
def test_gives_the_same(row, mode, dtype):
    module, input = row.module(mode, dtype), row.given(dtype)
    if draws(module, mode):
        return  # numbers of its own: see the tests below
    for below in module.listModules():
        if hasattr(below, 'fixPoolingRegions'):
            forward(module, copied(input))
            below.fixPoolingRegions()
    theirs = interop.to_torch(module)
    assert theirs.training == (mode == 'training')
    ours = interop.state_dict(module)
    given = {name: array for name, array in theirs.state_dict().items() if not name.endswith(COUNTER)}
    assert {name: tuple(array.shape) for name, array in given.items()} == {n: a.shape for n, a in ours.items()}
    assert_equal([given[name].numpy() for name in ours], list(ours.values()))
    module.zeroGradParameters()
    kept = copied(input)
    output = copied(forward(module, kept))
    gradOutput = gradient_for(output)
    their_output, their_grad = in_pytorch(theirs, input, gradOutput)
    tolerance = 1e-5 if dtype == np.float32 else ROUNDED.get(type(module), 1e-9)
    assert_close(output, their_output, tolerance, 'output')
    if mode not in row.modes or OTHER_SLOPE.get(type(module), lambda module: False)(module):
        return
    gradInput = module.backward(kept, gradOutput)
    if not row.sparse:
        assert_close(gradInput, their_grad, tolerance, 'gradInput')
    grads = gradients(module)
    for name, parameter in theirs.named_parameters():
        grad = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
        assert_close(grads[name], grad.numpy(), tolerance, name)


@every(CRITERIONS)
def test_losses_and_their_gradients_are_the_same(row):
    criterion, given = row.criterion(), row.given()
    loss, gradInput = criterion.forward(*copied(given)), criterion.backward(*copied(given))
    x, *target = mapped(torch.tensor, given)
    inputs = [leaf.requires_grad_() for leaf in leaves(x)]
    theirs = interop.to_torch(criterion)(x, *target)
    theirs.backward()
    assert loss == pytest.approx(theirs.item(), rel=1e-9)
    for ours, leaf in zip(leaves(gradInput), inputs, strict=False):
        assert_close(ours, np.zeros(leaf.shape) if leaf.grad is None else leaf.grad.numpy(), 1e-9, 'gradInput')


NUMBERS = [(nn.ClassNLLCriterion(), 3), (nn.CrossEntropyCriterion(), 3), (nn.MultiMarginCriterion(), 3)]
NUMBERS += [
    (nn.CosineEmbeddingCriterion(), -1),
    (nn.L1HingeEmbeddingCriterion(3), -1),
    (nn.ClassSimplexCriterion(5), 2),
]


@pytest.mark.parametrize(('criterion', 'target'), NUMBERS, ids=repr)
def test_a_target_may_be_a_plain_number(criterion, target):
    x = np.random.default_rng(1).normal(size=(2, 5)).astype(np.float32)
    given = list(x) if 'Embedding' in type(criterion).__name__ else x[0]
    loss = criterion.float().forward(copied(given), target)
    assert interop.to_torch(criterion)(mapped(torch.tensor, given), target).item() == pytest.approx(loss, rel=1e-5)


# What draws numbers of its own in training: what they can be, and how often


def drawn(module, shape=(50, 40)):
    nnlite.manualSeed(1)
    torch.manual_seed(1)
    x = torch.linspace(-1, 1, int(np.prod(shape))).reshape(shape)
    return x, interop.to_torch(module.training())(x)


@pytest.mark.parametrize(('v1', 'factor'), [(False, 1 / 0.7), (True, 1)])
def test_dropout_scales_as_its_version_says(v1, factor):
    x, y = drawn(nn.Dropout(0.3, v1))
    kept = y != 0
    assert torch.allclose(y[kept], x[kept] * factor)
    assert kept.float().mean() == pytest.approx(0.7, abs=0.04)


def test_dropout_of_planes_takes_whole_ones_and_scales_none():
    x, y = drawn(nn.SpatialDropout(0.3), (20, 40, 2, 3))
    kept = (y != 0).flatten(2).all(2)
    assert torch.equal(y, x * kept[..., None, None])
    assert kept.float().mean() == pytest.approx(0.7, abs=0.05)


def test_noise_and_random_slopes_lie_where_they_should():
    x, y = drawn(nn.WhiteNoise(0.5, 2))
    assert (y - x).mean() == pytest.approx(0.5, abs=0.15)
    assert (y - x).std() == pytest.approx(2, abs=0.15)
    x, y = drawn(nn.RReLU(0.2, 0.6))
    slopes = (y / x)[x < 0]
    assert torch.equal(y[x > 0], x[x > 0])
    assert 0.2 <= slopes.min() < 0.22
    assert 0.58 < slopes.max() <= 0.6


def test_fractional_pooling_draws_its_windows_anew():
    module = interop.to_torch(nn.SpatialFractionalMaxPooling(2, 2, 4, 4))
    x = torch.arange(81.0).reshape(1, 1, 9, 9)
    assert len({tuple(module(x).flatten().tolist()) for _ in range(10)}) > 1


# Networks


def test_what_is_shared_stays_shared():
    linear = nn.Linear(3, 3)
    net = nn.Sequential().add(linear).add(linear).add(nn.Linear(3, 3).share(linear, 'weight', 'gradWeight'))
    theirs = interop.to_torch(net)
    assert theirs[0] is theirs[1]
    assert theirs[2].weight is theirs[0].weight
    assert theirs[2].bias is not theirs[0].bias
    assert list(interop.state_dict(net)) == list(theirs.state_dict())


@pytest.mark.parametrize(
    'make', [lambda: models.resnet(8, 'cifar10', 'B', widths=(4, 4, 6)), lambda: models.convnet(9, 'cifar10')]
)
def test_a_whole_step_of_a_network_is_the_same(make):
    """Training: batch statistics and their running means, the gradients, and a step of SGD."""
    nnlite.manualSeed(2)
    net = make().double()
    theirs = interop.to_torch(net)
    assert set(interop.state_dict(net)) == {name for name in theirs.state_dict() if not name.endswith(COUNTER)}
    assert type(theirs.layer1[0]).__name__ == ('Residual' if hasattr(theirs.layer1[0], 'downsample') else 'Sequential')
    images, labels = np.random.default_rng(3).normal(size=(4, 3, 16, 16)), np.array([1, 3, 2, 10])
    criterion = nn.CrossEntropyCriterion().double()
    optimizer = torch.optim.SGD(theirs.parameters(), 0.1)
    for _ in range(2):
        loss = criterion.forward(net.forward(images), labels)
        net.zeroGradParameters()
        net.backward(images, criterion.backward(net.output, labels))
        net.updateParameters(0.1)
        optimizer.zero_grad()
        their_loss = F.cross_entropy(theirs(torch.tensor(images)), torch.tensor(labels - 1))
        their_loss.backward()
        optimizer.step()
        assert loss == pytest.approx(their_loss.item(), rel=1e-10)
    for name, array in interop.state_dict(net).items():
        assert_close(array, theirs.state_dict()[name].numpy(), 1e-9, name)


def test_what_cannot_be_is_named_with_all_its_paths():
    class Twice(nn.MulConstant):
        pass

    fork = nn.Concat(2).add(Twice(2)).add(nn.Identity())
    net = nn.Sequential().add(fork).add(nn.IndexLinear(3, 2, normalize=True))
    with pytest.raises(nnlite.Error, match=r'(?s)0\.0: nn\.Twice: .*register.*1: nn\.IndexLinear: .*normalize'):
        interop.to_torch(net)
    loss = (
        nn.MultiCriterion().add(nn.L1Cost()).add(nn.ModuleCriterion(nn.MSECriterion(), nn.Sequential().add(Twice(2))))
    )
    with pytest.raises(nnlite.Error, match=r'1\.inputModule\.0: nn\.Twice'):
        interop.to_torch(loss)


def test_windows_beyond_the_map_are_refused():
    beyond = nn.SpatialAveragePooling(1, 1, 3, 3).ceil()
    assert beyond.forward(np.ones((1, 1, 5, 5), np.float32)).shape == (1, 1, 3, 3)
    with pytest.raises(nnlite.Error, match='beyond the map'):
        interop.to_torch(beyond)
    assert interop.to_torch(beyond.floor())(torch.ones(1, 1, 5, 5)).shape == (1, 1, 2, 2)


def test_of_maps_the_depth_that_is_asked_for_does_not_count():
    module, x = nn.UpSampling({'odepth': 3, 'oheight': 4, 'owidth': 5}, 'linear'), np.ones((1, 2, 2, 3), np.float32)
    assert interop.to_torch(module)(torch.tensor(x)).shape == module.forward(x).shape == (1, 2, 4, 5)


def test_a_fused_network_is_the_plain_one_outside():
    from nnlite import optnet

    net = models.resnet(8, 'cifar10', widths=(2, 3, 4))
    fused = optnet.fuse(net.clone())
    assert list(interop.state_dict(fused)) == list(interop.state_dict(net))
    assert interop.facts_of(fused) == interop.facts_of(net)
    x = np.random.default_rng(1).normal(size=(2, 3, 16, 16)).astype(np.float32)
    assert_close(net.forward(x.copy()), interop.to_torch(fused)(torch.tensor(x)).detach().numpy(), 1e-5)


def test_a_class_of_ones_own_can_be_registered():
    class Twice(nn.MulConstant):
        pass

    with pytest.raises(nnlite.Error, match=r'nn\.Twice: .*register'):
        interop.to_torch(Twice(2))
    expresses(Twice)(lambda module, conversion: torch.nn.Identity())
    assert type(interop.to_torch(Twice(2))) is torch.nn.Identity
    del EXPRESSIONS[Twice]


def test_the_module_can_be_copied_saved_and_moved(tmp_path):
    net = interop.to_torch(models.resnet(8, 'cifar10', 'A', 0.5, widths=(2, 2, 4)).evaluate())
    x = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    torch.save(net, tmp_path / 'net.pt')
    again = torch.load(tmp_path / 'net.pt', weights_only=False)
    assert torch.equal(again(x), net(x))
    assert copy.deepcopy(net).double()(x.double()).dtype == torch.float64
