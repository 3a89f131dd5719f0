"""Files of weights: .safetensors and HDF5, read without trusting them, and PyTorch's .pt, which is only written.

Each holds a state_dict: arrays by name. What else such a file says is text: which network of nnlite.models the weights
are of (`network`), and the names of its classes (`classes`).
"""

import io
import json
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nnlite.data_prep.dataset import SIGNATURE
from nnlite.errors import DataError, DtypeError, Error, FileFormatError
from nnlite.hdf5_arrays import expect_stored_here
from nnlite.interop.named_arrays import named_arrays
from nnlite.whole_file import whole_file

SUFFIXES = ('.safetensors', '.h5')
PICKLES = ('.pt', '.pth')
# How files of torch.save and pickle begin; a .t7 file begins with a small number, in four bytes or as text.
_PICKLED = re.compile(rb'PK\x03\x04|\x80[\x02-\x05]')
MAX_ARRAYS = 100_000
MAX_TEXT = 1 << 22  # bytes of a fact
MAX_SAID = 160  # characters of what a package says of a damaged file

_SAVE_INSTEAD = (
    'save it from PyTorch as what runs no code: '
    "safetensors.torch.save_file({k: v.contiguous() for k, v in torch.load('{path}', weights_only=True).items()}, "
    "'{stem}.safetensors'); of a checkpoint, torch.load(...)['state_dict'].items()"
)
# safetensors' names of the types that weights have; BF16 is the upper half of F32.
_DTYPES = {'F64': np.float64, 'F32': np.float32, 'F16': np.float16, 'BF16': np.uint16}
_DTYPES |= {'I64': np.int64, 'I32': np.int32, 'I16': np.int16, 'I8': np.int8}
_DTYPES |= {'U64': np.uint64, 'U32': np.uint32, 'U16': np.uint16, 'U8': np.uint8}


@dataclass
class Weights:
    """What a file of weights holds: arrays by their names, and texts by theirs."""

    arrays: dict[str, np.ndarray]
    facts: dict[str, str]


def read_weights(path: str | os.PathLike[str]) -> Weights:
    """Return what is in a .safetensors or .h5 file.

    Raises:
        DataError: the suffix is another one; of .pt and .pth, with what to do instead.
        FileFormatError: the file is damaged, holds what no weights are, or refers to other files.
        Error: the package that reads such files is not installed.
        OSError: the file is missing or cannot be read.
    """
    expect_plain_file(path)
    suffix = Path(path).suffix.lower()
    if suffix not in SUFFIXES:
        raise DataError(f'expected a file of weights, {" or ".join(SUFFIXES)}, got {Path(path).name}', where=str(path))
    weights = _read_safetensors(path) if suffix == '.safetensors' else _read_h5(path)
    if lacking := _lacking(weights.arrays):
        raise FileFormatError(f'expected weights, got {lacking}', str(path))
    return weights


def _lacking(arrays: Mapping[str, np.ndarray]) -> str | None:
    """Return what is there instead of numbers, if that is so."""
    empty = next((name for name, array in arrays.items() if array.size == 0), None)
    return f'an empty array: {empty}' if empty is not None else None if arrays else 'none'


def expect_plain_file(path: str | os.PathLike[str]) -> None:
    """Raise unless a path is of a regular file that is no pickle, by its suffix or, of another than ours, its content.

    Raises:
        DataError: it is a pickle, with what to do instead; or it is no regular file, which might never end.
        OSError: it is missing or cannot be read.
    """
    suffix = Path(path).suffix.lower()
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise DataError('expected a file, got a folder or a pipe', where=str(path))
    with open(path, 'rb') as file:
        pickled = suffix not in SUFFIXES and _PICKLED.match(file.read(4))
    if pickled or suffix in PICKLES:
        raise DataError(
            'expected weights in a form that runs no code, got a pickle of PyTorch, whose reading may run any',
            where=str(path),
            hint=_SAVE_INSTEAD.replace('{path}', str(path)).replace('{stem}', Path(path).stem),
        )


def write_weights(path: str | os.PathLike[str], arrays: Mapping[str, np.ndarray], facts: Mapping[str, str]) -> None:
    """Write arrays, and what is to be said of them, to a .safetensors, .h5 or .pt file; it is whole or absent.

    A .pt file is a plain state_dict, without facts.

    Raises:
        DataError: the suffix is another one; a name is none: it has '/' in it, which HDF5 has for groups; there are no
            arrays, or one has no numbers.
        DtypeError: an array is not of real numbers of at most 8 bytes, or what is to be said is no text.
        Error: the package that writes such files is not installed.
        OSError: the file cannot be written.
    """
    writers = {'.safetensors': _safetensors, '.h5': _h5, '.pt': _pt}
    write = writers.get(Path(path).suffix.lower())
    if write is None:
        raise DataError(f'expected the name of a file {", ".join(writers)}, got {Path(path).name}', where=str(path))
    numbers = named_arrays(arrays, str(path))
    below = next((name for name in numbers if '/' in name or name in ('', '.')), None)
    if below is not None:
        raise DataError(f'expected names as a state_dict has them, got {below!r}', where=str(path))
    if lacking := _lacking(numbers):
        raise DataError(f'expected weights, got {lacking}', where=str(path))
    for name, fact in facts.items():
        if not isinstance(fact, str):
            raise DtypeError(f'expected a text, got {type(fact).__name__}', where=f'{path}, {name}')
    content = write({name: np.asarray(array, order='C') for name, array in numbers.items()}, dict(facts))
    with whole_file(path) as file:
        file.write(content)


# .safetensors


def _package() -> Any:
    try:
        import safetensors
    except ImportError as error:
        hint = "pip install 'nnlite[convert]'"
        raise Error('expected the package safetensors, which is not installed', hint=hint) from error
    return safetensors


def _read_safetensors(path: str | os.PathLike[str]) -> Weights:
    package = _package()
    content = Path(path).read_bytes()
    try:
        parts = dict(package.deserialize(content))
        if len(parts) > MAX_ARRAYS:
            raise FileFormatError(f'expected at most {MAX_ARRAYS:,} arrays, got {len(parts):,}', where=str(path))
        header = _header(content)
        facts = dict(header.pop('__metadata__', None) or {})
        return Weights({name: _array(name, parts[name], path) for name in header}, facts)
    except (package.SafetensorError, ValueError, RecursionError) as error:
        if isinstance(error, FileFormatError):
            raise
        message = f'expected a .safetensors file, got a damaged or foreign one: {str(error)[:MAX_SAID]}'
        raise FileFormatError(message, where=str(path)) from error


def _array(name: str, part: Mapping[str, Any], path: str | os.PathLike[str]) -> np.ndarray:
    dtype = _DTYPES.get(part['dtype'])
    if dtype is None:
        raise FileFormatError(f'expected an array of {", ".join(_DTYPES)}, got {part["dtype"]}', f'{path}, {name}')
    array = np.frombuffer(part['data'], np.dtype(dtype).newbyteorder('<')).astype(dtype).reshape(part['shape'])
    if part['dtype'] == 'BF16':
        array = (array.astype(np.uint32) << 16).view(np.float32)
    return array


def _header(content: bytes) -> dict[str, Any]:
    """Return a file's header, which the package has checked but does not hand out: the order of arrays, and texts."""
    length = int.from_bytes(content[:8], 'little')
    return dict(json.loads(content[8 : 8 + length]))


def _safetensors(arrays: dict[str, np.ndarray], facts: dict[str, str]) -> bytes:
    _package()
    from safetensors.numpy import save

    return save(arrays, facts)


# HDF5


def _read_h5(path: str | os.PathLike[str]) -> Weights:
    import h5py

    with open(path, 'rb') as file:
        if file.read(len(SIGNATURE)) != SIGNATURE:
            raise FileFormatError('expected an HDF5 file, got another kind', where=str(path))
        size = os.fstat(file.fileno()).st_size
    try:
        with h5py.File(path, 'r') as file:
            if len(file) > MAX_ARRAYS:
                raise FileFormatError(f'expected at most {MAX_ARRAYS:,} arrays, got {len(file):,}', where=str(path))
            arrays = {name: _native(_own(file, name, size, path)[()]) for name in file}
            return Weights(arrays, {name: file.attrs[name].decode() for name in file.attrs if _is_text(file, name)})
    except (OSError, RuntimeError, ValueError, TypeError, KeyError, OverflowError) as error:
        if isinstance(error, FileFormatError):
            raise
        raise FileFormatError(f'the file is damaged: {str(error).splitlines()[0]}', where=str(path)) from error


def _own(file: Any, name: str, size: int, path: str | os.PathLike[str]) -> Any:
    """Return the data set of a name, which lies in this very file, in a form that HDF5 itself reads, as it says."""
    import h5py

    where = f'{path}, {name}'
    if not isinstance(file.get(name, getlink=True), h5py.HardLink) or not isinstance(file[name], h5py.Dataset):
        raise FileFormatError('expected an array in the file itself, got a link or a group', where=where)
    data = file[name]
    if data.shape is None or data.dtype.kind not in 'fiu' or data.dtype.itemsize > 8:
        raise FileFormatError(f'expected numbers of at most 8 bytes, got {data.dtype}', where=where)
    expect_stored_here(data, size, where)
    return data


def _is_text(file: Any, name: str) -> bool:
    """Return whether an attribute is one text of a length that the file says: others are none of ours.

    Texts of any length lie in a heap, in which a damaged size sends HDF5 around for ever: they stay unread.
    """
    attribute = file.attrs.get_id(name)
    return attribute.shape == () and attribute.dtype.kind == 'S' and attribute.get_storage_size() <= MAX_TEXT


def _native(array: np.ndarray) -> np.ndarray:
    """Return an array whose bytes lie in this machine's order."""
    return array.astype(array.dtype.newbyteorder('='), copy=False)


def _h5(arrays: dict[str, np.ndarray], facts: dict[str, str]) -> bytes:
    import h5py

    memory = io.BytesIO()
    with h5py.File(memory, 'w', libver=('v108', 'v108')) as file:  # the older one has no room for a thousand names
        for name, array in arrays.items():
            file.create_dataset(name, data=array)
        for name, fact in facts.items():
            text = fact.encode()
            file.attrs.create(name, np.bytes_(text), dtype=h5py.string_dtype('utf-8', len(text) or 1))
    return memory.getvalue()


# .pt


def _pt(arrays: dict[str, np.ndarray], facts: Mapping[str, str]) -> bytes:
    """Return what torch.save writes of a plain state_dict.

    Raises:
        Error: PyTorch is not installed.
    """
    try:
        import torch
    except ImportError as error:
        hint = 'pip install torch; or write .safetensors, which PyTorch reads by safetensors.torch.load_file'
        raise Error('expected PyTorch, which is not installed, to write its own files', hint=hint) from error
    memory = io.BytesIO()
    torch.save({name: torch.from_numpy(array.copy()) for name, array in arrays.items()}, memory)
    return memory.getvalue()
