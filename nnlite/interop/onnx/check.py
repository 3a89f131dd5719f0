"""A file beside the network that it was made of."""

import os
from pathlib import Path
from typing import Any

import numpy as np

from nnlite.errors import FileFormatError
from nnlite.interop.onnx.graph import Graph, Tree, Value, leaves
from nnlite.interop.onnx.trace import traced, twin_of

SEED = 1
BATCH = 2


def check_onnx(model: Any, path: str | os.PathLike[str], shape: Any, fixed: bool = False) -> float | None:
    """Run an ONNX file and the network that it was made of, return the largest difference of what they give.

    Both get the same random input. The file is run by onnxruntime, on the CPU; the network in evaluation, in float32.
    It stays as it is.

    Args:
        model, shape, fixed: as for write_onnx.
        path: the file.

    Returns:
        The largest absolute difference; inf where one of the two is no number. None if onnxruntime is not installed.

    Raises:
        FileFormatError: it is no ONNX file that can be run, or has other inputs or outputs than the network.
        Error: as of write_onnx.
        OSError: the file cannot be read.
    """
    try:
        import onnxruntime
    except ImportError:
        return None
    content = Path(path).read_bytes()
    with twin_of(model) as twin:
        trace = traced(twin, shape, fixed)
        given = _drawn(trace.graph, trace.inputs, np.random.default_rng(SEED))
        with np.errstate(all='ignore'):
            ours = twin.forward(_copied(given))
        names = [value.name for value in leaves(trace.inputs)]
        fed = dict(zip(names, leaves(given), strict=True))
        theirs = _run(onnxruntime, content, str(path), fed, [value.name for value in leaves(trace.outputs)])
        return max(_difference(*pair, str(path)) for pair in zip(leaves(ours), theirs, strict=True))


def _run(onnxruntime: Any, content: bytes, path: str, given: dict[str, Any], outputs: list[str]) -> list[Any]:
    """Return what the file gives for these inputs."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # what is wrong is said in the error
    try:
        # without enable_fallback=0 it prints, and tries the same again
        session = onnxruntime.InferenceSession(content, options, ['CPUExecutionProvider'], enable_fallback=0)
        expected = [[*given], outputs]
        found = [[part.name for part in parts] for parts in (session.get_inputs(), session.get_outputs())]
        if found == expected:
            return list(session.run(outputs, given))
    except Exception as error:  # onnxruntime's have no base of their own
        why = ' '.join(str(error).split())
        raise FileFormatError(f'expected an ONNX file that can be run, got an error: {why}', where=path) from error
    text = f'expected inputs and outputs {expected[0]} and {expected[1]}, got {found[0]} and {found[1]}'
    raise FileFormatError(text, where=path, hint='give the network and the shape that the file was made of')


def _difference(ours: Any, theirs: Any, path: str) -> float:
    if not isinstance(theirs, np.ndarray) or ours.shape != theirs.shape:
        shape = theirs.shape if isinstance(theirs, np.ndarray) else type(theirs).__name__
        raise FileFormatError(f'expected an output {ours.shape}, as the network gives, got {shape}', where=path)
    mine, other = ours.astype(np.float64), theirs.astype(np.float64)
    same = (mine == other) | (np.isnan(mine) & np.isnan(other))
    with np.errstate(invalid='ignore'):
        away = np.where(same, 0, np.abs(mine - other))
    return float(np.nan_to_num(away, nan=np.inf).max(initial=0))


def _drawn(graph: Graph, inputs: Tree, rng: np.random.Generator) -> Tree:
    """Return random inputs: from the normal distribution, or, as indices, from all that there may be."""
    if isinstance(inputs, dict):
        return {key: _drawn(graph, part, rng) for key, part in inputs.items()}
    if isinstance(inputs, list):
        return [_drawn(graph, part, rng) for part in inputs]
    return _drawn_for(graph, inputs, rng)


def _drawn_for(graph: Graph, value: Value, rng: np.random.Generator) -> np.ndarray:
    shape = [BATCH if size is None else size for size in value.shape]
    if value.dtype == bool:
        return rng.random(shape) < 0.5
    if value.name in graph.counts:
        return rng.integers(1, graph.counts[value.name] + 1, shape).astype(value.dtype)
    numbers = rng.standard_normal(shape).astype(value.dtype)
    if value.name in graph.entries:
        numbers[..., 0] = rng.integers(1, graph.entries[value.name] + 1, shape[:-1])
    return numbers


def _copied(tree: Tree) -> Tree:
    """Return copies: modules may work in place."""
    if isinstance(tree, dict):
        return {key: _copied(part) for key, part in tree.items()}
    if isinstance(tree, list):
        return [_copied(part) for part in tree]
    return tree.copy()
