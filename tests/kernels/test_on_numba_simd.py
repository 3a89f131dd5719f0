"""Vectors and the product that all compiled kernels are made of; on which machines they are refused."""

import subprocess
import sys

import numpy as np
import pytest

import nnlite

pytest.importorskip('numba')
simd = pytest.importorskip('nnlite.kernels.on_numba.simd', exc_type=nnlite.DeviceError)
compiling = pytest.importorskip('nnlite.kernels.on_numba.compiling')
memory = pytest.importorskip('nnlite.kernels.on_numba.memory')

LANES, multiply, pointer = simd.LANES, simd.multiply, simd.pointer
load, load_first, store, store_first = simd.load, simd.load_first, simd.store, simd.store_first
fma, maximum, where_positive, rectified, splat, room, loads, stores = (
    getattr(simd, name)
    for name in ('fma', 'maximum', 'where_positive', 'rectified', 'splat', 'room', 'loads', 'stores')
)


@compiling.compiled
def product(vectors, a, b, start, start_row, c, runs, steps):
    breadth = vectors * LANES
    multiply(
        vectors, pointer(a), runs * steps, 1, steps, pointer(b), breadth, runs, steps, pointer(start), start_row,
        pointer(c), breadth,
    )  # fmt: skip


@pytest.mark.parametrize('vectors', [1, 2])
@pytest.mark.parametrize(('runs', 'steps'), [(1, 1), (1, 40), (3, 7), (2, 0), (0, 5)])
@pytest.mark.parametrize('bias', [True, False], ids=['one row added', 'all rows added'])
def test_multiply_is_a_matrix_product(vectors, runs, steps, bias):
    rng = np.random.default_rng([vectors, runs, steps])
    rows, breadth = simd.SUMS // vectors, vectors * LANES
    a, b, start = (
        rng.standard_normal(shape).astype(np.float32)
        for shape in ((rows, runs * steps), (runs * steps, breadth), (1 if bias else rows, breadth))
    )
    c = np.full((rows, breadth), np.nan, np.float32)
    product(vectors, a, b, start, 0 if bias else breadth, c, runs, steps)
    np.testing.assert_allclose(c, start + a.astype(np.float64) @ b, rtol=1e-5, atol=1e-5)


@compiling.compiled
def copy_first(source, target, count):
    store_first(pointer(target), load_first(pointer(source), count), LANES)


@compiling.compiled
def write_first(source, target, count):
    store_first(pointer(target), load(pointer(source)), count)


@pytest.mark.parametrize('count', [-3, 0, 1, LANES - 1, LANES, LANES + 5])
def test_only_the_first_lanes_are_read_or_written(count):
    source, there = np.arange(1, LANES + 1, dtype=np.float32), np.arange(LANES) < count
    read, written = np.full(LANES, -1, np.float32), np.full(LANES, -1, np.float32)
    copy_first(source, read, count)
    write_first(source, written, count)
    np.testing.assert_array_equal(read, np.where(there, source, 0))
    np.testing.assert_array_equal(written, np.where(there, source, -1))


@compiling.compiled
def every_operation(x, y, results):
    a, b, out = load(pointer(x)), load(pointer(y)), pointer(results)
    between = room(2)
    stores(between, LANES, (a + b, a - b))
    total, difference = loads(2, between, LANES)
    stores(out, LANES, (total, difference, a * b, fma(a, b, a), fma(2.5, a, b), maximum(a, b), where_positive(a, b)))
    stores(out + 7 * LANES, LANES, (splat(x[1]), rectified(a)))


def test_operations_are_lane_by_lane():
    rng = np.random.default_rng(1)
    x, y = rng.standard_normal((2, LANES)).astype(np.float32)
    x[-1] = np.nan
    results = np.empty((9, LANES), np.float32)
    every_operation(x, y, results)
    expected = [x + y, x - y, x * y, x * y + x, 2.5 * x + y, np.fmax(x, y), np.where(x > 0, y, 0), [x[1]] * LANES]
    expected.append(np.maximum(x, 0))
    np.testing.assert_allclose(results, expected, rtol=1e-6, atol=1e-6)


def refusal(before, **environment):
    """Return what choosing these kernels says in a process of its own that runs some code before."""
    code = f'{before}\nimport nnlite\ntry: nnlite.setkernels("numba")\nexcept nnlite.DeviceError as error: print(error)'
    done = subprocess.run(
        [sys.executable, '-c', code], env={'PATH': '', **environment}, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_without_numba_they_are_refused():
    said = refusal('import sys; sys.modules["numba"] = None')
    assert 'need numba, which is not installed' in said and "pip install 'nnlite[fast]'" in said


def test_without_wide_vectors_they_are_refused():
    said = refusal('', NUMBA_CPU_NAME='nehalem', NUMBA_CPU_FEATURES='+sse4.2')
    assert 'need a CPU with AVX2 or AVX-512' in said and "setkernels('numpy')" in said


def test_folder_that_cannot_be_written_to_is_no_error(tmp_path, monkeypatch):
    monkeypatch.setattr(compiling._CompiledCode, '_locator_classes', [])
    assert compiling.compiled(lambda number: number + 1)(2) == 3


@compiling.compiled
def write_past(target, values, step):
    if simd.can_store_past(pointer(target), step, simd.MANY):
        simd.stores_past(pointer(target), step, loads(2, pointer(values), LANES))
        simd.store_past(pointer(target) + 2 * step, load(pointer(values)))
        simd.finish_stores()
        return True
    return False


@compiling.compiled
def can_store_past(target, step, count):
    return simd.can_store_past(pointer(target), step, count)


def test_vectors_are_written_past_the_cache():
    target, values = memory.aligned('target', 6 * LANES), np.arange(2 * LANES, dtype=np.float32)
    target.fill(-1)
    assert write_past(target, values, 2 * LANES)
    nothing = np.full(LANES, -1)
    first, second = values.reshape(2, LANES)
    np.testing.assert_array_equal(target.reshape(6, LANES), [first, nothing, second, nothing, first, nothing])


def test_only_many_whole_vectors_are_written_past_the_cache():
    target = memory.aligned('target', 4 * LANES)
    assert can_store_past(target, LANES, simd.MANY)
    assert not can_store_past(target, LANES, simd.MANY - 1)
    assert not can_store_past(target, LANES + 1, simd.MANY)
    assert not can_store_past(target[1:], LANES, simd.MANY)
