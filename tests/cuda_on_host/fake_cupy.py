"""CuPy's place taken by NumPy, on a machine without a GPU: what code for GPUs calls, and as strict as CuPy is.

An array of this module holds one of NumPy's, and is none: nothing becomes a host array unless it is asked for with
`asnumpy` or `get`, a host array is refused where CuPy refuses it, what reduces to a number stays an array, and what CuPy
does not have is not here. Kernels are compiled for the host and get the arrays' memory, between canaries.
"""

import contextlib
import sys
import types

import numpy as np
from cupy_names import FUNCTIONS, METHODS, REDUCES
from host_module import HostError, HostModule

GUARD = 64  # bytes of canaries before and behind each piece of memory
CANARY = 0xA5


class ndarray(np.lib.mixins.NDArrayOperatorsMixin):  # noqa: N801 CuPy's name
    """As cupy.ndarray."""

    __slots__ = ('__weakref__', '_base', '_host')

    def __new__(cls, shape, dtype=float, memptr=None, strides=None, order='C'):
        dtype = np.dtype(dtype)
        if memptr is None:
            return _wrap(_guarded(shape, dtype, order))
        raw = memptr.mem.raw
        return _wrap(np.ndarray(shape, dtype, raw, memptr.ptr - raw.ctypes.data, strides))

    # what an array is

    @property
    def base(self):
        return self._base

    @property
    def data(self):
        return _Pointer(self._host, self._host.ctypes.data)

    @property
    def device(self):
        return cuda.Device(0)

    @property
    def T(self):  # noqa: N802 NumPy's name
        return _wrap(self._host.T, self)

    @property
    def mT(self):
        return _wrap(self._host.mT, self)

    @property
    def flags(self):
        return self._host.flags

    @property
    def shape(self):
        return self._host.shape

    @shape.setter
    def shape(self, shape):
        self._host.shape = shape

    def __getattr__(self, name):
        if name in ('dtype', 'ndim', 'size', 'itemsize', 'strides', 'nbytes'):
            return getattr(self._host, name)
        if name in METHODS:
            return lambda *args, **kwargs: _call(getattr(self._host, name), args, kwargs, self)
        raise AttributeError(f"'cupy.ndarray' object has no attribute {name!r}")

    # to and from the host, said in words

    def get(self, order='C', out=None):
        _no_capture()
        if out is not None:
            np.copyto(out, self._host)
            return out
        return self._host.copy(order)

    def set(self, array):
        _no_capture()
        if array.shape != self.shape or array.dtype != self.dtype:
            raise ValueError(f'shape or dtype mismatch: {array.shape} {array.dtype}')
        np.copyto(self._host, array)

    def __array__(self, *args, **kwargs):
        raise TypeError(
            'Implicit conversion to a NumPy array is not allowed. Please use `.get()` to construct a NumPy array'
            ' explicitly.'
        )

    def item(self, *args):
        _no_capture()
        return self._host.item(*args)

    def tolist(self):
        _no_capture()
        return self._host.tolist()

    def __int__(self):
        _no_capture()
        return int(self._host)

    def __float__(self):
        _no_capture()
        return float(self._host)

    def __index__(self):
        _no_capture()
        return self._host.__index__()

    def __bool__(self):
        _no_capture()
        return bool(self._host)

    def __len__(self):
        return len(self._host)

    def __iter__(self):
        if self.ndim == 0:
            raise TypeError('iteration over a 0-d array')
        return (self[place] for place in range(len(self)))

    def __contains__(self, item):
        raise TypeError('cupy.ndarray has no __contains__')

    def __repr__(self):
        return repr(self._host)

    def __format__(self, specification):
        return format(self._host, specification)

    def __copy__(self):
        return self.copy()

    def __deepcopy__(self, memo):
        return _wrap(_fresh(self._host.copy('K')))

    def __reduce__(self):
        return array, (self.get(),)

    def __hash__(self):
        raise TypeError('unhashable type: cupy.ndarray')

    # parts

    def __getitem__(self, key):
        return _wrap(self._host[_place(key)], self)

    def __setitem__(self, key, value):
        if isinstance(value, np.ndarray) and value.ndim:
            raise TypeError('Unsupported type <class numpy.ndarray>')
        self._host[_place(key)] = _unwrap(value)

    # NumPy's functions

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        if ufunc.__name__ not in FUNCTIONS:
            return NotImplemented
        if method in ('reduce', 'accumulate') and ufunc.__name__ not in REDUCES:
            raise NotImplementedError(f'`cupy_{ufunc.__name__}.{method}` is not supported yet')
        if method == 'at':
            raise HostError(f'{ufunc.__name__}.at adds up with atomics, in another order each time')
        return _call(getattr(ufunc, method), inputs, kwargs)

    def __array_function__(self, function, types, args, kwargs):
        known = {'numpy': FUNCTIONS, 'numpy.linalg': {'norm'}}
        if function.__name__ not in known.get(function.__module__, ()):
            return NotImplemented
        return _call(function, args, kwargs)


def _no_capture():
    """Refuse what no graph can hold: copies from and to the host, which is to wait for them."""
    if cuda.get_current_stream().capturing:
        raise _CUDARuntimeError('cudaErrorStreamCaptureUnsupported: operation not permitted when stream is capturing')


class _Pointer:
    def __init__(self, array, address):
        self._array, self.ptr = array, address

    @property
    def mem(self):
        return _Memory(self._array)

    def __add__(self, offset):
        return _Pointer(self._array, self.ptr + offset)


class _Memory:
    """As cupy.cuda.Memory: a piece of memory that arrays lie in."""

    def __init__(self, array):
        self.raw = array
        while self.raw.base is not None:
            self.raw = self.raw.base
        guarded = [piece[1:] for piece in _pieces if piece[0]() is self.raw]
        start, first, self.size = guarded[0] if guarded else (self.raw.ctypes.data, 0, self.raw.nbytes)
        self.ptr = start + first


def _wrap(result, parent=None):
    """Return a NumPy array, or number, as one of CuPy's; tables of them likewise."""
    if isinstance(result, (list, tuple)) and any(isinstance(part, np.ndarray) for part in result):
        return type(result)(_wrap(part, parent) for part in result)
    if isinstance(result, np.generic):
        result = np.asarray(result)
    if not isinstance(result, np.ndarray):
        return result
    wrapped = object.__new__(ndarray)
    wrapped._host, wrapped._base = result, None
    if parent is not None and np.may_share_memory(result, parent._host):
        wrapped._base = parent if parent._base is None else parent._base
    return wrapped


def _unwrap(value):
    if isinstance(value, ndarray):
        return value._host
    if isinstance(value, (list, tuple)):
        return type(value)(map(_unwrap, value))
    return value


def _call(function, args, kwargs, parent=None):
    """Return function(*args, **kwargs) of the arrays within, as one of CuPy's; the memory of its own is guarded."""
    outs = kwargs.get('out')
    unknown = {'where', 'initial', 'mode', 'optimize'} & kwargs.keys() if function is not np.copyto else ()
    if function is np.einsum and outs is not None:
        unknown = {'out'}
    if unknown:
        raise TypeError(f'{function.__name__} of CuPy knows no {", ".join(unknown)}')
    for value in _flat([*args, *kwargs.values()]):
        if isinstance(value, np.ndarray) and value.ndim:
            raise TypeError(f'Unsupported type {type(value)}')
    result = function(*map(_unwrap, args), **{name: _unwrap(value) for name, value in kwargs.items()})
    if outs is not None:
        return outs[0] if isinstance(outs, tuple) else outs
    sources = [value for value in _flat([parent, *args]) if isinstance(value, ndarray)]
    if isinstance(result, np.ndarray):
        for source in sources:
            if np.may_share_memory(result, source._host):
                return _wrap(result, source)
        return _wrap(_fresh(result))
    return _wrap(result, sources[0] if sources else None)


def _flat(values):
    for value in values:
        if isinstance(value, (list, tuple)):
            yield from _flat(value)
        else:
            yield value


def _place(key):
    """Return an index; arrays in it are CuPy's own."""
    for part in key if isinstance(key, tuple) else (key,):
        if isinstance(part, np.ndarray) and part.ndim:
            raise TypeError('Unsupported type <class numpy.ndarray> in an index')
    return _unwrap(key)


# Memory between canaries: what a kernel writes beside an array shows in `check`.

_pieces = []


def _guarded(shape, dtype, order='C'):
    shape = (shape,) if isinstance(shape, (int, np.integer)) else tuple(shape)
    size = int(np.prod(shape)) * dtype.itemsize
    raw = np.full(size + 2 * GUARD + 512, CANARY, np.uint8)
    first = GUARD + -(raw.ctypes.data + GUARD) % 256  # aligned as CuPy's pool aligns
    _pieces.append((_weak(raw), raw.ctypes.data, first, size))
    if len(_pieces) > 4096:
        _pieces[:] = [piece for piece in _pieces if piece[0]() is not None]
    return raw[first : first + size].view(dtype).reshape(shape, order=order)


def _weak(array):
    import weakref

    return weakref.ref(array)


def _fresh(host):
    """Return a copy in guarded memory whose axes lie as the array's."""
    order = sorted(range(host.ndim), key=lambda axis: -abs(host.strides[axis]))
    copy = _guarded([host.shape[axis] for axis in order], host.dtype).transpose(np.argsort(order))
    np.copyto(copy, host)
    return copy


def check():
    """Raise HostError if anything was written beside an array since it was made."""
    for reference, _, first, size in _pieces:
        raw = reference()
        if raw is not None and not (
            (raw[first - GUARD : first] == CANARY).all() and (raw[first + size :] == CANARY).all()
        ):
            raise HostError('a kernel has written beside an array')


# Making arrays


def empty(shape, dtype=float, order='C'):
    return _wrap(_guarded(shape, np.dtype(dtype), order))


def zeros(shape, dtype=float, order='C'):
    made = empty(shape, dtype, order)
    made._host.fill(0)
    return made


def ones(shape, dtype=float, order='C'):
    made = empty(shape, dtype, order)
    made._host.fill(1)
    return made


def full(shape, value, dtype=None, order='C'):
    made = empty(shape, np.result_type(_unwrap(value)) if dtype is None else dtype, order)
    made._host.fill(_unwrap(value))
    return made


def array(obj, dtype=None, copy=True, order='K', ndmin=0):
    if not isinstance(obj, ndarray):
        _no_capture()
    host = np.array(_unwrap(obj), dtype, ndmin=ndmin)
    return _wrap(_fresh(host))


def asarray(obj, dtype=None, order=None):
    if isinstance(obj, ndarray) and dtype in (None, obj.dtype):
        return obj
    return array(obj, dtype)


def ascontiguousarray(obj, dtype=None):
    made = asarray(obj, dtype)
    return made if made.flags.c_contiguous else _wrap(_fresh(np.ascontiguousarray(made._host)))


def asnumpy(obj, stream=None, order='C', out=None, blocking=True):
    if isinstance(obj, ndarray):
        return obj.get(order, out)
    return np.asarray(obj)


def arange(*args, **kwargs):
    return _wrap(_fresh(np.arange(*args, **kwargs)))


def linspace(*args, **kwargs):
    return _wrap(_fresh(np.linspace(*args, **kwargs)))


def eye(*args, **kwargs):
    return _wrap(_fresh(np.eye(*args, **kwargs)))


def get_array_module(*arrays):
    return sys.modules[__name__] if any(isinstance(value, ndarray) for value in arrays) else np


def RawModule(code=None, options=(), name_expressions=(), backend='nvrtc', **others):  # noqa: N802 CuPy's name
    return HostModule(code, [option for option in options if not option.startswith('-arch=')], name_expressions)


def get_default_memory_pool():
    return _Pool()


class _Pool:
    def used_bytes(self):
        return sum(size for reference, _, _, size in _pieces if reference() is not None)

    def total_bytes(self):
        return self.used_bytes()

    def free_all_blocks(self):
        pass

    def malloc(self, size):
        raise HostError('memory comes from NumPy')


# cupy.cuda


class _CUDARuntimeError(RuntimeError):
    pass


class _OutOfMemoryError(MemoryError):
    pass


class _Device:
    def __init__(self, number=0):
        self.id = number
        self.compute_capability = '80'
        self.mem_info = (1 << 30, 1 << 31)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    def use(self):
        pass

    def synchronize(self):
        pass


class _Graph:
    """As cupy.cuda.Graph; `launch` does nothing: a test says what a replay would be."""

    def __init__(self, stream):
        self.stream = stream

    def launch(self, stream=None):
        pass

    def upload(self, stream=None):
        pass


class _Stream:
    current = []  # the innermost is the last

    def __init__(self, null=False, non_blocking=False, ptds=False, priority=None):
        self.capturing = False

    def __enter__(self):
        self.current.append(self)
        return self

    def __exit__(self, *error):
        self.current.pop()

    def synchronize(self):
        if self.capturing:
            raise _CUDARuntimeError('cudaErrorStreamCaptureUnsupported')

    def begin_capture(self, mode=None):
        if self is _Stream.null:
            raise RuntimeError('cannot capture on the default (legacy) stream')
        self.capturing = True

    def end_capture(self):
        self.capturing = False
        return _Graph(self)

    def is_capturing(self):
        return self.capturing

    def wait_event(self, event):
        pass

    def record(self, event=None):
        return event


class _Event:
    def __init__(self, *args, **kwargs):
        pass

    def record(self, stream=None):
        pass

    def synchronize(self):
        pass


cuda = types.ModuleType('cupy.cuda')
cuda.runtime = types.ModuleType('cupy.cuda.runtime')
cuda.runtime.CUDARuntimeError = _CUDARuntimeError
cuda.runtime.getDeviceCount = lambda: 1
cuda.runtime.getDeviceProperties = lambda number: {'name': b'NumPy in the place of a GPU', 'multiProcessorCount': 2}
cuda.runtime.runtimeGetVersion = lambda: 13000
cuda.runtime.driverGetVersion = lambda: 13000
cuda.memory = types.ModuleType('cupy.cuda.memory')
cuda.memory.OutOfMemoryError = _OutOfMemoryError
cuda.Device, cuda.Stream, cuda.Event, cuda.Graph = _Device, _Stream, _Event, _Graph
cuda.is_available = lambda: True
cuda.MemoryPool, cuda.using_allocator = _Pool, lambda allocator: contextlib.nullcontext()
cuda.alloc_pinned_memory = bytearray
_Stream.null = _Stream()
cuda.get_current_stream = lambda: _Stream.current[-1] if _Stream.current else _Stream.null

lib = types.ModuleType('cupy.lib')
lib.stride_tricks = types.ModuleType('cupy.lib.stride_tricks')
lib.stride_tricks.as_strided = lambda x, shape=None, strides=None: _wrap(
    np.lib.stride_tricks.as_strided(x._host, shape, strides), x
)
linalg = types.ModuleType('cupy.linalg')

__version__ = 'NumPy in its place'


def __getattr__(name):
    if name in FUNCTIONS and hasattr(np, name):
        thing = getattr(np, name)
        return thing if isinstance(thing, type) else lambda *args, **kwargs: _call(thing, args, kwargs)
    raise AttributeError(f'module cupy has no attribute {name!r}')
