"""What the table of tests cannot say of the linear layers for tables, sparse inputs and weights with a norm."""

import numpy as np
import pytest
from runs import gradients_of
from trees import assert_close, drawn

import nnlite
from nnlite import nn

pytestmark = pytest.mark.usefixtures('kernels')

WORDS = np.array([3, 1, 3])


def double(make):
    nnlite.manualSeed(1)
    return make().double()


# LookupTable


@pytest.mark.parametrize(('index', 'hint'), [(0, 'count from 1'), (5, None), (1.5, None)])
def test_an_index_that_is_no_row_is_refused(index, hint):
    with pytest.raises(nnlite.DataError, match=f'expected input of whole numbers from 1 to 4, got {index}') as caught:
        nn.LookupTable(4, 2).forward(np.array([1, index]))
    assert hint is None or hint in caught.value.hint


def test_lookup_table_can_do_without_a_gradient():
    table = double(lambda: nn.LookupTable(4, 2)).accUpdateOnly()
    before, gradOutput = table.weight.copy(), np.ones((3, 2))
    table.zeroGradParameters()
    table.forward(WORDS)
    table.backwardUpdate(WORDS, gradOutput, 0.1)
    assert_close(table.weight, before - 0.1 * np.array([[1], [0], [2], [0]]), 1e-14)


def test_padding_hands_no_infinity_on():
    table = double(lambda: nn.LookupTable(4, 2, 3))
    table.forward(WORDS)
    table.accGradParameters(WORDS, np.array([[np.inf] * 2, [1, 2], [np.nan] * 2]))
    assert_close(table.gradWeight, np.array([[1, 2], [0, 0], [0, 0], [0, 0]]), 0)


# SparseLinear


def test_sparse_steps_touch_what_had_a_value():
    layer = double(lambda: nn.SparseLinear(5, 2))
    input, gradOutput = np.array([[4, 0.5], [2, 0], [1, -1]]), np.array([1.0, -2.0])
    layer.zeroGradParameters()
    layer.forward(input)
    layer.backward(input, gradOutput)
    layer.gradWeight[:, 2] = 7  # which the steps are not to see
    before = layer.weight.copy()
    layer.updateParameters(1)
    assert_close(layer.weight - before, -np.outer(gradOutput, [-1, 0, 0, 0.5, 0]), 1e-14)
    layer.zeroGradParameters()
    assert_close(layer.gradWeight, np.array([[0, 0, 7, 0, 0]] * 2), 0)
    for _ in range(2):
        layer.forward(input)
        layer.backward(input, gradOutput)
    layer.zeroGradParameters()
    assert not layer.gradWeight.any(), 'after two passes all of it is looked at'


@pytest.mark.parametrize('kind', ['one sample', 'table', 'filled up'])
def test_sparse_linear_gives_an_entry_for_each_input(kind):
    layer = double(lambda: nn.SparseLinear(4, 3, True))
    entries = drawn((2, 2), 1)
    entries[:, 0] = 3, 1
    input = {'one sample': entries, 'table': [entries, entries[:1]], 'filled up': np.stack([entries] * 2)}[kind]
    output = layer.forward(input)
    gradOutput = drawn(output.shape, 2)
    gradInput = layer.backward(input, gradOutput)
    expected = np.atleast_2d(gradOutput) @ layer.weight
    assert isinstance(gradInput, list) == (kind != 'filled up')
    assert_close(np.stack(gradInput), np.stack([np.tile([1, 2, 3, 4], (len(expected), 1)), expected], 2), 1e-14)


def test_decay_is_part_of_every_gradient():
    layer, plain = double(lambda: nn.SparseLinear(5, 2)), double(lambda: nn.SparseLinear(5, 2))
    layer.weightDecay = 0.1
    input, gradOutput = [np.array([[4, 0.5]])], np.array([[1.0, -2.0]])
    for module in (layer, plain):
        module.forward(input)
        module.backward(input, gradOutput)
    assert_close(layer.gradWeight, plain.gradWeight + 0.1 * layer.weight, 1e-14)
    before = layer.weight.copy()
    layer.backwardUpdate(input, gradOutput, 0.5)
    expected = before - 0.5 * (plain.gradWeight + 0.1 * before)
    assert_close(layer.weight[:, 3], expected[:, 3], 1e-14)


# IndexLinear


class OneByOne:
    """nn.IndexLinear in the plainest way: one entry after the other, with Torch's four columns."""

    def __init__(self, layer):
        self.normalize, self.decay = layer.normalize, layer.weightDecay
        self.weight, self.bias = layer.weight.copy(), layer.bias.copy()

    def forward(self, samples, train=True):
        self.samples = [[(row, self.normal(row, value, train)) for row, value in sample] for sample in samples]
        return np.stack([
            self.bias + sum(value * self.weight[row, self.normalize :] for row, value in sample)
            for sample in self.samples
        ])  # fmt: skip

    def normal(self, row, value, train):
        if not self.normalize:
            return value
        state = self.weight[row]
        if train and abs(value) > state[0]:
            state[:2] = abs(value), 1 / abs(value)
        if train:
            state[2] = 1
        return (np.sign(value) if abs(value) > state[0] else value * state[1]) + state[3]

    def step(self, gradOutput, lr):
        for sample, grad in zip(self.samples, gradOutput, strict=True):
            for row, value in sample:
                state = self.weight[row]
                weights, rate = state[self.normalize :], state[2] if self.normalize else 1
                if self.normalize:
                    state[3] -= lr * rate * (grad @ weights)
                weights -= rate * (self.decay * weights + lr * value * grad)
        self.bias -= lr * gradOutput.sum(0)


@pytest.mark.parametrize('way', ['updateParameters', 'backwardUpdate'])
@pytest.mark.parametrize('decay', [0, 0.1])
@pytest.mark.parametrize('normalize', [False, True])
@pytest.mark.parametrize('outputs', [1, 3])
def test_index_linear_goes_one_by_one(outputs, normalize, decay, way):
    layer = double(lambda: nn.IndexLinear(5, outputs, False, None, None, None, normalize).reset())
    layer.weightDecay = decay
    plain = OneByOne(layer)
    keys = [np.array([2, 4, 2]), np.array([4, 2]), np.array([1])]
    for seed in range(3):
        values = drawn([(3,), (2,), (1,)], seed)
        entries = [list(zip(key - 1, value, strict=True)) for key, value in zip(keys, values, strict=True)]
        gradOutput = drawn((3, outputs), seed)
        assert_close(layer.forward([keys, values]), plain.forward(entries), 1e-14)
        if way == 'updateParameters':
            layer.zeroGradParameters()
            layer.backward([keys, values], gradOutput)
            layer.updateParameters(0.1)
        else:
            layer.backwardUpdate([keys, values], gradOutput, 0.1)
        plain.step(gradOutput, 0.1)
        assert_close([layer.weight, layer.bias], [plain.weight, plain.bias], 1e-14)
    layer.evaluate()
    larger = [[(row, 3 * value) for row, value in sample] for sample in entries]
    output = layer.forward([keys, [3 * value for value in values]])
    assert_close(output, plain.forward(larger, train=False), 1e-14)


def test_index_linear_keeps_the_rows_of_every_pass():
    layer = double(lambda: nn.IndexLinear(5, 2).reset())
    first, second = [np.array([2, 4]), np.array([1.0, -1.0])], [np.array([4]), np.array([0.5])]
    gradOutput, before = np.array([1.0, 2.0]), layer.weight.copy()
    layer.zeroGradParameters()
    for input in (first, second):
        layer.forward(input)
        layer.backward(input, gradOutput)
    expected = np.outer([0, 1, 0, -0.5, 0], gradOutput)
    assert_close(gradients_of(layer), [expected, 2 * gradOutput], 1e-14)
    layer.clone().updateParameters(1)
    assert_close(layer.weight, before, 0)
    layer.updateParameters(1)
    assert_close(layer.weight, before - expected, 1e-14)


@pytest.mark.parametrize('kind', ['one sample', 'tables', 'flat'])
def test_index_linear_gives_a_value_for_each_input(kind):
    layer = double(lambda: nn.IndexLinear(4, 3, True).reset())
    keys, values = np.array([3, 1]), np.array([0.5, -1])
    input = {'one sample': [keys, values], 'tables': [[keys, keys], [values, values]], 'flat': [keys, values, 2]}[kind]
    output = layer.forward(input)
    gradOutput = drawn(output.shape, 2)
    indices, gradient = layer.backward(input, gradOutput)
    assert_close(np.stack(gradient), gradOutput @ layer.weight.T, 1e-14)
    assert_close(np.stack(indices), np.broadcast_to([1, 2, 3, 4], np.stack(gradient).shape), 0)


def test_index_linear_shares_a_weight_and_refuses_what_it_cannot_do():
    weight, bias = np.ones((6, 2), np.float32), np.zeros(2, np.float32)
    layer = nn.IndexLinear(1, 1, True, None, weight, bias)
    assert layer.weight is weight and (layer.inputSize, layer.outputSize) == (6, 2)
    with pytest.raises(nnlite.Error, match='expected gradients that are arrays') as caught:
        nn.Sequential().add(layer).getParameters()
    assert 'updateParameters' in caught.value.hint
    with pytest.raises(nnlite.DataError, match='expected keys of whole numbers from 1 to 6, got 7'):
        layer.forward([np.array([7]), np.ones(1, np.float32)])
    normal = nn.IndexLinear(6, 2, True, None, None, None, True)
    input = [np.array([1]), np.ones(1, np.float32)]
    with pytest.raises(nnlite.Error, match='expected no doGradInput with normalize'):
        normal.backward(input, normal.forward(input))


# Norms apart from weights


def test_linear_weight_norm_there_and_back():
    linear = double(lambda: nn.Linear(4, 3))
    back = nn.LinearWeightNorm.fromLinear(linear).toLinear()
    assert_close([back.weight, back.bias], [linear.weight, linear.bias], 1e-15)
    assert not np.shares_memory(back.weight, linear.weight) and type(back) is nn.Linear
    assert nn.LinearWeightNorm.fromLinear(linear.noBias()).toLinear().bias is None


def test_a_file_with_a_weight_norm_leaves_the_weight_out(tmp_path):
    module = double(lambda: nn.WeightNorm(nn.Linear(4, 3)))
    module.forward(np.ones(4))
    nnlite.save(tmp_path / 'net.t7', module)
    fields = nnlite.load(tmp_path / 'net.t7', rebuild=False).fields
    inside = fields['modules'][0].fields
    assert not {'weight', 'gradWeight'} & (fields.keys() | inside.keys()) and {'bias', 'gradBias'} <= inside.keys()
    loaded = nnlite.load(tmp_path / 'net.t7')
    assert loaded.weight is loaded.get(1).weight and loaded.bias is loaded.get(1).bias
    assert_close(loaded.weight, module.weight, 1e-15)


# Kmeans and PartialLinear


def test_kmeans_begins_with_samples_and_learns():
    points = np.repeat(np.array([[0.0, 0], [10, 0], [0, 10]]), 4, axis=0) + drawn((12, 2), 1, low=-0.5, high=0.5)
    module = double(lambda: nn.Kmeans(3, 2))
    module.initRandom(points)
    assert all((centre == points).all(1).any() for centre in module.weight)
    module.initKmeansPlus(points, 0.7)  # of the third that is farthest
    assert len({int(number) for number in module.forward(points)}) == 3, 'one from each heap'
    first = module.loss
    for _ in range(3):
        module.zeroGradParameters()
        module.forward(points)
        module.backward(points)  # no gradient comes from above
        module.updateParameters(1)
    module.forward(points)
    assert module.loss < first
    assert_close(np.sort(module.weight, 0), np.sort([points[n : n + 4].mean(0) for n in (0, 4, 8)], 0), 1e-6)


def test_a_partition_is_of_outputs_that_there_are():
    layer = nn.PartialLinear(4, 3)
    with pytest.raises(nnlite.DataError, match='expected indices of whole numbers from 1 to 3, got 4'):
        layer.setPartition([1, 4])
    assert layer.setPartition([2]).forward(np.ones((2, 4), np.float32)).shape == (2, 1)
    assert layer.resetPartition().forward(np.ones((2, 4), np.float32)).shape == (2, 3)
