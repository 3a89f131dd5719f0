"""Arrays by their names, as callers have them: of NumPy or of PyTorch, on the host or on a GPU."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from nnlite.errors import DtypeError
from nnlite.tensor.devices import to_host


def named_arrays(arrays: Mapping[str, Any], where: str) -> dict[str, np.ndarray]:
    """Return arrays by their names, each one of NumPy, in this machine's byte order; shared where it can be.

    >>> import torch
    >>> named_arrays({'weight': torch.ones(2, requires_grad=True)}, 'here')
    {'weight': array([1., 1.], dtype=float32)}

    Raises:
        DtypeError: they are no mapping, a name is no string, or what it stands for is no array of real numbers of at
            most 8 bytes.
    """
    if not isinstance(arrays, Mapping):
        hint = 'give its state_dict()' if hasattr(arrays, 'state_dict') else None
        raise DtypeError(f'expected arrays by their names, got {type(arrays).__name__}', where=where, hint=hint)
    return {_name(name, where): _numbers(array, f'{where}, {name}') for name, array in arrays.items()}


def _name(name: Any, where: str) -> str:
    if not isinstance(name, str):
        raise DtypeError(f'expected names that are strings, got {name!r:.80}', where=where)
    return name


def _numbers(given: Any, where: str) -> np.ndarray:
    if isinstance(given, Mapping):
        message = f'expected an array of numbers, got a {type(given).__name__}'
        raise DtypeError(message, where=where, hint='of a checkpoint, give its state_dict alone')
    if hasattr(given, 'detach'):  # PyTorch shares no tensor that asks for gradients, and none on a GPU
        given = given.detach().cpu()
        if str(given.dtype) == 'torch.bfloat16':  # which NumPy has not: widened, as of a file
            given = given.float()
    try:
        array = np.asarray(to_host(given))
    except (TypeError, ValueError, RuntimeError) as error:  # of PyTorch's float8; of lists of several lengths
        hint = 'of PyTorch, give tensor.float()' if hasattr(given, 'float') else None
        raise DtypeError(f'expected an array of numbers, got none: {error}', where=where, hint=hint) from error
    if array.dtype.kind not in 'fiu' or array.itemsize > 8:
        raise DtypeError(f'expected an array of real numbers of at most 8 bytes, got {array.dtype}', where=where)
    return array.astype(array.dtype.newbyteorder('='), copy=False)
