"""Recording a step: every module is watched while it runs."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

import nnlite
from nnlite import nn
from nnlite.nn.Object import Object
from nnlite.nn.tree import below
from nnlite.optnet.fuse import plain
from nnlite.tensor.devices import gpu, is_array, to_host
from nnlite.trace.frame import Frame
from nnlite.trace.statistics import QUANTITIES, Statistics, statistics_of
from nnlite.trace.tree import Node, places_of

BACK = ('backward', 'updateGradInput', 'accGradParameters')  # a container runs its modules' backward, or its two halves


def record(net: Any, criterion: Any, images: Any, labels: Any, arrays: bool = False, step: int = 0) -> Frame:
    """Run a network forward and back on a batch, and return what each of its modules did.

    It leaves no trace: parameters, results, running statistics and random streams are as before, and so is the
    criterion; only the gradients of the parameters are those of this batch. Of a fused network the plain one is run,
    module by module.

    Args:
        net: an nn.Module from images to scores, in training or in evaluation.
        criterion: the loss, of the same type.
        images, labels: a batch, as the network and the criterion take it; a table of images for a network of several
            inputs. They stay as they are, also where a module works in place.
        arrays: whether the arrays themselves are kept too.
        step: which step of the training it is, for the record.

    Raises:
        Error: as of the network and the criterion.
    """
    with as_before(net, criterion):
        net = plain(net)
        images = _copy(like_parameters(net, images), lambda array: array.copy())
        _grow(net, criterion, images)
        places = places_of(net)
        watch = _Watch(places, arrays)
        net.zeroGradParameters()
        with watch.watching():
            output = net.forward(images)
            loss = float(criterion.forward(output, labels))
            net.backward(images, criterion.backward(output, labels))
        held = np.array([_bytes(module) for _, module in places], np.int64)
        for number, (node, module) in enumerate(places):
            if node.parameters and module.parameters()[1]:
                watch.keep('gradWeight', number, list(module.parameters()[1]))
    nodes = [node for node, _ in places]
    return Frame(nodes, loss, step, watch.statistics, watch.seconds, held, watch.shapes, watch.arrays)


def like_parameters(net: Any, images: Any) -> Any:
    """Return images, or a table of them, where the network computes, and in its type; masks in a table stay such."""
    if not _is_table(images):
        return _there(net, images).astype(net.dtype, copy=False)
    return _copy(images, lambda array: _there(net, array) if _is_mask(array) else like_parameters(net, array))


def _there(net: Any, images: Any) -> Any:
    return (gpu() if net.type().startswith('torch.Cuda') else np).asarray(images)


def _is_mask(array: Any) -> bool:
    return array.dtype in (np.bool_, np.uint8)


def _is_table(values: Any) -> bool:
    """Return whether something is a table with an array in it; lists of numbers are none."""
    parts = values.values() if isinstance(values, dict) else values if isinstance(values, list) else ()
    return any(is_array(part) or _is_table(part) for part in parts)


@contextmanager
def as_before(net: Any, criterion: Any) -> Iterator[None]:
    """Let a network run in memory of its own, and put back, afterwards, all that this changes but the gradients."""
    rng = nnlite.getRNGState()
    stream = _gpu_stream(net)
    state = None if stream is None else stream.getRNGState()
    gradients = {id(gradient) for gradient in net.parameters()[1]}
    found = below([net, criterion], is_array)
    arrays: list[tuple[Any, Any]] = [(array, array.copy()) for *_, array in found if id(array) not in gradients]
    things = [thing for *_, thing in below([net, criterion], lambda value: isinstance(value, Object))]
    kept = [(vars(thing), dict(vars(thing))) for thing in things]
    lists = [(thing.modules, list(thing.modules)) for thing in things if hasattr(thing, 'modules')]
    # Results lie in memory that others may take turns with (optnet.optimizeMemory): here none has any at first.
    for values, _ in kept:
        values.pop('_storages', None)
    try:
        yield
    finally:
        for values, before in kept:
            values.clear()
            values.update(before)
        for modules, own in lists:
            modules[:] = own
        nnlite.setRNGState(rng)
        if stream is not None:
            stream.setRNGState(state)
        for array, copy in arrays:
            array[...] = copy


def _grow(net: Any, criterion: Any, images: Any) -> None:
    """Let each nn.MapTable have the clones that it makes when it first runs: they would be of what is watched."""
    tables = [module for module in net.listModules() if isinstance(module, nn.MapTable)]
    if not tables:
        return
    with as_before(net, criterion):
        net.forward(_copy(images, lambda array: array.copy()))
        grown = [list(table.modules) for table in tables]
    for table, modules in zip(tables, grown, strict=True):
        table.modules[:] = modules


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
        self._called: int | None = None  # the place, in its container, of the module that is about to run
        self._stack: list[int] = []
        self._looking = 0.0  # seconds that were spent on looking
        self._last: tuple[Any, Statistics] | None = None  # what was looked at last, if nothing has run since

    def keep(self, quantity: str, number: int, values: Any) -> None:
        """Look at an array, or a table of them."""
        started = time.perf_counter()
        if values is not None:
            if self._last is None or self._last[0] is not values:
                self._last = values, statistics_of(values)
            self.statistics[quantity][number] = self._last[1]
            if self.keeps:
                self.arrays[quantity, number] = _copy(values, lambda array: np.array(to_host(array)))
        self._looking += time.perf_counter() - started

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Let every module say what it does."""
        modules = {id(module): module for _, module in self.places}.values()
        for module in modules:
            if isinstance(module, nn.Container):
                module.rethrowErrors = self._calling(module, module.rethrowErrors)
            module.updateOutput = self._forward(module, module.updateOutput)
            for method in BACK:
                setattr(module, method, self._back(module, method, getattr(module, method)))
        try:
            yield
        finally:
            for module in modules:
                for method in ('updateOutput', *BACK, *(['rethrowErrors'] if isinstance(module, nn.Container) else [])):
                    delattr(module, method)

    def _calling(self, container: Any, run: Callable[..., Any]) -> Callable[..., Any]:
        def rethrowErrors(index: int, method: str, *args: Any) -> Any:
            self._called = index % max(1, len(container.modules))
            return run(index, method, *args)

        return rethrowErrors

    def _forward(self, module: Any, run: Callable[..., Any]) -> Callable[..., Any]:
        def updateOutput(input: Any) -> Any:
            number = self._enter('updateOutput', module)
            output = self._timed('forward', number, run, input)
            self.keep('output', number, output)
            self.shapes[number] = _shapes(output)
            return output

        return updateOutput

    def _back(self, module: Any, method: str, run: Callable[..., Any]) -> Callable[..., Any]:
        def back(input: Any, gradOutput: Any = None, *scale: Any) -> Any:
            if self._stack and self.places[self._stack[-1]][1] is module:  # a half of the backward that runs
                return run(input, gradOutput, *scale)
            number = self._enter(method, module)
            if method == 'accGradParameters':
                return self._timed('backward', number, run, input, gradOutput, *scale)
            self.keep('gradOutput', number, gradOutput)  # before: a module in place writes over it
            gradInput = self._timed('backward', number, run, input, gradOutput, *scale)
            self.keep('gradInput', number, gradInput)
            return gradInput

        return back

    def _enter(self, method: str, module: Any) -> int:
        """Return the number of the place that runs: of a module that is in several, the one that its container calls.

        Where a container of one's own calls its modules by itself, the next one: in order forward, from the end back.
        """
        parent = self._stack[-1] if self._stack else -1
        called, self._called = self._called, None
        numbers = self._below.get((parent, id(module)))
        if numbers is None:  # somebody further up runs it: a container that holds its modules in another way
            numbers = [number for number, (_, other) in enumerate(self.places) if other is module]
            called = None
        for number in numbers:
            if self.places[number][0].index == called:
                return number
        key = method, parent, id(module)
        visit = self._visits[key] = self._visits.get(key, -1) + 1
        return (numbers[::-1] if method in BACK else numbers)[visit % len(numbers)]

    def _timed(self, way: str, number: int, run: Callable[..., Any], *args: Any) -> Any:
        # A sequence only hands on: what comes out of a module is, untouched, what goes into the next.
        writes = type(self.places[number][1]) is not nn.Sequential
        if writes or not self._stack:
            self._last = None
        self._stack.append(number)
        started, looking = time.perf_counter(), self._looking
        try:
            return run(*args)
        finally:
            self._stack.pop()
            if writes:
                self._last = None
            self.seconds[way][number] += time.perf_counter() - started - (self._looking - looking)


def _copy(values: Any, copy: Callable[[Any], Any]) -> Any:
    """Return what an array, or a table of them, is copied to."""
    if isinstance(values, dict):
        return {key: _copy(value, copy) for key, value in values.items()}
    if isinstance(values, list):
        return [_copy(value, copy) for value in values]
    return copy(values) if is_array(values) else values


def _shapes(values: Any) -> Any:
    if isinstance(values, dict):
        return [_shapes(value) for value in values.values()]
    if isinstance(values, list):
        return [_shapes(value) for value in values]
    return tuple(values.shape) if is_array(values) else ()
