"""Recording a step: every module is watched while it runs."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

import nnlite
from nnlite.optnet.fuse import Sequential
from nnlite.optnet.fuse import plain as unfused
from nnlite.tensor.devices import gpu, is_array, to_host
from nnlite.trace.frame import Frame
from nnlite.trace.statistics import QUANTITIES, Statistics, statistics_of
from nnlite.trace.tree import Node, places_of

STATE = ('running_mean', 'running_var', 'save_mean', 'save_std')  # what a pass in training leaves in a module


def record(net: Any, criterion: Any, images: Any, labels: Any, arrays: bool = False, step: int = 0) -> Frame:
    """Run a network forward and back on a batch, and return what each of its modules did.

    It leaves no trace: results, running statistics and random streams are as before; only the gradients of the
    parameters are those of this batch. Of a fused network the plain one is run, module by module.

    Args:
        net: an nn.Module from images to scores, in training or in evaluation.
        criterion: the loss, of the same type.
        images, labels: a batch, as the network and the criterion take it.
        arrays: whether the arrays themselves are kept too.
        step: which step of the training it is, for the record.

    Raises:
        Error: as of the network and the criterion.
    """
    net = plain(net)
    places = places_of(net)
    watch = _Watch(places, arrays)
    net.zeroGradParameters()
    with as_before(net):
        with watch.watching():
            images = like_parameters(net, images)
            output = net.forward(images)
            loss = float(criterion.forward(output, labels))
            net.backward(images, criterion.backward(output, labels))
        held = np.array([_bytes(module) for _, module in places], np.int64)
    for number, (node, module) in enumerate(places):
        if node.parameters and module.parameters()[1]:
            watch.keep('gradWeight', number, list(module.parameters()[1]))
    nodes = [node for node, _ in places]
    return Frame(nodes, loss, step, watch.statistics, watch.seconds, held, watch.shapes, watch.arrays)


def plain(net: Any) -> Any:
    """Return a network whose modules run one by one: of a fused one a twin with the same layers."""
    is_fused = any(isinstance(module, Sequential) for module in net.listModules())
    return unfused(net) if is_fused else net


def like_parameters(net: Any, images: Any) -> Any:
    """Return images where the network computes, and in its type."""
    return (gpu() if net.type().startswith('torch.Cuda') else np).asarray(images).astype(net.dtype, copy=False)


@contextmanager
def as_before(net: Any) -> Iterator[None]:
    """Let a network run in memory of its own, and put back, afterwards, all that this changes but the gradients."""
    rng = nnlite.getRNGState()
    stream = _gpu_stream(net)
    state = None if stream is None else stream.getRNGState()
    modules = net.listModules()
    arrays = [getattr(module, name, None) for module in modules for name in STATE]
    values: list[tuple[Any, Any]] = [(array, array.copy()) for array in arrays if array is not None and is_array(array)]
    # Results lie in memory that others may take turns with (optnet.optimizeMemory): here none has any at first.
    names = [('_storages', *module.cleared) for module in modules]
    kept = [
        {name: vars(module)[name] for name in own if name in vars(module)}
        for module, own in zip(modules, names, strict=True)
    ]
    for module in modules:
        vars(module).pop('_storages', None)
    try:
        yield
    finally:
        for module, own, before in zip(modules, names, kept, strict=True):
            for name in own:
                vars(module).pop(name, None)
            vars(module).update(before)
        nnlite.setRNGState(rng)
        if stream is not None:
            stream.setRNGState(state)
        for array, copy in values:
            array[...] = copy


def _gpu_stream(net: Any) -> Any:
    """Return the GPU's random stream, if the network lives there."""
    if not net.type().startswith('torch.Cuda'):
        return None
    from nnlite.kernels.on_cupy.random import stream

    return stream()


def _bytes(module: Any) -> int:
    """Return how many bytes the results and buffers of a module itself take."""
    return sum(storage.memory.nbytes for storage in vars(module).get('_storages', {}).values())


class _Watch:
    """What has been seen, and the methods in place of the modules' own while it is looked."""

    def __init__(self, places: list[tuple[Node, Any]], arrays: bool) -> None:
        self.places, self.keeps = places, arrays
        count = len(places)
        self.statistics: dict[str, list[Statistics | None]] = {name: [None] * count for name in QUANTITIES}
        self.seconds = {name: np.zeros(count) for name in ('forward', 'backward')}
        self.shapes: list[Any] = [None] * count
        self.arrays: dict[tuple[str, int], Any] = {}
        self._below: dict[tuple[int, int], list[int]] = {}  # by parent and module, the places of the module
        for number, (node, module) in enumerate(places):
            self._below.setdefault((node.parent, id(module)), []).append(number)
        self._visits: dict[tuple[str, int, int], int] = {}
        self._stack: list[int] = []
        self._looking = 0.0  # seconds that were spent on looking

    def keep(self, quantity: str, number: int, values: Any) -> None:
        """Look at an array, or a table of them."""
        started = time.perf_counter()
        if values is not None:
            self.statistics[quantity][number] = statistics_of(values)
            if self.keeps:
                self.arrays[quantity, number] = _copy(values)
        self._looking += time.perf_counter() - started

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Let every module say what it does."""
        modules = {id(module): module for _, module in self.places}.values()
        for module in modules:
            module.updateOutput = self._forward(module, module.updateOutput)
            module.backward = self._backward(module, module.backward)
        try:
            yield
        finally:
            for module in modules:
                del module.updateOutput, module.backward

    def _forward(self, module: Any, run: Callable[..., Any]) -> Callable[..., Any]:
        def updateOutput(input: Any) -> Any:
            number = self._enter('forward', module)
            output = self._timed('forward', number, run, input)
            self.keep('output', number, output)
            self.shapes[number] = _shapes(output)
            return output

        return updateOutput

    def _backward(self, module: Any, run: Callable[..., Any]) -> Callable[..., Any]:
        def backward(input: Any, gradOutput: Any = None, *scale: Any) -> Any:
            number = self._enter('backward', module)
            self.keep('gradOutput', number, gradOutput)  # before: a module in place writes over it
            gradInput = self._timed('backward', number, run, input, gradOutput, *scale)
            self.keep('gradInput', number, gradInput)
            return gradInput

        return backward

    def _enter(self, way: str, module: Any) -> int:
        """Return the number of the place that runs: of a module that is in several, the next one, on its way."""
        parent = self._stack[-1] if self._stack else -1
        numbers = self._below.get((parent, id(module)))
        if numbers is None:  # somebody further up runs it: a container that holds its modules in another way
            numbers = [number for number, (_, other) in enumerate(self.places) if other is module]
        key = way, parent, id(module)
        visit = self._visits[key] = self._visits.get(key, -1) + 1
        return (numbers if way == 'forward' else numbers[::-1])[visit % len(numbers)]

    def _timed(self, way: str, number: int, run: Callable[..., Any], *args: Any) -> Any:
        self._stack.append(number)
        started, looking = time.perf_counter(), self._looking
        try:
            return run(*args)
        finally:
            self._stack.pop()
            self.seconds[way][number] += time.perf_counter() - started - (self._looking - looking)


def _copy(values: Any) -> Any:
    if isinstance(values, dict):
        return {key: _copy(value) for key, value in values.items()}
    if isinstance(values, list):
        return [_copy(value) for value in values]
    return np.array(to_host(values)) if is_array(values) else values


def _shapes(values: Any) -> Any:
    if isinstance(values, dict):
        return [_shapes(value) for value in values.values()]
    if isinstance(values, list):
        return [_shapes(value) for value in values]
    return tuple(values.shape) if is_array(values) else ()
