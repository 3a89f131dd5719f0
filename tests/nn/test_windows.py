"""What rows of the table cannot say of poolings, unpoolings, paddings and up-samplings."""

import numpy as np
import pytest

import nnlite
from nnlite import nn

pytestmark = pytest.mark.usefixtures('kernels')


def numbers(*shape):
    """Return distinct numbers in no order."""
    return np.random.default_rng(1).permutation(np.prod(shape)).reshape(shape).astype(np.float32)


def fields_of(module, *left_out):
    """Return what an old file held of a module."""
    return {name: value for name, value in module.write().items() if name not in left_out}


def read(cls, fields, version=1):
    module = cls.__new__(cls)
    module.read(fields, version)
    return module


# Where the largest stood


def test_temporal_indices_count_frames_of_the_window_from_0():
    pool = nn.TemporalMaxPooling(3, 2)
    pool.forward(np.float32([[5], [1], [7], [2], [3]]))
    assert pool.indices.tolist() == [[2], [0]]


def test_volumetric_indices_are_a_byte_for_each_side():
    pool, x = nn.VolumetricMaxPooling(2, 2, 3, 1, 1, 1, 1, 1, 0), np.zeros((1, 2, 3, 3), np.float32)
    x[0, 1, 2, 0] = 1
    pool.forward(x)
    t, y, x = 1, 2, 1  # from the corner of the window, which is in the padding
    assert pool.indices[0, 1, 0, 0] == t + 256 * y + 65536 * x
    assert pool.indices.dtype == np.int64


def test_volumetric_window_of_nothing_hands_back_nothing():
    pool, x = nn.VolumetricMaxPooling(1, 1, 1, 3, 3, 3).ceil(), np.ones((1, 2, 2, 2), np.float32)
    assert pool.forward(x).ravel().tolist() == [1] + 7 * [-np.inf]
    assert pool.indices.ravel().tolist() == [0] + 7 * [0xFFFFFF]
    assert pool.backward(x, np.ones((1, 2, 2, 2), np.float32)).ravel().tolist() == [1] + 7 * [0]


def test_adaptive_windows_reach_as_far_as_single_precision_takes_them():
    x = np.arange(21, dtype=np.float32).reshape(1, 1, 21)
    output = nn.SpatialAdaptiveMaxPooling(7, 1).forward(x)
    assert output.ravel().tolist() == [3, 6, 8, 12, 14, 17, 20]  # 2, 5, 8 ... if computed without error


def test_adaptive_max_takes_no_number_for_the_least():
    pool = nn.SpatialAdaptiveMaxPooling(1, 1)
    assert pool.forward(np.float32([[[np.nan, 2], [np.nan, 3]]])) == 3
    assert pool.indices.ravel().tolist() == [2, 2]


@pytest.mark.parametrize('cls', [nn.VolumetricMaxPooling, nn.VolumetricDilatedMaxPooling])
def test_windows_longer_than_a_byte_counts_are_refused(cls):
    with pytest.raises(nnlite.Error, match='expected windows of at most 255 pixels to a side, got 256'):
        cls(1, 256, 1).forward(np.zeros((1, 1, 1, 300), np.float32))


# Windows at random


def test_fixed_regions_stay_and_others_are_drawn_anew():
    nnlite.manualSeed(1)
    pool, x = nn.SpatialFractionalMaxPooling(2, 2, 4, 4), numbers(3, 9, 9)
    first, again = (pool.forward(x).copy() for _ in range(2))
    assert pool.fixPoolingRegions() is pool
    assert (first != again).any() and (pool.forward(x) == again).all()
    assert (pool.clone().forward(x) == again).all(), 'a copy keeps them, too'
    assert (pool.fixPoolingRegions(False).forward(x) != again).any()
    kept = pool.fixPoolingRegions().forward(x).copy()
    assert (pool.clearState().forward(x) != kept).any(), 'there are none to keep'


def test_other_planes_draw_other_regions_though_they_are_fixed():
    pool = nn.SpatialFractionalMaxPooling(2, 2, 4, 4).fixPoolingRegions()
    for planes in (3, 2):
        pool.forward(numbers(planes, 9, 9))
        assert pool.randomSamples.shape == (1, planes, 2)


# The way back


@pytest.mark.parametrize(
    ('pooling', 'message'),
    [
        (lambda: nn.SpatialDilatedMaxPooling(2, 2), 'expected an nn.SpatialMaxPooling, got SpatialDilatedMaxPooling'),
        (lambda: nn.SpatialMaxPooling(2, 2, 2, 1), 'expected windows of the size of their step, got '),
    ],
)
def test_unpooling_refuses_poolings(pooling, message):
    with pytest.raises(nnlite.Error) as caught:
        nn.SpatialMaxUnpooling(pooling())
    assert caught.value.message.startswith(message)


def test_unpooling_says_what_it_misses():
    pool = nn.SpatialMaxPooling(2, 2)
    unpool = nn.SpatialMaxUnpooling(pool)
    assert repr(unpool) == 'nn.SpatialMaxUnpooling associated to nn.SpatialMaxPooling(2x2, 2,2)'
    with pytest.raises(nnlite.Error, match='expected a pooling that has run'):
        unpool.forward(numbers(1, 2, 2))
    pool.forward(numbers(1, 4, 4))
    with pytest.raises(nnlite.ShapeError, match=r'expected input \(1, 2, 2\), got \(1, 2, 3\)'):
        unpool.forward(numbers(1, 2, 3))
    pool.forward(np.full((1, 4, 4), -np.inf, np.float32))
    with pytest.raises(nnlite.Error, match='expected a largest pixel in each window'):
        unpool.forward(numbers(1, 2, 2))


def test_unpooling_in_a_file_refers_to_the_pooling_of_its_network(tmp_path):
    pool = nn.VolumetricMaxPooling(1, 2, 2)
    net, x = nn.Sequential().add(pool).add(nn.VolumetricMaxUnpooling(pool)), numbers(2, 1, 4, 4)
    expected = net.forward(x).copy()
    nnlite.save(tmp_path / 'net.t7', net)
    twin = nnlite.load(tmp_path / 'net.t7')
    assert twin.get(2).pooling is twin.get(1)
    assert (twin.forward(x) == expected).all()
    assert [twin.get(2).otime, twin.get(2).oheight, twin.get(2).owidth] == [1, 4, 4]


# Files from Torch's early versions


@pytest.mark.parametrize('sides', [2, 3])
def test_old_max_poolings_have_no_padding_and_leave_out_the_last_window(sides):
    cls = {2: nn.SpatialMaxPooling, 3: nn.VolumetricMaxPooling}[sides]
    pool = cls(*[2] * sides)
    x = numbers(2, *[5] * sides)
    expected = pool.forward(x).copy()
    old = read(cls, fields_of(pool, 'padT', 'padW', 'padH', 'ceil_mode', 'indices', 'itime', 'iheight', 'iwidth'))
    assert (old.forward(x) == expected).all()
    assert repr(old) == repr(pool)


def test_old_average_poolings_gave_the_sum():
    pool, x = nn.SpatialAveragePooling(3, 3), numbers(2, 5, 5)
    sums = pool.forward(x) * 9
    names = 'padW', 'padH', 'ceil_mode', 'count_include_pad', 'divide'
    old = read(nn.SpatialAveragePooling, fields_of(pool, *names))
    np.testing.assert_allclose(old.forward(x), sums, rtol=1e-6)


def test_cudnn_says_by_its_mode_whether_padding_counts():
    x, pad = np.ones((1, 2, 2, 2), np.float32), {'padT': 0, 'padW': 0, 'padH': 1}
    fields = fields_of(nn.VolumetricAveragePooling(1, 1, 3, 1, 1, 1)) | pad
    for mode, value in (('INCLUDE', 2 / 3), ('EXCLUDE', 1)):
        pool = read(nn.VolumetricAveragePooling, fields | {'mode': f'CUDNN_POOLING_AVERAGE_COUNT_{mode}_PADDING'})
        np.testing.assert_allclose(pool.forward(x), np.full((1, 2, 2, 2), value), rtol=1e-6)


# Sizes


def test_powers_of_features_may_be_larger_than_a_float():
    x = np.float32([1e20, 1e20])
    np.testing.assert_allclose(nn.FeatureLPPooling(2, 1, 4).forward(x), [2**0.25 * 1e20], rtol=1e-6)


@pytest.mark.parametrize(
    ('make', 'message'),
    [
        (lambda: nn.SpatialMaxPooling(2, None), 'expected kH to be a whole number from 1 up, got None'),
        (lambda: nn.SpatialDilatedMaxPooling(2, 2, dilationH=0), 'expected dilationH to be a whole number from 1 up, '),
        (lambda: nn.SpatialAdaptiveMaxPooling(2, 0), 'expected H to be a whole number from 1 up, got 0'),
        (lambda: nn.SpatialFractionalMaxPooling(1, 2, 3, 3), 'expected poolSizeW to be a whole number from 2 up, got'),
        (lambda: nn.SpatialFractionalMaxPooling(2, 2, 3.5, 3), 'expected outW to be a whole number, got 3.5'),
        (lambda: nn.SpatialFractionalMaxPooling(2, 2, 0.5, 3), 'expected ratios between 0 and 1, or sizes, got 3'),
        (lambda: nn.SpatialFractionalMaxPooling(2, 2, 0, 0.5), 'expected ratios between 0 and 1, or sizes, got 0'),
        (lambda: nn.SpatialFractionalMaxPooling(2, 2, 3, None), 'expected an output size to be a number, got None'),
        (lambda: nn.TemporalDynamicKMaxPooling(0), 'expected minK to be a whole number from 1 up, got 0'),
        (lambda: nn.SpatialLPPooling(1, 0, 2, 2), 'expected a pnorm other than 0, got 0'),
        (lambda: nn.FeatureLPPooling(17, 1, 2), 'expected a width from 2 to 16, got 17'),
        (lambda: nn.FeatureLPPooling(2, 5, 2), 'expected a stride from 1 to 4, got 5'),
        (lambda: nn.SpatialZeroPadding(1, 1, 0.5), 'expected pad_t to be a whole number, got 0.5'),
        (lambda: nn.VolumetricReplicationPadding(None), 'expected pleft to be a whole number, got None'),
        (lambda: nn.SpatialUpSamplingNearest(1.5), 'expected scale_factor to be a whole number from 1 up, got 1.5'),
        (lambda: nn.SpatialUpSamplingBilinear({'oheight': 3}), 'expected owidth to be a whole number from 1 up, got'),
        (lambda: nn.UpSampling({'oheight': 3, 'owidth': 3}), 'expected a scale for nearest neighbours, got a table'),
    ],
)
def test_arguments_are_refused_where_they_are_given(make, message):
    with pytest.raises(nnlite.Error) as caught:
        make()
    assert caught.value.message.startswith(message)


def test_upsampling_of_volumes_needs_a_depth():
    up = nn.UpSampling({'oheight': 3, 'owidth': 3}, 'linear')
    assert up.forward(numbers(1, 1, 2, 2)).shape == (1, 1, 3, 3)
    with pytest.raises(nnlite.Error, match='expected odepth for an input with depth'):
        up.forward(numbers(1, 1, 2, 2, 2))


def test_upsampling_notes_sizes_as_torch_does():
    up = nn.SpatialUpSamplingBilinear(2)
    up.forward(numbers(1, 3, 2, 5))
    assert (up.inputSize, up.outputSize) == ([1, 3, 2, 5], [1, 3, 4, 10])
    assert nn.UpSampling(2).write()['inputSize'].memory.tolist() == [0] * 5
