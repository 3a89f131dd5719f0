import csv
import sys

import numpy as np
import pytest
import torch

import nnlite
from nnlite import models, nn, optnet
from nnlite.data_prep import Loader
from nnlite.errors import DataError, Error, FileFormatError
from nnlite.training import Trainer

EPOCHS = 3


def network(seed=1, dropout=0.5):
    nnlite.manualSeed(seed)
    return models.resnet(7, 'cifar10', dropout=dropout, widths=(2, 3, 4))


def trainer(data, save=None, net=None, workers=1, **options):
    train = Loader(data, 'train', 16, seed=3, augment='stochastic', workers=workers)
    val = Loader(data, 'val', 8)
    options = {'quiet': True, 'curves': False, **options}
    return Trainer(net or network(), nn.CrossEntropyCriterion(), train, val, save, **options)


def learnt(net):
    """Everything a network has learnt, running statistics included, as bytes."""
    return b''.join(array.tobytes() for _, _, array in net.arrays())


def test_the_recipe_is_pytorchs_sgd_with_nesterov(small_data):
    net = network(dropout=0).double()
    run = trainer(small_data, net=net, learningRate=0.05, momentum=0.8, weightDecay=1e-3)
    twin = torch.nn.Parameter(torch.from_numpy(run.params.copy()))
    sgd = torch.optim.SGD([twin], lr=0.05, momentum=0.8, weight_decay=1e-3, nesterov=True)
    for images, labels in run.train.epoch(1):
        here = run.params.copy()
        loss = run.step(images, labels)
        assert loss == run.criterion.output
        after = run.params.copy()
        # What sgd leaves in gradParams is the gradient no more: take it anew, at the place the step began from.
        run.params[:] = here
        run.gradParams.fill(0)
        images = images.astype(np.float64)
        run.criterion.forward(net.forward(images), labels)
        net.backward(images, run.criterion.backward(net.output, labels))
        twin.grad = torch.from_numpy(run.gradParams.copy())
        sgd.step()
        run.params[:] = after
    np.testing.assert_allclose(run.params, twin.detach().numpy(), rtol=1e-12, atol=1e-14)


def test_history_and_log_have_a_line_an_epoch(small_data, tmp_path):
    history = trainer(small_data, tmp_path / 'run').run(EPOCHS)
    with open(tmp_path / 'run' / 'log.csv') as file:
        lines = list(csv.DictReader(file))
    assert [int(line['epoch']) for line in lines] == [row['epoch'] for row in history] == [1, 2, 3]
    assert [float(line['val_top1']) for line in lines] == [pytest.approx(row['val_top1'], abs=1e-4) for row in history]
    assert [row['learning_rate'] for row in history] == pytest.approx([0.1, 0.1, 0.01])


def test_validation_is_that_of_the_network_in_evaluation(small_data, tmp_path):
    net = network()
    (row,) = trainer(small_data, tmp_path / 'run', net).run(1)
    images, labels = zip(*((i.copy(), n) for i, n in Loader(small_data, 'val', 8)), strict=True)
    net.evaluate()
    scores = net.forward(np.concatenate(images))
    labels = np.concatenate(labels)
    assert row['val_top1'] == pytest.approx(100 * (scores.argmax(1) + 1 == labels).mean())
    log = torch.log_softmax(torch.from_numpy(scores), 1)[range(len(labels)), labels - 1]
    assert row['val_loss'] == pytest.approx(-float(log.mean()), rel=1e-5)


def test_best_is_the_network_of_the_best_epoch(small_data, tmp_path):
    kept = []
    net = network()
    run = trainer(small_data, tmp_path / 'run', net, after_epoch=lambda history: kept.append(learnt(net)))
    history = run.run(EPOCHS)
    best = nnlite.load(tmp_path / 'run' / 'best.t7')
    assert best['epoch'] == 1 + int(np.argmax([row['val_top1'] for row in history]))
    assert learnt(best['model']) == kept[best['epoch'] - 1]
    assert best['classes'] == run.train.classes


def test_a_model_file_is_its_parameters_and_little_more(small_data, tmp_path):
    net = models.resnet(8, 'cifar10', widths=(16, 16, 16))
    run = trainer(small_data, tmp_path / 'run', net)
    run.run(1)
    vectors = 3 * run.params.nbytes  # parameters, gradients, momentum
    assert (tmp_path / 'run' / 'latest.t7').stat().st_size < vectors + 60_000


@pytest.mark.parametrize('workers', [1, 3])
def test_one_seed_gives_one_result_whatever_the_workers(small_data, workers):
    net, twin = network(), network()
    trainer(small_data, net=net).run(1)
    nnlite.manualSeed(1)
    twin = network()
    trainer(small_data, net=twin, workers=workers).run(1)
    assert learnt(net) == learnt(twin)


def test_the_checkpoint_holds_all_there_is(small_data, tmp_path):
    net = network()
    run = trainer(small_data, tmp_path / 'run', net)
    run.run(1)
    checkpoint = nnlite.load(tmp_path / 'run' / 'latest.t7')
    assert learnt(checkpoint['model']) == learnt(net)
    assert checkpoint['optimState']['dfdx'].tobytes() == run.optimState['dfdx'].tobytes()
    assert checkpoint['optimState']['evalCounter'] == 3
    assert checkpoint['rng'].tobytes() == nnlite.getRNGState().tobytes()
    assert (checkpoint['epoch'], checkpoint['batch']) == (2, 0)
    assert checkpoint['classes'] == run.train.classes
    assert checkpoint['environment']['threads'] == nnlite.getnumthreads()


def test_a_folder_that_holds_something_is_refused(small_data, tmp_path):
    (tmp_path / 'notes.txt').write_text('mine')
    with pytest.raises(Error, match=r'expected an empty folder, got notes\.txt'):
        trainer(small_data, tmp_path)
    with pytest.raises(Error, match=r'expected an empty folder or one with latest\.t7'):
        trainer(small_data, tmp_path, resume=True)
    trainer(small_data, tmp_path / 'run').run(1)
    with pytest.raises(Error, match='resume=True'):
        trainer(small_data, tmp_path / 'run')
    assert (tmp_path / 'notes.txt').read_text() == 'mine'


def test_two_runs_at_once_in_one_folder_are_refused(small_data, tmp_path):
    """Whether the second is made while the first runs, or before that."""
    refused = []

    def begin_another(*args):
        for options in ({}, {'resume': True}):
            with pytest.raises(Error, match='expected a folder that nobody writes to') as caught:
                trainer(small_data, tmp_path, **options)
            refused.append(caught.value.where)
        with pytest.raises(Error, match='expected a folder that nobody writes to'):
            second.run(1)

    first, second = (trainer(small_data, tmp_path, before_step=step) for step in (begin_another, None))
    first.run(1)
    assert set(refused) == {str(tmp_path)}
    before = (tmp_path / 'latest.t7').read_bytes()
    with pytest.raises(Error, match='which came first') as caught:
        second.run(1)
    assert '--resume' in caught.value.hint and (tmp_path / 'latest.t7').read_bytes() == before
    assert len(trainer(small_data, tmp_path, resume=True).run(1)) == 1


def test_resuming_an_empty_folder_begins_anew(small_data, tmp_path):
    assert len(trainer(small_data, tmp_path / 'new', resume=True).run(1)) == 1


def test_resuming_a_finished_run_trains_no_more(small_data, tmp_path):
    first, second = network(), network(seed=9)
    trainer(small_data, tmp_path / 'run', first).run(2)
    (tmp_path / 'run' / 'log.csv').unlink()
    history = trainer(small_data, tmp_path / 'run', second, resume=True).run(2)
    assert learnt(first) == learnt(second)
    assert [row['epoch'] for row in history] == [1, 2]
    assert len((tmp_path / 'run' / 'log.csv').read_text().splitlines()) == 3


def test_other_arguments_are_listed(small_data, tmp_path):
    trainer(small_data, tmp_path / 'run', arguments={'depth': 7}).run(1)
    run = trainer(small_data, tmp_path / 'run', resume=True, learningRate=0.2, arguments={'depth': 9})
    with pytest.raises(Error) as caught:
        run.run(2)
    for line in ('learningRate: 0.1 before, 0.2 now', 'depth: 7 before, 9 now', 'epochs: 1 before, 2 now'):
        assert line in str(caught.value)
    assert 'momentum' not in str(caught.value)


def test_data_of_other_classes_are_refused(small_data, tmp_path):
    trainer(small_data, tmp_path / 'run').run(1)
    run = trainer(small_data, tmp_path / 'run', resume=True)
    run.train.classes = [*run.train.classes[1:], run.train.classes[0]]  # labels shifted by one
    with pytest.raises(DataError, match="expected class 1 to be 'arrow'"):
        run.run(1)


def test_a_network_of_other_layers_is_refused(small_data, tmp_path):
    trainer(small_data, tmp_path / 'run').run(1)
    nnlite.manualSeed(1)
    other = models.convnet(7, 'cifar10', dropout=0.5, widths=(2, 3, 4))
    with pytest.raises(FileFormatError, match='same layers'):
        trainer(small_data, tmp_path / 'run', other, resume=True).run(1)


@pytest.mark.parametrize('content', [[], {'model': 1}, {'model': 1, 'epoch': 'one'}, 7])
def test_a_file_that_is_no_checkpoint_is_named(small_data, tmp_path, content):
    nnlite.save(tmp_path / 'latest.t7', content)
    with pytest.raises(FileFormatError, match='checkpoint'):
        trainer(small_data, tmp_path, resume=True).run(1)


@pytest.mark.parametrize('name, value', [('meters', {'images': 1}), ('history', [7]), ('history', [{'epoch': 1}])])
def test_a_checkpoint_with_foreign_parts_is_refused(small_data, tmp_path, name, value):
    trainer(small_data, tmp_path / 'run').run(1)
    checkpoint = nnlite.load(tmp_path / 'run' / 'latest.t7')
    nnlite.save(tmp_path / 'run' / 'latest.t7', {**checkpoint, name: value})
    with pytest.raises(FileFormatError, match='sums and rows'):
        trainer(small_data, tmp_path / 'run', resume=True).run(1)


@pytest.mark.parametrize(
    'option',
    [{'learningRate': 0}, {'momentum': 1}, {'weightDecay': -1}, {'learningRate': np.nan}, {'minutes': np.nan}],
)
def test_options_out_of_range_are_refused_before_anything_is_made(small_data, tmp_path, option):
    with pytest.raises(Error, match='expected'):
        trainer(small_data, tmp_path / 'run', **option)
    assert not (tmp_path / 'run').exists()


def test_another_environment_is_told(small_data, tmp_path, monkeypatch, capsys):
    trainer(small_data, tmp_path / 'run').run(1)
    monkeypatch.setattr(np, '__version__', '1.2.3')
    trainer(small_data, tmp_path / 'run', resume=True).run(1)
    assert 'numpy: ' in capsys.readouterr().err


def test_ctrl_c_saves_a_whole_step_and_going_on_gives_the_same_bits(small_data, tmp_path):
    whole, stopped = network(), network()
    nnlite.manualSeed(4)
    trainer(small_data, net=whole).run(2)
    nnlite.manualSeed(4)
    run = trainer(small_data, tmp_path / 'run', stopped)
    run.criterion = Interrupting(run, at=5)
    with pytest.raises(KeyboardInterrupt):
        run.run(2)
    checkpoint = nnlite.load(tmp_path / 'run' / 'latest.t7')
    assert (checkpoint['epoch'], checkpoint['batch']) == (2, 2)
    nnlite.manualSeed(99)
    again = network()
    trainer(small_data, tmp_path / 'run', again, resume=True).run(2)
    assert learnt(again) == learnt(whole)


class Interrupting(nn.CrossEntropyCriterion):
    """Asks for a stop in the middle of the step of this number, validation aside."""

    def __init__(self, run, at):
        super().__init__()
        self.run, self.left = run, at

    def updateGradInput(self, input, target):
        self.left -= 1
        if self.left == 0:
            self.run._interrupt.asked = True
        return super().updateGradInput(input, target)


def test_quiet_says_nothing_and_otherwise_there_is_a_line_an_epoch(small_data, capfd):
    trainer(small_data).run(1)
    assert capfd.readouterr() == ('', '')
    trainer(small_data, quiet=False).run(2)
    said = capfd.readouterr()
    assert said.out.count('val: loss') == 2
    assert said.err == ''  # no terminal, no bar


def test_curves_are_a_picture_and_leave_the_importers_backend_alone(small_data, tmp_path):
    import matplotlib

    before = matplotlib.get_backend(auto_select=False)
    trainer(small_data, tmp_path / 'run', curves=True).run(1)
    assert (tmp_path / 'run' / 'curves.png').read_bytes().startswith(b'\x89PNG')
    assert matplotlib.get_backend(auto_select=False) == before
    assert 'matplotlib.pyplot' not in sys.modules


def test_optimized_run_is_the_plain_one_but_for_rounding(small_data, tmp_path, monkeypatch):
    """In float64, where that is little; networks and files are plain ones."""
    made, fuse = [], optnet.fuse
    monkeypatch.setattr(optnet, 'fuse', lambda net: made.append(fuse(net)) or made[-1])
    results = []
    for optimize in (True, False):
        net, folder = network().double(), tmp_path / str(optimize)
        history = trainer(small_data, folder, net, optimize=optimize).run(2)
        results.append([*net.parameters()[0], [row['val_loss'] for row in history]])
        model = nnlite.load(folder / 'latest.t7')['model']
        assert repr(model) == repr(net)
        for one, other in zip(model.listModules(), net.listModules(), strict=True):
            assert type(one) is type(other) and one.train is other.train is False
    [fused] = made
    assert 'nnlite.Fused' in repr(fused) and fused.get(-1) is not net.get(-1)
    for one, other in zip(*results, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-9)


def test_network_is_its_owners_again_after_the_run(small_data):
    net = network()
    run = trainer(small_data, net=net)
    run.run(1)
    images, _ = next(iter(run.train.epoch(1)))
    gradOutput = np.ones_like(net.forward(images))
    net.updateGradInput(images, gradOutput)
    net.accGradParameters(images, gradOutput)  # which gradients in shared memory do not allow


def test_resuming_otherwise_optimized_is_refused(small_data, tmp_path):
    trainer(small_data, tmp_path / 'run').run(1)
    with pytest.raises(Error, match='optimize'):
        trainer(small_data, tmp_path / 'run', resume=True, optimize=False).run(1)


def test_batches_of_one_through_a_view_that_drops_their_dimension(small_data):
    """Torch's nn.View(n) leaves (n) of one image: a last batch of one trains and is counted as one of more would be."""
    rows = []
    for net in (nn.View(768), nn.View(768).setNumInputDims(3)):
        nnlite.manualSeed(1)
        train = Loader(small_data, 'train', 16, seed=3, limit=17)
        val = Loader(small_data, 'val', 8, limit=9)
        net = nn.Sequential().add(net).add(nn.Linear(768, 10)).float()
        (row,) = Trainer(net, nn.CrossEntropyCriterion(), train, val, quiet=True, curves=False).run(1)
        rows.append([value for name, value in row.items() if 'second' not in name])
    assert rows[0] == pytest.approx(rows[1], rel=1e-5)
