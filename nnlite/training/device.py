"""The device that a run computes on: the CPU, or one of the GPUs."""

import re
from collections.abc import Iterator
from typing import Any

from nnlite.errors import DeviceError, Error
from nnlite.tensor.devices import gpu, is_on_gpu, why_no_gpu
from nnlite.tensor.types import ON_GPU, host_type, on_gpu_type

DEVICES = 'auto|cpu|cuda[:N]'  # what may be asked for


def choose(name: str) -> str:
    """Return the device of this name, 'cpu' or 'cuda:N', and make that GPU the one that arrays are made on.

    Args:
        name: 'cpu'; 'cuda', the GPU that is current, or 'cuda:N'; 'auto', which is 'cuda' where a GPU can be used and
            'cpu' elsewhere.

    >>> choose('cpu')
    'cpu'

    Raises:
        Error: there is no such name.
        DeviceError: there is no GPU to use, or none of this number, or it has no memory left; the message says which.
    """
    if not re.fullmatch(r'auto|cpu|cuda(:\d+)?', name):
        raise Error(f'expected a device of auto, cpu, cuda or cuda:N, got {name!r}')
    why, hint = why_no_gpu()
    if name == 'cpu' or (name == 'auto' and why is not None):
        return 'cpu'
    if why is not None:
        raise DeviceError(f'expected a GPU for the device {name}, got none: {why}', hint=f'{hint}; or --device cpu')
    cuda = gpu().cuda
    number, count = cuda.Device().id, cuda.runtime.getDeviceCount()
    if ':' in name:
        number = int(name.partition(':')[2])
    if number >= count:
        there = 'the only one is cuda:0' if count == 1 else f'there are cuda:0 to cuda:{count - 1}'
        raise DeviceError(f'expected a GPU of the number {number}, got none', hint=there)
    try:
        cuda.Device(number).use()
        _ = cuda.Device(number).mem_info  # which takes the memory that every program takes of a GPU
    except cuda.runtime.CUDARuntimeError as error:
        hint = 'nvidia-smi shows what else runs on it; --device cpu computes on the CPU'
        raise DeviceError(f'the GPU cuda:{number} cannot be used: {error}', hint=hint) from error
    return f'cuda:{number}'


def device_of(thing: Any) -> str:
    """Return the device that a module or criterion computes on, and make that GPU the one that arrays are made on."""
    if thing.type() not in ON_GPU:
        return 'cpu'
    return choose(next((f'cuda:{number}' for number in _gpus_of(thing)), 'cuda'))


def move(thing: Any, device: str, typename: str) -> Any:
    """Let a module or criterion compute in a type on a device, which is current if it is a GPU; return it.

    Args:
        thing: whose arrays may lie on any device; from one GPU to another they go by way of the host.
        device: as `choose` returns it.
        typename: a type that lives there, such as type_on(device, thing.type()).
    """
    if device != 'cpu' and any(f'cuda:{number}' != device for number in _gpus_of(thing)):
        thing.type(host_type(typename))
    return thing if thing.type() == typename else thing.type(typename)


def _gpus_of(thing: Any) -> Iterator[int]:
    """Yield for each array of a module or criterion that lives on a GPU the number of that."""
    return (array.device.id for _, _, array in thing.arrays() if is_on_gpu(array))


def type_on(device: str, typename: str) -> str:
    """Return the type of the same numbers on a device.

    >>> type_on('cuda:0', 'torch.DoubleTensor'), type_on('cpu', 'torch.CudaTensor')
    ('torch.CudaDoubleTensor', 'torch.FloatTensor')
    """
    return host_type(typename) if device == 'cpu' else on_gpu_type(typename)


def gpu_facts(device: str) -> dict[str, Any]:
    """Return what there is to know of a GPU: name, capability, memory (total and free, in bytes), and versions."""
    cupy, number = gpu(), int(device.partition(':')[2])
    runtime, found = cupy.cuda.runtime, cupy.cuda.Device(number)
    capability, (free, total) = str(found.compute_capability), found.mem_info
    return {
        'name': runtime.getDeviceProperties(number)['name'].decode(),
        'capability': f'{capability[:-1]}.{capability[-1]}',
        'free': free,
        'total': total,
        'cupy': cupy.__version__,
        'runtime': _version(runtime.runtimeGetVersion()),
        'driver': _version(runtime.driverGetVersion()),
    }


def _version(number: int) -> str:
    """Return a version of CUDA as people write it.

    >>> _version(13020)
    '13.2'
    """
    return f'{number // 1000}.{number % 1000 // 10}'
