"""Torch's type names, dimensions that count from 1, and what is an array."""

import numpy as np
import pytest

import nnlite
from nnlite.tensor.devices import array_module, is_array
from nnlite.tensor.dimensions import axis_of, narrow
from nnlite.tensor.types import DTYPES, FLOATING, ON_GPU, dtype_of, host_type, on_gpu_type, type_of


def test_names_and_dtypes_go_both_ways():
    assert len(DTYPES) == 8, 'Torch has eight tensor types on the host'
    for name, dtype in DTYPES.items():
        assert type_of(np.empty(0, dtype_of(name))) == name and dtype_of(name) == dtype


def test_types_on_a_gpu_have_twins_on_the_host():
    for name, twin in ON_GPU.items():
        assert dtype_of(name) == dtype_of(twin) and host_type(name) == twin and on_gpu_type(twin) == name
    with pytest.raises(nnlite.DtypeError, match='expected a type that a GPU has too'):
        on_gpu_type('torch.LongTensor')


@pytest.mark.parametrize('name', ['torch.CudaLongTensor', 'float32', '', None, 3])
def test_unknown_name_is_refused(name):
    with pytest.raises(nnlite.DtypeError, match=r'expected a tensor type such as torch\.FloatTensor, got'):
        dtype_of(name)


@pytest.mark.parametrize('dtype', [np.complex64, bool, np.uint32, 'U3', object])
def test_dtype_that_torch_has_no_tensor_of(dtype):
    with pytest.raises(nnlite.DtypeError, match='expected one of uint8'):
        type_of(np.empty(2, dtype))


def test_default_type_is_float_and_only_floating_types_can_be():
    assert nnlite.getdefaulttensortype() == 'torch.FloatTensor'
    for name in set(DTYPES) - set(FLOATING):
        with pytest.raises(nnlite.DtypeError, match=r'expected one of torch\.HalfTensor'):
            nnlite.setdefaulttensortype(name)
    assert nnlite.getdefaulttensortype() == 'torch.FloatTensor'


def test_dimensions_count_from_1():
    assert [axis_of(dimension, 3) for dimension in (1, 2, 3, -1, -3)] == [0, 1, 2, 2, 0]
    for dimension in (0, 4, -4):
        with pytest.raises(nnlite.ShapeError, match=f'from 1 to 3, got {dimension}') as caught:
            axis_of(dimension, 3)
        assert (caught.value.hint is not None) == (dimension == 0)


def test_narrow_is_a_view():
    a = np.arange(24).reshape(2, 3, 4)
    np.testing.assert_array_equal(narrow(a, 1, slice(1, 3)), a[:, 1:3])
    assert np.shares_memory(narrow(a, 2, slice(1)), a)


def test_what_is_an_array():
    assert is_array(np.zeros(2)) and not is_array([1.0]) and not is_array(np.float32(1)) and not is_array(None)
    assert array_module(np.zeros(2)) is np
