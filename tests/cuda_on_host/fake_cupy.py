"""CuPy's place taken by NumPy, on a machine without a GPU: what code for GPUs calls, and as strict as CuPy is.

An array of this module holds one of NumPy's, and is none: nothing becomes a host array unless it is asked for with
`asnumpy` or `get`, a host array is refused where CuPy refuses it or copies it to the GPU, what reduces to a number
stays an array, results lie as CuPy lays them, and names and parameters that CuPy does not have are not here. Kernels
are compiled for the host and get the arrays' memory, which lies between canaries and begins as NaNs.

What is launched while a stream is captured does not happen; it does whenever the graph is launched. What would wait for
the GPU fails then.
"""

import contextlib
import functools
import sys
import threading
import types
import weakref

import numpy as np
from cupy_names import (
    FUNCTIONS,
    LINALG,
    MATMUL_PARAMETERS,
    METHODS,
    REDUCE_PARAMETERS,
    REDUCES,
    SAME,
    UFUNC_PARAMETERS,
    UFUNCS,
)
from host_module import HostError, HostModule

ALIGNED = 512  # bytes, as CuPy's pool aligns
GUARD = 64  # bytes of canaries before and behind each piece of memory, at least
# What memory holds that nobody has written: no number, in each floating type. Each float64 and every second float32 is
# a signalling NaN: it becomes another one where something is added to it, so that this too is seen to be written.
NANS = np.uint64(0x7FF17DA17FA17DA1)
CANARIES = np.full(256, NANS).view(np.uint8)

HOST_TOO = {'can_cast', 'common_type', 'min_scalar_type', 'result_type'}  # take arrays of the host
LAID_AS_THEIRS = {'astype', 'copy', 'empty_like', 'full_like', 'ones_like', 'zeros_like'}  # others make C order
NUMBERS = {'allclose', 'array_equal', 'array_equiv', 'count_nonzero'}  # Python's in NumPy, arrays in CuPy
WRITING = {'copyto', 'fill_diagonal', 'place', 'put', 'put_along_axis', 'putmask'}  # functions that return nothing
WRITING_METHODS = {'fill', 'partition', 'put', 'sort'}
WAITING = {'argwhere', 'compress', 'extract', 'flatnonzero', 'nonzero', 'unique'}  # for the shapes of their results


class ndarray(np.lib.mixins.NDArrayOperatorsMixin):
    """As cupy.ndarray."""

    __slots__ = ('__weakref__', '_base', '_host', '_memory')
    __hash__ = None

    def __new__(cls, shape, dtype=float, memptr=None, strides=None, order='C'):
        if memptr is None:
            return _empty(shape, dtype, order)
        host = np.ndarray(shape, dtype, memptr.mem.raw, memptr.ptr - memptr.mem.ptr, strides, order or 'C')
        return _wrapped(host, memptr.mem)

    # what an array is

    @property
    def base(self):
        return self._base

    @property
    def data(self):
        return _Pointer(self._memory, _address(self._host))

    @property
    def device(self):
        return cuda.Device(self._memory.device_id)

    @property
    def flags(self):
        return _Flags(self)

    @property
    def dtype(self):
        return self._host.dtype

    @property
    def shape(self):
        return self._host.shape

    @shape.setter
    def shape(self, shape):
        self._host.shape = shape

    @property
    def T(self):
        return _view(self._host.T, self)

    @property
    def mT(self):
        return _view(self._host.mT, self)

    @property
    def real(self):
        return self if self.dtype.kind != 'c' else _view(self._host.real, self)

    def __getattr__(self, name):
        if name in ('ndim', 'size', 'itemsize', 'strides', 'nbytes'):
            return getattr(self._host, name)
        if name in METHODS and hasattr(np.ndarray, name):
            return functools.partial(self._method, name)
        raise AttributeError(f"'cupy.ndarray' object has no attribute {name!r}")

    def _method(self, name, *args, **kwargs):
        return _call(getattr(self._host, name), METHODS[name], args, kwargs, self)

    def astype(self, dtype, order='K', casting=None, subok=None, copy=True):
        if casting is not None or subok is not None:
            raise TypeError('casting and subok are not supported yet')
        return self._method('astype', dtype, order=order, copy=copy)

    # to and from the host, said in words

    def get(self, stream=None, order='C', out=None, blocking=True):
        _wait('get')
        if out is not None:
            if not isinstance(out, np.ndarray) or out.dtype != self.dtype:
                raise TypeError(f'{type(out)} cannot be obtained from {self.dtype} array')
            if out.shape != self.shape:
                raise ValueError(f'Shape mismatch. Expected shape: {self.shape}, actual shape: {out.shape}')
            np.copyto(out, self._host)
            return out
        if order.upper() not in ('C', 'F', 'A'):
            raise ValueError(f'unsupported order: {order}')
        return self._host.copy(order)

    def set(self, arr, stream=None):
        _wait('set')
        if not isinstance(arr, np.ndarray) or arr.dtype != self.dtype:
            raise TypeError(f'{type(arr)} cannot be set to {self.dtype} array')
        if arr.shape != self.shape:
            raise ValueError(f'Shape mismatch. Old shape: {self.shape}, new shape: {arr.shape}')
        if not self.flags.forc:
            raise RuntimeError('Cannot set to non-contiguous array')
        np.copyto(self._host, arr)

    def __array__(self, *args, **kwargs):
        raise TypeError(
            'Implicit conversion to a NumPy array is not allowed. Please use `.get()` to construct a NumPy array'
            ' explicitly.'
        )

    def item(self):
        return self.get().item()

    def tolist(self):
        return self.get().tolist()

    def tobytes(self, order='C'):
        return self.get().tobytes(order)

    def __int__(self):
        return int(self.get())

    def __float__(self):
        return float(self.get())

    def __index__(self):
        return self.get().__index__()

    def __bool__(self):
        return bool(self.get())

    def __len__(self):
        return len(self._host)

    def __iter__(self):
        if self.ndim == 0:
            raise TypeError('iteration over a 0-d array')
        return (self[place] for place in range(len(self)))

    def __contains__(self, item):
        raise TypeError('cupy.ndarray has no __contains__')

    def __repr__(self):
        return repr(self.get())

    def __format__(self, specification):
        return format(self.get(), specification)

    def __copy__(self):
        return self.copy()

    def __deepcopy__(self, memo):
        return self.copy()

    def __reduce__(self):
        return array, (self.get(order='A'),)

    # parts

    def __getitem__(self, key):
        place = _place(key)
        return _result(lambda: self._host[place], [self])

    def __setitem__(self, key, value):
        place = _place(key)
        if isinstance(value, ndarray):
            value = value._host
        elif np.ndim(value):
            raise ValueError('non-scalar numpy.ndarray cannot be used for fill')
        _launch(lambda: self._host.__setitem__(place, value))

    # NumPy's functions

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        name = ufunc.__name__
        out = kwargs.pop('out', None)
        if out is not None:
            if len(out) != 1:
                raise ValueError("The 'out' parameter must have exactly one array value")
            kwargs['out'] = out[0]
        if name not in UFUNCS or method not in ('__call__', 'outer', 'at', 'reduce', 'accumulate', 'reduceat'):
            return NotImplemented
        if method == '__call__':
            if name in ('equal', 'not_equal', 'less', 'less_equal', 'greater', 'greater_equal'):
                inputs = [
                    value.item() if isinstance(value, np.ndarray) and not value.ndim else value for value in inputs
                ]
            return _call_ufunc(ufunc, inputs, kwargs)
        if method == 'at':
            raise HostError(f'{name}.at adds up with atomics, in another order each time')
        if method != 'outer' and name not in REDUCES:
            raise NotImplementedError(f'`cupy_{name}.{method}` is not supported yet')
        return _call(getattr(ufunc, method), REDUCE_PARAMETERS, inputs, kwargs)

    def __array_function__(self, function, types, args, kwargs):
        name = function.__name__
        table = {'numpy': FUNCTIONS, 'numpy.linalg': LINALG}.get(function.__module__, {})
        return _call(function, table[name], args, kwargs) if name in table else NotImplemented


class _Flags:
    """As of cupy.ndarray.flags: these, and no others."""

    def __init__(self, array):
        flags = array._host.flags
        self.c_contiguous, self.f_contiguous, self.owndata = flags.c_contiguous, flags.f_contiguous, array.base is None

    @property
    def fnc(self):
        return self.f_contiguous and not self.c_contiguous

    @property
    def forc(self):
        return self.f_contiguous or self.c_contiguous

    def __getitem__(self, name):
        return getattr(self, name.lower())


# Calls of NumPy's functions


def _call_ufunc(ufunc, args, kwargs):
    if len(args) > ufunc.nin:
        kwargs = {'out': args[ufunc.nin], **kwargs}
        args = args[: ufunc.nin]
    for value in args:
        if isinstance(value, (list, tuple)):
            raise TypeError(f'Unsupported type {type(value)}')
    allowed = MATMUL_PARAMETERS if ufunc is np.matmul else UFUNC_PARAMETERS
    return _call(ufunc, ('*inputs', *allowed), args, kwargs)


def _call(function, parameters, args, kwargs, array=None):
    """Return function(*args, **kwargs) as of CuPy's arrays; `array` is what it is a method of, if it is one."""
    name = function.__name__
    if name not in HOST_TOO:
        _refuse_unknown(name, parameters, args, kwargs)
        _refuse_host(name, args, kwargs)
    if name in WAITING:
        _wait(name)
    if 'out' in parameters[: len(args)] and not parameters[0].startswith('*'):
        first = parameters.index('out')
        kwargs = {**dict(zip(parameters[first:], args[first:], strict=False)), **kwargs}
        args = args[:first]
    out = kwargs.get('out')
    if name == 'dot' and out is not None:
        _refuse_out_of_dot(out, [value for value in (array, *args) if value is not None])
    host_args = [_host(value) for value in args]
    host_kwargs = {key: _host(value) for key, value in kwargs.items()}

    def run():
        result = function(*host_args, **host_kwargs)
        return np.asarray(result) if name in NUMBERS else result

    if out is not None or name in (WRITING if array is None else WRITING_METHODS):
        _launch(run)
        return out
    if name == 'empty_like':
        return _like(run())
    arrays = [value for value in _flat([array, *args, *kwargs.values()]) if isinstance(value, ndarray)]
    return _result(run, arrays, 'K' if name in LAID_AS_THEIRS else 'C')


def _refuse_unknown(name, parameters, args, kwargs):
    """Raise TypeError for a parameter that CuPy's function does not have."""
    unknown = kwargs.keys() - set(parameters)
    if unknown and not any(parameter.startswith('**') for parameter in parameters):
        raise TypeError(f'{name}() got an unexpected keyword argument {min(unknown)!r}')
    if len(args) > len(parameters) and not any(parameter.startswith('*') for parameter in parameters):
        raise TypeError(f'{name}() takes at most {len(parameters)} positional arguments ({len(args)} given)')


def _refuse_host(name, args, kwargs):
    """Raise TypeError for an array of the host."""
    for value in _flat([*args, *kwargs.values()]):
        if isinstance(value, np.ndarray) and not (value.size == 1 and name in ('copyto', 'fill')):
            raise TypeError(f'Unsupported type {type(value)}')


def _refuse_out_of_dot(out, arrays):
    if np.result_type(*[array.dtype for array in arrays[:2]]) != out.dtype:
        raise ValueError('Not supported dtype combination.')
    if not out.flags.c_contiguous:
        raise ValueError('Output array must be C-contiguous')


def _flat(values):
    for value in values:
        if isinstance(value, (list, tuple)):
            yield from _flat(value)
        else:
            yield value


def _host(value):
    """Return what NumPy is given for a value."""
    if isinstance(value, ndarray):
        return value._host
    if isinstance(value, (list, tuple)):
        return type(value)(map(_host, value))
    return value


def _place(key):
    """Return an index for NumPy; arrays in it are CuPy's own, for CuPy would copy others to the GPU each time."""
    for part in key if isinstance(key, tuple) else (key,):
        if isinstance(part, np.ndarray):
            raise TypeError('Unsupported type <class numpy.ndarray> in an index')
        if isinstance(part, ndarray) and part.dtype == bool:
            _wait('an index of truth values')
    return _host(key)


def _result(run, arrays, order='C'):
    """Return what NumPy computes as CuPy would return it: an array itself, a view of it, or memory of its own."""
    with np.errstate(all='ignore'):
        result = run()
    if isinstance(result, (list, tuple)) and any(isinstance(part, np.ndarray) for part in result):
        parts = [_own(part, lambda i=i: run()[i], arrays, order) for i, part in enumerate(result)]
        return tuple(parts) if isinstance(result, tuple) else parts
    return _own(result, run, arrays, order)


def _own(result, run, arrays, order):
    if isinstance(result, np.generic):
        result = np.asarray(result)
    if not isinstance(result, np.ndarray):
        return result
    for array in arrays:
        if result is array._host:
            return array
        if np.may_share_memory(result, array._host):
            return _view(result, array)
    made = _like(result, order)
    if _stream().is_capturing():
        _launch(lambda: np.copyto(made._host, run()))
    else:
        np.copyto(made._host, result)
    return made


# Memory between canaries: what a kernel writes beside an array is noticed.


class _Memory:
    """As cupy.cuda.Memory: a piece of memory that arrays lie in; its size is rounded up as CuPy's pool rounds it."""

    def __init__(self, size, pool):
        self._asked, self._pool, self.size = size, pool, -(-size // ALIGNED) * ALIGNED
        self.device_id = _here.device
        self._whole = np.full((self.size + 2 * GUARD + ALIGNED) // 8, NANS).view(np.uint8)
        self._first = GUARD + -(_address(self._whole) + GUARD) % ALIGNED
        self.raw = self._whole[self._first : self._first + self.size]
        self.ptr = _address(self._whole) + self._first
        self._before, self._behind = self._whole[: self._first], self._whole[self._first + size :]
        self._behind[:] = CANARIES[: self._behind.size]
        _alive.add(self)

    def mend(self):
        """Return whether something was written beside the array since the last time."""
        is_broken = False
        for canaries in (self._before, self._behind):
            if canaries.tobytes() != CANARIES[: canaries.size].tobytes():
                canaries[:] = CANARIES[: canaries.size]
                is_broken = True
        return is_broken

    def __del__(self):
        self._pool.used -= self.size
        if CANARIES is not None and self.mend():  # at the end of the process modules are gone before their objects
            _broken.append(self._asked)


_alive = weakref.WeakSet()
_broken = []  # sizes of pieces that are gone


def check():
    """Raise HostError if anything was written beside an array since the last check."""
    sizes = _broken + [memory._asked for memory in list(_alive) if memory.mend()]
    _broken.clear()
    if sizes:
        raise HostError(f'written beside arrays of {", ".join(map(str, sizes))} bytes')


class _Pointer:
    """As cupy.cuda.MemoryPointer."""

    def __init__(self, mem, ptr):
        self.mem, self.ptr = mem, ptr

    def __add__(self, offset):
        return _Pointer(self.mem, self.ptr + offset)

    def __sub__(self, offset):
        return _Pointer(self.mem, self.ptr - offset)


class _OutOfMemoryError(MemoryError):
    def __init__(self, size, total, limit=0):
        super().__init__(f'Out of memory allocating {size:,} bytes (allocated so far: {total:,} bytes).')


class _MemoryPool:
    """As cupy.cuda.MemoryPool."""

    def __init__(self, allocator=None):
        self.used = self._total = self._limit = 0

    def malloc(self, size):
        if self._limit and self.used + size > self._limit:
            raise _OutOfMemoryError(size, self.used, self._limit)
        memory = _Memory(size, self)
        self.used += memory.size
        self._total = max(self._total, self.used)
        return _Pointer(memory, memory.ptr)

    def set_limit(self, size=None, fraction=None):
        self._limit = size or 0

    def used_bytes(self):
        return self.used

    def total_bytes(self):
        return self._total

    def free_bytes(self):
        return self._total - self.used

    def free_all_blocks(self, stream=None):
        self._total = self.used


_pool = _MemoryPool()


@contextlib.contextmanager
def _using_allocator(allocator=None):
    _here.allocators.append(allocator or _MemoryPool().malloc)
    try:
        yield
    finally:
        _here.allocators.pop()


def get_default_memory_pool():
    return _pool


def _address(host):
    return host.__array_interface__['data'][0]


def _wrapped(host, memory, base=None):
    wrapped = object.__new__(ndarray)
    wrapped._host, wrapped._memory, wrapped._base = host, memory, base
    return wrapped


def _view(host, array):
    """Return a part of an array's memory; its base is the array that all such are parts of."""
    return _wrapped(host, array._memory, array if array._base is None else array._base)


def _empty(shape, dtype, order='C'):
    shape = tuple(map(int, shape)) if np.iterable(shape) else (int(shape),)
    dtype = np.dtype(dtype)
    if dtype.kind not in 'biufcV':
        raise ValueError(f'Unsupported dtype {dtype}')
    memory = _here.allocators[-1](int(np.prod(shape)) * dtype.itemsize).mem
    return _wrapped(np.ndarray(shape, dtype, memory.raw, order=order or 'C'), memory)


def _like(host, order='K'):
    """Return an array of the same shape and type in new memory; order 'K' lays its axes as the other's lie."""
    if order != 'K':
        return _empty(host.shape, host.dtype, order)
    axes = sorted(range(host.ndim), key=lambda axis: -abs(host.strides[axis]))
    made = _empty([host.shape[axis] for axis in axes], host.dtype)
    made._host = made._host.transpose(np.argsort(axes))
    return made


# Making arrays


def empty(shape, dtype=float, order='C'):
    return _empty(shape, dtype, order)


def zeros(shape, dtype=float, order='C'):
    return full(shape, 0, dtype, order)


def ones(shape, dtype=float, order='C'):
    return full(shape, 1, dtype, order)


def full(shape, fill_value, dtype=None, order='C'):
    made = _empty(shape, np.result_type(_host(fill_value)) if dtype is None else dtype, order)
    made.fill(fill_value)
    return made


def array(obj, dtype=None, copy=True, order='K', subok=False, ndmin=0, *, blocking=False):
    order = order or 'K'
    if isinstance(obj, ndarray):
        if copy is None and obj.ndim >= ndmin and np.dtype(dtype or obj.dtype) == obj.dtype:
            flags = obj.flags
            if order == 'K' or (order == 'A' and flags.forc) or getattr(flags, f'{order.lower()}_contiguous', False):
                return obj
        made = obj.astype(dtype or obj.dtype, order)
        made._host = made._host.reshape((1,) * (ndmin - made.ndim) + made.shape)
        return made
    parts = [part for part in _flat([obj]) if isinstance(part, ndarray)]
    if parts:  # a nested sequence of arrays
        return _call(np.stack, FUNCTIONS['stack'], ([array(part, dtype) for part in obj],), {})
    host = np.array(obj, dtype, ndmin=ndmin)
    _wait('a copy from the host')
    if order in 'KA':
        order = 'F' if isinstance(obj, np.ndarray) and obj.flags.fnc else 'C'
    made = _like(host, order)
    np.copyto(made._host, host)
    return made


def asarray(a, dtype=None, order=None, *, copy=None, blocking=False):
    return array(a, dtype, copy, order)


def asanyarray(a, dtype=None, order=None, *, copy=None, blocking=False):
    return array(a, dtype, copy, order)


def ascontiguousarray(a, dtype=None):
    return array(a, dtype, None, 'C', ndmin=1)


def asfortranarray(a, dtype=None):
    return array(a, dtype, None, 'F')


def asnumpy(a, stream=None, order='C', out=None, *, blocking=True):
    if isinstance(a, ndarray):
        return a.get(stream, order, out)
    made = np.asarray(a, order=order)
    if out is None:
        return made
    np.copyto(out, made)
    return out


def _made_by(function):
    """Return a function that makes an array of numbers alone."""

    @functools.wraps(function)
    def make(*args, **kwargs):
        _refuse_unknown(function.__name__, FUNCTIONS[function.__name__], args, kwargs)
        return _result(lambda: function(*args, **kwargs), [])

    return make


arange, linspace, eye, identity = map(_made_by, (np.arange, np.linspace, np.eye, np.identity))


def get_array_module(*args):
    return sys.modules[__name__] if any(isinstance(value, ndarray) for value in args) else np


# Kernels


class RawModule:
    """As cupy.RawModule."""

    def __init__(self, *, code=None, path=None, options=(), backend='nvrtc', name_expressions=None, **others):
        options = [option for option in options if not option.startswith('-arch=')]
        self._module = HostModule(code, options, name_expressions or ())

    def get_function(self, name):
        return _Kernel(self._module.get_function(name))


class _Kernel:
    """As cupy.RawKernel."""

    def __init__(self, kernel):
        self._kernel = kernel

    @property
    def max_dynamic_shared_size_bytes(self):
        return self._kernel.max_dynamic_shared_size_bytes

    @max_dynamic_shared_size_bytes.setter
    def max_dynamic_shared_size_bytes(self, size):
        _refuse_shared(size)
        self._kernel.max_dynamic_shared_size_bytes = size

    def __call__(self, grid, block, args, *, shared_mem=0):
        _refuse_shared(shared_mem)
        if any(isinstance(arg, ndarray) and arg.device.id != _here.device for arg in args):
            raise _CUDARuntimeError('cudaErrorIllegalAddress: memory of another GPU')
        _launch(lambda: self._kernel(grid, block, args, shared_mem))  # the arrays are held, for their memory is read


def _refuse_shared(size):
    """Raise CUDARuntimeError for more shared memory than the GPU has for a block."""
    if size > cuda.runtime.deviceGetAttribute(cuda.runtime.cudaDevAttrMaxSharedMemoryPerBlockOptin, 0):
        raise _CUDARuntimeError('CUDA_ERROR_INVALID_VALUE: invalid argument')


# cupy.cuda: streams do at once what is launched on them, unless they are captured.


class _CUDARuntimeError(RuntimeError):
    pass


class _Stream:
    def __init__(self, null=False, non_blocking=False, ptds=False, priority=None):
        self._captured, self._failed, self._is_null = None, False, null

    def __enter__(self):
        _here.streams.append(self)
        return self

    def __exit__(self, *error):
        _here.streams.pop()

    def use(self):
        _here.streams[-1] = self
        return self

    @property
    def ptr(self):
        return 0 if self._is_null else id(self)

    @property
    def done(self):
        self.synchronize()
        return True

    def synchronize(self):
        if self._captured is not None:
            self._failed = True
            raise _CUDARuntimeError('cudaErrorStreamCaptureUnsupported: not permitted when stream is capturing')

    def begin_capture(self, mode=None):
        if self._is_null:
            raise RuntimeError('cannot capture on the default (legacy) stream')
        self._captured, self._failed = [], False

    def end_capture(self):
        if self._captured is None:
            raise _CUDARuntimeError('cudaErrorIllegalState: the operation cannot be performed in the present state')
        launched, self._captured = self._captured, None
        if self._failed:
            raise _CUDARuntimeError('cudaErrorStreamCaptureInvalidated: operation failed due to a previous error')
        return _Graph(launched)

    def is_capturing(self):
        return self._captured is not None

    def wait_event(self, event):
        pass

    def record(self, event=None):
        return event or _Event()


class _Graph:
    """As cupy.cuda.Graph: all that was launched, to be done again."""

    def __init__(self, launched):
        self._launched = launched

    def launch(self, stream=None):
        for work in self._launched:
            _launch(work)

    def upload(self, stream=None):
        pass

    def debug_dot_str(self, flags=0):
        return 'digraph dot { }'


_Stream.null = _Stream(null=True)


class _Here(threading.local):
    """What is current in a thread: the last of each."""

    def __init__(self):
        self.streams, self.allocators, self.device = [_Stream.null], [_pool.malloc], 0


_here = _Here()


def _stream():
    return _here.streams[-1]


def _launch(work):
    """Do the work, or have it done when the graph that is being captured is launched."""
    if _stream().is_capturing():
        _stream()._captured.append(work)
    else:
        with np.errstate(all='ignore'):
            work()


def _wait(name):
    """Raise CUDARuntimeError if the stream is being captured, for it cannot be waited for."""
    _stream().synchronize()


class _Event:
    def __init__(self, block=False, disable_timing=False, interprocess=False):
        self.done = True

    def record(self, stream=None):
        pass

    def synchronize(self):
        _wait('an event')


class _Device:
    def __init__(self, device=None):
        self.id = _here.device if device is None else device
        self.compute_capability = '80'
        self.mem_info = (1 << 30, 1 << 31)
        self._before = []

    def __enter__(self):
        self._before.append(_here.device)
        return self.use()

    def __exit__(self, *error):
        _here.device = self._before.pop()

    def use(self):
        _here.device = self.id
        return self

    def synchronize(self):
        _wait('the device')


cuda = types.ModuleType('cupy.cuda')
cuda.runtime = types.ModuleType('cupy.cuda.runtime')
cuda.runtime.CUDARuntimeError = _CUDARuntimeError
cuda.runtime.getDeviceCount = lambda: 1
cuda.runtime.getDevice = lambda: _here.device
cuda.runtime.getDeviceProperties = lambda device: {'name': b'NumPy in the place of a GPU', 'multiProcessorCount': 2}
cuda.runtime.cudaDevAttrMaxSharedMemoryPerBlockOptin = 97
cuda.runtime.deviceGetAttribute = lambda attribute, device: {97: 227 << 10}[attribute]
cuda.runtime.runtimeGetVersion = lambda: 13000
cuda.runtime.driverGetVersion = lambda: 13000
cuda.memory = types.ModuleType('cupy.cuda.memory')
cuda.memory.OutOfMemoryError = _OutOfMemoryError
cuda.Device, cuda.Event, cuda.Graph, cuda.Memory, cuda.MemoryPointer = _Device, _Event, _Graph, _Memory, _Pointer
cuda.Stream, cuda.MemoryPool = _Stream, _MemoryPool
cuda.using_allocator = _using_allocator
cuda.get_allocator = lambda: _here.allocators[-1]
cuda.is_available = lambda: True
cuda.alloc_pinned_memory = bytearray
cuda.get_current_stream = lambda device_id=-1: _stream()
cuda.get_elapsed_time = lambda start_event, end_event: 0.0

lib = types.ModuleType('cupy.lib')
lib.stride_tricks = types.ModuleType('cupy.lib.stride_tricks')
lib.stride_tricks.as_strided = lambda x, shape=None, strides=None: _view(
    np.lib.stride_tricks.as_strided(x._host, shape, strides), x
)
linalg = types.ModuleType('cupy.linalg')
for _name in LINALG:
    setattr(linalg, _name, functools.partial(_call, getattr(np.linalg, _name), LINALG[_name]))

__version__ = 'NumPy in its place'


def __getattr__(name):
    thing = getattr(np, name, None)
    if name in SAME and thing is not None:
        return thing
    if name in UFUNCS and thing is not None:
        return lambda *args, **kwargs: _call_ufunc(thing, args, kwargs)
    if name in FUNCTIONS and thing is not None:
        return lambda *args, **kwargs: _call(thing, FUNCTIONS[name], args, kwargs)
    raise AttributeError(f'module cupy has no attribute {name!r}')
