"""What the functions share: Torch's forms of call, and the checks of what was given."""

import functools
import inspect
import math
import numbers
from collections.abc import Callable
from typing import Any

import numpy as np

from nnlite.errors import DeviceError, DtypeError, Error, ShapeError
from nnlite.tensor.devices import is_array, is_on_gpu
from nnlite.tensor.types import dtype_of, getdefaulttensortype

BYTE = np.dtype('uint8')
FLOATS = (np.dtype('float32'), np.dtype('float64'))


def with_destination(arrays: int = 1) -> Callable[[Callable[..., np.ndarray]], Callable[..., np.ndarray]]:
    """Let a function that begins with so many arrays take one more before them, `dst`, as Torch's functions do.

    What the function returns is then copied to `dst`, which is returned; it may be one of the other arrays.

    >>> @with_destination()
    ... def twice(src):
    ...     return 2 * src
    >>> x = np.ones(2)
    >>> twice(x, x) is x, x.tolist()
    (True, [2.0, 2.0])

    The function raises, beside its own errors:
        ShapeError, DtypeError: `dst` is not of the shape and type of the result.
    """

    def decorate(function: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
        @functools.wraps(function)
        def call(*args: Any, **named: Any) -> np.ndarray:
            if len(args) > arrays and all(is_array(arg) for arg in args[: arrays + 1]):
                return into(place(function), args[0], function(*args[1:], **named))
            return function(*args, **named)

        return call

    return decorate


def destination(args: tuple[Any, ...]) -> tuple[np.ndarray | None, Any, list[Any]]:
    """Return `dst`, or None, `src` and the rest of what was given as ([dst,] src, ...)."""
    if len(args) > 1 and is_array(args[0]) and is_array(args[1]):
        return args[0], args[1], list(args[2:])
    return None, args[0] if args else None, list(args[1:])


def with_table(function: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
    """Let a function take one dict in place of named arguments, as Torch's take a Lua table; None is left out.

    >>> @with_table
    ... def area(width=1, height=1):
    ...     return np.array(width * height)
    >>> int(area(dict(width=2, height=3))), int(area(2, height=3)), int(area(None, 3))
    (6, 6, 3)

    The function raises, beside its own errors:
        Error: the dict has names that are none of the arguments'.
    """
    signature = inspect.signature(function)

    @functools.wraps(function)
    def call(*args: Any, **named: Any) -> np.ndarray:
        table = args[0] if len(args) == 1 and not named and isinstance(args[0], dict) else None
        if table is None:
            table = signature.bind_partial(*args, **named).arguments
        return function(**options(place(function), table, *signature.parameters))

    return call


def place(function: Callable[..., Any]) -> str:
    """Return what a function is called in messages: 'image.scale'."""
    return f'image.{function.__name__}'


def options(where: str, table: dict[str, Any] | None, *names: str) -> dict[str, Any]:
    """Return a table of options without those that are None, as in Lua, where they are not there.

    Raises:
        Error: it is no dict, or has names that are none of these.
    """
    if not isinstance(table, dict | None):
        raise Error(f'expected a dict of options, got {type(table).__name__}', where=where)
    unknown = [name for name in table or {} if name not in names]
    if unknown:
        raise Error(f'expected options among {", ".join(names)}, got {unknown[0]!r}', where=where)
    return {name: value for name, value in (table or {}).items() if value is not None}


def picture(where: str, array: Any, *ndims: int, channels: int | None = None, floating: bool = False) -> np.ndarray:
    """Return an argument that is to be a picture: uint8, float32 or float64, with one of the numbers of dimensions.

    Args:
        where: the function, for the message.
        array: what was given.
        ndims: how many dimensions it may have; 2 or 3 if nothing is said.
        channels: what its first of three dimensions has to be, if that matters.
        floating: whether uint8 will not do.

    Raises:
        DeviceError: it lies on a GPU.
        DtypeError, ShapeError, Error: it is of another type or shape, empty, or no array.
    """
    ndims = ndims or (2, 3)
    if is_on_gpu(array):
        raise DeviceError(
            'expected an array of NumPy, got one on a GPU',
            where=where,
            hint='pictures are worked on by the CPU: x.get()',
        )
    if not isinstance(array, np.ndarray):
        raise Error(f'expected an array, got {type(array).__name__}', where=where)
    if array.dtype not in (FLOATS if floating else (*FLOATS, BYTE)):
        types = 'float32 or float64' if floating else 'uint8 (0 to 255), float32 or float64 (0 to 1)'
        hint = "x.astype('float32')" + (' / 255' if floating and array.dtype == BYTE else '')
        raise DtypeError(f'expected {types}, got {array.dtype}', where=where, hint=hint)
    if array.ndim not in ndims or array.size == 0 or (channels is not None and array.shape[0] != channels):
        forms = {1: '(N)', 2: '(H, W)', 3: f'({channels or "C"}, H, W)', 4: '(N, C, H, W)', 5: '(T, N, C, H, W)'}
        due = ' or '.join(forms[ndim] for ndim in ndims)
        raise ShapeError(f'expected the shape {due}, got {array.shape}', where=where)
    return array


def into(where: str, dst: Any, result: np.ndarray) -> np.ndarray:
    """Copy a result to `dst`, and return that.

    Raises:
        DeviceError, ShapeError, DtypeError: it is not an array of this shape and type on the host.
    """
    if is_on_gpu(dst):
        raise DeviceError('expected dst to be an array of NumPy, got one on a GPU', where=where)
    if dst.shape != result.shape:
        hint = 'an array cannot be resized as a tensor of Torch: give one of this shape, or leave dst out'
        raise ShapeError(f'expected dst to be of the shape {result.shape}, got {dst.shape}', where=where, hint=hint)
    if dst.dtype != result.dtype:
        raise DtypeError(f'expected dst to be {result.dtype}, got {dst.dtype}', where=where)
    np.copyto(dst, result)
    return dst


def number(where: str, name: str, value: Any) -> float:
    """Return an argument that is to be a finite number.

    Raises:
        Error: it is none.
    """
    if not isinstance(value, numbers.Real) or isinstance(value, bool) or not math.isfinite(value):
        raise Error(f'expected {name} to be a number, got {value!r}', where=where)
    return float(value)


def whole(where: str, name: str, value: Any, least: int | None = None) -> int:
    """Return an argument as a whole number: what comes after the point is cut off, as Torch does.

    Raises:
        Error: it is no number, or less than `least`.
    """
    result = int(number(where, name, value))
    if least is not None and result < least:
        raise Error(f'expected {name} to be {least} or more, got {value!r}', where=where)
    return result


def choice(where: str, name: str, value: Any, *among: str) -> str:
    """Return an argument that is to be one of some words; the first stands for None.

    Raises:
        Error: it is none of them.
    """
    if value is None:
        return among[0]
    if not isinstance(value, str) or value not in among:
        raise Error(f'expected {name} to be one of {", ".join(among)}, got {value!r}', where=where)
    return value


def default_dtype() -> np.dtype:
    """Return the dtype of new pictures: the default type's, or float32 where that is half precision."""
    dtype = dtype_of(getdefaulttensortype())
    return dtype if dtype in FLOATS else np.dtype('float32')


def working_dtype(dtype: np.dtype) -> np.dtype:
    """Return the dtype that a picture of this one is computed in: its own, or float32 for bytes."""
    return np.dtype('float32') if dtype == BYTE else dtype


def as_type(values: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Return values as a dtype, in C's order; as bytes they are rounded, halves up, and cut off at 0 and 255.

    >>> as_type(np.array([-3, 1.5, 300]), BYTE).tolist()
    [0, 2, 255]
    """
    if dtype == BYTE and values.dtype != BYTE:
        values = np.clip(values + values.dtype.type(0.5), 0, 255)
    return np.ascontiguousarray(values, dtype=dtype)
