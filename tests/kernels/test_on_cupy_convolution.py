"""Convolution on a GPU, by columns and by plain multiply-adds, and products of matrices, against NumPy's."""

import functools
import json

import numpy as np
import pytest
from against_numpy import SIDES, agree, maps, normal

import nnlite
from nnlite import nn
from nnlite.kernels import on_cupy
from nnlite.kernels.on_cupy import choice, convolution, fma, im2col
from nnlite.kernels.on_cupy.geometry import Geometry

DTYPES = pytest.mark.parametrize('dtype', ['float64', 'float32', 'float16'])


@pytest.fixture(params=['im2col', 'fma', 'cudnn'])
def way(request):
    if request.param == 'cudnn':
        request.getfixturevalue('cudnn')
        nnlite.setprecise(True)
    before = convolution.getway()
    convolution.setway(request.param)
    yield request.param
    convolution.setway(before)


@pytest.fixture
def multiply_adds():
    before = convolution.getway()
    convolution.setway('fma')
    yield
    convolution.setway(before)


def case(rng, sides, planes=None, kernel=None, batch=None):
    """Return (input's, output's and weight's shape, stride, padding, dilation): any with a window on the map."""
    kernel = rng.integers(1, 5, sides) if kernel is None else np.array(kernel)
    stride, padding, dilation = rng.integers(1, 4, sides), rng.integers(0, 3, sides), rng.integers(1, 3, sides)
    reach = (kernel - 1) * dilation + 1
    size = np.maximum(reach - 2 * padding, 1) + rng.integers(0, 6, sides)
    out = (size + 2 * padding - reach) // stride + 1
    batch = batch or rng.integers(1, 4)
    planes, outputs = planes or rng.choice([1, 3, 4, 5, 8, 12], 2)
    geometry = (tuple(map(int, numbers)) for numbers in (stride, padding, dilation))
    return (batch, planes, *size), (batch, outputs, *out), (outputs, planes, *kernel), *geometry


def expect_all_passes(cupy, rng, dtype, shape, out, kernels, *geometry):
    input, gradOutput = normal(rng, shape, dtype), normal(rng, out, dtype)
    weight, gradWeight = (rng.standard_normal(kernels).astype(dtype) for _ in range(2))
    bias, gradBias = (rng.standard_normal(kernels[0]).astype(dtype) for _ in range(2))
    agree(cupy, 'Convolution_updateOutput', [input, maps(out, dtype), weight, bias], [1], *geometry)
    agree(cupy, 'Convolution_updateOutput', [input, maps(out, dtype), weight, None], [1], *geometry)
    agree(cupy, 'Convolution_updateGradInput', [gradOutput, maps(shape, dtype), weight], [1], *geometry)
    grads = [input, gradOutput, gradWeight, gradBias]
    agree(cupy, 'Convolution_accGradParameters', grads, [2, 3], *geometry, 0.3)
    agree(cupy, 'Convolution_accGradParameters', [*grads[:3], None], [2], *geometry, -2)


@SIDES
@DTYPES
@pytest.mark.parametrize('seed', range(6))
def test_any_kernel_and_stride(cupy, way, dtype, sides, seed):
    rng = np.random.default_rng([seed, sides])
    expect_all_passes(cupy, rng, dtype, *case(rng, sides))


@pytest.mark.parametrize('kernel', [(1, 1), (3, 3), (5, 5), (7, 7)], ids=str)
@pytest.mark.parametrize('planes', [(3, 16), (20, 40), (4, 1), (1, 5)], ids=str)
def test_planes_of_all_numbers(cupy, way, planes, kernel):
    rng = np.random.default_rng(planes)
    expect_all_passes(cupy, rng, 'float32', *case(rng, 2, planes, kernel))


def test_one_pixel_and_one_plane(cupy, way):
    for size in (1, 2):
        shape, kernels = (1, 1, size, size), (1, 1, size, size)
        expect_all_passes(
            cupy, np.random.default_rng(0), 'float32', shape, (1, 1, 1, 1), kernels, (1, 1), (0, 0), (1, 1)
        )


def test_windows_that_lie_beside_the_map(cupy, way):
    shape, out, kernels = (2, 4, 3, 2), (2, 8, 5, 2), (8, 4, 2, 1)
    expect_all_passes(cupy, np.random.default_rng(0), 'float64', shape, out, kernels, (2, 3), (4, 2), (1, 1))


@SIDES
@pytest.mark.parametrize('seed', range(3))
def test_infinity_reaches_only_what_looks_at_it(cupy, way, seed, sides):
    rng = np.random.default_rng([10, seed])
    shape, out, kernels, *geometry = case(rng, sides, (5, 7), rng.integers(1, 4, sides))
    input, gradOutput = normal(rng, shape), normal(rng, out)
    input[:, :, -1], gradOutput[:, :, 0] = np.inf, np.inf
    weight, gradWeight = (rng.standard_normal(kernels) for _ in range(2))
    with np.errstate(invalid='ignore'):
        agree(cupy, 'Convolution_updateOutput', [input, maps(out), weight, None], [1], *geometry)
        agree(cupy, 'Convolution_updateGradInput', [gradOutput, maps(shape), weight], [1], *geometry)
        agree(cupy, 'Convolution_accGradParameters', [input, normal(rng, out), gradWeight, None], [2], *geometry, 1)


# Tiles: outputs and planes of such numbers that each of them is used, with something left over.


@pytest.mark.parametrize('busy', [1, 264], ids=['whole sums', 'sums shared out'])
@pytest.mark.parametrize('planes', [(4, 12), (36, 20), (72, 132), (7, 67)], ids=str)
def test_tiles(cupy, order, multiply_adds, monkeypatch, planes, busy):
    monkeypatch.setattr(fma, 'BUSY', busy)
    rng = np.random.default_rng(1)
    expect_all_passes(cupy, rng, 'float32', *case(rng, 2, planes, (3, 2), 3))


@pytest.mark.parametrize('dtype', ['float64', 'float16'])
def test_tiles_of_other_numbers(cupy, multiply_adds, dtype):
    rng = np.random.default_rng(2)
    expect_all_passes(cupy, rng, dtype, *case(rng, 2, (20, 36), (2, 2)))


def test_columns_of_some_images_at_a_time(cupy, monkeypatch):
    convolution.setway('im2col')
    try:
        for room in (1, 5000):
            monkeypatch.setattr(im2col, 'COLUMNS', room)
            rng = np.random.default_rng(3)
            expect_all_passes(cupy, rng, 'float64', *case(rng, 2, (4, 8), (3, 3), 5))
    finally:
        convolution.setway(None)


# Memory: what lies otherwise gives the same bits.


def results(cupy, input, output, weight, bias, gradOutput, gradInput, gradWeight, gradBias, *geometry):
    on_cupy.Convolution_updateOutput(input, output, weight, bias, *geometry)
    on_cupy.Convolution_updateGradInput(gradOutput, gradInput, weight, *geometry)
    on_cupy.Convolution_accGradParameters(input, gradOutput, gradWeight, gradBias, *geometry, 0.5)
    return [array.get() for array in (output, gradInput, gradWeight, gradBias)]


def swapped(array):
    """Return the same with its first two axes exchanged in memory, as weights of full convolutions lie."""
    return array.swapaxes(0, 1).copy().swapaxes(0, 1)


def in_the_middle(array):
    """Return the same cut out of something larger, along its last axis."""
    return np.concatenate([array] * 3, -1)[..., array.shape[-1] : 2 * array.shape[-1]]


@pytest.mark.parametrize('lie', [np.ascontiguousarray, swapped, in_the_middle, np.asfortranarray])
def test_arrays_may_lie_anyhow(cupy, way, lie):
    rng = np.random.default_rng(4)
    shape, out, kernels, *geometry = case(rng, 2, (4, 8), (3, 2))
    shapes = shape, out, kernels, kernels[:1], out, shape, kernels, kernels[:1]
    given = [rng.standard_normal(shape).astype('float32') for shape in shapes]
    ours = [normal(rng, array.shape, 'float32') if array.ndim == 4 and place in (0, 1, 4, 5) else array
            for place, array in enumerate(given)]  # fmt: skip
    for array, other in zip(ours, given, strict=True):
        array[...] = other
    plain = results(cupy, *map(cupy.asarray, ours), *geometry)
    foreign = [cupy.asarray(lie(array) if array.ndim > 1 else array) for array in given]
    for mine, other in zip(results(cupy, *foreign, *geometry), plain, strict=True):
        np.testing.assert_array_equal(mine, other)


def test_memory_that_vectors_do_not_fit(cupy, way):
    rng = np.random.default_rng(5)
    shape, out, kernels, *geometry = case(rng, 2, (8, 4), (3, 3))
    shapes = shape, out, kernels, kernels[:1], out, shape, kernels, kernels[:1]
    given = [rng.standard_normal(shape).astype('float32') for shape in shapes]

    def placed(array, offset):
        rolled = np.moveaxis(array, 1, -1)
        memory = cupy.asarray(np.concatenate([np.zeros(offset, 'float32'), rolled.ravel()]))
        return cupy.moveaxis(memory[offset:].reshape(rolled.shape), -1, 1)

    def run(offset):
        arrays = [placed(a, offset) if a.ndim == 4 else cupy.asarray(a) for a in given]
        return results(cupy, *arrays, *geometry)

    for mine, other in zip(run(1), run(0), strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-4, atol=1e-5)


def test_nothing_to_do(cupy, way):
    empty = cupy.zeros((0, 4, 5, 5), 'float32'), cupy.zeros((0, 8, 3, 3), 'float32')
    weight, grads = cupy.ones((8, 4, 3, 3), 'float32'), cupy.ones((8, 4, 3, 3), 'float32')
    geometry = (1, 1), (0, 0), (1, 1)
    on_cupy.Convolution_updateOutput(*empty, weight, None, *geometry)
    on_cupy.Convolution_updateGradInput(*empty[::-1], weight, *geometry)
    on_cupy.Convolution_accGradParameters(*empty, grads, None, *geometry, 1)
    assert (grads.get() == 1).all()


def test_more_pixels_than_kernels_can_count_are_refused():
    with pytest.raises(nnlite.ShapeError, match='expected fewer than'):
        Geometry.of((2048, 3, 1024, 1024), (2048, 5, 1, 1), (1, 1), (1024, 1024), (0, 0), (1, 1))


def test_more_weights_than_kernels_can_count_are_refused():
    with pytest.raises(nnlite.ShapeError, match=r'expected fewer than .* weights, got 65536 x 32768'):
        Geometry.of_product(1, 2**15, 2**16)


def test_more_blocks_than_a_grid_has_are_refused(cupy):
    outputs = 16 * 65536 * 2
    input, output, weight = (cupy.empty(shape, 'float32') for shape in ((1, 1), (1, outputs), (outputs, 1)))
    with pytest.raises(nnlite.DeviceError, match='expected at most 65535 blocks of threads on a side, got 65536'):
        on_cupy.Linear_updateOutput(input, output, weight, None)


def test_a_source_that_cannot_be_compiled_is_said(cupy, monkeypatch):
    def fail(**options):
        raise RuntimeError('x.cu(7): error: identifier "y" is undefined\n\n    y = 1;\n1 error detected')

    monkeypatch.setattr(cupy, 'RawModule', fail)
    monkeypatch.setattr(im2col._source, '_compiled', {})
    with pytest.raises(nnlite.DeviceError) as caught:
        im2col._source.launch('im2col<{T}, 1>', 'float32', 1, 1)
    assert caught.value.message == (
        'im2col.cu cannot be compiled: x.cu(7): error: identifier "y" is undefined; 1 error detected'
    )
    assert 'pip install nnlite[cuda13]' in caught.value.hint


@pytest.mark.parametrize('dtype', ['float32', 'float16'])
def test_twice_the_same_bits(cupy, way, dtype):
    rng = np.random.default_rng(6)
    shape, out, kernels, *geometry = case(rng, 2, (12, 20), (3, 3))
    input, gradOutput = (cupy.asarray(normal(rng, size, dtype)) for size in (shape, out))
    weight = cupy.asarray(rng.standard_normal(kernels).astype(dtype))

    def run():
        empty = [cupy.asarray(maps(size, dtype)) for size in (out, shape)]
        grads = cupy.zeros(kernels, dtype), cupy.zeros(kernels[0], dtype)
        return results(cupy, input, empty[0], weight, None, gradOutput, empty[1], *grads, *geometry)

    first = run()
    on_cupy.Linear_updateOutput(
        cupy.ones((9, 300), dtype), cupy.zeros((9, 70), dtype), cupy.ones((70, 300), dtype), None
    )
    for mine, other in zip(run(), first, strict=True):
        np.testing.assert_array_equal(mine, other)


def test_full_convolutions_go_the_other_way_round(cupy, way):
    net = nn.SpatialFullConvolution(3, 4, 3, 2, 2, 3, 1, 0, 1, 2)
    input = np.random.default_rng(7).standard_normal((2, 3, 4, 5)).astype('float32')
    output = net.forward(input).copy()
    gradInput = net.backward(input, output).copy()
    gradWeight = net.gradWeight.copy()
    net.zeroGradParameters()
    net.cuda()
    ours = net.forward(cupy.asarray(input))
    np.testing.assert_allclose(ours.get(), output, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(net.backward(cupy.asarray(input), ours).get(), gradInput, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(net.gradWeight.get(), gradWeight, rtol=1e-4, atol=1e-4)


# Matrices


@DTYPES
@pytest.mark.parametrize('sizes', [(1, 1, 1), (5, 30, 10), (3, 300, 20), (130, 24, 36)], ids=str)
def test_linear(cupy, dtype, sizes):
    rng = np.random.default_rng(sizes)
    rows, inputs, outputs = sizes

    def drawn(*shape):
        return rng.standard_normal(shape).astype(dtype)

    weight, bias, gradOutput = drawn(outputs, inputs), drawn(outputs), drawn(rows, outputs)
    agree(cupy, 'Linear_updateOutput', [drawn(rows, inputs), drawn(rows, outputs), weight, bias], [1])
    agree(cupy, 'Linear_updateOutput', [drawn(rows, inputs), drawn(rows, outputs), weight, None], [1])
    agree(cupy, 'Linear_updateGradInput', [gradOutput, drawn(rows, inputs), weight], [1])
    grads = [drawn(rows, inputs), gradOutput, drawn(outputs, inputs), drawn(outputs)]
    agree(cupy, 'Linear_accGradParameters', grads, [2, 3], 0.7)
    agree(cupy, 'Linear_accGradParameters', [*grads[:3], None], [2], 1)


def test_matrices_may_lie_anyhow(cupy, order):
    rng = np.random.default_rng(8)
    input, weight = rng.standard_normal((20, 6)).T, rng.standard_normal((20, 9)).T
    output, gradInput, gradWeight = np.empty((6, 9, 2)), np.empty((20, 6)).T, rng.standard_normal((20, 9)).T
    (product,) = agree(cupy, 'Linear_updateOutput', [input, output[..., 1], weight, None], [1])
    agree(cupy, 'Linear_updateGradInput', [product, gradInput, weight], [1])
    agree(cupy, 'Linear_accGradParameters', [input, product, gradWeight, None], [2], 2)


# The way that is chosen


def test_unknown_way_is_refused():
    with pytest.raises(nnlite.DeviceError, match='one of im2col, fma'):
        convolution.setway('fft')


@pytest.fixture
def table(cupy, monkeypatch, tmp_path):
    """Let measuring go on, with a table that is not there yet; return where it will be."""
    monkeypatch.setenv('NNLITE_CUDA_BENCHMARK', '1')
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))
    for cached in (choice._table, choice._device, convolution._possible):
        cached.cache_clear()
    yield tmp_path / 'cache' / 'nnlite' / 'convolutions.json'
    for cached in (choice._table, choice._device, convolution._possible):
        cached.cache_clear()


class Ways:
    """Two ways of which one takes longer."""

    def __init__(self, monkeypatch, cupy):
        self.now, self.calls = 0, []
        monkeypatch.setattr(cupy.cuda, 'Event', lambda: Moment(self))
        monkeypatch.setattr(cupy.cuda, 'Stream', lambda non_blocking: Recorded(self))
        monkeypatch.setattr(cupy.cuda, 'get_elapsed_time', lambda start, stop: stop.time - start.time, raising=False)

    def take(self, name, time):
        self.now += time
        self.calls.append(name)

    def fastest(self, key='forward of something'):
        ways = {name: functools.partial(self.take, name, time) for name, time in (('fma', 3), ('tensor_cores', 2))}
        self.calls.clear()
        return choice.fastest(key, ways, 'fma')


class Recorded:
    """A stream, and the graph of what was captured on it, which takes as long again."""

    def __init__(self, ways):
        self.ways = ways

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    def begin_capture(self):
        self.start = self.ways.now

    def end_capture(self):
        self.time = self.ways.now - self.start
        return self

    def launch(self):
        self.ways.now += self.time

    def synchronize(self):
        pass


class Moment:
    def __init__(self, ways):
        self.ways = ways

    def record(self):
        self.time = self.ways.now

    def synchronize(self):
        pass


def test_fastest_way_is_measured_once_and_kept(cupy, table, monkeypatch):
    ways = Ways(monkeypatch, cupy)
    assert ways.fastest() == 'tensor_cores' and set(ways.calls) == {'fma', 'tensor_cores'}
    assert ways.fastest() == 'tensor_cores' and not ways.calls
    ((key, times),) = json.loads(table.read_text()).items()
    assert key.endswith(': forward of something') and times == {'fma': 3, 'tensor_cores': 2}

    choice._table.cache_clear()  # another process
    assert ways.fastest() == 'tensor_cores' and not ways.calls
    table.write_text(json.dumps({key: {'fma': 1, 'tensor_cores': 2}}))
    choice._table.cache_clear()
    assert ways.fastest() == 'fma' and not ways.calls
    assert ways.fastest('back') == 'tensor_cores' and ways.calls
    assert len(json.loads(table.read_text())) == 2, 'what others have measured stays'


@pytest.mark.parametrize('text', ['', '[1]', '{"a": 1}', '{"a": {"fma": "fast"}}', '\0'])
def test_spoiled_table_is_written_anew(cupy, table, monkeypatch, text):
    table.parent.mkdir(parents=True)
    table.write_text(text)
    assert Ways(monkeypatch, cupy).fastest() == 'tensor_cores'
    assert len(json.loads(table.read_text())) == 1


def test_table_that_cannot_be_kept_is_no_error(cupy, table, monkeypatch):
    table.parent.parent.write_text('a file where the folder should be')
    ways = Ways(monkeypatch, cupy)
    assert ways.fastest() == 'tensor_cores'
    assert ways.fastest() == 'tensor_cores' and not ways.calls


def test_nothing_is_measured_when_it_must_not_be(cupy, table, monkeypatch):
    ways = Ways(monkeypatch, cupy)
    with monkeypatch.context() as patch:
        patch.setattr(type(cupy.cuda.get_current_stream()), 'is_capturing', lambda stream: True)
        assert ways.fastest() == 'fma' and not ways.calls
    monkeypatch.setenv('NNLITE_CUDA_BENCHMARK', '0')
    assert ways.fastest() == 'fma' and not ways.calls
    assert not table.exists()


def test_convolutions_go_the_fastest_way(cupy, table, monkeypatch):
    """A way like another, which is said to be faster; and one that is not for these numbers."""
    ways = {'im2col': im2col, 'fma': fma, 'tensor_cores': Like(fma, ['float32']), 'none': Like(im2col, [])}
    monkeypatch.setattr(convolution, 'WAYS', ways)
    monkeypatch.setattr(convolution, '_version', lambda ways: 'sources 0')
    seen = []

    def fastest(key, trials, default):
        for trial in trials.values():
            trial()
        seen.append((key, list(trials), default))
        return 'tensor_cores'

    monkeypatch.setattr(convolution, 'fastest', fastest)
    rng = np.random.default_rng(9)
    expect_all_passes(cupy, rng, 'float32', *case(rng, 2, (16, 32), (3, 3)))
    assert {key.split(' ')[0] for key, *_ in seen} == {'forward', 'back', 'weight_gradient'}
    assert all(names == ['fma', 'tensor_cores'] and default == 'tensor_cores' for _, names, default in seen)
    count = len(seen)
    expect_all_passes(cupy, rng, 'float64', *case(rng, 2, (4, 8), (3, 3)))
    nnlite.setprecise(True)
    expect_all_passes(cupy, rng, 'float32', *case(rng, 2, (4, 8), (3, 3)))
    assert len(seen) == count, 'neither is to be rounded more than its numbers are'


class Like:
    """A way that does what another does, for some numbers."""

    def __init__(self, way, dtypes):
        self.forward, self.back, self.weight_gradient = way.forward, way.back, way.weight_gradient
        self.takes = lambda dtype, geometry: dtype in dtypes
