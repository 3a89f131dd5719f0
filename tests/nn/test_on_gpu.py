"""Networks on a GPU, or on NumPy in its place: what goes there and back, and what is shared, copied and mixed."""

import copy
import pickle

import numpy as np
import pytest

import nnlite
from nnlite import models, nn, optim, optnet
from nnlite.tensor import devices
from nnlite.tensor.devices import is_on_gpu, to_host
from nnlite.tensor.types import host_type

pytestmark = pytest.mark.gpu


def tied():
    """Return a network whose first and last layer share their weight and its gradient."""
    net = nn.Sequential().add(nn.Linear(4, 5)).add(nn.Tanh()).add(nn.Linear(5, 4))
    return net.add(net.get(1).clone('weight', 'gradWeight'))


def is_tied(cupy, net):
    first, last = net.get(1), net.get(4)
    shares = cupy.shares_memory if is_on_gpu(first.weight) else np.shares_memory
    return shares(first.weight, last.weight) and not shares(first.bias, last.bias)


def test_what_is_shared_stays_shared(cupy):
    net = tied().cuda()
    assert is_tied(cupy, net) and is_tied(cupy, net.cudaDouble()) and is_tied(cupy, net.cudaHalf().cuda())
    for twin in (net.clone(), copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert is_tied(cupy, twin) and twin.type() == 'torch.CudaTensor'
        assert not cupy.shares_memory(twin.get(1).weight, net.get(1).weight)
        assert (twin.get(3).weight == net.get(3).weight).all()
    params, gradParams = net.getParameters()
    assert is_on_gpu(params) and params.shape == gradParams.shape == (4 * 5 + 5 + 5 * 4 + 4 + 5,)
    params += 1
    assert is_tied(cupy, net) and float(net.get(4).weight.min()) > 0
    assert is_tied(cupy, net.float()) and not is_on_gpu(net.get(1).weight)


def test_getParameters_of_a_network_without_any(cupy):
    params, gradParams = nn.ReLU().cuda().getParameters()
    assert is_on_gpu(params) and is_on_gpu(gradParams) and params.size == 0 and params.dtype == np.float32


def test_tensorCache_keeps_what_several_networks_share(cupy):
    one = nn.Linear(3, 3)
    other, cache = one.clone('weight', 'bias', 'gradWeight', 'gradBias'), {}
    one.cuda(cache)
    other.cuda(cache)
    assert cupy.shares_memory(one.weight, other.weight) and cupy.shares_memory(one.gradBias, other.gradBias)


def test_copy_goes_there_and_gradients_come_back(cupy):
    net = nn.Sequential().add(nn.Linear(4, 3)).add(nn.Copy('torch.FloatTensor', 'torch.CudaTensor', False, True))
    net.add(nn.Linear(3, 2).cuda())
    x = np.ones((5, 4), np.float32)
    output = net.forward(x)
    assert is_on_gpu(output) and not is_on_gpu(net.get(1).output)
    gradInput = net.backward(x, cupy.ones((5, 2), np.float32))
    assert not is_on_gpu(gradInput) and is_on_gpu(net.get(2).output) and not is_on_gpu(net.get(2).gradInput)


def test_dontCast_keeps_its_part_on_the_host(cupy):
    net = nn.Sequential().add(nn.Linear(4, 3)).add(nn.DontCast(nn.Linear(3, 2), True)).add(nn.Linear(2, 1)).cuda()
    x = cupy.ones((5, 4), np.float32)
    assert is_on_gpu(net.forward(x)) and is_on_gpu(net.backward(x, cupy.ones((5, 1), np.float32)))
    inside = net.get(2).get(1)
    assert inside.type() == 'torch.FloatTensor' and not is_on_gpu(inside.output) and not is_on_gpu(inside.gradWeight)


def test_convert_takes_what_is_on_the_host(cupy):
    net = nn.Convert('bchw', 'bf').cuda()
    assert is_on_gpu(net.forward(np.ones((2, 3, 4, 5), np.uint8))) and net.output.shape == (2, 60)
    assert net.backward(np.ones((2, 3, 4, 5), np.uint8), cupy.ones((2, 60), np.float32)).shape == (2, 3, 4, 5)


@pytest.mark.parametrize('wrap', [lambda f: nn.GPU(f, 1), lambda f: nn.DataParallelTable(1).add(f, [1])])
def test_wrappers_of_several_gpus_compute_on_this_one(cupy, wrap):
    x, layer = cupy.ones((5, 4), np.float32), nn.Linear(4, 3).cuda()
    expected = layer.forward(x).copy()
    net = wrap(layer).cuda()
    assert (net.forward(x) == expected).all()
    assert net.backward(x, cupy.ones((5, 3), np.float32)).shape == (5, 4)


def test_parameters_are_what_the_seed_gives_on_the_host(cupy):
    net = nn.Linear(7, 5).cuda()
    nnlite.manualSeed(3)
    net.reset()
    nnlite.manualSeed(3)
    twin = nn.Linear(7, 5)
    assert np.array_equal(to_host(net.weight), twin.weight) and np.array_equal(to_host(net.bias), twin.bias)


def test_network_of_half_precision(cupy):
    nnlite.manualSeed(1)
    net = models.resnet(7, 'cifar10', widths=(4, 8, 8))
    twin = net.clone().cudaHalf()
    x = np.random.default_rng(1).normal(size=(4, 3, 8, 8)).astype(np.float32)
    criterion, labels = nn.CrossEntropyCriterion(), [1, 2, 3, 4]
    expected = criterion.forward(net.forward(x), labels)
    net.backward(x, criterion.backward(net.output, labels))
    half, criterion = cupy.asarray(x.astype(np.float16)), nn.CrossEntropyCriterion().cudaHalf()
    assert criterion.forward(twin.forward(half), labels) == pytest.approx(expected, abs=2e-2)
    twin.backward(half, criterion.backward(twin.output, labels))
    for mine, other in zip(twin.parameters()[1], net.parameters()[1], strict=True):
        assert mine.dtype == np.float16
        assert np.abs(to_host(mine) - other).max() < 5e-2 * max(1, np.abs(other).max())


@pytest.mark.parametrize(
    ('typename', 'steps', 'tolerance'), [('torch.CudaDoubleTensor', 20, 1e-8), ('torch.CudaTensor', 5, 1e-4)]
)
def test_both_train_to_the_same_losses(cupy, typename, steps, tolerance):
    nnlite.setprecise(True)
    there, here = (losses_of(place, typename, steps) for place in (cupy.asarray, np.asarray))
    nnlite.setprecise(False)
    assert there == pytest.approx(here, abs=tolerance) and here[-1] < here[0]


def losses_of(place, typename, steps):
    """Return the losses of a few steps on random images, which `place` puts where the network is to be."""
    nnlite.manualSeed(1)
    net, criterion = models.resnet(7, 'cifar10', widths=(2, 3, 4)), nn.CrossEntropyCriterion()
    typename = typename if is_on_gpu(place(np.zeros(1))) else host_type(typename)
    net.type(typename)
    criterion.type(typename)
    random = np.random.default_rng(2)
    images, labels = random.normal(size=(6, 3, 8, 8)).astype(net.dtype), random.integers(1, 4, 6)
    images, state = place(images), {}
    params, gradParams = net.getParameters()

    def feval(x):
        gradParams.fill(0)
        loss = criterion.forward(net.forward(images), labels)
        net.backward(images, criterion.backward(net.output, labels))
        return loss, gradParams

    config = {'learningRate': 0.05, 'momentum': 0.9, 'dampening': 0, 'nesterov': True, 'weightDecay': 1e-4}
    return [optim.sgd(feval, params, config, state)[1][0] for _ in range(steps)]


def test_cheaper_networks_are_equal_there_too(cupy):
    nnlite.manualSeed(1)
    net = models.resnet(7, 'cifar10', widths=(2, 3, 4)).cuda()
    x = cupy.asarray(np.random.default_rng(1).normal(size=(3, 3, 8, 8)).astype(np.float32))
    expected = to_host(net.forward(x)).copy()
    fast = optnet.optimizeMemory(optnet.fuse(net.clone()))
    np.testing.assert_allclose(to_host(fast.forward(x)), expected, atol=1e-4)
    assert is_on_gpu(fast.backward(x, cupy.ones((3, 10), np.float32)))


def test_derivatives_can_be_checked_there(cupy):
    layer, x = nn.Linear(3, 2).cudaDouble(), cupy.zeros((2, 3))
    assert nn.Jacobian.testJacobian(layer, x) < 1e-8
    assert nn.Jacobian.testJacobianParameters(layer, x, layer.weight, layer.gradWeight) < 1e-8
    assert nn.Jacobian.testJacobianUpdateParameters(layer, x, layer.bias) < 1e-8
    assert max(nn.Jacobian.testAllUpdate(layer, x, 'weight', 'gradWeight').values()) < 1e-8
    assert nn.Jacobian.testIO(layer, x) == (0, 0)


def test_stochastic_gradient_learns_there(cupy):
    nnlite.manualSeed(1)
    net, criterion = nn.Sequential().add(nn.Linear(2, 1)).cuda(), nn.MSECriterion().cuda()
    trainer, errors = nn.StochasticGradient(net, criterion), []
    trainer.verbose, trainer.maxIteration = False, 20
    trainer.hookIteration = lambda self, iteration, error: errors.append(error)
    xs = np.random.default_rng(1).normal(size=(8, 2)).astype(np.float32)
    trainer.train([(cupy.asarray(x), cupy.asarray(x[:1])) for x in xs])
    assert errors[-1] < 0.2 * errors[0]


def test_tables_element_by_element(cupy):
    there, here = nn.utils.recursiveType([np.ones(2), [np.arange(3)]], 'torch.CudaTensor'), [np.ones(2), [np.zeros(3)]]
    assert is_on_gpu(there[0]) and there[0].dtype == np.float32 and there[1][0].dtype == np.int64
    assert is_on_gpu(nn.utils.recursiveCopy(here, there)[0]) and is_on_gpu(nn.utils.recursiveResizeAs(None, there)[0])
    assert float(nn.utils.recursiveAdd(there, there)[0].sum()) == 4


def test_what_counts_takes_outputs_from_there(cupy):
    confusion = optim.ConfusionMatrix(2)
    confusion.batchAdd(cupy.asarray([[0.9, 0.1], [0.2, 0.8]]), cupy.asarray([1, 2]))
    confusion.add(cupy.asarray([0.9, 0.1]), 2)
    assert confusion.mat.tolist() == [[1, 0], [1, 1]]


def test_without_a_gpu_there_is_one_clear_sentence(monkeypatch):
    monkeypatch.setattr(devices, '_found', lambda: ('there is none', 'get one'))
    net = nn.Linear(2, 2)
    with pytest.raises(nnlite.DeviceError, match=r'expected a GPU to compute on, got none: there is none\n.*get one'):
        net.cuda()
    assert net.type() == 'torch.FloatTensor' and not is_on_gpu(net.weight)
