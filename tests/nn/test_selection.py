"""What the rows of the table cannot say of shapes, selection and products: other types, ties, chance, old files."""

import numpy as np
import pytest

import nnlite
from nnlite import nn

DOUBLE, FLOAT, BYTE = 'torch.DoubleTensor', 'torch.FloatTensor', 'torch.ByteTensor'


# Types


def test_Copy_converts_there_and_back():
    copy = nn.Copy(BYTE, DOUBLE)
    output = copy.forward(np.uint8([1, 255]))
    assert output.dtype == np.float64 and output.tolist() == [1, 255]
    assert copy.forward(np.int16([-3])).tolist() == [-3]
    gradInput = copy.backward(np.uint8([1]), np.float64([7.9]))
    assert gradInput.dtype == np.uint8 and gradInput.tolist() == [7]


@pytest.mark.parametrize(('dontCast', 'dtype'), [(None, np.float64), (True, np.float32)])
def test_Copy_keeps_its_types_where_it_is_told_to(dontCast, dtype, tmp_path):
    net = nn.Sequential().add(nn.Copy(DOUBLE, FLOAT, None, dontCast)).double()
    nnlite.save(tmp_path / 'net.t7', net)
    for one in (net, net.clone(), nnlite.load(tmp_path / 'net.t7')):
        assert one.forward(np.zeros(2)).dtype == dtype
        assert one.backward(np.zeros(2), np.zeros(2, dtype)).dtype == np.float64


def test_Copy_of_one_type_passes_its_input_on_unless_forced():
    x = np.zeros(2, np.float32)
    assert nn.Copy().forward(x) is x
    assert not np.shares_memory(nn.Copy(FLOAT, FLOAT, True).forward(x), x)
    with pytest.raises(nnlite.DtypeError, match='expected input of float32, got float64'):
        nn.Copy().forward(np.zeros(2))


def test_Copy_of_Torchs_that_passes_its_input_on_has_closures_in_its_file():
    copy = nn.Copy.__new__(nn.Copy)
    empty = np.empty(0)
    copy.read({'_type': DOUBLE, 'output': empty, 'gradInput': empty, 'updateOutput': 'closure', 'updateGradInput': ''})
    x = np.zeros(2)
    assert copy.forward(x) is x


def test_Copy_to_a_GPU_is_refused():
    with pytest.raises(nnlite.DeviceError):
        nn.Copy('torch.FloatTensor', 'torch.CudaTensor')


def test_Convert_takes_any_type():
    convert = nn.Convert('bhwc', 'bchw')
    images = np.arange(24, dtype=np.uint8).reshape(1, 2, 4, 3)
    output = convert.forward(images)
    assert output.dtype == np.float32 and np.array_equal(output, images.transpose(0, 3, 1, 2))
    gradInput = convert.backward(images, output)
    assert gradInput.dtype == np.float32 and np.array_equal(gradInput, images)


@pytest.mark.parametrize(('shapes', 'message'), [
    (('bchw', 'bx'), "expected shapes of which one can become the other, got 'bchw' and 'bx'"),
    (('bt', 'bf'), "expected shapes of which one can become the other, got 'bt' and 'bf'"),
    ((None, 'bf'), "expected an inputShape to go with 'bf', got None"),
    (('*', 'bf'), 'expected two shapes or none'),
])  # fmt: skip
def test_Convert_says_what_it_cannot_convert(shapes, message):
    with pytest.raises(nnlite.Error, match=message):
        nn.Convert(*shapes).forward(np.zeros((2, 3, 4, 5)[: len(shapes[0] or '')], np.float32))


# Indices, masks and classes


def test_OneHot_takes_a_number():
    one_hot = nn.OneHot(3)
    assert one_hot.forward(2).tolist() == [0, 1, 0]
    assert one_hot.updateGradInput(2, np.ones(3, np.float32)) == 0


@pytest.mark.parametrize(('module', 'input', 'error', 'message'), [
    (nn.Index(1), [np.ones(3), np.array([1, 4])], nnlite.DataError, 'indices of whole numbers from 1 to 3, got 4'),
    (nn.Index(1), [np.ones(3), np.array([0])], nnlite.DataError, 'got 0'),
    (nn.OneHot(3), np.array([1, 4]), nnlite.DataError, 'from 1 to 3, got 4'),
    (nn.OneHot(3), 1.5, nnlite.DataError, 'got 1.5'),
    (nn.OneHot(3), 'two', nnlite.DtypeError, 'expected input to be an array of numbers'),
    (nn.MaskedSelect(), [np.ones(2), np.array([1, 2])], nnlite.DtypeError, 'uint8 or bool, got int64'),
    (nn.MaskedSelect(), [np.ones(2), np.uint8([1, 2])], nnlite.DataError, 'expected a mask of 0 and 1, got 2'),
])  # fmt: skip
def test_what_is_not_there_cannot_be_chosen(module, input, error, message):
    with pytest.raises(error, match=message):
        module.double().forward(input)


def test_a_mask_may_be_bool():
    x, mask = np.float32([[1, 2], [3, 4]]), np.array([[True, False], [False, True]])
    select = nn.MaskedSelect()
    assert select.forward([x, mask]).tolist() == [1, 4]
    assert select.backward([x, mask], np.float32([5, 6]))[0].tolist() == [[5, 0], [0, 6]]


@pytest.mark.parametrize(('module', 'best'), [(nn.Max(), 3), (nn.Min(), 1)])
def test_the_first_of_equal_elements_gets_the_gradient(module, best):
    x = np.float32([2, best, best, 2])
    assert module.forward(x).tolist() == [best]
    assert module.backward(x, np.ones(1, np.float32)).tolist() == [0, 1, 0, 0]


# Torch's own ways


def test_PairwiseDistance_draws_the_sign_of_ties():
    a, b = np.float64([[1, 2, 3], [4, 5, 6]]), np.float64([[1, 0, 3], [4, 9, 6]])
    distance = nn.PairwiseDistance(1).double()
    distance.forward([a, b])
    nnlite.manualSeed(5)
    signs = [2 * nnlite.random(2) - 3 for _ in range(4)]
    nnlite.manualSeed(5)
    grad_a, grad_b = distance.backward([a, b], np.ones(2))
    assert grad_a.tolist() == [[signs[0], 1, signs[1]], [signs[2], -1, signs[3]]]
    assert np.array_equal(grad_b, -grad_a)


def test_Unsqueeze_counts_the_dimensions_of_its_first_input():
    unsqueeze = nn.Unsqueeze(1)
    assert unsqueeze.forward(np.zeros((3, 4), np.float32)).shape == (1, 3, 4)
    assert unsqueeze.forward(np.zeros((2, 3, 4), np.float32)).shape == (2, 1, 3, 4)


@pytest.mark.parametrize(('make', 'absent', 'shape', 'expected'), [
    (lambda: nn.Sum(1), ('squeeze', 'sizeAverage'), (2, 3), (3,)),
    (lambda: nn.Mean(1), ('squeeze', 'sizeAverage'), (2, 3), (3,)),
    (lambda: nn.Replicate(4), ('dim',), (2, 3), (4, 2, 3)),
    (lambda: nn.Euclidean(3, 2), ('fastBackward',), (2, 3), (2, 2)),
])  # fmt: skip
def test_old_files_lack_fields(make, absent, shape, expected):
    made = make()
    old = type(made).__new__(type(made))
    old.read({name: value for name, value in made.write().items() if name not in absent})
    x = np.ones(shape, np.float32)
    assert old.forward(x).shape == expected
    assert np.array_equal(old.output, made.forward(x))


@pytest.mark.parametrize('make', [lambda: nn.Index(1), nn.MV])
def test_a_file_has_the_empty_gradients_that_Torch_writes_into(make):
    first, second = make().write()['gradInput']
    assert first.shape == second.shape == (0,) and first is not second


@pytest.mark.parametrize(('make', 'message'), [
    (lambda: nn.Unsqueeze(None), 'expected pos to be a whole number, got None'),
    (lambda: nn.Narrow(1, None), 'expected offset to be a whole number, got None'),
    (lambda: nn.Replicate(2, -1), 'expected dim to be a whole number from 1 up, got -1'),
    (lambda: nn.Sum(1, None, False, 1), 'expected squeeze to be True or False, got 1'),
    (lambda: nn.Bilinear(3, 0, 2), 'expected inputSize2 to be a whole number from 1 up, got 0'),
    (lambda: nn.GPU(nn.Identity(), '1'), "expected device to be a whole number, got '1'"),
])  # fmt: skip
def test_arguments_that_make_no_sense(make, message):
    with pytest.raises(nnlite.Error, match=message):
        make()
