"""Training on a GPU: the numbers of the CPU, the same bits with and without graphs, and what is said when it fails."""

import numpy as np
import pytest

import nnlite
from nnlite import models, nn
from nnlite.data_prep import Loader
from nnlite.errors import DataError, DeviceError, Error
from nnlite.training import NotFiniteError, Trainer, account, evaluate, graph
from nnlite.training.graph import Replayed
from nnlite.training.on_gpu import StepsOnGPU


@pytest.fixture
def captures(cupy, monkeypatch):
    """Let a graph's launch run the step again where there is no GPU, and return the list of all graphs."""
    monkeypatch.setenv('NNLITE_CUDA_BENCHMARK', '0')  # each shape goes the way it does without measurements
    made = []
    if hasattr(cupy, 'check'):

        class Rerun:
            def __init__(self, step):
                self.step = step
                made.append(self)

            def launch(self):
                stream = cupy.cuda.get_current_stream()
                stream.capturing = True
                try:
                    self.result = self.step()
                finally:
                    stream.capturing = False

        monkeypatch.setattr(graph, 'Graph', Rerun)
    else:
        original = graph.Graph
        monkeypatch.setattr(graph, 'Graph', lambda step: made.append(original(step)) or made[-1])
    return made


@pytest.fixture
def two_gpus(cupy, monkeypatch):
    if hasattr(cupy, 'check'):
        monkeypatch.setattr(cupy.cuda.runtime, 'getDeviceCount', lambda: 2)
    elif cupy.cuda.runtime.getDeviceCount() < 2:
        pytest.skip('there is one GPU only')
    with cupy.cuda.Device(0):
        yield


class Data:
    """Noise with labels, in an order of its own each epoch; a batch may hold NaN, or end the program."""

    def __init__(self, size=22, batchSize=8, pixels=8, on_gpu=None):
        random = np.random.default_rng(1)
        self.images = random.standard_normal((size, 3, pixels, pixels)).astype('f4')
        self.labels = random.integers(1, 5, size)
        self.size, self.batchSize, self.classes, self.on_gpu = size, batchSize, list('abcd'), on_gpu
        self.stop_at = self.poison_at = None

    def __len__(self):
        return -(-self.size // self.batchSize)

    def epoch(self, number, start=0):
        order = np.random.default_rng(number).permutation(self.size)
        for batch in range(start, len(self)):
            if (number, batch) == self.stop_at:
                raise ZeroDivisionError('the end')
            rows = order[batch * self.batchSize : (batch + 1) * self.batchSize]
            images, labels = self.images[rows], self.labels[rows]
            if (number, batch) == self.poison_at:
                images[1, 2, 3, 4] = np.nan
            yield (images, labels) if self.on_gpu is None else map(self.on_gpu.asarray, (images, labels))


def network(dropout=0):
    nnlite.manualSeed(1)
    return models.resnet(8, 'cifar10', widths=(4, 4, 4), classes=4, dropout=dropout)


def trainer(net=None, device='cuda', data=None, save=None, **options):
    options = {'quiet': True, 'curves': False, **options}
    data = data or Data()
    return Trainer(net or network(), nn.CrossEntropyCriterion(), data, Data(10, 4), save, device=device, **options)


def learnt(net):
    return [nnlite.tensor.devices.to_host(array).tobytes() for _, _, array in net.arrays()]


def told(history):
    return [{name: row[name] for name in row if 'second' not in name} for row in history]


@pytest.fixture
def losses(monkeypatch):
    """The loss of each step, as it is read from a GPU."""
    kept, read = [], account.Account.read

    def keeping(self):
        reading = read(self)
        kept.extend(reading.losses)
        return reading

    monkeypatch.setattr(account.Account, 'read', keeping)
    return kept


@pytest.mark.parametrize('dtype, steps, tolerance', [('float64', 20, 1e-8), ('float32', 5, 1e-4)])
@pytest.mark.parametrize('optimize', [True, False])
def test_steps_have_the_losses_of_the_cpu(captures, losses, dtype, steps, tolerance, optimize):
    nets = [network().double() if dtype == 'float64' else network() for _ in range(2)]
    host, device = (
        trainer(net, where, Data(8 * steps), optimize=optimize)
        for net, where in zip(nets, ('cpu', 'cuda'), strict=True)
    )
    device.val = None
    device.run(1)
    host.net.training()
    expected = [host.step(images, labels) for images, labels in host.train.epoch(1)]
    np.testing.assert_allclose(losses, expected, atol=tolerance, rtol=0)
    assert nets[1].type() == ('torch.CudaDoubleTensor' if dtype == 'float64' else 'torch.CudaTensor')
    assert len(captures) == 1


def test_a_network_moves_from_one_gpu_to_another(two_gpus, captures, cupy):
    """All of it: whole numbers too, and buffers that a forward has left; without a device it stays where it is."""
    net, criterion = network(dropout=0.5).cudaDouble(), nn.CrossEntropyCriterion([1, 2, 1, 2]).cuda()
    net.forward(cupy.zeros((2, 3, 8, 8)))
    net.order = cupy.arange(3)
    before = [array.get() for array in net.parameters()[0]]
    moved = Trainer(net, criterion, Data(), quiet=True, device='cuda:1')
    for array, was in zip(net.parameters()[0], before, strict=True):
        np.testing.assert_array_equal(array.get(), was)
    moved.run(1)
    assert moved.device == 'cuda:1' and net.type() == 'torch.CudaDoubleTensor'
    assert {array.device.id for thing in (net, criterion) for _, _, array in thing.arrays()} == {1}
    cupy.cuda.Device(0).use()
    assert Trainer(net, criterion, Data(), quiet=True).device == 'cuda:1'


def test_a_last_batch_of_one_through_a_view_that_drops_its_dimension(captures):
    """Torch's nn.View(n) leaves (n) of one image: it is trained on, tested and counted as on the CPU."""
    rows = []
    for where in ('cpu', 'cuda'):
        nnlite.manualSeed(1)
        net = nn.Sequential().add(nn.View(192)).add(nn.Linear(192, 4)).float()
        rows += told(trainer(net, where, Data(9)).run(1))
    assert rows[0] == pytest.approx(rows[1], rel=1e-5)


@pytest.mark.parametrize('on_gpu', [True, False])
def test_with_and_without_a_graph_the_bits_are_equal(captures, cupy, on_gpu):
    results = []
    for use in (True, False, None):
        net = network(dropout=0.5)
        run = trainer(net, data=Data(on_gpu=cupy if on_gpu else None), graph=use)
        results.append((told(run.run(4)), learnt(net), run.optimState['dfdx'].get().tobytes()))
        assert bool(captures) == (use is not False)
        captures.clear()
    assert results[0] == results[1] == results[2]


def test_a_whole_and_a_last_batch_each_get_a_graph_once_they_are_warm(captures):
    trainer().run(2)
    assert len(captures) == 2  # of training's and of validation's whole batches
    captures.clear()
    trainer().run(4)
    assert len(captures) == 4  # the last ones come once an epoch


def test_rounds_of_reading_do_not_show(captures, monkeypatch):
    results = []
    for steps in (2, 32):
        monkeypatch.setattr(account, 'STEPS', steps)
        net = network()
        results.append((told(trainer(net).run(3)), learnt(net)))
    assert results[0] == results[1]


def test_resuming_gives_the_bits_of_a_run_that_was_not_stopped(captures, tmp_path):
    whole = network(dropout=0.5)
    history = trainer(whole).run(3)
    stopped = network(dropout=0.5)
    data = Data()
    data.stop_at = 2, 1
    with pytest.raises(ZeroDivisionError):
        trainer(stopped, data=data, save=tmp_path / 'run', minutes=0).run(3)
    again = network(dropout=0.5)
    nnlite.manualSeed(77)
    run = trainer(again, save=tmp_path / 'run', resume=True)
    assert told(run.run(3)) == told(history)
    assert learnt(again) == learnt(whole)


def test_a_checkpoint_made_on_a_gpu_opens_anywhere(captures, tmp_path, capsys):
    net = network()
    trainer(net, save=tmp_path / 'run').run(1)
    checkpoint = nnlite.load(tmp_path / 'run' / 'latest.t7')
    assert checkpoint['model'].type() == 'torch.FloatTensor'
    assert learnt(checkpoint['model']) == learnt(net)
    assert isinstance(checkpoint['optimState']['dfdx'], np.ndarray)
    assert checkpoint['environment']['kernels'] == 'cupy' and checkpoint['environment']['cupy']
    checkpoint['arguments']['epochs'] = 2
    nnlite.save(tmp_path / 'run' / 'latest.t7', checkpoint)
    trainer(device='cpu', save=tmp_path / 'run', resume=True).run(2)
    assert 'another environment' in (said := capsys.readouterr().err) and 'device: ' in said


def test_a_network_of_the_cpu_goes_on_on_a_gpu(captures, tmp_path, capsys):
    trainer(device='cpu', save=tmp_path / 'run').run(1)
    run = trainer(save=tmp_path / 'run', resume=True)
    assert len(run.run(1)) == 1
    assert 'device: cpu before' in capsys.readouterr().err
    assert learnt(run.net) == learnt(nnlite.load(tmp_path / 'run' / 'latest.t7')['model'])


@pytest.mark.parametrize('use', [True, False])
def test_no_weight_changes_from_the_first_nan_on(captures, use):
    data, net, twin = Data(80), network(), network()
    data.poison_at = 1, 6
    with pytest.raises(NotFiniteError, match=r'the images, got 1 NaN.*epoch 1, batch 7'):
        trainer(net, data=data, graph=use).run(1)
    short = Data(80)
    short.stop_at = 1, 6
    with pytest.raises(ZeroDivisionError):
        trainer(twin, data=short, graph=use).run(1)
    for weight, other in zip(net.parameters()[0], twin.parameters()[0], strict=True):
        assert weight.get().tobytes() == other.get().tobytes()


def test_nan_in_validation_is_located(captures):
    run = trainer()
    run.val.poison_at = 1, 1
    with pytest.raises(NotFiniteError, match='the images, got 1 NaN'):
        run.run(1)


def test_a_step_alone_is_as_on_the_cpu(captures):
    run = trainer()
    images, labels = next(run.train.epoch(1))
    before = learnt(run.net)
    assert run.step(images, labels) == pytest.approx(trainer(device='cpu').step(images, labels), abs=1e-5)
    after = learnt(run.net)
    images[0] = np.inf
    with pytest.raises(NotFiniteError):
        run.step(images, labels)
    assert before[0] != after[0] == learnt(run.net)[0]


def test_evaluation_is_that_of_the_cpu(captures):
    net, data = network(), Data(20, 6)
    host = evaluate(net, nn.CrossEntropyCriterion(), data)
    seen = []
    device = evaluate(net.cuda(), nn.CrossEntropyCriterion().cuda(), data, lambda *batch: seen.append(batch[0].shape))
    assert device.top1 == host.top1 and device.loss == pytest.approx(host.loss, abs=1e-5)
    assert seen == [(6, 4)] * 3 + [(2, 4)]


class Waits(nn.Identity):
    """A layer that looks at its output on the host."""

    def updateOutput(self, input):
        self.output = input
        float(input.reshape(-1)[0])
        return input


def test_a_step_that_cannot_be_captured_runs_without_graph_unless_one_is_asked_for(cupy, capsys, monkeypatch):
    monkeypatch.setenv('NNLITE_CUDA_BENCHMARK', '0')
    net, twin = network().insert(Waits(), 2), network().insert(nn.Identity(), 2)
    history = trainer(net, quiet=False).run(2)
    assert capsys.readouterr().out.count('a step cannot be captured in a CUDA graph: Sequential[2] > Waits > ') == 1
    assert told(history) == told(trainer(twin, graph=False).run(2))
    with pytest.raises(DeviceError, match='cannot be captured') as caught:
        trainer(network().insert(Waits(), 2), graph=True).run(2)
    assert '--no-graph' in caught.value.hint


def test_a_graph_that_copies_from_the_host_is_none(cupy, capsys, monkeypatch):
    if not hasattr(cupy, 'check'):
        pytest.skip('no graph of ours copies')
    monkeypatch.setenv('NNLITE_CUDA_BENCHMARK', '0')
    monkeypatch.setattr(cupy.cuda.Graph, 'debug_dot_str', lambda graph, flags: 'MEMCPY (HtoD,64)')
    trainer(quiet=False).run(2)
    assert capsys.readouterr().out.count('captured in a CUDA graph: it copies from or to the host') == 1


def test_out_of_memory_names_the_module_and_a_smaller_batch(captures, cupy):
    class Hungry(nn.Identity):
        def updateOutput(self, input):
            raise cupy.cuda.memory.OutOfMemoryError(10**12, 10**9, 0)

    net = network()
    net.insert(nn.Sequential().add(Hungry()), 4)  # three that are fused as one come before
    with pytest.raises(DeviceError, match=r'in Sequential\[2\] > Sequential\[1\] > Hungry') as caught:
        trainer(net).run(1)
    assert caught.value.hint == 'try a batch of 4'


@pytest.mark.parametrize('room', [1000, 100_000])
def test_a_network_that_does_not_fit_is_said(captures, cupy, room):
    pool = cupy.get_default_memory_pool()
    pool.free_all_blocks()
    pool.set_limit(size=pool.total_bytes() + room)
    try:
        with pytest.raises(DeviceError, match='expected memory on the GPU for the network') as caught:
            trainer(nn.Sequential().add(nn.View(192)).add(nn.Linear(192, 50)))
    finally:
        pool.set_limit(size=0)
    assert caught.value.hint == 'try a smaller network'


def test_labels_beyond_the_scores_are_refused(captures, cupy):
    data = Data()
    data.labels[:] = 5
    with pytest.raises(DataError, match='expected labels from 1 to 4, got 5'):
        trainer(data=data).run(1)
    data = Data(on_gpu=cupy)
    data.classes = list('abcde')
    with pytest.raises(DataError, match='expected scores of 5 classes'):
        trainer(data=data).run(1)


def test_steps_that_nobody_reads_are_refused(captures, monkeypatch):
    monkeypatch.setattr(account, 'STEPS', 2)
    steps, (images, labels) = StepsOnGPU(network().cuda(), nn.CrossEntropyCriterion().cuda()), next(Data().epoch(1))
    for _ in range(2):
        steps.test(images, labels)
    with pytest.raises(Error, match='expected a reading after 2 steps'):
        steps.test(images, labels)
    assert len(steps.read().losses) == 2


def test_memory_is_told_at_the_end(captures, capsys):
    trainer(quiet=False).run(1)
    assert 'GPU memory: ' in capsys.readouterr().out


def test_a_loader_on_the_gpu_gives_the_bits_of_one_on_the_host(captures, small_data):
    results = []
    for place in ('cpu', 'cuda'):
        nnlite.manualSeed(1)
        net = nn.Sequential().add(nn.SpatialConvolution(3, 4, 4, 4, 4, 4)).add(nn.ReLU()).add(nn.View(4 * 4 * 4))
        net.add(nn.Linear(4 * 4 * 4, 10))
        train, val = Loader(small_data, 'train', 16, device=place), Loader(small_data, 'val', 8, device=place)
        run = Trainer(net, nn.CrossEntropyCriterion(), train, val, device='cuda', quiet=True)
        results.append((told(run.run(2)), learnt(net)))
    assert results[0] == results[1]


def test_a_graph_is_of_one_precision(captures, cupy):
    images, labels = next(Data().epoch(1))
    steps = StepsOnGPU(models.resnet(8, 'cifar10', classes=4).cuda().evaluate(), nn.CrossEntropyCriterion().cuda())
    losses = []
    with steps:
        for precise in (False, True, False):
            nnlite.setprecise(precise)
            for _ in range(4):
                steps.test(images, labels)
            losses.append(set(steps.read().losses))
    nnlite.setprecise(False)
    assert len(captures) == 2
    assert losses[0] == losses[2] != losses[1]


def test_a_graph_holds_what_it_works_on(captures, cupy):
    calls, held = [], []
    replayed = Replayed(lambda x: calls.append(x) or x, lambda: held, cupy.cuda.MemoryPool())
    with cupy.cuda.Stream(non_blocking=True):
        for _ in range(5):
            assert replayed('kind', 1) == 1
        assert len(captures) == 1
        for kind in range(10):
            for _ in range(3):
                replayed(kind, kind)
        assert len(captures) == graph.GRAPHS
