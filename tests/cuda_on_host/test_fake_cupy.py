"""NumPy in CuPy's place is as strict as CuPy; where CuPy is installed, its own names and parameters are compared."""

import copy
import inspect
import pickle
import re

import cupy_names
import fake_cupy as cupy
import host_module
import numpy as np
import pytest
from host_module import HostError, HostKernel

if host_module.why_no_host_cuda():
    pytest.skip(host_module.why_no_host_cuda(), allow_module_level=True)

HOST = np.arange(6, dtype='float32').reshape(2, 3)


@pytest.fixture
def array():
    return cupy.asarray(HOST)


@pytest.fixture
def adds():
    code = '__global__ void adds(const float* x, float* y) { y[threadIdx.x] += x[threadIdx.x]; }'
    return cupy.RawModule(code=code, options=('-std=c++17',), name_expressions=['adds']).get_function('adds')


# arrays of the host


@pytest.mark.parametrize(
    'mix',
    [
        lambda array: array + HOST,
        lambda array: HOST + array,
        lambda array: np.add(array, HOST),
        lambda array: np.add(array, np.array(1.0)),
        lambda array: np.add(array, [1.0, 2.0, 3.0]),
        lambda array: np.add(HOST, HOST, out=array),
        lambda array: np.matmul(array, HOST.T),
        lambda array: np.concatenate([array, HOST]),
        lambda array: np.where(HOST > 1, array, array),
        lambda array: np.take(array, np.array([0])),
        lambda array: array.take(np.array([0])),
        lambda array: np.copyto(array, HOST),
        lambda array: np.sum(HOST, out=array),
        lambda array: cupy.sum(HOST),
        lambda array: array[np.array([0, 1])],
        lambda array: array[HOST > 1],
        lambda array: array[0, np.array([0, 1])],
        lambda array: array.__setitem__(np.array([0]), 1),
        lambda array: np.asarray(array),
        lambda array: np.array([array, array]),
        lambda array: np.zeros((2, 3)).__setitem__(..., array),
        lambda array: np.zeros((2, 3)).__iadd__(array),
    ],
)
def test_arrays_of_host_and_gpu_do_not_mix(array, mix):
    with pytest.raises(
        TypeError, match=r'Unsupported type|Implicit conversion|no implementation|__array_ufunc__|must be'
    ):
        mix(array)


def test_what_is_set_is_a_number_or_on_the_gpu(array):
    for value in (HOST, [1, 2, 3]):
        with pytest.raises(ValueError, match='non-scalar'):
            array[...] = value
    array[0] = array[1]
    array[1, 0] = 9
    array[1, 1] = np.array(8)
    array[1, 2] = np.float64(7)
    np.testing.assert_array_equal(array.get(), [[3, 4, 5], [9, 8, 7]])
    np.copyto(array, np.float32(2))
    np.copyto(array, np.ones((1, 1)))
    assert (array == 1).all()


def test_a_set_array_lies_in_one_piece(array):
    array.set(HOST + 1)
    np.testing.assert_array_equal(array.get(), HOST + 1)
    with pytest.raises(TypeError, match='cannot be set'):
        array.set(HOST.astype('float64'))
    with pytest.raises(ValueError, match='mismatch'):
        array.set(HOST.T)
    with pytest.raises(RuntimeError, match='non-contiguous'):
        array[:, ::2].set(HOST[:, ::2])


# parameters and names


@pytest.mark.parametrize(
    'call',
    [
        lambda array: np.add(array, 1, where=array > 1),
        lambda array: np.exp(array, order='F'),
        lambda array: np.sum(array, where=array > 1),
        lambda array: np.sum(array, initial=1),
        lambda array: array.sum(initial=1),
        lambda array: np.max(array, initial=1),
        lambda array: array.max(where=array > 1),
        lambda array: np.take(array, cupy.asarray([0]), mode='clip'),
        lambda array: np.count_nonzero(array, keepdims=True),
        lambda array: np.clip(array, min=0, max=1),
        lambda array: np.einsum('ij->i', array, out=cupy.zeros(2, 'float32')),
        lambda array: array.item(0),
        lambda array: array.astype('float64', casting='unsafe'),
        lambda array: np.var(array, mean=array),
    ],
)
def test_parameters_that_cupy_does_not_have(array, call):
    with pytest.raises(TypeError):
        call(array)


def test_what_cupy_does_not_have(array):
    for name in ('nosuch', 'apply_over', 'datetime64', 'errstate', 'seterr', 'ma', 'in1d_', 'block'):
        with pytest.raises(AttributeError, match='has no attribute'):
            getattr(cupy, name)
    for name in ('itemset', 'newbyteorder', 'ctypes', 'setflags', 'getfield', '__array_interface__', 'nosuch'):
        with pytest.raises(AttributeError, match='has no attribute'):
            getattr(array, name)
    with pytest.raises(AttributeError):
        array.flags.writeable  # noqa: B018
    with pytest.raises(TypeError, match='no implementation found'):
        np.block([array, array])
    with pytest.raises(TypeError):
        np.spacing(array)
    with pytest.raises(ValueError, match='Unsupported dtype'):
        cupy.array(['text'])


def test_ufuncs_that_reduce(array):
    np.testing.assert_array_equal(np.add.reduce(array, axis=1).get(), HOST.sum(1))
    np.testing.assert_array_equal(np.multiply.accumulate(array, axis=1).get(), HOST.cumprod(1))
    with pytest.raises(NotImplementedError, match='is not supported yet'):
        np.maximum.reduce(array)
    with pytest.raises(TypeError):
        np.add.reduce(array, where=array > 1)
    with pytest.raises(HostError, match='atomics'):
        np.add.at(array, cupy.asarray([0]), 1)
    with pytest.raises(ValueError, match='exactly one'):
        np.modf(array, out=(cupy.empty_like(array), cupy.empty_like(array)))


# results


def test_what_reduces_to_a_number_stays_an_array(array):
    for number in (array.sum(), np.sum(array), array.max(), np.dot(array[0], array[1]), array[0, 1]):
        assert isinstance(number, cupy.ndarray)
        assert number.shape == ()
    for number in (np.count_nonzero(array), np.allclose(array, array), np.array_equal(array, array), np.any(array)):
        assert isinstance(number, cupy.ndarray)
    assert np.ndim(array) == 2
    assert float(array.max()) == 5.0


def test_results_are_written_into_out(array):
    out = cupy.empty((2, 2), 'float32')
    assert np.matmul(array, array.T, out=out) is out
    np.testing.assert_array_equal(out.get(), HOST @ HOST.T)
    assert np.matmul(array, array.T, out=out.T) is not out  # a view, not in one piece
    assert np.add(out, 1, out) is out
    total = cupy.empty(3, 'float32')
    assert np.sum(array, 0, None, total) is total
    np.testing.assert_array_equal(total.get(), HOST.sum(0))
    before = out
    out += 1
    assert out is before
    with pytest.raises(TypeError, match='cast'):
        np.add(array, 0.5, out=cupy.empty((2, 3), 'int32'))
    np.add(array, 0.5, out=cupy.empty((2, 3), 'int32'), casting='unsafe')
    np.add(array, array, out=cupy.empty((2, 3), 'float16'))  # of the same kind
    with pytest.raises(ValueError, match='C-contiguous'):
        np.dot(array, array.T, out=cupy.empty((2, 2), 'float32', order='F'))
    with pytest.raises(ValueError, match='dtype'):
        np.dot(array, array.T, out=cupy.empty((2, 2), 'float64'))


def test_copyto_of_some(array):
    np.copyto(array, 0, where=array > 2)
    np.copyto(array, array + 1, where=array == 1)
    np.testing.assert_array_equal(array.get(), [[0, 2, 2], [0, 0, 0]])
    with pytest.raises(TypeError, match='annot cast'):
        np.copyto(cupy.zeros((2, 3), 'int32'), array)


def test_results_lie_as_those_of_cupy():
    maps = cupy.zeros((2, 4, 5, 3)).transpose(0, 3, 1, 2)
    assert (maps + 1).flags.c_contiguous  # NumPy's lie as their operands
    assert np.maximum(maps, 0).flags.c_contiguous
    assert maps.copy().flags.c_contiguous
    assert copy.deepcopy(maps).flags.c_contiguous
    for like in (np.empty_like(maps), np.zeros_like(maps), maps.astype('float32'), maps.copy('K'), np.copy(maps)):
        assert np.argsort([-step for step in like.strides]).tolist() == [0, 2, 3, 1]
    assert maps.astype('float64', copy=False) is maps
    assert maps.astype('float64') is not maps
    assert maps.astype('float64', order='C', copy=False).flags.c_contiguous


def test_arrays_come_to_the_host_in_an_order(array):
    for order, fortran in (('C', False), ('F', True), ('A', True)):
        assert array.T.get(order=order).flags.fnc == fortran
        assert cupy.asnumpy(array.T, order=order).flags.fnc == fortran
    with pytest.raises(ValueError, match='unsupported order'):
        array[:, ::2].get(order='K')
    out = np.empty((2, 3), 'float32')
    assert array.get(out=out) is out
    np.testing.assert_array_equal(out, HOST)
    with pytest.raises(TypeError):
        array.get(out=np.empty((2, 3)))
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(array)).get(), HOST)


def test_views_have_the_base_of_all(array):
    part = array[1:]
    assert array.base is None
    assert part.base is array
    assert part.T.reshape(-1)[1:].base is array
    assert part.view('int32').base is array
    assert array.reshape(3, 2).base is array
    assert array.ravel().base is array
    assert array.flatten().base is None
    assert array.T.ravel().base is None
    assert array[cupy.asarray([0])].base is None
    assert array.real is array
    assert part.data.ptr == array.data.ptr + 12
    assert part.data.mem is array.data.mem
    again = cupy.ndarray((3,), 'float32', part.data)
    assert again.base is None
    again[...] = 7
    np.testing.assert_array_equal(array.get()[1], [7, 7, 7])


def test_memory_is_said_in_pieces_of_512_bytes_and_begins_as_nan():
    pool = cupy.cuda.MemoryPool()
    with cupy.cuda.using_allocator(pool.malloc):
        array = cupy.empty(129, 'float32')
    assert np.isnan(array.get()).all()
    assert pool.used_bytes() == array.data.mem.size == 1024
    assert array.data.ptr % 512 == 0
    del array
    assert pool.used_bytes() == 0
    assert pool.total_bytes() == 1024
    pool.free_all_blocks()
    assert pool.total_bytes() == 0
    pool.set_limit(1000)
    with cupy.cuda.using_allocator(pool.malloc), pytest.raises(cupy.cuda.memory.OutOfMemoryError, match='allocating'):
        cupy.empty(1001, 'uint8')


def test_what_is_written_beside_an_array_is_noticed(adds):
    x = cupy.zeros(16, 'float32')
    for y in (cupy.zeros(15, 'float32'), cupy.zeros(0, 'float32')):
        adds((1,), (16,), (x, y))
        with pytest.raises(HostError, match='written beside'):
            cupy.check()
        cupy.check()
        adds((1,), (16,), (x, y))
        del y
        with pytest.raises(HostError, match='written beside'):
            cupy.check()


# streams


def test_a_graph_does_again_what_was_captured(adds):
    x, y, z = cupy.ones(4, 'float32'), cupy.zeros(4, 'float32'), cupy.empty(4, 'float32')
    with cupy.cuda.Stream(non_blocking=True) as stream:
        assert cupy.cuda.get_current_stream() is stream
        stream.begin_capture()
        adds((1,), (4,), (x, y))
        np.multiply(y, 2, out=z)
        z += 1
        z[0] = 100
        total = z.sum()  # in memory of its own
        head = z[:2].reshape(2, 1)
        np.copyto(head[1:], y[:1])
        graph = stream.end_capture()
        assert y.get().tolist() == [0] * 4  # nothing was done
        for times in (1, 2, 3):
            graph.launch()
            assert y.get().tolist() == [times] * 4
            assert z.get().tolist() == [100, times, 2 * times + 1, 2 * times + 1]
            assert float(total) == 100 + 3 * (2 * times + 1)
    assert cupy.cuda.get_current_stream() is cupy.cuda.Stream.null


@pytest.mark.parametrize(
    'wait',
    [
        lambda array: array.get(),
        lambda array: array.item(),
        lambda array: float(array[0]),
        lambda array: bool(array > 0),
        lambda array: array[array > 0],
        lambda array: np.flatnonzero(array),
        lambda array: cupy.asarray(HOST),
        lambda array: array.set(np.zeros(1, 'float32')),
        lambda array: cupy.cuda.get_current_stream().synchronize(),
        lambda array: cupy.cuda.Device().synchronize(),
    ],
)
def test_nothing_is_waited_for_in_a_capture(wait):
    array = cupy.ones(1, 'float32')
    with cupy.cuda.Stream() as stream:
        stream.begin_capture()
        with pytest.raises(cupy.cuda.runtime.CUDARuntimeError, match='Capture'):
            wait(array)
        with pytest.raises(cupy.cuda.runtime.CUDARuntimeError, match='Invalidated'):
            stream.end_capture()
        assert not stream.is_capturing()
        wait(array)


def test_the_first_stream_cannot_be_captured():
    with pytest.raises(RuntimeError, match='default'):
        cupy.cuda.get_current_stream().begin_capture()


def test_kernels_take_their_turns_in_an_order(adds):
    assert HostKernel.order == 'ascending'
    adds((1,), (4,), (cupy.ones(4, 'float32'), y := cupy.ones(4, 'float32')))
    assert y.get().tolist() == [2] * 4
    with pytest.raises(HostError, match='the kernel takes 2'):
        adds((1,), (4,), (y,))


# CuPy itself


def _parameters(function):
    try:
        found = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # compiled, but its first line says it
        listed = re.search(r'\((.*?)\)( ->|$)', (function.__doc__ or '').split('\n')[0])
        words = [part.split('=')[0].split() for part in listed[1].split(',')] if listed else []
        return tuple(word[-1] for word in words if word and word[-1] not in ('self', '*'))
    stars = {inspect.Parameter.VAR_POSITIONAL: '*', inspect.Parameter.VAR_KEYWORD: '**'}
    return tuple(stars.get(each.kind, '') + each.name for each in found if each.name != 'self')


def test_the_tables_are_those_of_cupy():
    real = pytest.importorskip('cupy')
    if not real.__version__.startswith('14.2.'):
        pytest.skip(f'the tables are those of CuPy 14.2, this is {real.__version__}')
    known = set(dir(real))
    assert not {name for name in cupy_names.UFUNCS | cupy_names.SAME | cupy_names.FUNCTIONS.keys() if name not in known}
    for table, place in (
        (cupy_names.FUNCTIONS, real),
        (cupy_names.LINALG, real.linalg),
        (cupy_names.METHODS, real.ndarray),
    ):
        for name, parameters in table.items():
            if name not in ('einsum', 'from_dlpack', 'mdspan'):
                assert (name, _parameters(getattr(place, name))) == (name, parameters)
    public = {name for name in dir(real.ndarray) if not name.startswith('_')}
    assert public == cupy_names.ATTRIBUTES | cupy_names.METHODS.keys()
