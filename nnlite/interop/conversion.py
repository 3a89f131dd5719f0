"""A network written in another form, which is read back and run beside it before anyone sees the file."""

import json
import os
import stat
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nnlite.errors import DataError, Error
from nnlite.interop.comparison import BATCH, difference, finite_numbers, output_of, ready
from nnlite.interop.example_input import example_input, find_shape
from nnlite.interop.names import learnt, load_state_dict, state_dict
from nnlite.interop.pytorch import to_torch, unexpressed
from nnlite.interop.recipe import facts_of
from nnlite.interop.weight_files import Weights, read_weights, write_weights
from nnlite.nn.table import leaves, mapped
from nnlite.serialization import load, save

WEIGHTS = ('.safetensors', '.h5', '.pt')
TARGETS = ('.t7', *WEIGHTS, '.onnx')
TOLERANCE = 1e-4  # of the largest output, or of 1 where that is more
NO_RUN = '--no-run compares the numbers alone'


def convert_network(
    model: Any,
    target: str | os.PathLike[str],
    shape: Sequence[Any] | None = None,
    beside: Mapping[str, Any] | None = None,
    runs: bool = True,
    batch: int | None = None,
) -> list[str]:
    """Write a network to a file, in the form that its suffix names; return what was checked, a line each.

    Before the file gets its name it is read back and run beside the network, in evaluation, on random input; weights
    are also run in PyTorch, and .onnx files by onnxruntime, where these are installed.

    Args:
        model: the network, which stays as it is.
        target: the file: .t7, .safetensors, .h5, .pt or .onnx.
        shape: one input's, without the batch, or a list of them for a table; if None, one that goes through the network
            is looked for.
        beside: what a checkpoint says beside it, `classes`, `names` and `pictures`, for files that have a place for it.
        runs: whether it is run; if False, only the numbers in the file are compared.
        batch: how many samples it is run on; an .onnx file is for that many alone then. If None, two, and any number.

    Raises:
        DataError: another suffix.
        Error: the form cannot express some modules, which are all named; a package is missing; no input is found; or
            what the file gives differs by more than 1e-4. No file is left then.
        OSError: the file cannot be written.
    """
    with _new_file(target) as made:
        if made.suffix == '.onnx':
            lines = _onnx(model, made, shape, batch)
        else:
            run = _Run.of(model, shape, batch or BATCH) if runs else None
            lines = _FORMS[made.suffix](model, made, run, dict(beside or {}))
    return lines + _not_finite(model)


def convert_weights(weights: Weights, target: str | os.PathLike[str]) -> list[str]:
    """Write weights to another file of weights, whatever network they are of; return what was checked, a line each.

    Raises:
        DataError: the suffix is not that of a file of weights, or there are none.
        Error: a package is missing. No file is left then.
        OSError: the file cannot be written.
    """
    with _new_file(target, WEIGHTS) as made:
        found = _written(made, weights.arrays, weights.facts)
        return [_arrays(weights.arrays, made), _compared(weights.arrays, found)]


@contextmanager
def _new_file(target: str | os.PathLike[str], suffixes: Sequence[str] = TARGETS) -> Iterator[Path]:
    """Give the path of a file beside the one that is to be written, which gets its name when the block ends well."""
    path, given = Path(os.path.realpath(target)), str(target)
    suffix = path.suffix.lower()
    if suffix not in suffixes:
        raise DataError(f'expected a name that ends in {", ".join(suffixes)}, got {path.name}', where=given)
    if not path.parent.is_dir():
        raise Error('expected a folder for the file, got none of that name', where=str(path.parent))
    with suppress(FileNotFoundError):
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise Error('expected the name of a file, got something else that is there', where=given)
    try:
        with tempfile.TemporaryDirectory(prefix='.nnlite-', suffix='.part', dir=path.parent) as folder:
            made = Path(folder) / f'made{suffix}'
            yield made
            os.replace(made, path)
    except OSError as error:
        error.filename = given  # the temporary name would tell nobody
        raise
    except Error as error:
        error.where = error.where and error.where.replace(str(made), given)
        raise


@dataclass
class _Run:
    """An input, what the network makes of it, and whether it draws random numbers for that."""

    input: Any
    output: Any
    draws: bool

    @classmethod
    def of(cls, model: Any, shape: Sequence[Any] | None, batch: int) -> '_Run':
        twin = ready(model)
        try:
            input = example_input(twin, shape or find_shape(twin, batch=batch), batch)
        except Error as error:
            error.hint = f'{error.hint}; {NO_RUN}' if error.hint else NO_RUN
            raise
        return cls(input, *output_of(twin, input))

    @property
    def on(self) -> str:
        """What it was run on, for people to read."""
        return f' on random input {", ".join(str(part.shape) for part in leaves(self.input))}'


# the forms


def _t7(model: Any, path: Path, run: _Run | None, beside: dict[str, Any]) -> list[str]:
    save(path, {'model': model, **beside} if beside else model)
    content = load(path)
    again = content['model'] if beside else content
    said = f'a table: {", ".join(["model", *beside])}' if beside else 'the network'
    lines = [f'{said}, {_size(path)}', _read_back(model, state_dict(again), again, run)]
    return lines + _classes(beside, run)


def _weights(model: Any, path: Path, run: _Run | None, beside: dict[str, Any]) -> list[str]:
    arrays, facts = state_dict(model), facts_of(model, beside)
    if not arrays:
        raise Error('expected a network with weights, got one without any', hint='.t7 and .onnx hold networks')
    found = _written(path, arrays, facts)
    lines = [_arrays(arrays, path)]
    recipe = json.loads(facts.get('network', 'null'))
    ours = isinstance(recipe, dict)
    if path.suffix != '.pt':
        told = 'says which network of nnlite.models it is of' if ours else 'is read with --like NETWORK.t7'
        lines += [f'the file {told}', *_classes(beside, run)]
    if ours and recipe['shortcut'] == 'A-subsample':
        lines.append("its shortcuts put all zero planes behind: akamaster's option A puts half in front, and differs")
    lines.append(_read_back(model, found, load_state_dict(ready(model), found), run))
    return lines if run is None else [*lines, _in_pytorch(model, found, run)]


def _written(path: Path, arrays: dict[str, np.ndarray], facts: Mapping[str, str]) -> dict[str, np.ndarray]:
    """Write a file of weights; return the arrays that are in it."""
    write_weights(path, arrays, facts)
    return _pt_arrays(path, arrays) if path.suffix == '.pt' else read_weights(path).arrays


def _arrays(arrays: dict[str, np.ndarray], path: Path) -> str:
    return f'{len(arrays)} arrays, {_size(path)}: {next(iter(arrays))} to {list(arrays)[-1]}'


def _onnx(model: Any, path: Path, shape: Sequence[Any] | None, batch: int | None) -> list[str]:
    from nnlite.interop.onnx import OPSET, outputs_of, write_onnx

    twin, fixed = ready(model), batch is not None
    input = example_input(twin, shape or find_shape(twin, batch=batch or BATCH), batch or BATCH)
    shape = mapped(lambda array: array.shape if fixed else array.shape[1:], input)
    write_onnx(model, path, shape, fixed)
    inputs = ', '.join(f'({", ".join(map(str, sizes if fixed else ("N", *sizes)))})' for sizes in _each(shape))
    lines = [f'opset {OPSET}, {_size(path)}, for inputs {inputs}']
    found = outputs_of(model, path, shape, fixed)
    if found is None:
        return [*lines, 'not run: onnxruntime is not installed (pip install onnxruntime)']
    return [*lines, _told('run by onnxruntime', *found, hint='the file computes in float32')]


_FORMS = {'.t7': _t7, '.safetensors': _weights, '.h5': _weights, '.pt': _weights}


def _each(shape: Any) -> list[tuple[int, ...]]:
    return shape if isinstance(shape, list) else [shape]


def _pt_arrays(path: Path, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the numbers in a .pt file that was just written of these arrays: a zip archive has them as they are.

    What else is in it is a pickle, which stays unread.
    """
    with zipfile.ZipFile(path) as archive:
        top = archive.namelist()[0].partition('/')[0]
        parts = [archive.read(f'{top}/data/{number}') for number in range(len(arrays))]
    pairs = zip(arrays.items(), parts, strict=True)
    return {name: np.frombuffer(part, array.dtype).reshape(array.shape) for (name, array), part in pairs}


# what is said of them


def _read_back(model: Any, found: dict[str, np.ndarray], again: Any, run: _Run | None) -> str:
    """Return how far a network that was read back is from the one it was written of."""
    if run is None:
        return _compared(state_dict(model), found)
    return _told('read back and run', run.output, output_of(ready(again), run.input)[0], run.on)


def _compared(arrays: dict[str, np.ndarray], found: dict[str, np.ndarray]) -> str:
    same = arrays.keys() == found.keys() and all(
        np.array_equal(array, found[name], equal_nan=True) for name, array in arrays.items()
    )
    return _told('read back, not run: of the numbers', arrays, arrays if same else {})


def _in_pytorch(model: Any, arrays: dict[str, np.ndarray], run: _Run) -> str:
    """Return how far PyTorch is with these weights; why it was not asked, if it was not."""
    try:
        import torch
    except ImportError:
        return 'not run in PyTorch: it is not installed'
    if run.draws:
        return 'not run in PyTorch, which draws other random numbers: the network draws some in evaluation'
    refused = unexpressed(model)
    if refused:
        named = ', '.join(f'{path} (nn.{name})' for path, name, _ in refused)
        return f'not run in PyTorch, which cannot express {named}'
    twin = ready(model)
    theirs = to_torch(twin)
    tensors = {name: torch.from_numpy(array.astype(twin.dtype)) for name, array in arrays.items()}
    theirs.load_state_dict({**theirs.state_dict(), **tensors})
    with torch.no_grad():
        output = theirs(mapped(lambda array: torch.from_numpy(array.copy()), run.input))
    hint = 'a module in place that changes what another one reads may be the cause'
    return _told('run in PyTorch', run.output, output, run.on, f'{hint}; {NO_RUN}')


def _told(what: str, ours: Any, theirs: Any, on: str = '', hint: str = NO_RUN) -> str:
    """Return the line that says how far two outputs are apart.

    Raises:
        Error: it is farther than is allowed.
    """
    finite, count = finite_numbers(ours), sum(np.size(leaf) for leaf in leaves(ours))
    share = difference(ours, theirs) / max(1.0, np.abs(finite).max(initial=0))
    if not share <= TOLERANCE:
        message = f'expected a largest difference of at most {TOLERANCE:g}, got {share:.2g}: {what}'
        raise Error(message, where='convert', hint=f'nothing was written; {hint}')
    if not finite.size:
        return f'{what}{on}: nothing was compared: of the {count} numbers that come out none is finite'
    some = '' if finite.size == count else f', {count - finite.size} of {count} numbers are NaN or Inf in both'
    return f'{what}{on}: largest difference {share:.2g}{some}'


def _classes(beside: Mapping[str, Any], run: _Run | None) -> list[str]:
    """Return a line if the file names more classes than the network gives scores, or fewer."""
    count = len(beside.get('classes') or ())
    if not count or run is None or not isinstance(run.output, np.ndarray) or run.output.ndim != 2:
        return []
    scores = len(run.output[0])
    return [f'it names {count} classes, and the network gives {scores} scores'] if scores != count else []


def _not_finite(model: Any) -> list[str]:
    """Return a line for each array that has numbers which are none."""
    counts = {name: (int(np.sum(~np.isfinite(array))), array.size) for name, array in learnt(model)}
    return [f'NaN or Inf in {name}: {count} of {size} numbers' for name, (count, size) in counts.items() if count]


def _size(path: Path) -> str:
    size = path.stat().st_size
    return f'{size / 2**20:.1f} MB' if size > 2**20 else f'{size / 2**10:.1f} KB'
