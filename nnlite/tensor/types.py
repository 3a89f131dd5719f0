"""Torch's tensor type names and the dtypes they stand for: 'torch.FloatTensor' <-> float32."""

import numpy as np

from nnlite.errors import DtypeError
from nnlite.tensor.devices import is_on_gpu

DTYPES = {
    'torch.ByteTensor': np.dtype('uint8'),
    'torch.CharTensor': np.dtype('int8'),
    'torch.ShortTensor': np.dtype('int16'),
    'torch.IntTensor': np.dtype('int32'),
    'torch.LongTensor': np.dtype('int64'),
    'torch.HalfTensor': np.dtype('float16'),
    'torch.FloatTensor': np.dtype('float32'),
    'torch.DoubleTensor': np.dtype('float64'),
}
TYPES = {dtype: name for name, dtype in DTYPES.items()}
FLOATING = ('torch.HalfTensor', 'torch.FloatTensor', 'torch.DoubleTensor')

# What lives on a GPU, and its twin on the host.
ON_GPU = {
    'torch.CudaHalfTensor': 'torch.HalfTensor',
    'torch.CudaTensor': 'torch.FloatTensor',
    'torch.CudaDoubleTensor': 'torch.DoubleTensor',
}

_ON_GPU_TOO = {host: gpu for gpu, host in ON_GPU.items()}
_DTYPES_ANYWHERE = DTYPES | {gpu: DTYPES[host] for gpu, host in ON_GPU.items()}

_default = 'torch.FloatTensor'


def dtype_of(typename):
    """Return the dtype of a Torch tensor type.

    >>> dtype_of('torch.FloatTensor')
    dtype('float32')

    Raises:
        DtypeError: the name is none of Torch's tensor types.
    """
    if not isinstance(typename, str) or typename not in _DTYPES_ANYWHERE:
        raise DtypeError(f'expected a tensor type such as torch.FloatTensor, got {typename!r}')
    return _DTYPES_ANYWHERE[typename]


def host_type(typename):
    """Return the type of the same numbers on the host: the type itself, or that of a GPU's.

    >>> host_type('torch.CudaTensor')
    'torch.FloatTensor'
    """
    return ON_GPU.get(typename, typename)


def on_gpu_type(typename):
    """Return the type of the same numbers on a GPU: the type itself if it is one.

    >>> on_gpu_type('torch.FloatTensor')
    'torch.CudaTensor'

    Raises:
        DtypeError: there is none.
    """
    if host_type(typename) not in _ON_GPU_TOO:
        raise DtypeError(f'expected a type that a GPU has too, one of {", ".join(_ON_GPU_TOO)}, got {typename!r}')
    return _ON_GPU_TOO[host_type(typename)]


def type_of(array):
    """Return the Torch type of an array, as tensor:type() does; whole numbers on a GPU have that of the host's.

    >>> type_of(np.zeros(2))
    'torch.DoubleTensor'

    Raises:
        DtypeError: Torch has no tensor of this dtype.
    """
    if array.dtype not in TYPES:
        raise DtypeError(f'expected one of {", ".join(map(str, TYPES))}, got {array.dtype}')
    name = TYPES[array.dtype]
    return _ON_GPU_TOO.get(name, name) if is_on_gpu(array) else name


def setdefaulttensortype(typename):
    """Choose the type of modules built from now on (torch.setdefaulttensortype); nnlite begins with FloatTensor.

    Raises:
        DtypeError: the name is not one of the floating types.
    """
    global _default
    if typename not in FLOATING:
        raise DtypeError(f'expected one of {", ".join(FLOATING)}, got {typename!r}')
    _default = typename


def getdefaulttensortype():
    """Return the type that new modules compute in (torch.getdefaulttensortype)."""
    return _default
