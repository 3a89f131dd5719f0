"""What the rows of convolutions cannot say: old files, connection tables, and arguments that make no sense."""

import numpy as np
import pytest
from runs import run
from trees import drawn

import nnlite
from nnlite import nn

# Files from before a class had all of its fields


def read(module, *absent, **fields):
    old = type(module).__new__(type(module))
    old.read({name: value for name, value in module.write().items() if name not in absent} | fields)
    return old


@pytest.mark.parametrize('layer', [nn.SpatialConvolutionMM, nn.SpatialDepthWiseConvolution])
def test_old_files_have_one_padding(layer):
    module, x = layer(2, 3, 3, 3, 1, 1, 1).double(), drawn((1, 2, 4, 5), 1)
    old = read(module, 'padW', 'padH', padding=1)
    run(module, x).assert_equal(run(old, x))
    assert repr(old) == repr(module) and 'padding' not in old.write()


def test_fresh_depth_wise_convolution_of_a_file_has_rows_of_weights():
    module, x = nn.SpatialDepthWiseConvolution(2, 3, 3, 2).double(), drawn((1, 2, 4, 5), 1)
    rows = {name: getattr(module, name).reshape(3, 12) for name in ('weight', 'gradWeight')}
    run(module, x).assert_equal(run(read(module, **rows), x))


def test_old_volumetric_full_convolution_has_its_planes_the_other_way_and_other_names():
    module, x = nn.VolumetricFullConvolution(2, 3, 2, 3, 2, 2, 2, 2, 1, 0, 1).double(), drawn((1, 2, 2, 3, 2), 1)
    names = ('adjT', 'adjW', 'adjH', 'padT', 'padW', 'padH')
    turned = {name: getattr(module, name).swapaxes(0, 1).copy() for name in ('weight', 'gradWeight')}
    old = read(module, *names, pT=1, pW=0, pH=1, **turned)
    run(module, x).assert_equal(run(old, x))
    run(module, x).assert_equal(run(read(old), x))


def test_old_full_convolution_has_no_adj():
    module, x = nn.SpatialFullConvolution(2, 3, 3, 3, 2, 2, 1, 1).double(), drawn((1, 2, 3, 4), 1)
    run(module, x).assert_equal(run(read(module, 'adjW', 'adjH'), x))


def test_full_convolutions_are_written_with_the_buffers_that_torch_does_not_make_again():
    fields = nn.VolumetricFullConvolution(1, 1, 1, 1, 1).write()
    buffers = [fields[name] for name in ('ones', 'finput', 'fgradInput')]
    assert [buffer.size for buffer in buffers] == [0, 0, 0]
    assert len({id(buffer) for buffer in buffers}) == 3, 'in the file they would be one and the same'


@pytest.mark.parametrize(
    ('module', 'shape'),
    [
        (nn.SpatialConvolutionLocal(1, 1, 4, 4, 3, 3), (1, 4, 4)),
        (nn.SpatialConvolutionMap(nn.tables.full(1, 1), 3, 3), (1, 4, 4)),
        (nn.SpatialDepthWiseConvolution(1, 1, 3, 3), (1, 4, 4)),
        (nn.TemporalRowConvolution(2, 3), (4, 2)),
        (nn.VolumetricFullConvolution(1, 1, 2, 2, 2), (1, 2, 2, 2)),
    ],
)
@pytest.mark.parametrize('name', ['weight', 'bias'])
def test_parameters_of_another_size_are_refused(module, shape, name):
    """A file says the sizes twice."""
    wrong = read(module, **{name: np.zeros((3, 300, 3), np.float32)})
    with pytest.raises(nnlite.ShapeError, match=rf'expected {name} .* got \(3, 300, 3\)'):
        wrong.forward(np.ones(shape, np.float32))


# Connection tables


def test_full_table_and_one_to_one():
    assert nn.tables.full(3, 2).tolist() == [[1, 1], [2, 1], [3, 1], [1, 2], [2, 2], [3, 2]]
    assert nn.tables.oneToOne(2).tolist() == [[1, 1], [2, 2]]


def test_random_table_deals_out_the_planes_like_cards():
    nnlite.manualSeed(3)
    table = nn.tables.random(5, 5, 2)
    after = nnlite.random()
    nnlite.manualSeed(3)
    first, second, third = (nnlite.randperm(5).tolist() for _ in range(3))
    assert table[:, 0].tolist() == [*first[:4], *second[:4], *third[:2]]
    assert table[:, 1].tolist() == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    assert nnlite.random() == after, 'the stream goes on where Torch is'
    nnlite.manualSeed(3)
    nn.tables.random(4, 2, 2)
    after = nnlite.random()
    nnlite.manualSeed(3)
    nnlite.randperm(4), nnlite.randperm(4)
    assert nnlite.random() == after, 'Torch shuffles anew when all are dealt out, and not only when it goes on'
    with pytest.raises(nnlite.Error, match='expected from 1 to 3 connections for an output plane, got 4'):
        nn.tables.random(3, 2, 4)


@pytest.mark.parametrize(
    ('table', 'message'),
    [
        ([[1, 1], [0, 1]], 'expected whole numbers from 1 up in the table, got 0'),
        ([[1.5, 1]], r'expected whole numbers from 1 up in the table, got 1\.5'),
        ([[1, 1], [1, 3]], 'expected a connection for every output plane, got none for 2'),
        ([1, 1], r'expected a table of numbers \(connections, 2\), got int64 \(2,\)'),
        ([['a', 'b']], r'expected a table of numbers \(connections, 2\), got <U1 \(1, 2\)'),
        (np.zeros((0, 2)), r'expected a table of numbers \(connections, 2\), got float64 \(0, 2\)'),
    ],
)
@pytest.mark.parametrize('layer', [nn.SpatialConvolutionMap, nn.SpatialFullConvolutionMap])
def test_table_that_makes_no_sense_is_refused(layer, table, message):
    with pytest.raises(nnlite.Error, match=message):
        layer(table, 3, 3)


def test_table_of_a_file_that_goes_beyond_the_planes_is_refused():
    module = read(nn.SpatialConvolutionMap([[1, 1]], 1, 1), connTable=np.float32([[2, 1]]))
    with pytest.raises(nnlite.Error, match='expected planes up to 1 in the table, got 2'):
        module.forward(np.ones((1, 2, 2), np.float32))


def test_full_map_draws_in_double():
    nnlite.manualSeed(5)
    module = nn.SpatialFullConvolutionMap(nn.tables.full(2, 1), 1, 1)
    nnlite.manualSeed(5)
    bound = 1 / np.sqrt(2)
    expected = [np.float32(nnlite.uniform(-bound, bound)) for _ in range(3)]
    assert [*module.weight.ravel(), *module.bias] == expected


def test_decayParameters():
    module = nn.SpatialConvolutionMap(nn.tables.full(2, 2), 2, 2).double()
    weight, bias = module.weight.copy(), module.bias.copy()
    module.decayParameters(0.25)
    np.testing.assert_allclose(module.weight, 0.75 * weight, rtol=1e-15)
    np.testing.assert_allclose(module.bias, 0.75 * bias, rtol=1e-15)


# Arguments


@pytest.mark.parametrize(
    ('make', 'message'),
    [
        (lambda: nn.SpatialFullConvolution(1, 1, 3, 3, 2, 2, 0, 0, 2), 'expected adjW below dW, which is 2, got 2'),
        (lambda: nn.VolumetricFullConvolution(1, 1, 1, 1, 1, adjT=1), 'expected adjT below dT, which is 1, got 1'),
        (lambda: nn.SpatialConvolution(1, 1, 0, 3), 'expected kW to be a whole number from 1 up, got 0'),
        (lambda: nn.SpatialConvolution(1, 1, 3, None), 'expected kH to be a whole number from 1 up, got None'),
        (lambda: nn.TemporalConvolution(2, 1.5, 3), r'expected outputFrameSize to be .* from 1 up, got 1\.5'),
        (lambda: nn.VolumetricConvolution(1, 1, 1, 1, 1, 1, 1, 1, -1), 'expected padT to be .* from 0 up, got -1'),
        (lambda: nn.SpatialConvolutionLocal(1, 1, 2, 8, 3, 3), 'expected input of at least 3 x 3 pixels, got 8 x 2'),
    ],
)
def test_argument_that_makes_no_sense_is_refused(make, message):
    with pytest.raises(nnlite.Error, match=message):
        make()


def test_dilation_that_makes_no_sense_is_refused():
    module = nn.SpatialDilatedConvolution(1, 1, 3, 3, dilationW=0)
    with pytest.raises(nnlite.Error, match='expected dilationW to be a whole number from 1 up, got 0'):
        module.forward(np.ones((1, 9, 9), np.float32))


def test_full_convolution_cut_away_is_refused():
    with pytest.raises(nnlite.ShapeError, match='expected input of at least 2 x 4 pixels, got 1 x 1'):
        nn.SpatialFullConvolution(1, 1, 2, 3, 1, 2, 2, 2).forward(np.ones((1, 1, 1), np.float32))


def test_first_layer_may_leave_out_its_gradInput():
    x, target = np.ones((1, 2, 3, 3)), np.ones((1, 5, 5))
    for module, input in (
        (nn.SpatialFullConvolution(2, 1, 3, 3, 2, 2), [x, target]),
        (nn.SpatialConvolutionMap(nn.tables.oneToOne(2), 2, 2), x),
    ):
        module.double().gradInput = None
        output = module.forward(input)
        assert module.backward(input, output) is None
        assert module.gradWeight.any()


def test_shared_temporal_convolutions_step_at_once():
    """Torch adds up the gradients of shared parameters first, but not those of this layer."""
    module, x = nn.TemporalConvolution(2, 3, 2).double(), drawn((1, 4, 2), 1)
    twin = module.clone('weight', 'bias')
    twin.backwardUpdate(x, twin.forward(x), 0.1)
    assert not twin.gradWeight.any()
