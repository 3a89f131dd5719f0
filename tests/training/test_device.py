"""The device that is asked for, and what is said where it is not there."""

import sys

import pytest

from nnlite import nn
from nnlite.errors import DeviceError, Error
from nnlite.tensor import devices
from nnlite.training.device import choose, device_of, gpu_facts, type_on
from nnlite.training.environment import environment
from nnlite.training.progress import header


@pytest.fixture
def anew(monkeypatch):
    """Look for a GPU anew, in the test and after it."""
    devices._found.cache_clear()
    yield monkeypatch
    monkeypatch.undo()
    devices._found.cache_clear()


def test_auto_is_a_gpu_where_one_is(cupy):
    assert choose('auto') == choose('cuda') == choose('cuda:0') == 'cuda:0'
    assert choose('cpu') == 'cpu'


def test_without_cupy_it_says_what_to_install(anew):
    anew.setitem(sys.modules, 'cupy', None)
    assert choose('auto') == 'cpu'
    with pytest.raises(DeviceError) as caught:
        choose('cuda')
    assert 'CuPy is not installed' in str(caught.value) and "pip install 'nnlite[cuda13]'" in str(caught.value)


def test_without_a_driver_it_says_so(cupy, anew):
    def nothing():
        raise cupy.cuda.runtime.CUDARuntimeError('cudaErrorNoDevice: no CUDA-capable device is detected')

    if devices.is_on_gpu(cupy.zeros(1)) and not hasattr(cupy, 'check'):
        pytest.skip('there is a driver')
    anew.setattr(cupy.cuda.runtime, 'getDeviceCount', nothing)
    devices._found.cache_clear()
    assert choose('auto') == 'cpu'
    with pytest.raises(DeviceError, match='no driver that it can use') as caught:
        choose('cuda')
    assert '--device cpu' in caught.value.hint


def test_a_number_beyond_the_last_is_named(cupy):
    count = cupy.cuda.runtime.getDeviceCount()
    with pytest.raises(DeviceError, match=f'expected a GPU of the number {count}, got none') as caught:
        choose(f'cuda:{count}')
    assert 'cuda:0' in caught.value.hint


def test_a_gpu_without_memory_is_named(cupy, monkeypatch):
    def full(self):
        raise cupy.cuda.runtime.CUDARuntimeError('cudaErrorMemoryAllocation: out of memory')

    if not hasattr(cupy, 'check'):
        pytest.skip('there is a GPU, which has memory')
    monkeypatch.setattr(cupy.cuda.Device, 'use', full)
    with pytest.raises(DeviceError, match='cuda:0 cannot be used: cudaErrorMemoryAllocation'):
        choose('auto')


@pytest.mark.parametrize('name', ['gpu', 'cuda:', 'cuda:-1', 'cuda:x', 'CPU', ''])
def test_names_that_are_none_are_refused(name):
    with pytest.raises(Error, match='expected a device of auto, cpu, cuda or cuda:N'):
        choose(name)


def test_a_type_keeps_its_precision_on_the_way(cupy):
    net = nn.Linear(2, 3).double()
    assert device_of(net) == 'cpu'
    assert device_of(net.type(type_on('cuda:0', net.type()))) == 'cuda:0'
    assert net.type() == 'torch.CudaDoubleTensor'
    assert net.type(type_on('cpu', net.type())).type() == 'torch.DoubleTensor'


def test_the_environment_names_the_gpu_and_cupy(cupy):
    found, facts = environment('cuda:0'), gpu_facts('cuda:0')
    assert (found['kernels'], found['device'], found['cupy']) == ('cupy', facts['name'], cupy.__version__)
    assert 0 < facts['free'] <= facts['total'] and facts['capability'].count('.') == 1
    assert header('cuda:0').startswith('kernels cupy') and facts['name'] in header('cuda:0')
    assert environment()['device'] == 'cpu' and 'cupy' not in environment()
