import numpy as np
import pytest

import nnlite
from nnlite import models, nn
from nnlite.data_prep import Loader
from nnlite.training import NotFiniteError, Trainer
from nnlite.training.tracing import all_finite


def trainer(data, net, save=None):
    return Trainer(
        net,
        nn.CrossEntropyCriterion(),
        Loader(data, 'train', 16),
        Loader(data, 'val', 8),
        save,
        quiet=True,
        curves=False,
    )


def network():
    nnlite.manualSeed(1)
    return models.resnet(7, 'cifar10', dropout=0.5, widths=(2, 3, 4))


@nnlite.register('test.Bad')
class Bad(nn.Identity):
    """Puts a number into one place of its output, or of its gradInput, in the pass of this number."""

    def __init__(self, number, where, at=1):
        super().__init__()
        self.number, self.place, self.at, self.passes = number, where, at, 0

    def _spoilt(self, array):
        array = array.copy()
        if self.passes >= self.at:
            array.flat[3] = self.number
        return array

    def updateOutput(self, input):
        self.passes += self.train
        self.output = self._spoilt(input) if self.place == 'output' else input
        return self.output

    def updateGradInput(self, input, gradOutput):
        self.gradInput = self._spoilt(gradOutput) if self.place == 'gradInput' else gradOutput
        return self.gradInput


@pytest.mark.parametrize('place', ['output', 'gradInput'])
@pytest.mark.parametrize('number', [np.nan, np.inf, -np.inf])
def test_the_first_bad_module_is_named_and_the_weights_stay(small_data, tmp_path, number, place):
    net = network()
    branch = net.get(5).get(1).get(1).get(1)  # stage 2, block 1, fork, branch
    branch.insert(Bad(number, place, at=3), 4)
    run = trainer(small_data, net, tmp_path / 'run')
    with pytest.raises(NotFiniteError) as caught:
        run.run(1)
    text = str(caught.value)
    assert 'Sequential[5] > Sequential[1] > Sequential[1] > ConcatTable[1] > Sequential[4] > Bad' in text
    assert f'expected a finite {place}' in text
    assert 'epoch 1, batch 3' in text and str(tmp_path / 'run') in text
    assert run.optimState['evalCounter'] == 2  # two whole steps, and not a third
    assert np.isfinite(run.params).all()
    assert not any('updateOutput' in vars(module) or 'backward' in vars(module) for module in net.listModules())
    checkpoint = nnlite.load(tmp_path / 'run' / 'latest.t7')
    assert all(np.isfinite(array).all() for _, _, array in checkpoint['model'].arrays())


def test_no_weight_moves_in_a_step_that_is_refused(small_data):
    net = network()
    run = trainer(small_data, net)
    batches = [(images.copy(), labels) for images, labels in run.train.epoch(1)]
    run.step(*batches[0])
    before, momentum = run.params.copy(), run.optimState['dfdx'].copy()
    net.get(6).insert(Bad(np.nan, 'gradInput'), 1)
    with pytest.raises(NotFiniteError):
        run.step(*batches[1])
    np.testing.assert_array_equal(run.params, before)
    np.testing.assert_array_equal(run.optimState['dfdx'], momentum)


def test_bad_images_and_bad_parameters_are_named(small_data):
    run = trainer(small_data, network())
    images, labels = next(run.train.epoch(1))
    images = images.copy()
    images[2, 1, 3, 3] = np.nan
    with pytest.raises(NotFiniteError, match='finite the images, got 1 NaN and 0 Inf'):
        run.step(images, labels)
    net = network()
    run = trainer(small_data, net)
    net.modules[-1].weight[0, 0] = np.inf
    with pytest.raises(NotFiniteError, match=r'in Sequential\[9\] > Linear\(4 -> 10\)\n  expected a finite weight'):
        run.run(1)


def test_a_bad_loss_of_good_scores_is_the_criterions(small_data):
    class Overflowing(nn.CrossEntropyCriterion):
        def updateOutput(self, input, target):
            return super().updateOutput(input, target) + np.inf

    run = trainer(small_data, network())
    run.criterion = Overflowing()
    with pytest.raises(NotFiniteError, match='in Overflowing\n  expected a finite loss'):
        run.run(1)


def test_validation_that_goes_bad_stops_the_run_too(small_data):
    net = network()
    run = trainer(small_data, net)

    class BadInEvaluation(nn.Identity):
        def updateOutput(self, input):
            self.output = input if self.train else input * np.nan
            return self.output

    net.insert(BadInEvaluation(), len(net))  # after all ReLUs: as in Torch, they make 0 of NaN
    with pytest.raises(NotFiniteError, match=r'in Sequential\[9\] > BadInEvaluation'):
        run.run(1)


def test_huge_but_finite_gradients_are_no_fault():
    assert all_finite(np.full(10, 3e38, np.float32))
    assert not all_finite(np.float32([3e38, 3e38, np.inf]))
    assert not all_finite(np.float32([1, np.nan]))
    assert all_finite(np.ones((2, 3, 4), np.float32).transpose(2, 0, 1))
