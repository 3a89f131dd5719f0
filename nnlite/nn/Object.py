"""What modules and criterions have in common: a type, memory of their own, copies, and a form in files."""

import copy
import itertools

import numpy as np

from nnlite import kernels
from nnlite.errors import DeviceError, DtypeError, ShapeError
from nnlite.nn.tree import below, put_together, take_apart
from nnlite.tensor.devices import array_module, gpu, is_array, is_on_gpu, to_host
from nnlite.tensor.memory import address, transplant
from nnlite.tensor.storage import Storage, layout_of
from nnlite.tensor.types import FLOATING, ON_GPU, dtype_of, getdefaulttensortype, host_type, on_gpu_type, type_of

# The methods that convert to a type, for hints.
_METHODS = {
    'torch.HalfTensor': 'half',
    'torch.FloatTensor': 'float',
    'torch.DoubleTensor': 'double',
    'torch.CudaHalfTensor': 'cudaHalf',
    'torch.CudaTensor': 'cuda',
    'torch.CudaDoubleTensor': 'cudaDouble',
}

# NumPy's arrays have no more; a list of sizes is no longer.
MAX_DIMENSIONS = 64


class Object:
    """The base of nn.Module and nn.Criterion.

    Class attributes that a layer may set:
        cleared: the names of its results and buffers; clearState empties them, and files hold them empty.
        foreign: names of buffers in Torch's files that are not needed here.
        longStorages: names of lists of integers that Torch keeps as LongStorages.
        version: the version of the class in files.
        keeps_type: whether what is below it keeps its type when the object is converted.

    >>> from nnlite import nn
    >>> layer = nn.Linear(2, 1)
    >>> layer.type()
    'torch.FloatTensor'
    >>> layer.double().weight.dtype
    dtype('float64')
    >>> layer.clone() is layer
    False

    Source: torch/nn, Module.lua and Criterion.lua, which have the same methods.
    """

    cleared = ('output', 'gradInput')
    foreign = ()
    longStorages = ()
    version = 1
    keeps_type = False

    def __init__(self):
        self._type = getdefaulttensortype()

    @property
    def dtype(self):
        """The element type that this object computes in."""
        return dtype_of(self._type)

    @property
    def kernels(self):
        """The family of kernels that does this object's arithmetic."""
        return kernels.family_of(self._type)

    @property
    def xp(self):
        """The package whose arrays this object computes with: numpy, or cupy if it is on a GPU."""
        return gpu() if self._type in ON_GPU else np

    def buffer(self, name, shape, like, layout=None, dtype=None):
        """Return an array of this shape in the object's own memory for `name`; its contents are undefined.

        The memory grows when asked for more and is used again by every call. It is not saved and not copied.

        Args:
            name: what the memory is for.
            shape: the shape of the array.
            like: an array on the device where the memory is to be; its layout is the default for the same kind.
            layout: see nnlite.Storage.
            dtype: the element type; the object's own if None.
        """
        storages = self.__dict__.setdefault('_storages', {})
        if name not in storages:
            storages[name] = Storage()
        if layout is None:
            layout = 'map' if len(shape) in (4, 5) else layout_of(like) if len(shape) == like.ndim == 3 else 'plain'
        return storages[name].view(tuple(shape), dtype or self.dtype, layout, array_module(like))

    def expect(self, array, shape=None, name='input', single=False):
        """Raise unless `array` is an array of this object's type and of this shape.

        Args:
            array: what was given.
            shape: a tuple of sizes, each a number or, where any size will do, its name; None if any shape will do.
            name: what the array is, for the message.
            single: whether the first dimension, the batch's, may be missing.
        """
        if not is_array(array):
            raise DtypeError(f'expected {name} to be an array, got {type(array).__name__}', where=self._name())
        if isinstance(array, np.ndarray) == (self._type in ON_GPU):
            self._refuse_place_of(array, name)
        if array.dtype != self.dtype:
            cast = f'.astype(numpy.{self.dtype})'
            hint = f'give it as {name}{cast}'
            if array.dtype in map(dtype_of, FLOATING):
                hint += f', or convert the network with .{_METHODS[type_of(array)]}()'
            raise DtypeError(f'expected {name} of {self.dtype}, got {array.dtype}', where=self._name(), hint=hint)
        if name == 'input' and not (array.ndim and array.size):  # Torch has no such arrays
            raise ShapeError(f'expected input with numbers in it, got {_written(array.shape)}', where=self._name())
        if shape is not None and not _fits(array.shape, shape) and not (single and _fits(array.shape, shape[1:])):
            shapes = _written(shape) + (f' or {_written(shape[1:])}' if single else '')
            hint = 'run forward first: there is no output yet' if name == 'gradOutput' and shape == (0,) else None
            raise ShapeError(f'expected {name} {shapes}, got {_written(array.shape)}', where=self._name(), hint=hint)

    def _refuse_place_of(self, array, name):
        """Raise since an array does not live where this object computes."""
        if is_on_gpu(array):
            there, here, convert, type_there = 'host', 'GPU', 'asnumpy', on_gpu_type(self._type)
        else:
            there, here, convert, type_there = 'GPU', 'host', 'asarray', host_type(self._type)
        hint = f'give it as cupy.{convert}({name}), or move the network to the {here} with .{_METHODS[type_there]}()'
        raise DeviceError(f'expected {name} on the {there}, got one on the {here}', where=self._name(), hint=hint)

    def placed(self, array, name='input'):
        """Return an array of any type where this object computes: on the GPU a copy of one that is on the host.

        Raises:
            DeviceError: it is on the GPU, and the object is on the host.
        """
        if self._type in ON_GPU:
            return self.xp.asarray(array)
        if is_on_gpu(array):
            self._refuse_place_of(array, name)
        return array

    def expect_table(self, table, count=None, name='input'):
        """Raise unless `table` is a list, of `count` elements or, if that is None, of at least one."""
        if not isinstance(table, list) or not table or (count is not None and len(table) != count):
            given = f'one of {len(table)}' if isinstance(table, list) else type(table).__name__
            what = f'a table (a list) of {count or "one or more"}'
            raise ShapeError(f'expected {name} to be {what}, got {given}', where=self._name())

    def _name(self):
        return repr(self).partition(' {')[0].replace('nn.', '')

    def arrays(self):
        """Yield (holder, key, array) for every array below this object, so that holder[key] can be set anew."""
        yield from below(self, is_array)

    def type(self, typename=None, tensorCache=None):
        """Return the object's type, or convert it and all below it to `typename`, keeping what is shared shared.

        Args:
            typename: one of Torch's floating types, such as 'torch.DoubleTensor', or 'torch.CudaTensor' on the GPU.
            tensorCache: an empty dict, the same for several calls, if what one object shares with another is to stay
                shared.

        Raises:
            DtypeError: not a floating tensor type.
            DeviceError: a Cuda type, where there is no GPU to use.
        """
        if typename is None:
            return self._type
        convert([self], typename, tensorCache, self._name())
        return self

    def float(self, tensorCache=None):
        """Convert to float32."""
        return self.type('torch.FloatTensor', tensorCache)

    def double(self, tensorCache=None):
        """Convert to float64."""
        return self.type('torch.DoubleTensor', tensorCache)

    def half(self, tensorCache=None):
        """Convert to float16."""
        return self.type('torch.HalfTensor', tensorCache)

    def cuda(self, tensorCache=None):
        """Move to the GPU, as float32."""
        return self.type('torch.CudaTensor', tensorCache)

    def cudaHalf(self, tensorCache=None):
        """Move to the GPU, as float16."""
        return self.type('torch.CudaHalfTensor', tensorCache)

    def cudaDouble(self, tensorCache=None):
        """Move to the GPU, as float64."""
        return self.type('torch.CudaDoubleTensor', tensorCache)

    def clearState(self):
        """Drop all results and buffers, and the memory they lie in; return the object."""
        self.__dict__.pop('_storages', None)
        for name in self.cleared:
            if name in self.__dict__ and self.__dict__[name] is not None:
                self.__dict__[name] = emptied(self.__dict__[name], self.dtype)
        return self

    def __deepcopy__(self, memo):
        """Copy without results and buffers; arrays that share memory go on sharing it, among the copies."""
        arrays = [array for _, _, array in self.arrays() if id(array) not in memo]
        twins = transplant(arrays, np.copy)
        memo.update((id(array), twin) for array, twin in zip(arrays, twins, strict=True))
        return self._copied(memo)

    def __getstate__(self):
        state = {name: value for name, value in self.__dict__.items() if name != '_storages'}
        for name in self.cleared:
            if state.get(name) is not None:
                state[name] = emptied(state[name], self.dtype)
        return state

    def _copied(self, memo):
        twin = memo[id(self)] = self.__class__.__new__(self.__class__)
        twin.__dict__.update(copy.deepcopy(self.__getstate__(), memo))
        return twin

    def __reduce_ex__(self, protocol):
        """Pickle as a tree without arrays, and the pieces of memory that its arrays are views of."""
        if next(self.arrays(), None) is None:
            return object.__reduce_ex__(self, protocol)
        return put_together, take_apart(self, self._copied)

    def clone(self):
        """Return a copy that shares nothing with this object."""
        return copy.deepcopy(self)

    def write(self):
        """Return the fields that a file holds, by Torch's names: all but the contents of results and buffers.

        A file is the same wherever the object lives: it holds what computes on the host.
        """
        fields = {name: value for name, value in self.__getstate__().items() if value is not None}
        if '_type' in fields:
            fields['_type'] = host_type(fields['_type'])
        for name in self.longStorages:
            if name in fields:
                fields[name] = Storage(np.array(fields[name], np.int64))
        return fields

    def read(self, fields, version=1):
        """Take over the fields that a file holds; a class whose older files differ repairs them here.

        Args:
            fields: a dict of values by Torch's names.
            version: the version of the class that wrote them.
        """
        for name, value in fields.items():
            if name not in self.foreign:
                self.__dict__[name] = value
        for name in self.longStorages:
            if self.__dict__.get(name) is not None:
                self.__dict__[name] = _sizes(name, self.__dict__[name])
        self._type = self._host_type()
        for name in self.cleared:
            value = self.__dict__.get(name)
            self.__dict__[name] = None if value is None else emptied(value, self.dtype)

    def _host_type(self):
        """Return the type to compute in: that of the file, on the host, or, if it does not say, of what is in it."""
        named = self.__dict__.get('_type')
        if isinstance(named, str):
            kind = named.removeprefix('torch.').removeprefix('Cuda')
            named = f'torch.{"Float" if kind == "Tensor" else ""}{kind}'
        else:
            results = [self.__dict__.get(name) for name in self.cleared]
            values = itertools.chain(*(below(thing, lambda value: True) for thing in (self, results)))
            # The first of them will do: a file may have many objects above very many values.
            found = [value for _, _, value in itertools.islice(values, 100)]
            arrays = [value for value in found if is_array(value) and value.dtype.kind == 'f']
            parts = [value.type() for value in found if isinstance(value, Object)]
            named = next(iter([*map(type_of, arrays), *parts]), None)
        return named if named in FLOATING else getdefaulttensortype()


def convert(table, typename, tensorCache=None, where=None):
    """Convert the floating arrays of a table, and all its objects, to `typename`; what is shared stays shared.

    Args:
        table: a list of arrays, objects and tables.
        typename: the type.
        tensorCache: a dict that remembers what became of each piece of memory, for the next call.
        where: who asks, for the message.

    Raises:
        DtypeError: not a floating tensor type.
        DeviceError: a Cuda type, where there is no GPU to use.
    """
    if typename not in FLOATING and typename not in ON_GPU:
        raise DtypeError(f'expected one of {", ".join([*FLOATING, *ON_GPU])}, got {typename!r}', where=where)
    converted = _converter(typename)
    _bring_whole_numbers(table, typename)
    places = list(below(table, lambda value: is_array(value) and value.dtype.kind == 'f', _converts))
    arrays = [array for _, _, array in places]
    if tensorCache is None:
        twins = transplant(arrays, converted)
    else:
        twins = _transplant_once(arrays, typename, tensorCache)
    for (holder, key, _), twin in zip(places, twins, strict=True):
        holder[key] = twin
    for _, _, thing in list(below(table, lambda value: isinstance(value, Object), _converts)):
        thing._type = typename
        Object.clearState(thing)


def _bring_whole_numbers(table, typename):
    """Put what is not of a floating type where the type lives; it keeps its own."""
    there = typename in ON_GPU
    for holder, key, array in list(below(table, is_array, _converts)):
        if array.dtype.kind != 'f' and is_on_gpu(array) != there:
            holder[key] = gpu().asarray(array) if there else to_host(array)


def _converter(typename):
    """Return what makes of a piece of memory a new one of a type, where that type lives."""
    dtype = dtype_of(typename)
    if typename in ON_GPU:
        xp = gpu()
        return lambda memory: xp.array(memory, dtype)
    return lambda memory: to_host(memory).astype(dtype)


def _transplant_once(arrays, typename, cache):
    """Return the arrays' twins of another type; memory that was converted before, with the same cache, is not again."""
    converted = _converter(typename)

    def converted_once(memory):
        key = address(memory), typename
        if key not in cache:
            cache[key] = converted(memory), memory  # which is held, so that no other takes its place
        return cache[key][0]

    return transplant(arrays, converted_once, whole=True)  # so that the pieces of memory are the same for every call


def _converts(thing):
    return not getattr(thing, 'keeps_type', False)


def _sizes(name, value):
    """Return what a file has as a LongStorage, or as a table, as the list of numbers that it is to be."""
    sizes = value.memory if isinstance(value, Storage) else value
    if not isinstance(sizes, (list, np.ndarray)) or len(sizes) > MAX_DIMENSIONS:
        raise ShapeError(f'expected {name} to be a list of at most {MAX_DIMENSIONS} sizes, got {type(value).__name__}')
    return np.array(sizes, np.int64).tolist()


def _fits(shape, expected):
    return len(shape) == len(expected) and all(
        isinstance(want, str) or size == want for size, want in zip(shape, expected, strict=True)
    )


def _written(shape):
    return f'({", ".join(map(str, shape))}{"," if len(shape) == 1 else ""})'


def emptied(value, dtype):
    """Return what stands for a dropped result: an empty table for a table, else an empty array."""
    if isinstance(value, (list, dict)):
        return []
    kept = is_array(value) and value.dtype.kind != 'f'  # indices stay whole numbers
    return np.empty(0, value.dtype if kept else dtype)
