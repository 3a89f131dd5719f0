"""What is recorded is what was computed; and recording changes nothing."""

import numpy as np
import pytest

import nnlite
from nnlite import models, nn, optnet, trace


def forked(dropout=0.0):
    """A network with forks of two and three branches, one in another."""
    inner = nn.Sequential().add(nn.ConcatTable().add(nn.Linear(6, 6)).add(nn.Identity())).add(nn.CAddTable())
    three = nn.ConcatTable().add(inner).add(nn.Sequential().add(nn.Tanh()).add(nn.Linear(6, 6))).add(nn.Identity())
    return nn.Sequential().add(nn.Linear(4, 6)).add(nn.Dropout(dropout)).add(three).add(nn.CAddTable()).add(nn.Tanh())


NETS = {
    'ResNet A': lambda: models.resnet(14, 'cifar10', widths=(4, 6, 8)),
    'ResNet B with dropout': lambda: models.resnet(8, 'cifar10', 'B', 0.5, widths=(4, 6, 8)),
    'plain': lambda: models.convnet(14, 'cifar10', widths=(4, 6, 8)),
    'forks': lambda: forked(0.3),
}


def case(name, dtype='torch.FloatTensor'):
    nnlite.manualSeed(1)
    net = NETS[name]().type(dtype)
    images = nnlite.randn(*((5, 4) if name == 'forks' else (3, 3, 16, 16))).astype(net.dtype)
    labels = np.arange(len(images)) % 4 + 1
    return net, nn.CrossEntropyCriterion().type(dtype), images, labels


every_net = pytest.mark.parametrize('name', NETS)


@every_net
@pytest.mark.parametrize('dtype', ['torch.FloatTensor', 'torch.DoubleTensor'])
def test_gradients_of_the_branches_add_up_to_what_was_used(name, dtype):
    frame = trace.record(*case(name, dtype), arrays=True)
    forks = [number for number, node in enumerate(frame.nodes) if node.kind == 'ConcatTable']
    assert forks or name == 'plain'
    for fork in forks:
        total = 0
        for branch in frame.branches(fork):
            total = total + frame.arrays['gradInput', branch]
        np.testing.assert_array_equal(total, frame.arrays['gradInput', fork])


@every_net
def test_a_sum_hands_its_gradient_to_all(name):
    frame = trace.record(*case(name), arrays=True)
    for number, node in enumerate(frame.nodes):
        if node.kind == 'CAddTable':
            parts, given = frame.arrays['gradInput', number], frame.arrays['gradOutput', number]
            assert len(parts) in (2, 3)
            for part in parts:
                np.testing.assert_array_equal(part, given)


@every_net
def test_it_is_what_the_network_computes(name):
    net, criterion, images, labels = case(name)
    frame = trace.record(net, criterion, images, labels, arrays=True)
    gradients = [gradient.copy() for gradient in net.parameters()[1]]

    nnlite.manualSeed(1)
    twin, criterion, images, labels = case(name)
    output = twin.forward(images)
    loss = criterion.forward(output, labels)
    twin.zeroGradParameters()
    gradInput = twin.backward(images, criterion.backward(output, labels))
    assert frame.loss == loss
    np.testing.assert_array_equal(frame.arrays['output', 0], output)
    np.testing.assert_array_equal(frame.arrays['gradInput', 0], gradInput)
    for mine, other in zip(gradients, twin.parameters()[1], strict=True):
        np.testing.assert_array_equal(mine, other)


def test_statistics_are_those_of_the_arrays():
    frame = trace.record(*case('ResNet A'), arrays=True)
    seen = 0
    for (quantity, number), values in frame.arrays.items():
        found = frame.statistics[quantity][number]
        numbers = np.concatenate([np.ravel(part) for part in (values if isinstance(values, list) else [values])])
        numbers = numbers.astype(np.float64)
        np.testing.assert_allclose(found.norm, np.sqrt((numbers**2).sum()), rtol=1e-12)
        np.testing.assert_allclose([found.mean, found.std], [numbers.mean(), numbers.std()], rtol=1e-9, atol=1e-15)
        assert found.zeros == (numbers == 0).mean() and (found.low, found.high) == (numbers.min(), numbers.max())
        assert found.histogram.sum() == numbers.size
        seen += 1
    assert seen > 3 * len(frame.nodes)


def test_of_what_is_not_finite_and_of_nothing():
    found = trace.statistics_of(np.array([1.0, np.nan, np.inf]))
    assert np.isnan(found.norm) and found.histogram.sum() == 0 and found.zeros == 0
    assert np.isnan(trace.statistics_of([]).norm)
    assert trace.statistics_of(np.zeros((2, 3))).dead == 1
    assert np.isnan(trace.statistics_of(np.zeros(3)).dead)


def test_large_arrays_are_counted_in_part():
    numbers = np.linspace(0, 1, 1_000_000)
    counts = trace.statistics_of(numbers).histogram
    assert 1 << 15 < counts.sum() <= 1 << 16 and counts.min() > 0.9 * counts.max()


def steps(name, records, optimized):
    """Return the parameters after three steps, with records or without."""
    net, criterion, images, labels = case(name)
    params, gradParams = net.getParameters()
    running = optnet.optimizeMemory(optnet.fuse(net)) if optimized else net
    for step in range(3):
        if records:
            trace.record(running if step == 1 and not optimized else net, criterion, images[:2], labels[:2], step=step)
        gradParams.fill(0)
        output = running.forward(images)
        criterion.forward(output, labels)
        running.backward(images, criterion.backward(output, labels))
        params -= 0.1 * gradParams
    states = [module.running_mean for module in net.listModules() if hasattr(module, 'running_mean')]
    return [params, *states, nnlite.getRNGState()], optnet.countUsedMemory(net)


@every_net
@pytest.mark.parametrize('optimized', [False, True], ids=['plain', 'optimized'])
def test_recording_changes_nothing(name, optimized):
    (mine, memory), (other, before) = (steps(name, records, optimized) for records in (True, False))
    for one, two in zip(mine, other, strict=True):
        np.testing.assert_array_equal(one, two)
    assert memory == before


def test_results_are_as_they_were():
    net, criterion, images, labels = case('ResNet A')
    output = net.forward(images)
    before = output.copy()
    kept = [module.output for module in net.listModules()]
    trace.record(net, criterion, images[:1], labels[:1])
    assert all(module.output is mine for module, mine in zip(net.listModules(), kept, strict=True))
    np.testing.assert_array_equal(output, before)
    assert not [module for module in net.listModules() if {'updateOutput', 'backward'} & set(vars(module))]


def test_of_a_fused_network_the_plain_one_is_recorded():
    net, *batch = case('ResNet A')
    plain = trace.record(net, *batch)
    assert trace.record(optnet.fuse(net), *batch).nodes == plain.nodes


def test_places_have_the_names_that_errors_give():
    net = nn.Sequential().add(nn.Tanh()).add(nn.Sequential().add(nn.Linear(3, 4)))
    with pytest.raises(nnlite.ShapeError) as caught:
        net.forward(np.ones((2, 5), np.float32))
    assert caught.value.where == trace.tree_of(net)[3].where


def test_a_module_in_two_places_is_recorded_in_both():
    shared = nn.Linear(4, 4)
    net = nn.Sequential().add(shared).add(nn.Tanh()).add(shared)
    frame = trace.record(net, nn.MSECriterion(), np.ones((2, 4), np.float32), np.zeros((2, 4), np.float32), arrays=True)
    first, last = (frame.arrays['output', number] for number in (1, 3))
    np.testing.assert_array_equal(last, frame.arrays['output', 0])
    assert not np.array_equal(first, last)
    np.testing.assert_array_equal(frame.arrays['gradInput', 1], frame.arrays['gradInput', 0])
    np.testing.assert_array_equal(frame.arrays['gradInput', 3], frame.arrays['gradOutput', 2])


def test_times_and_memory():
    frame = trace.record(*case('ResNet A'))
    for way in ('forward', 'backward'):
        assert (frame.seconds[way] >= 0).all() and frame.seconds[way][0] > 0
        inside = sum(frame.seconds[way][number] for number in frame.branches(0))
        assert inside <= frame.seconds[way][0]
    convolution = next(number for number, node in enumerate(frame.nodes) if node.kind == 'SpatialConvolution')
    assert frame.bytes[convolution] >= 2 * 3 * 4 * 16 * 16  # at least its output in float32, and gradInput
    assert frame.shapes[convolution] == (3, 4, 16, 16)


def test_in_evaluation_and_after_an_error():
    net, criterion, images, labels = case('ResNet B with dropout')
    one, two = (trace.record(net.evaluate(), criterion, images, labels) for _ in range(2))
    assert one.loss == two.loss
    with pytest.raises(nnlite.Error):
        trace.record(net, criterion, images[:, :2], labels)
    assert trace.record(net, criterion, images, labels).loss == one.loss
    assert not [module for module in net.listModules() if {'updateOutput', 'backward'} & set(vars(module))]


def test_on_a_gpu(cupy):
    net, criterion, images, labels = case('ResNet A', 'torch.DoubleTensor')
    expected = trace.record(net, criterion, images, labels).trace()
    net, criterion = net.cudaDouble(), criterion.cudaDouble()
    found = trace.record(net, criterion, images, cupy.asarray(labels)).trace()
    assert found.nodes == expected.nodes
    for quantity in trace.QUANTITIES:
        mine, other = (each.column(quantity, 'norm') for each in (found, expected))
        np.testing.assert_allclose(mine, other, rtol=1e-9, atol=1e-12)
