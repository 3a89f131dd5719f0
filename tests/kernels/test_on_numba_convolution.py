"""Compiled convolution, direct and by Winograd's algorithm, against NumPy's in float64 over ragged shapes."""

import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import nnlite
from nnlite.kernels import on_numpy
from nnlite.tensor.storage import Storage

pytest.importorskip('numba')
on_numba = pytest.importorskip('nnlite.kernels.on_numba', exc_type=nnlite.DeviceError)
simd = pytest.importorskip('nnlite.kernels.on_numba.simd')

# Relative to a result's size (Euclidean norm). The rounding errors of a sum of K terms grow as sqrt(K) eps (6e-8) times
# its size at worst: partial sums are kept short, and 5e-7 is the most that was seen. Winograd's algorithm adds and
# subtracts on both sides of its products numbers larger than the result: 1.2e-6 was seen. Twice as much is allowed.
DIRECT, WINOGRAD = 1e-6, 2.5e-6


def maps(shape, dtype=np.float32):
    return Storage().view(shape, dtype, 'map')


def case(seed, kernel=None, stride=None, least=1, sides=2):
    """Return (input, weight, bias, gradOutput, stride, padding, dilation), random, channels-last."""
    rng = np.random.default_rng([seed, least])
    kernel = kernel or tuple(rng.integers(1, 8, sides))
    stride = stride or tuple(int(step) for step in rng.integers(1, 4, sides))
    padding = tuple(int(pad) for pad in rng.integers(0, 4, sides))
    size = rng.integers(np.maximum(np.subtract(kernel, np.multiply(padding, 2)), 1), 41 if sides < 3 else 13)
    batch, planes, outputs = rng.integers(1, 4), *rng.integers(least, 71, 2)
    out = (size + np.multiply(padding, 2) - kernel) // stride + 1
    input, gradOutput = maps((batch, planes, *size)), maps((batch, outputs, *out))
    for array in (input, gradOutput):
        array[...] = rng.standard_normal(array.shape)
    weight, bias = (
        rng.standard_normal(shape).astype(np.float32) for shape in ((outputs, planes, *kernel), (outputs,))
    )  # fmt: skip
    return input, weight, bias, gradOutput, stride, padding, (1,) * sides


def computed(kernels, input, weight, bias, gradOutput, *geometry):
    """Return (output, gradInput, gradWeight, gradBias); the gradients are added to ones, halved."""
    output, gradInput = maps(gradOutput.shape, input.dtype), maps(input.shape, input.dtype)
    for array in (output, gradInput):
        array.fill(np.nan)
    kernels.Convolution_updateOutput(input, output, weight, bias, *geometry)
    kernels.Convolution_updateGradInput(gradOutput, gradInput, weight, *geometry)
    grads = np.ones_like(weight), np.ones_like(bias)
    kernels.Convolution_accGradParameters(input, gradOutput, *grads, *geometry, 0.5)
    return output, gradInput, *grads


def expect_close(given, bound):
    exact = computed(on_numpy, *(a.astype(np.float64, order='K') for a in given[:4]), *given[4:])
    for mine, other in zip(computed(on_numba, *given), exact, strict=True):
        assert np.linalg.norm(mine - other) <= bound * np.linalg.norm(other)


@pytest.mark.parametrize('sides', [2, 1, 3])
@pytest.mark.parametrize('seed', range(40))
def test_any_kernel_and_stride(seed, sides):
    nnlite.setnumthreads(1 + seed % 4)
    expect_close(case(seed, sides=sides), DIRECT)


@pytest.mark.parametrize('seed', range(30))
def test_winograd(seed):
    nnlite.setnumthreads(1 + seed % 4)
    expect_close(case(seed, (3, 3), (1, 1), least=16), WINOGRAD)


@pytest.mark.parametrize('seed', range(16))
def test_winograd_of_volumes(seed):
    """Of 1 to 4 frames under the kernel, on as few as one; threads share 64 planes out."""
    nnlite.setnumthreads(1 + seed % 4)
    given = case(seed, (1 + seed % 4, 3, 3), (1, 1, 1), least=16, sides=3)
    expect_close(given, WINOGRAD)
    output, (input, weight, bias, _, *geometry) = maps(given[3].shape), given
    sums = on_numba.ConvolutionMoments_updateOutput(input, output, weight, bias, *geometry)
    np.testing.assert_array_equal(output, computed(on_numba, *given)[0])
    if sums is None:
        pytest.skip('few tiles here are whole, and it is computed directly')
    wide = output.astype(np.float64)
    for mine, exact in zip(sums, (wide, wide * wide), strict=True):
        np.testing.assert_allclose(mine, exact.sum((0, 2, 3, 4)), rtol=0, atol=1e-6 * np.abs(exact).sum())


@pytest.mark.parametrize('sides', [1, 3])
def test_sides_are_as_in_pytorch(sides):
    torch = pytest.importorskip('torch')
    input, weight, bias, gradOutput, stride, padding, dilation = case(2, (3,) * sides, least=9, sides=sides)
    given = [torch.tensor(np.ascontiguousarray(array), requires_grad=True) for array in (input, weight, bias)]
    convolve = {1: torch.nn.functional.conv1d, 3: torch.nn.functional.conv3d}[sides]
    output = convolve(*given, stride, padding)
    grads = torch.autograd.grad(output, given, torch.tensor(np.ascontiguousarray(gradOutput)))
    mine = computed(on_numba, input, weight, bias, gradOutput, stride, padding, dilation)
    exact = output.detach(), grads[0], 1 + 0.5 * grads[1], 1 + 0.5 * grads[2]
    for own, other in zip(mine, exact, strict=True):
        assert np.linalg.norm(own - other.numpy()) <= 2 * DIRECT * np.linalg.norm(other)


def test_residual_and_added_of_volumes():
    """ConvolutionReLU_updateOutput and ConvolutionAdd_updateGradInput, by either way."""
    for kernel in ((3, 3, 3), (2, 4, 4)):
        input, weight, bias, gradOutput, *geometry = case(1, kernel, (1, 1, 1), least=16, sides=3)
        output, gradInput = maps(gradOutput.shape), maps(input.shape)
        on_numba.ConvolutionReLU_updateOutput(input, gradOutput, output, weight, bias, *geometry)
        on_numba.ConvolutionAdd_updateGradInput(gradOutput, input, gradInput, weight, *geometry)
        plain = computed(on_numba, input, weight, bias, gradOutput, *geometry)
        np.testing.assert_allclose(output, np.maximum(0, plain[0] + gradOutput), rtol=1e-5, atol=1e-4)
        np.testing.assert_allclose(gradInput, plain[1] + input, rtol=1e-5, atol=1e-4)


def test_winograd_of_many_planes_shares_them_out():
    """From 70 planes on or so the threads share the planes out, and 300 are more than one partial sum."""
    rng = np.random.default_rng(1)
    input, gradOutput = maps((3, 300, 9, 7)), maps((3, 130, 9, 7))
    for array in (input, gradOutput):
        array[...] = rng.standard_normal(array.shape)
    weight, bias = rng.standard_normal((130, 300, 3, 3)).astype('f'), rng.standard_normal(130).astype('f')
    for threads in range(1, 5):
        nnlite.setnumthreads(threads)
        expect_close((input, weight, bias, gradOutput, (1, 1), (1, 1), (1, 1)), WINOGRAD)


@pytest.mark.parametrize('seed', range(10))
def test_precise_is_direct(seed):
    nnlite.setprecise(True)
    sides = 2 + seed % 2
    given = case(seed, (3,) * sides, (1,) * sides, least=16, sides=sides)
    expect_close(given, DIRECT)
    precise = computed(on_numba, *given)
    nnlite.setprecise(False)
    assert np.linalg.norm(computed(on_numba, *given)[2] - precise[2]) > 0, 'both took the same way'


def small_case(seed):
    """Return what `case` does, of many small maps whose planes fill vectors."""
    rng = np.random.default_rng([seed, 2])
    kernel, stride, padding = (tuple(map(int, rng.integers(least, 4, 2))) for least in (1, 1, 0))
    size = rng.integers(np.maximum(np.subtract(kernel, np.multiply(padding, 2)), 1), 6)
    batch, planes, outputs = rng.integers(16, 40), *(16 * rng.integers(1, 6, 2))
    out = (size + np.multiply(padding, 2) - kernel) // stride + 1
    weight, bias = np.empty((outputs, planes, *kernel), np.float32), np.empty(outputs, np.float32)
    arrays = maps((batch, planes, *size)), weight, bias, maps((batch, outputs, *out))
    for array in arrays:
        array[...] = rng.standard_normal(array.shape)
    return *arrays, stride, padding, (1, 1)


@pytest.fixture
def went(monkeypatch):
    """The kernels that convolutions run, in order."""
    kernels, run = [], on_numba.convolution.run
    monkeypatch.setattr(on_numba.convolution, 'run', lambda kernel, *args: (kernels.append(kernel), run(kernel, *args)))
    return kernels


@pytest.fixture
def gains(monkeypatch):
    """Whether it pays or not, convolutions go across images where they can."""
    pays = on_numba.convolution._across_pays_for
    monkeypatch.setattr(on_numba.convolution, 'GAIN', 1e9)
    pays.cache_clear()
    yield
    pays.cache_clear()


@pytest.mark.parametrize('seed', range(40))
def test_small_maps_are_taken_across_images(seed, went, gains):
    nnlite.setnumthreads(1 + seed % 4)
    nnlite.setprecise(True)  # so not by Winograd's algorithm
    given = small_case(seed)
    expect_close(given, DIRECT)
    images, _, *out = given[3].shape
    sums = on_numba.across if images >= math.prod(out) and images * math.prod(out) <= 512 else on_numba.direct
    assert went == [on_numba.across.convolve, on_numba.across.convolve_back, sums.accumulate]


@pytest.mark.parametrize('seed', range(4))
def test_small_maps_take_up_what_comes_next(seed, went, gains):
    nnlite.setprecise(True)
    input, weight, bias, gradOutput, *geometry = small_case(seed)
    output, gradInput = computed(on_numba, input, weight, bias, gradOutput, *geometry)[:2]
    result, total = maps(output.shape), maps(input.shape)
    on_numba.ConvolutionReLU_updateOutput(input, gradOutput, result, weight, bias, *geometry)
    np.testing.assert_array_equal(result, np.maximum(output + gradOutput, 0))
    on_numba.ConvolutionReLU_updateOutput(input, None, result, weight, bias, *geometry)
    np.testing.assert_array_equal(result, np.maximum(output, 0))
    on_numba.ConvolutionAdd_updateGradInput(gradOutput, input, total, weight, *geometry)
    np.testing.assert_array_equal(total, gradInput + input)
    assert {kernel.py_func.__module__ for kernel in went[3:]} == {on_numba.across.__name__}


def test_a_frame_in_the_padding_is_not_taken_for_one_in_the_map(gains):
    """A volume of one frame, of which the only window, by padding and stride, sees none."""
    rng = np.random.default_rng(5)
    input, gradOutput = maps((24, 16, 1, 2, 2)), maps((24, 16, 1, 1, 1))
    weight, bias = rng.standard_normal((16, 16, 1, 2, 2)).astype('f'), rng.standard_normal(16).astype('f')
    for array in (input, gradOutput):
        array[...] = rng.standard_normal(array.shape)
    given = input, weight, bias, gradOutput, (3, 1, 1), (1, 0, 0), (1, 1, 1)
    output, gradInput, gradWeight, _ = computed(on_numba, *given)
    expect_close(given, DIRECT)
    assert (output == bias[:, None, None, None]).all() and not gradInput.any() and (gradWeight == 1).all()


def test_few_images_and_planes_that_fill_no_vectors_are_taken_row_by_row(went, gains):
    for batch, outputs in ((simd.SUMS // 2 - 1, 2 * simd.LANES), (64, 2 * simd.LANES + 1), (simd.SUMS - 1, simd.LANES)):
        output, weight = maps((batch, outputs, 2, 2)), np.ones((outputs, 3, 2, 2), np.float32)
        input, bias = maps((batch, 3, 3, 3)), np.ones(outputs, np.float32)
        input.fill(1)
        on_numba.Convolution_updateOutput(input, output, weight, bias, (1, 1), (0, 0), (1, 1))
        assert (output == 13).all()
    assert went == [on_numba.direct.convolve] * 3


def test_across_images_where_fewer_products_are_left():
    """Rows of four, of which a product takes eight; of eight; windows that lie half outside."""
    pays = on_numba.convolution._across_pays_for
    assert simd.SUMS < 16 or pays(64, 64, ((4, 4, 1, 1, 0),) * 2, back=False)
    assert not pays(64, 64, ((16, 16, 1, 1, 0),) * 2, back=False)
    assert pays(64, 64, ((16, 16, 15, 1, 7),) * 2, back=False)
    assert pays(64, 64, ((8, 4, 3, 2, 1),) * 2, back=True)
    assert not pays(64, 64, ((64, 32, 3, 2, 1),) * 2, back=True)


@pytest.mark.parametrize('threads', [1, 2, 3, 4])
@pytest.mark.parametrize('kernel', [(3, 3), (5, 2), (3, 3, 3), (2, 3, 2), (3,)], ids=str)
def test_same_threads_give_the_same_bits(kernel, threads):
    nnlite.setnumthreads(threads)
    given = case(threads, kernel, (1,) * len(kernel), least=16, sides=len(kernel))
    first = computed(on_numba, *given)
    nnlite.setnumthreads(5 - threads)
    computed(on_numba, *case(7))  # leaves other things behind in scratch memory
    nnlite.setnumthreads(threads)
    for mine, other in zip(first, computed(on_numba, *given), strict=True):
        np.testing.assert_array_equal(mine, other)


@pytest.mark.parametrize('kernel', [(3, 3), (4, 4)], ids=['winograd', 'direct'])
def test_weights_may_lie_anyhow(kernel):
    """Those of full convolutions have their planes exchanged."""
    input, weight, bias, gradOutput, *geometry = case(3, kernel, (1, 1), least=16)
    exchanged = weight.swapaxes(0, 1).copy().swapaxes(0, 1)[:, :, ::-1]
    plain = computed(on_numba, input, exchanged.copy(), bias, gradOutput, *geometry)
    output, gradInput = np.empty_like(plain[0]), np.empty_like(plain[1])
    output, gradInput = maps(plain[0].shape), maps(plain[1].shape)
    on_numba.Convolution_updateOutput(input, output, exchanged, bias, *geometry)
    on_numba.Convolution_updateGradInput(gradOutput, gradInput, exchanged, *geometry)
    gradWeight = np.ones_like(weight).swapaxes(0, 1).copy().swapaxes(0, 1)
    on_numba.Convolution_accGradParameters(input, gradOutput, gradWeight, None, *geometry, 0.5)
    for mine, other in zip((output, gradInput, gradWeight), plain, strict=False):
        np.testing.assert_array_equal(mine, other)


@pytest.mark.parametrize('kernel', [(3, 3), (4, 4)], ids=['winograd', 'direct'])
def test_maps_in_torchs_order_are_taken(kernel):
    input, weight, bias, gradOutput, *geometry = case(4, kernel, (1, 1), least=16)
    plain = [np.ascontiguousarray(array) for array in (input, gradOutput)]
    for mine, other in zip(
        computed(on_numba, plain[0], weight, bias, plain[1], *geometry),
        computed(on_numba, input, weight, bias, gradOutput, *geometry),
        strict=True,
    ):
        np.testing.assert_array_equal(mine, other)


@pytest.mark.parametrize('dtype', [np.float64, np.float16])
def test_other_numbers_are_numpys(dtype):
    input, weight, bias, gradOutput, *geometry = case(5, least=16)
    given = [array.astype(dtype, order='K') for array in (input, weight, bias, gradOutput)]
    for mine, other in zip(computed(on_numba, *given, *geometry), computed(on_numpy, *given, *geometry), strict=True):
        np.testing.assert_array_equal(mine, other)


@pytest.mark.parametrize('kernel', [(3, 3), (4, 4)], ids=['winograd', 'direct'])
def test_windows_beyond_the_map_are_refused(kernel):
    input, weight, bias, gradOutput, *geometry = case(6, kernel, (1, 1), least=16)
    batch, outputs, height, width = gradOutput.shape
    with pytest.raises(nnlite.ShapeError, match='expected no more windows'):
        on_numba.Convolution_updateOutput(input, maps((batch, outputs, height + 1, width)), weight, bias, *geometry)
    with pytest.raises(nnlite.ShapeError, match='lies channels-last'):
        on_numba.Convolution_updateOutput(input, np.empty(gradOutput.shape, np.float32), weight, bias, *geometry)


@pytest.mark.parametrize('adds', [False, True], ids=['', 'residual'])
@pytest.mark.parametrize('seed', range(12))
def test_twice_is_one_after_the_other(seed, adds):
    nnlite.setnumthreads(1 + seed % 4)
    rng = np.random.default_rng(seed)
    batch, planes, inner, outputs = rng.integers(4, 9), *rng.integers(on_numba.convolution.LEAST, 71, 3)
    height, width = (33, 61) if seed == 0 else rng.integers(4, 20, 2)
    input, residual, between, expected, output = (
        maps((batch, count, height, width)) for count in (planes, outputs, inner, outputs, outputs)
    )
    for array in (input, residual):
        array[...] = rng.standard_normal(array.shape)
    output.fill(np.nan)
    geometry = (1, 1), (1, 1), (1, 1)
    shapes = (inner, planes, 3, 3), (inner,), (outputs, inner, 3, 3)
    weight, bias, weight_2 = (rng.standard_normal(shape).astype(np.float32) for shape in shapes)
    residual = residual if adds else None
    if not on_numba.convolution._winograd_pays(output, weight, (1, 1)):
        pytest.skip('few tiles here are whole, and it is computed directly')
    on_numba.ConvolutionReLU_updateOutput(input, None, between, weight, bias, *geometry)
    on_numba.ConvolutionReLU_updateOutput(between, residual, expected, weight_2, None, *geometry)
    first, second = (weight, bias, *geometry), (weight_2, None, *geometry)
    assert on_numba.ConvolutionReLUTwice_updateOutput(input, residual, output, first, second)
    np.testing.assert_array_equal(output, expected)


def test_twice_of_what_it_is_not_for_is_left_alone():
    weight, geometry = np.ones((16, 16, 3, 3), np.float32), ((1, 1), (1, 1), (1, 1))
    input, output = maps((4, 16, 8, 8)), maps((4, 16, 8, 8))
    output.fill(7)
    wide = (weight, None, (1, 1), (2, 2), (1, 1)), (weight, None, (1, 1), (0, 0), (1, 1))
    double = [(weight.astype(np.float64), None, *geometry)] * 2
    few = [(weight[:4, :4], None, *geometry)] * 2
    for first, second in (wide, double, few):
        assert not on_numba.ConvolutionReLUTwice_updateOutput(input, None, output, first, second)
    assert (output == 7).all()
    with pytest.raises(nnlite.ShapeError, match='expected weights from'):
        on_numba.ConvolutionReLUTwice_updateOutput(
            input, None, output, (weight[:, :8], None, *geometry), (weight, None, *geometry)
        )


FORK = """
import os
import numpy as np
import nnlite
from nnlite import nn
nnlite.setkernels('numba')
net, maps = nn.SpatialConvolution(2, 3, 3, 3).float(), np.ones((2, 2, 6, 6), np.float32)
net.forward(maps)
if os.fork():
    raise SystemExit(os.waitstatus_to_exitcode(os.wait()[1]))
try:
    net.forward(maps)
except nnlite.DeviceError as error:
    assert "start processes by 'spawn'" in str(error)
nnlite.setkernels('numpy')
net.forward(maps)
"""


@pytest.mark.skipif(not hasattr(os, 'fork'), reason='processes are not forked here')
def test_forked_process_computes_or_says_that_it_cannot():
    done = subprocess.run([sys.executable, '-c', FORK], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr


AVX2 = """
import sys
import pytest
from nnlite.kernels.on_numba import simd
assert simd.LANES == 8
tests = 'any_kernel or winograd or small or lane or multiply'
sys.exit(pytest.main(['-q', '-p', 'no:cacheprovider', '-m', 'not slow', '-k', tests, *sys.argv[1:]]))
"""


@pytest.mark.skipif(simd.LANES == 8, reason='all tests have been for AVX2')
def test_avx2_gives_the_same_on_a_cpu_with_more(monkeypatch):
    monkeypatch.setenv('NUMBA_CPU_NAME', 'haswell')
    monkeypatch.setenv('NUMBA_CPU_FEATURES', '+avx,+avx2,+fma')
    tests = sorted(map(str, Path(__file__).parent.glob('test_on_numba_*.py')))
    done = subprocess.run([sys.executable, '-c', AVX2, *tests], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr


def placed(shape, offset):
    """Return channels-last maps that begin so many bytes behind a line of the cache, no numbers yet."""
    size = 4 * math.prod(shape)
    memory = np.empty(size + 128, np.uint8)
    first = -memory.ctypes.data % 64 + offset
    pixels = memory[first : first + size].view(np.float32).reshape(shape[0], *shape[2:], shape[1])
    pixels.fill(np.nan)
    return np.moveaxis(pixels, -1, 1)


@pytest.mark.parametrize('side', [64, 63])
def test_what_is_written_past_the_cache_has_the_same_bits(side):
    """Large results are written past it that begin at one of its lines; others are written as all else is."""
    nnlite.setnumthreads(2)
    rng = np.random.default_rng(side)
    shape, geometry = (8, 32, side, side), ((1, 1), (1, 1), (1, 1))
    assert math.prod(shape) >= 2 * simd.MANY
    input, residual, past, other = maps(shape), maps(shape), placed(shape, 0), placed(shape, 4)
    for array in (input, residual):
        array[...] = rng.standard_normal(shape)
    weight, bias = (rng.standard_normal(size).astype(np.float32) for size in ((32, 32, 3, 3), 32))
    sums = [
        on_numba.ConvolutionMoments_updateOutput(input, output, weight, bias, *geometry).copy()
        for output in (past, other)
    ]  # fmt: skip
    np.testing.assert_array_equal(*sums)
    np.testing.assert_array_equal(past, other)
    exact = np.full(shape, np.nan)
    wide = [array.astype(np.float64, order='K') for array in (input, weight, bias)]
    on_numpy.Convolution_updateOutput(wide[0], exact, *wide[1:], *geometry)
    assert np.linalg.norm(past - exact) <= WINOGRAD * np.linalg.norm(exact)
    for output in (past, other):
        on_numba.ConvolutionReLU_updateOutput(input, residual, output, weight, bias, *geometry)
    np.testing.assert_array_equal(past, other)
