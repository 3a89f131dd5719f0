"""A network written in another form, which is read back and run beside it before anyone sees the file."""

import json
import math
import os
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nnlite import nn
from nnlite.errors import DataError, Error
from nnlite.interop.names import load_state_dict, resnet_labels, state_dict
from nnlite.interop.pytorch import to_torch, unexpressed
from nnlite.interop.recipe import facts_of
from nnlite.interop.weight_files import read_weights, write_weights
from nnlite.serialization import load, save

TARGETS = ('.t7', '.safetensors', '.h5', '.pt', '.onnx')
TOLERANCE = 1e-4  # of the largest output, or of 1 where that is more
BATCH = 2
SIDES = (32, 64, 224, 28, 96, 128, 227, 231, 299, 16)  # pixels or frames that are tried, in this order
SEED = 1


def convert_network(
    model: Any,
    target: str | os.PathLike[str],
    shape: Sequence[int] | None = None,
    beside: Mapping[str, Any] | None = None,
    runs: bool = True,
) -> list[str]:
    """Write a network to a file, in the form that its suffix names; return what was checked, a line each.

    Before the file gets its name it is read back and run beside the network, in evaluation, on random input; weights
    are also run in PyTorch, and .onnx files by onnxruntime, where these are installed.

    Args:
        model: the network, which stays as it is.
        target: the file: .t7, .safetensors, .h5, .pt or .onnx.
        shape: one input's, without the batch; if None, one that goes through the network is looked for.
        beside: what a checkpoint says beside it, `classes`, `names` and `pictures`, for files that have a place for it.
        runs: whether it is run; if False, only the numbers in the file are compared.

    Raises:
        DataError: another suffix.
        Error: the form cannot express some modules, which are all named; a package is missing; no input is found; or
            what the file gives differs by more than 1e-4. No file is left then.
        OSError: the file cannot be written.
    """
    path = Path(os.path.realpath(target))
    if path.suffix not in TARGETS:
        raise DataError(f'expected a name that ends in {", ".join(TARGETS)}, got {path.name}', where=str(target))
    if not path.parent.is_dir():
        raise Error('expected a folder for the file, got none of that name', where=str(path.parent))
    twin = _ready(model)
    if path.suffix == '.onnx':
        runs = True  # its writer asks for a shape
    input = example_input(twin, shape or find_shape(twin)) if runs else None
    with tempfile.TemporaryDirectory(prefix=f'.{path.name}.', suffix='.part', dir=path.parent) as folder:
        made = Path(folder) / path.name
        lines = _WRITERS[path.suffix](model, made, input, dict(beside or {}))
        os.replace(made, path)
    return lines


def find_shape(model: Any, side: int | None = None) -> tuple[int, ...]:
    """Return the shape of an input, without the batch, that goes through a network.

    >>> find_shape(nn.Sequential().add(nn.Linear(5, 2))), find_shape(nn.SpatialConvolution(3, 1, 33, 33))
    ((5,), (3, 64, 64))

    Args:
        model: the network, which stays as it is.
        side: pixels of a side, if they are known; else those that are usual are tried. Best is an input of which each
            sample comes to one of the output: an nn.View may make more of too large ones.

    Raises:
        Error: none of those tried does.
    """
    twin = _ready(model)
    tried, running = [], []
    for shape in _shapes(twin, SIDES if side is None else (side,)):
        tried.append(shape)
        try:
            output = twin.forward(example_input(twin, shape))
        except (Error, TypeError, AttributeError, IndexError):  # a table is due: what fails first depends on the class
            continue
        running.append(shape)
        if all(np.shape(leaf)[:1] == (BATCH,) for leaf in _leaves(output)):
            return shape
    if running:
        return running[0]
    raise Error(
        f"expected the shape of the network's input, got none; tried {', '.join(map(str, tried)) or 'nothing'}",
        where='--shape',
        hint='give it without the batch, as --shape 3 32 32; --no-run compares the numbers alone',
    )


def _shapes(model: Any, sides: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """Yield shapes to try, by the first module that says how much it takes."""
    labels = resnet_labels(model)
    if labels is not None:
        first = model.modules[labels[id(model)].index('conv1')]
        stages = sum(name.startswith('layer') for name in labels[id(model)])
        side = 224 if first.kW > 3 and first is model.modules[0] else 64 if stages > 3 else 32
        yield first.nInputPlane, *(2 * (side if len(sides) > 1 else sides[0],))
    leaf: Any = next((module for module in model.listModules() if not getattr(module, 'modules', None)), None)
    for module in model.listModules():
        if isinstance(module, nn.Linear | nn.LinearWeightNorm):
            count = module.weight.shape[1]
            yield (count,)
            for planes in (3, 1):  # a picture whose numbers the network lays in a row itself
                side = math.isqrt(count // planes)
                if side and planes * side * side == count:
                    yield planes, side, side
            return
        if isinstance(module, nn.LookupTable):
            yield (sides[0],)
            return
        if hasattr(module, 'inputFrameSize'):
            yield from ((side, module.inputFrameSize) for side in sides)
            return
        if hasattr(module, 'nInputPlane') and hasattr(module, 'sides'):
            if module is leaf and len(module.sides) == 2 and module.kW > 6 and module.dW > 1 and 224 in sides:
                yield module.nInputPlane, 224, 224  # as ImageNet's networks begin
            yield from ((module.nInputPlane, *(side for _ in module.sides)) for side in sides)
            return


def example_input(model: Any, shape: Sequence[int], batch: int = BATCH) -> np.ndarray:
    """Return random input (batch, *shape), the same each time; for a network that begins with a LookupTable, indices.

    >>> example_input(nn.Linear(5, 2), (5,)).shape
    (2, 5)
    """
    rng = np.random.default_rng(SEED)
    tables = [module for module in model.listModules() if isinstance(module, nn.LookupTable | nn.Linear)][:1]
    if tables and isinstance(tables[0], nn.LookupTable):
        return rng.integers(1, len(tables[0].weight) + 1, (batch, *shape))
    return rng.standard_normal((batch, *shape)).astype(model.dtype)


def _ready(model: Any) -> Any:
    """Return a copy of a network, on the host and ready to evaluate; half precision is computed in single."""
    kind = model.type().replace('Cuda', '').replace('torch.Tensor', 'torch.FloatTensor')
    return model.clone().type('torch.FloatTensor' if 'Half' in kind else kind).evaluate()


# the forms


def _t7(model: Any, path: Path, input: np.ndarray | None, beside: dict[str, Any]) -> list[str]:
    save(path, {'model': model, **beside} if beside else model)
    content = load(path)
    again = content['model'] if beside else content
    said = f'a table: {", ".join(["model", *beside])}' if beside else 'the network'
    return [f'{said}, {_size(path)}', _compared(model, state_dict(again), _ready(again), input, 'read back')]


def _weights(model: Any, path: Path, input: np.ndarray | None, beside: dict[str, Any]) -> list[str]:
    arrays, facts = state_dict(model), facts_of(model, beside)
    if not arrays:
        raise Error('expected a network with weights, got one without any', hint='.t7 and .onnx hold networks')
    write_weights(path, arrays, facts)
    found = _pt_arrays(path, arrays) if path.suffix == '.pt' else read_weights(path).arrays
    lines = [f'{len(arrays)} arrays, {_size(path)}: {next(iter(arrays))} to {list(arrays)[-1]}']
    if path.suffix != '.pt':
        recipe = json.loads(facts.get('network', 'null'))
        told = (
            'says which network of nnlite.models it is of'
            if isinstance(recipe, dict)
            else 'is read with --like NETWORK.t7'
        )
        lines.append(f'the file {told}')
    lines.append(_compared(model, found, load_state_dict(_ready(model), found), input, 'read back'))
    return [*lines, *_in_pytorch(model, found, input)]


def _onnx(model: Any, path: Path, input: np.ndarray | None, beside: dict[str, Any]) -> list[str]:
    from nnlite.interop.onnx import OPSET, check_onnx, write_onnx

    assert input is not None
    shape = input.shape[1:]
    write_onnx(model, path, shape)
    difference = check_onnx(model, path, shape)
    lines = [f'opset {OPSET}, {_size(path)}, for inputs (N, {", ".join(map(str, shape))})']
    if difference is None:
        return [*lines, 'not run: onnxruntime is not installed (pip install onnxruntime)']
    largest = max(
        1.0, max(float(np.abs(part).max(initial=0)) for part in _leaves(_ready(model).float().forward(_single(input))))
    )
    return [*lines, _told('run by onnxruntime', difference / largest)]


_WRITERS = {'.t7': _t7, '.safetensors': _weights, '.h5': _weights, '.pt': _weights, '.onnx': _onnx}


def _single(array: np.ndarray) -> np.ndarray:
    return array.astype(np.float32) if array.dtype.kind == 'f' else array


def _pt_arrays(path: Path, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the numbers in a .pt file that was just written of these arrays: a zip archive has them as they are.

    What else is in it is a pickle, which stays unread.
    """
    with zipfile.ZipFile(path) as archive:
        top = archive.namelist()[0].partition('/')[0]
        parts = [archive.read(f'{top}/data/{number}') for number in range(len(arrays))]
    pairs = zip(arrays.items(), parts, strict=True)
    return {name: np.frombuffer(part, array.dtype).reshape(array.shape) for (name, array), part in pairs}


def _compared(model: Any, found: dict[str, np.ndarray], again: Any, input: np.ndarray | None, how: str) -> str:
    """Return how far a network that was read back is from the one it was written of."""
    if input is None:
        arrays = state_dict(model)
        same = arrays.keys() == found.keys() and all(
            np.array_equal(array, found[name], equal_nan=True) for name, array in arrays.items()
        )
        return _told(f'{how}, not run: of the numbers', 0.0 if same else math.inf)
    return _told(f'{how} and run', _difference(_ready(model).forward(input.copy()), again.forward(input.copy())), input)


def _in_pytorch(model: Any, arrays: dict[str, np.ndarray], input: np.ndarray | None) -> list[str]:
    """Return how far PyTorch is with these weights; why it was not asked, if it was not."""
    if input is None:
        return []
    try:
        import torch
    except ImportError:
        return ['not run in PyTorch: it is not installed']
    refused = unexpressed(model)
    if refused:
        return [
            f'not run in PyTorch, which cannot express {", ".join(f"{path} (nn.{name})" for path, name, _ in refused)}'
        ]
    twin = _ready(model)
    theirs = to_torch(twin)
    tensors = {name: torch.from_numpy(array.astype(twin.dtype)) for name, array in arrays.items()}
    theirs.load_state_dict({**theirs.state_dict(), **tensors})
    with torch.no_grad():
        output = theirs(torch.from_numpy(input.copy()))
    return [_told('run in PyTorch', _difference(twin.forward(input.copy()), output), input)]


def _leaves(tree: Any) -> list[Any]:
    if isinstance(tree, dict):
        tree = list(tree.values())
    return [leaf for part in tree for leaf in _leaves(part)] if isinstance(tree, list) else [tree]


def _difference(ours: Any, theirs: Any) -> float:
    """Return the largest difference of two outputs, over the largest number or 1; inf where they differ in form."""
    pairs = list(zip(map(np.asarray, _leaves(ours)), map(np.asarray, _leaves(theirs)), strict=False))
    if len(_leaves(ours)) != len(_leaves(theirs)) or any(a.shape != b.shape for a, b in pairs):
        return math.inf
    away = [np.where((a == b) | (np.isnan(a) & np.isnan(b)), 0, np.abs(a - b)) for a, b in pairs]
    largest = max([1.0, *(float(np.abs(a[np.isfinite(a)]).max(initial=0)) for a, _ in pairs)])
    return float(np.nan_to_num(max(part.max(initial=0) for part in away), nan=math.inf)) / largest


def _told(what: str, difference: float, input: np.ndarray | None = None) -> str:
    """Return the line that says a difference.

    Raises:
        Error: it is larger than what is allowed.
    """
    if not difference <= TOLERANCE:
        raise Error(
            f'expected a largest difference of at most {TOLERANCE:g}, got {difference:.2g}: {what}',
            where='convert',
            hint='nothing was written; a module in place that changes what another one reads may be the cause',
        )
    on = '' if input is None else f' on random input {input.shape}'
    return f'{what}{on}: largest difference {difference:.2g}'


def _size(path: Path) -> str:
    size = path.stat().st_size
    return f'{size / 2**20:.1f} MB' if size > 2**20 else f'{size / 2**10:.1f} KB'
