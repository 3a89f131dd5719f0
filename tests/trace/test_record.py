"""What is recorded is what was computed; and recording changes nothing."""

from itertools import pairwise

import numpy as np
import pytest

import nnlite
from nnlite import models, nn, optnet, trace
from nnlite.nn.graph import Node
from nnlite.nn.table import leaves


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
        np.testing.assert_array_equal(found.histogram, np.histogram(numbers, 32)[0])
        seen += 1
    assert seen > 3 * len(frame.nodes)


def test_of_what_is_not_finite_and_of_nothing():
    found = trace.statistics_of(np.array([1.0, np.nan, np.inf]))
    assert np.isnan(found.norm) and found.histogram.sum() == 0 and found.zeros == 0
    assert np.isnan(trace.statistics_of([]).norm)
    assert trace.statistics_of(np.zeros((2, 3))).dead == 1
    assert np.isnan(trace.statistics_of(np.zeros(3)).dead)


def arrays_of_all_kinds():
    rng = np.random.default_rng(1)
    maps = np.maximum(rng.standard_normal((4, 6, 30, 30)), 0)
    maps[:, 2], maps[0, 3] = 0, 0
    return {
        'maps': maps.astype(np.float32),
        'pixels': np.moveaxis(np.moveaxis(maps, 1, -1).copy(), -1, 1),
        'far from 0': (1000 + rng.standard_normal((3, 50_000))).astype(np.float32),
        'all alike': np.full((5, 70_000), 0.1, np.float32),
        'almost alike': np.float64([1, np.nextafter(1, 2)]),
        'largest': np.float64([-1e308, 1.5e308, 0]),
        'half': rng.standard_normal(1000).astype(np.float16),
        'whole numbers': rng.integers(-5, 9, (7, 3)),
        'table': [maps[:1], [rng.standard_normal(40_000), np.empty((0, 3))]],
    }


@pytest.mark.parametrize('name', arrays_of_all_kinds())
def test_statistics_of_any_array(name):
    values = arrays_of_all_kinds()[name]
    parts = [values] if name != 'table' else [values[0], values[1][0]]
    found, numbers = trace.statistics_of(values), np.concatenate([part.ravel() for part in parts]).astype(np.float64)
    exact = numbers.astype(np.longdouble)
    mean, squares = exact.mean(), (exact**2).sum()
    if name != 'largest':
        assert found.norm == pytest.approx(float(np.sqrt(squares)), rel=1e-13)
        rounding = 2 * np.finfo(np.float64).eps * np.abs(numbers).max()
        assert found.std == pytest.approx(float(np.sqrt(((exact - mean) ** 2).mean())), rel=1e-9, abs=rounding)
    assert found.mean == pytest.approx(float(mean), rel=1e-12)
    assert (found.low, found.high) == (numbers.min(), numbers.max()) and found.zeros == (numbers == 0).mean()
    planes = [~part.any(axis=(0, *range(2, part.ndim))) for part in parts if part.ndim > 1]
    np.testing.assert_equal(found.dead, np.concatenate(planes).mean() if planes else np.nan)
    if numbers.size <= 1 << 14 and name not in ('almost alike', 'largest'):
        np.testing.assert_array_equal(found.histogram, np.histogram(numbers, 32)[0])
    assert found.histogram.sum() > min(numbers.size, 1 << 14) // 3


def test_large_arrays_are_counted_in_part():
    numbers = np.linspace(0, 1, 1_000_000)
    counts = trace.statistics_of(numbers).histogram
    assert 1 << 13 < counts.sum() <= 1 << 14 and counts.min() > 0.9 * counts.max()
    columns = np.tile(np.linspace(0, 1, 64), 16_384)  # of maps: all are seen
    counts = trace.statistics_of(columns).histogram
    assert counts.min() > 0.9 * counts.max()


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


def sequence(*modules):
    net = nn.Sequential()
    for module in modules:
        net.add(module)
    return net


def double(net, *shapes):
    """Return a network with a loss, and a batch of random numbers of these shapes: images, or a table, and targets."""
    nnlite.manualSeed(1)
    *images, target = (nnlite.randn(*shape).astype(np.float64) for shape in shapes)
    return net.double(), nn.MSECriterion().double(), images[0] if len(images) == 1 else images, target


def assert_plain_run(frame, net, criterion, images, target):
    """The record is what a network does that nobody watches; compare to the bit."""
    output = net.forward(images)
    assert frame.loss == criterion.forward(output, target)
    np.testing.assert_array_equal(frame.arrays['output', 0], output)
    net.zeroGradParameters()
    gradInput = net.backward(images, criterion.backward(output, target))
    recorded = frame.arrays['gradInput', 0]
    for mine, other in zip(leaves(recorded), leaves(gradInput), strict=True):
        np.testing.assert_array_equal(mine, other)


@pytest.mark.parametrize('shared', [True, False])
def test_clones_that_a_table_makes_when_it_runs(shared, tmp_path):
    def batch():
        table = nn.MapTable(sequence(nn.Linear(4, 3), nn.Dropout(0.5)), shared)
        return double(sequence(nn.SplitTable(2), table, nn.JoinTable(2)), (5, 2, 4), (5, 6))

    nnlite.manualSeed(7)
    net, *data = batch()
    frame = trace.record(net, *data, arrays=True)
    assert [node.kind for node in frame.nodes].count('Linear') == 2 and len(net.get(2).modules) == 1
    state = nnlite.getRNGState()
    nnlite.save(tmp_path / 'net.t7', net)
    nnlite.manualSeed(7)
    twin, *data = batch()
    np.testing.assert_array_equal(nnlite.getRNGState(), state)
    assert_plain_run(frame, twin, *data)
    nnlite.setRNGState(state)
    assert_plain_run(frame, net, *data)


@pytest.mark.parametrize('first', [nn.ReLU(True), nn.Dropout(0.5, False, True)])
def test_images_stay_as_they_are(first):
    net, criterion, images, target = double(sequence(first, nn.Linear(4, 3)), (5, 4), (5, 3))
    before = images.copy()
    trace.record(net, criterion, images, target)
    trace.path_lengths(net, criterion, images, target)
    np.testing.assert_array_equal(images, before)


@pytest.mark.parametrize('fork', ['ParallelTable', 'ConcatTable', 'Concat'])
def test_one_module_in_two_branches(fork):
    one = nn.Identity()
    branches = (nn.Concat(2) if fork == 'Concat' else getattr(nn, fork)()).add(one).add(one)
    net = sequence(branches, *([nn.SplitTable(2)] if fork == 'Concat' else []))
    parts = nn.ParallelTable().add(nn.MulConstant(1)).add(nn.MulConstant(3))
    if fork == 'Concat':  # of planes: (N, 2)
        net = sequence(nn.View(-1, 1), branches, nn.SplitTable(2), parts, nn.CAddTable())
        number, shapes = 2, [(4,), (4,)]
    else:
        net = sequence(branches, parts, nn.CAddTable())
        number, shapes = 1, [(4, 2), (4, 2), (4, 2)][3 - (3 if fork == 'ParallelTable' else 2) :]
    frame = trace.record(*double(net, *shapes), arrays=True)
    first, last = (frame.arrays['gradOutput', branch] for branch in frame.branches(number))
    np.testing.assert_array_equal(3 * first, last)
    assert first.any()


def assert_a_chain(frame, numbers):
    """What one module hands back is what the one before it got."""
    for one, other in pairwise(numbers):
        np.testing.assert_array_equal(frame.arrays['gradOutput', one], frame.arrays['gradInput', other])
    np.testing.assert_array_equal(frame.arrays['gradInput', numbers[0]], frame.arrays['gradInput', 0])


def test_one_module_twice_in_a_graph():
    shared, x = nn.Linear(4, 4), Node()
    graph = nn.gModule([x], [Node(shared, Node(nn.Tanh(), Node(shared, x)))])
    assert_a_chain(trace.record(*double(graph, (3, 4), (3, 4)), arrays=True), [1, 2, 3])


def test_one_module_twice_in_a_container_of_ones_own():
    class Chain(nn.Container):
        def updateOutput(self, input):
            for module in self.modules:
                input = self.output = module.forward(input)
            return self.output

        def updateGradInput(self, input, gradOutput):
            for place, module in reversed(list(enumerate(self.modules))):
                gradOutput = module.updateGradInput(self.modules[place - 1].output if place else input, gradOutput)
            self.gradInput = gradOutput
            return gradOutput

    half = nn.MulConstant(0.5)
    net = Chain().add(half).add(nn.MulConstant(3)).add(half)
    assert_a_chain(trace.record(*double(net, (3, 4), (3, 4)), arrays=True), [1, 2, 3])


def test_tables_of_images():
    parallel = nn.ParallelTable().add(nn.Linear(4, 3)).add(nn.Linear(5, 3))
    batch = double(sequence(parallel, nn.CAddTable()), (6, 4), (6, 5), (6, 3))
    frame = trace.record(*batch, arrays=True)
    assert_plain_run(frame, *batch)
    same = double(nn.CSubTable(), (6, 4), (6, 4), (6, 4))
    assert_plain_run(trace.record(*same, arrays=True), *same)
    net, criterion, x, target = double(nn.MaskedSelect(), (2, 3), (3,))
    batch = net, criterion, [x, np.array([[1, 0, 1], [0, 1, 0]], bool)], target
    assert_plain_run(trace.record(*batch, arrays=True), *batch)
    named = nn.SelectTable('x').double(), criterion, {'x': x, 'y': target}, x + 1
    assert_plain_run(trace.record(*named, arrays=True), *named)


def test_modules_of_a_graph_and_in_a_wrapper():
    x = Node()
    hidden = Node(nn.Linear(4, 4), x)
    graph = nn.gModule([x], [Node(nn.CAddTable(), Node(nn.ReLU(), hidden), Node(nn.Bottle(nn.Tanh()), hidden))])
    batch = double(graph, (3, 4), (3, 4))
    frame = trace.record(*batch, arrays=True)
    assert_plain_run(frame, *batch)
    kinds = [node.kind for node in frame.nodes]
    linear, relu, tanh = (kinds.index(kind) for kind in ('Linear', 'ReLU', 'Tanh'))
    both = frame.arrays['gradInput', relu] + frame.arrays['gradInput', tanh]
    np.testing.assert_array_equal(both, frame.arrays['gradOutput', linear])
    assert (frame.seconds['backward'] > 0).all()


def everything(thing):
    """Return all that an object holds, results too, as what can be compared."""
    if isinstance(thing, np.ndarray):
        return thing.shape, thing.tobytes()
    if isinstance(thing, (list, tuple)):
        return [everything(part) for part in thing]
    if isinstance(thing, dict):
        return {name: everything(part) for name, part in thing.items() if not name.startswith('gradW')}
    if hasattr(thing, 'memory'):
        return everything(thing.memory)
    return everything(vars(thing)) if hasattr(thing, 'cleared') else repr(thing)


def test_all_but_the_gradients_is_as_it_was():
    words = nn.LookupTable(5, 4, 0, 0.5)
    net = sequence(words, nn.Profile(nn.Tanh(), 3), nn.Concat(2).add(nn.Identity()).add(nn.Square()), nn.Mean(2))
    criterion, images, target = nn.CrossEntropyCriterion(), np.float32([[1, 2], [5, 1]]), [1, 3]
    for _ in range(2):  # without results, and with those of another batch
        words.weight.fill(1)
        before = everything([net, criterion])
        trace.record(net, criterion, images, target)
        assert everything([net, criterion]) == before
        net.backward(images[:1], np.ones_like(net.forward(images[:1])))
        assert criterion.forward(net.output, target[:1])
        assert words.weight.min() < 1


def test_a_network_that_is_optimized_stays_so():
    net, *batch = case('ResNet A')
    fast = optnet.optimizeMemory(optnet.fuse(net))
    fast.backward(batch[1], np.ones_like(fast.forward(batch[1])))
    before = optnet.countUsedMemory(fast)
    trace.record(fast, *batch)
    fast.backward(batch[1], np.ones_like(fast.forward(batch[1])))
    assert optnet.countUsedMemory(fast) == before


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
