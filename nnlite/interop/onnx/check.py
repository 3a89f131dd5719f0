"""A file beside the network that it was made of."""

import math
import os
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from nnlite.errors import FileFormatError
from nnlite.interop.comparison import SEED, difference, finite_numbers, output_of, ready
from nnlite.interop.onnx.graph import Graph, Value
from nnlite.interop.onnx.trace import BATCH_HINT, traced, twin_of
from nnlite.nn.table import leaves, mapped

SAMPLES = 5  # where there may be any number: not one of those with which the network was followed


def check_onnx(model: Any, path: str | os.PathLike[str], shape: Any, fixed: bool = False) -> float | None:
    """Run an ONNX file and the network that it was made of, return the largest difference of what they give.

    Both get the same random input, of five samples where the batch is of any size. The file is run by onnxruntime, on
    the CPU, and computes in float32; the network is run in evaluation, in its own type, half precision in single. It
    stays as it is.

    Args:
        model, shape, fixed: as for write_onnx.
        path: the file.

    Returns:
        The largest absolute difference; inf where one of the two is no number; NaN where the network gives none that is
        finite, and nothing was compared. None if onnxruntime is not installed.

    Raises:
        FileFormatError: it is no ONNX file that can be run, or has other inputs or outputs than the network.
        Error: as of write_onnx.
        OSError: the file cannot be read.
    """
    found = outputs_of(model, path, shape, fixed)
    if found is None:
        return None
    return difference(*found) if finite_numbers(found[0]).size else math.nan


def outputs_of(model: Any, path: str | os.PathLike[str], shape: Any, fixed: bool) -> tuple[list[Any], list[Any]] | None:
    """Return the outputs of the network and of the file, in a row each, as check_onnx compares them."""
    try:
        import onnxruntime
    except ImportError:
        return None
    content = Path(path).read_bytes()
    with twin_of(model) as twin:
        trace = traced(twin, shape, fixed)
    given = mapped(partial(_drawn, trace.graph, np.random.default_rng(SEED)), trace.inputs)
    names = [value.name for value in leaves(trace.inputs)]
    fed = dict(zip(names, leaves(given), strict=True))
    theirs = _run(onnxruntime, content, str(path), fed, [value.name for value in leaves(trace.outputs)])
    own = ready(model)
    typed = mapped(lambda array: array.astype(own.dtype) if array.dtype.kind == 'f' else array, given)
    ours = leaves(output_of(own, typed)[0])
    for mine, other in zip(ours, theirs, strict=True):
        if not isinstance(other, np.ndarray) or mine.shape != other.shape:
            came = other.shape if isinstance(other, np.ndarray) else type(other).__name__
            message = f'expected an output {mine.shape}, as the network gives, got {came}'
            raise FileFormatError(message, where=str(path), hint=None if fixed else BATCH_HINT)
    return ours, theirs


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


def _drawn(graph: Graph, rng: np.random.Generator, value: Value) -> np.ndarray:
    """Return a random input: from the normal distribution, or, as indices, from all that there may be."""
    shape = [SAMPLES if size is None else size for size in value.shape]
    if value.dtype == bool:
        return rng.random(shape) < 0.5
    if value.name in graph.counts:
        return rng.integers(1, graph.counts[value.name] + 1, shape).astype(value.dtype)
    numbers = rng.standard_normal(shape).astype(value.dtype)
    if value.name in graph.entries:
        numbers[..., 0] = rng.integers(1, graph.entries[value.name] + 1, shape[:-1])
    return numbers
