"""CUDA on the host: faults that are planted in kernels are found, kernels without any run, each word means its own."""

import re
from pathlib import Path

import fake_cupy
import host_module
import numpy as np
import pytest
from host_module import ORDERS, HostError, HostKernel, HostModule

from nnlite.kernels.on_cupy import launching

if host_module.why_no_host_cuda():
    pytest.skip(host_module.why_no_host_cuda(), allow_module_level=True)

SOURCE = (Path(__file__).parent / 'faults.cu').read_text()
INSTANCES = {
    'intact_template': ['float', 'double'],
    'unwritten_template': ['float'],
    'tf32_product': ['false', 'true'],
}
ALL = tuple(ORDERS)
LATE, EARLY = ('ascending', 'random'), ('descending', 'random')  # orders in which copies land so
WRONG, BESIDE = 'wrong', 'written beside arrays'

# What is to be said of a fault, and in which orders it shows.
FAULTS = [
    ('no_barrier', WRONG, ALL),
    ('no_second_barrier', WRONG, ALL),
    ('warp_barrier_for_the_block', WRONG, ALL),
    ('barrier_of_the_wrong_threads', WRONG, ALL),
    ('barrier_of_too_many', r'deadlock: 32 threads at __syncthreads, 0 in operations of a warp, 32 ended', ALL),
    (
        'return_before_the_barrier',
        r'63 threads at __syncthreads, 0 in operations of a warp, 1 ended.*__syncthreads',
        ALL,
    ),
    ('two_barriers', r'__syncthreads of line \d+ met by a thread that waits at line \d+', ALL),
    ('shuffle_of_some', r'deadlock: 0 threads at __syncthreads, 8 in operations of a warp, 56 ended', ALL),
    ('shuffle_of_a_part', 'an operation of the lanes 0xff', ALL),
    ('two_shuffles', r"the warp's operation of line \d+ met by a lane at line \d+", ALL),
    ('reads_behind', WRONG, ALL),
    ('reads_before', WRONG, ALL),
    ('writes_behind', BESIDE, ALL),
    ('writes_before', BESIDE, ALL),
    ('leaves_some', WRONG, ALL),
    ('misaligned', 'misaligned address .* at line .*float4', ALL),
    ('misaligned_half', 'misaligned address', ALL),
    ('no_memory', 'illegal address', ALL),
    ('no_pointer', r'illegal address \(nil\)', ALL),
    ('divides_by_zero', 'division of an integer by 0', ALL),
    ('much_local_memory', 'more than 65536 bytes of local memory', ALL),
    ('unwritten', WRONG, ALL),
    ('unwritten_template<float>', WRONG, ALL),
    ('unwritten_dynamic', WRONG, ALL),
    ('array_too_small', r'thread \(63, 0, 0\): index 63 out of bounds', ALL),
    ('writes_before_dynamic', 'written beside the 256 bytes of dynamic shared memory', ALL),
    ('copies_without_a_wait', WRONG, LATE),
    ('copies_waited_for_but_the_last', WRONG, LATE),
    ('copies_over_what_is_read', WRONG, EARLY),
    ('copies_that_nobody_waits_for', 'ended while cp.async was under way', LATE),
    ('copies_misaligned', 'cp.async of 16 bytes, misaligned', ALL),
]


@pytest.fixture(scope='module')
def kernel():
    names = re.findall(r'__global__ void (\w+)\(', SOURCE)
    expressions = [f'{name}<{T}>' for name in names if name in INSTANCES for T in INSTANCES[name]]
    expressions += [name for name in names if name not in INSTANCES]
    code = SOURCE.replace('#include "cuda_common.h"\n', launching.flattened('cuda_common.h'))
    return HostModule(code, ('-std=c++17',), expressions).get_function


@pytest.fixture(autouse=True)
def _orders_as_before():
    before = HostKernel.order, HostKernel.seed
    yield
    HostKernel.order, HostKernel.seed = before


@pytest.fixture(params=ORDERS)
def order(request):
    HostKernel.order = request.param
    return request.param


def reverse(function, dtype='float32', shared=256):
    """Run a kernel that is to reverse 64 numbers; return what went wrong, if anything did."""
    numbers = np.arange(1, 65).astype(dtype)
    x, y = fake_cupy.asarray(numbers), fake_cupy.empty(64, dtype)
    try:
        function((1,), (64,), (x, y), shared_mem=shared)
        fake_cupy.check()
    except HostError as error:
        return str(error)
    return None if np.array_equal(y.get(), numbers[::-1]) else WRONG


@pytest.mark.parametrize(
    'name',
    ['intact', 'intact_template<float>', 'intact_dynamic', 'intact_copies', 'intact_rounds', 'intact_warp'],
)
def test_a_kernel_without_faults_runs(kernel, name, order):
    for seed in range(5):
        HostKernel.seed = seed
        assert reverse(kernel(name)) is None


def test_shared_memory_of_a_template_is_of_each_instance(kernel, order):
    assert reverse(kernel('intact_template<double>'), 'float64') is None


@pytest.mark.parametrize(('name', 'message', 'orders'), FAULTS, ids=[fault[0] for fault in FAULTS])
def test_a_fault_is_found(kernel, name, message, orders, order):
    said = []
    for seed in range(10 if order == 'random' else 1):
        HostKernel.seed = seed + 1
        said.append(reverse(kernel(name)))
    if order in orders:
        found = [text for text in said if text]
        assert found
        assert all(re.search(message, text) for text in found), found[0]
    else:
        assert said == [None]


@pytest.mark.parametrize(('bytes_', 'message'), [(240, 'illegal address'), (252, 'written beside the 252 bytes')])
def test_too_little_dynamic_shared_memory_is_found(kernel, order, bytes_, message):
    assert message in reverse(kernel('intact_dynamic'), shared=bytes_)


def test_much_shared_memory_is_asked_for(kernel):
    function = kernel('intact_dynamic')
    assert 'without asking' in reverse(function, shared=100 << 10)
    function.max_dynamic_shared_size_bytes = 100 << 10
    assert reverse(function, shared=100 << 10) is None
    function.max_dynamic_shared_size_bytes = 300 << 10
    assert '227 KB' in reverse(function, shared=300 << 10)


def test_a_fault_does_not_spoil_the_next_launch(kernel, order):
    for name in ('return_before_the_barrier', 'no_memory', 'much_local_memory'):
        assert reverse(kernel(name))
        assert reverse(kernel('intact')) is None


@pytest.mark.parametrize(
    ('grid', 'block', 'message'),
    [
        ((1,), (1025,), '1 to 1024 threads'),
        ((1,), (1, 1, 65), '64 along z'),
        ((1, 65536), (32,), 'up to 65535 blocks'),
        ((1, 1, 65536), (32,), 'up to 65535 blocks'),
    ],
)
def test_sizes_that_no_launch_has(kernel, grid, block, message):
    x = fake_cupy.zeros(64, 'float32')
    with pytest.raises(HostError, match=message):
        kernel('intact')(grid, block, (x, x))


def test_each_thread_of_each_block_runs_once(kernel, order):
    grid, block = (3, 2, 5), (7, 3, 2)
    y = fake_cupy.zeros((30, 42), 'int32')
    kernel('places')(grid, block, (y,))
    np.testing.assert_array_equal(y.get(), 1 + np.arange(42) + 1000 * np.arange(30)[:, None])


def test_arguments_have_exactly_the_types_of_the_kernel(kernel):
    y = fake_cupy.zeros((), 'int32')
    kernel('takes')((1,), (1,), (np.int32(1), np.int64(2), np.float64(3), None, y))
    assert y.item() == 7
    kernel('takes')((1,), (1,), (np.int32(1), 2, 3.0, None, y))  # Python's are 64 bits wide, as CuPy passes them
    with pytest.raises(HostError, match='argument 0 has 8 bytes, the kernel takes 4'):
        kernel('takes')((1,), (1,), (1, 2, 3.0, None, y))
    with pytest.raises(HostError, match='argument 2 has 4 bytes, the kernel takes 8'):
        kernel('takes')((1,), (1,), (np.int32(1), 2, np.float32(3), None, y))
    with pytest.raises(HostError, match='4 arguments, the kernel takes 5'):
        kernel('takes')((1,), (1,), (np.int32(1), 2, 3.0, None))
    with pytest.raises(TypeError, match='takes cupy'):
        kernel('takes')((1,), (1,), (np.int32(1), 2, 3.0, np.zeros(3), y))


def test_all_half_precision_numbers_become_single(kernel):
    halves = np.arange(65536, dtype='uint16').view('float16')
    y = fake_cupy.empty(65536, 'float32')
    kernel('half_to_float')((256,), (256,), (fake_cupy.asarray(halves), y, np.int32(65536)))
    np.testing.assert_array_equal(y.get().view('uint32'), halves.astype('float32').view('uint32'))


def test_single_numbers_are_rounded_to_half_precision(kernel):
    rng = np.random.default_rng(0)
    every = np.arange(65536, dtype='uint16').view('float16').astype('float32')
    bits = rng.integers(0, 2**32, 200_000, dtype='uint64').astype('uint32').view('float32')
    near = rng.uniform(-1, 1, 200_000) * 2.0 ** rng.integers(-28, 18, 200_000)
    with np.errstate(all='ignore'):
        between = (every[:-1] + every[1:]) / 2  # ties
        numbers = np.concatenate(
            [every, between, np.nextafter(between, np.float32(0)), np.nextafter(between, np.float32('inf')), bits, near]
        ).astype('float32')
        expected = numbers.astype('float16')
    y = fake_cupy.empty(numbers.size, 'float16')
    kernel('float_to_half')((-(-numbers.size // 256),), (256,), (fake_cupy.asarray(numbers), y, np.int32(numbers.size)))
    found, is_number = y.get(), ~np.isnan(numbers)
    np.testing.assert_array_equal(found.view('uint16')[is_number], expected.view('uint16')[is_number])
    assert np.isnan(found[~is_number]).all()


def test_the_larger_and_smaller_of_a_number_and_nan_is_the_number(kernel):
    x, y = np.float32([1, np.nan, 1, np.nan, -0.5, np.inf]), np.float32([2, 1, np.nan, np.nan, -2, -np.inf])
    results = [fake_cupy.empty(6, 'float32') for _ in range(2)]
    kernel('extremes')((1,), (6,), (fake_cupy.asarray(x), fake_cupy.asarray(y), *results))
    np.testing.assert_array_equal(results[0].get(), np.fmax(x, y))
    np.testing.assert_array_equal(results[1].get(), np.fmin(x, y))


@pytest.mark.parametrize('distance', [0, 1, 5, 16, 31])
def test_operations_of_a_warp(kernel, order, distance):
    lanes = np.arange(32)
    x = np.random.default_rng(distance).integers(0, 100, 32).astype('int32')
    y = fake_cupy.empty((7, 32), 'int32')
    kernel('warp_operations')((1,), (32,), (fake_cupy.asarray(x), y, np.int32(distance)))
    expected = [
        np.full(32, x[distance]),
        x[lanes ^ distance],
        np.where(lanes + distance < 32, x[(lanes + distance) % 32], x),
        np.where(lanes - distance >= 0, x[lanes - distance], x),
        np.full(32, np.sum((x % 3 == 0) << lanes)).astype('uint32').astype('int32'),
        np.full(32, np.any(x == 5)),
        np.ones(32),
    ]
    np.testing.assert_array_equal(y.get(), expected)


def seen_by_a_tensor_core(x):
    """Return float32 rounded to 10 bits of mantissa, ties away from zero."""
    return ((x.view('uint32') + np.uint32(0x1000)) & np.uint32(0xFFFFE000)).view('float32')


@pytest.mark.parametrize('by_shuffles', ['false', 'true'])
def test_a_product_of_tf32(kernel, order, by_shuffles):
    rng = np.random.default_rng(0)
    a, b, c = (rng.standard_normal(shape).astype('float32') for shape in ((16, 8), (8, 8), (16, 8)))
    ours = fake_cupy.asarray(c)
    kernel(f'tf32_product<{by_shuffles}>')((1,), (32,), (fake_cupy.asarray(a), fake_cupy.asarray(b), ours))
    if by_shuffles == 'false':  # in plain single precision the added half is only noise
        a, b = seen_by_a_tensor_core(a), seen_by_a_tensor_core(b)
    close = 1e-5 if by_shuffles == 'false' else 1e-2
    np.testing.assert_allclose(ours.get(), c + a.astype('float64') @ b, rtol=close, atol=close)


def test_a_product_of_half_precision(kernel, order):
    rng = np.random.default_rng(0)
    a, b = (rng.standard_normal(shape).astype('float16') for shape in ((16, 16), (16, 8)))
    c = rng.standard_normal((16, 8)).astype('float32')
    ours = fake_cupy.asarray(c)
    kernel('half_product')((1,), (32,), (fake_cupy.asarray(a), fake_cupy.asarray(b), ours))
    np.testing.assert_allclose(ours.get(), c + a.astype('float64') @ b, rtol=1e-5, atol=1e-5)


def test_matrices_are_loaded_straight_and_transposed(kernel, order):
    x = np.random.default_rng(0).integers(0, 65536, (4, 8, 8)).astype('uint16')
    results = [fake_cupy.empty((32, 4), 'uint32') for _ in range(2)]
    kernel('matrices')((1,), (32,), (fake_cupy.asarray(x), *results))
    for result, matrices in zip(results, (x, x.transpose(0, 2, 1)), strict=True):
        # register i of lane l: of matrix i row l / 4, the two numbers from column 2 (l % 4)
        expected = np.ascontiguousarray(matrices).view('uint32').reshape(4, 32).T
        np.testing.assert_array_equal(result.get(), expected)


def test_what_does_not_compile_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setattr(host_module, 'BUILD', tmp_path)
    with pytest.raises(HostError, match='nonsense'):
        HostModule('__global__ void f(nonsense x) {}', ('-std=c++17',), ['f'])
    assert not list(tmp_path.glob('*')) or all(path.suffix == '.so' for path in tmp_path.glob('*'))


def test_a_name_that_was_not_compiled(kernel):
    with pytest.raises(HostError, match='expected one of'):
        kernel('nothing')
