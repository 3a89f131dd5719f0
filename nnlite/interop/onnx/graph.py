"""The graph of an ONNX file while it grows: a network is walked, and each module adds its nodes.

Nothing here needs the package onnx. Shapes are the modules' own: every layer is run on ones, for two sizes of the
batch, and a dimension in which the two results differ depends on the batch.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from nnlite.errors import Error, ShapeError, inside
from nnlite.interop.onnx.rules import CANNOT, CONTAINERS, LAYERS, CannotError
from nnlite.nn.table import mapped
from nnlite.tensor.memory import address

BATCHES = (2, 3)  # the sizes of the batch that modules are tried with, one more than the other

Shape = tuple[int, ...]
Tree = Any  # a Value, a name or an array, or a list or dict of such


@dataclass(frozen=True)
class Value:
    """What flows from module to module.

    Attributes:
        name: its name in the file.
        shapes: its shape for each batch that is tried; they are the same where the batch is fixed.
        dtype: its element type.
    """

    name: str
    shapes: tuple[Shape, ...]
    dtype: np.dtype[Any]

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return len(self.shapes[0])

    @property
    def shape(self) -> tuple[int | None, ...]:
        """The sizes; None where one depends on the batch."""
        return tuple(sizes[0] if len(set(sizes)) == 1 else None for sizes in zip(*self.shapes, strict=True))

    @property
    def dimensions(self) -> list[int | str]:
        """The sizes as the file says them: 'N' for the batch, '6N' for 6 times as many, 'any' where nobody knows.

        >>> Value('x', ((2, 12, 3, 5), (3, 18, 4, 5)), np.dtype('float32')).dimensions
        ['N', '6N', 'N + 1', 5]
        """
        return [_written(sizes) for sizes in zip(*self.shapes, strict=True)]


def _written(sizes: tuple[int, ...]) -> int | str:
    if len(set(sizes)) == 1:
        return sizes[0]
    factor = sizes[1] - sizes[0]
    rest = sizes[0] - factor * BATCHES[0]
    if factor < 0:
        return 'any'
    text = 'N' if factor == 1 else f'{factor}N'
    return f'{text} {"-" if rest < 0 else "+"} {abs(rest)}' if rest else text


@dataclass
class Node:
    """One operation: the place of the module that it is of, the operation, and what it takes, gives and is told."""

    place: str
    op: str
    inputs: list[str]
    outputs: list[str]
    attributes: dict[str, Any]


class StopError(Exception):
    """The walk cannot go on: what a module gives is not known."""


@dataclass
class Graph:
    """What a network has been written as so far.

    Attributes:
        paths: what the state_dict calls each module, by its id.
        nodes: the operations, in order.
        constants: parameters, and other numbers that do not depend on the input, by name.
        values: what came out of the modules, by name.
        refused: (place, reason) of each module that cannot be written.
        counts: for each input that is indices, the largest index there may be.
        entries: for each input that is rows of (index, value), the largest index there may be.
        pooled: for each max pooling, by its id, for those that undo it: what it took and gave, the name of its maps,
            and the name of the places where the pixels stood.
    """

    paths: dict[int, str] = field(default_factory=dict)
    nodes: list[Node] = field(default_factory=list)
    constants: dict[str, np.ndarray] = field(default_factory=dict)
    values: dict[str, Value] = field(default_factory=dict)
    refused: list[tuple[str, str]] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    entries: dict[str, int] = field(default_factory=dict)
    pooled: dict[int, tuple[Value, Value, str, str]] = field(default_factory=dict)
    _steps: list[tuple[str, int]] = field(default_factory=list)
    _modules: list[Any] = field(default_factory=list)
    _taken: set[str] = field(default_factory=set)
    _addresses: dict[Any, str] = field(default_factory=dict)
    _visits: dict[str, int] = field(default_factory=dict)
    _place: str = ''

    # the walk

    def run(self, module: Any, given: Tree) -> Tree:
        """Add a module's nodes; return the Value, or the table of them, that comes out."""
        before = self._place
        self._place = self._visited(module)
        self._modules.append(module)
        try:
            return self._add(module, given)
        finally:
            self._modules.pop()
            self._place = before

    def child(self, container: Any, index: int, given: Tree) -> Tree:
        """Do what `run` does for a container's module, by its place from 0; an error learns where it was."""
        step = f'{type(container).__name__}[{index + 1}]'
        self._steps.append((step, index))
        try:
            with inside(step):
                return self.run(container.modules[index], given)
        finally:
            self._steps.pop()

    def _visited(self, module: Any) -> str:
        """Return the name of the place where the walk is: the path, as in errors, or a single module's own name."""
        path = ' > '.join(step for step, _ in self._steps) or module._name()
        self._visits[path] = self._visits.get(path, 0) + 1
        return path if self._visits[path] == 1 else f'{path} ({self._visits[path]})'

    def _add(self, module: Any, given: Tree) -> Tree:
        kind = type(module)
        try:
            if kind in CONTAINERS:
                return CONTAINERS[kind](self, module, given)
            if kind not in LAYERS:
                self._refuse(module, CANNOT.get(kind, 'there is no rule for this class'))
            out = self._tried(module, given)
            if kind in LAYERS:
                names = LAYERS[kind](self, module, given, out)
                return self._named(out, names)
        except CannotError as error:
            self._refuse(module, error.message)
            out = self._tried(module, given)
        except Error:
            raise
        except (AttributeError, TypeError, ValueError, IndexError) as error:  # a table came where none is due, or none
            shapes = mapped(lambda value: value.shapes[0], given)
            raise ShapeError(f'expected an input that it takes, got {shapes}: {error}', module._name()) from error
        return out

    def _refuse(self, module: Any, why: str) -> None:
        path, name = ' > '.join(step for step, _ in self._steps), module._name()
        self.refused.append((f'{path} > {name}' if path else name, why))

    def _tried(self, module: Any, given: Tree) -> Tree:
        """Return what comes out of a module, as Values without names: run it on ones, for each batch."""
        results, errors = [], []
        for number in range(len(BATCHES)):
            try:
                with np.errstate(all='ignore'):
                    output = module.forward(mapped(partial(_ones, number), given))
                results.append(mapped(lambda array: (array.shape, array.dtype), output))
            except Exception as error:  # classes that nobody knows may raise anything
                errors.append(error)
        module.clearState()
        if errors and (results or self.refused):
            if results:
                self._refuse(module, 'it fixes the size of the batch')
            raise StopError
        if errors:
            raise errors[0]
        try:
            return _combined(results)
        except ValueError:
            self._refuse(module, 'it takes the batch apart')
            raise StopError from None

    def _named(self, out: Tree, names: Tree) -> Tree:
        """Return the Values of a module's output with the names that its nodes gave them."""
        if isinstance(out, dict):
            return {key: self._named(part, names[key]) for key, part in out.items()}
        if isinstance(out, list):
            return [self._named(part, name) for part, name in zip(out, names, strict=True)]
        return names if isinstance(names, Value) else self.value(names, out.shapes, out.dtype)

    def value(self, name: str, shapes: Sequence[Shape], dtype: np.dtype[Any]) -> Value:
        """Return the Value of a name."""
        self.values[name] = Value(name, tuple(tuple(shape) for shape in shapes), dtype)
        return self.values[name]

    # what modules' functions call

    def node(self, op: str, *inputs: Any, **attributes: Any) -> str:
        """Add an operation; return the name of its output.

        Args:
            op: which of ONNX's operations.
            inputs: names and Values; numbers, lists and arrays become constants, floating ones in the module's type,
                whole ones as int64; None stands for an input that is left out.
            attributes: ONNX's; one that is None is left out.
        """
        return self.several(op, 1, *inputs, **attributes)[0]

    def several(self, op: str, count: int, *inputs: Any, **attributes: Any) -> list[str]:
        """Add an operation of `count` outputs; return their names."""
        names = [self._input(op, given) for given in inputs]
        while names and not names[-1]:
            names.pop()
        outputs = [self._unique(f'{self._place}: {op}') for _ in range(count)]
        told = {name: value for name, value in attributes.items() if value is not None}
        self.nodes.append(Node(self._place, op, names, outputs, told))
        return outputs

    def _input(self, op: str, given: Any) -> str:
        if given is None:
            return ''
        if isinstance(given, Value):
            return given.name
        return given if isinstance(given, str) else self.constant(op, given)

    def constant(self, name: str, numbers: Any) -> str:
        """Return the name of a constant of the module: an array, a list or a number."""
        array = np.asarray(numbers)
        if array.dtype.kind in 'iu' or not array.size:
            array = array.astype(np.int64)
        elif array.dtype.kind == 'f':
            array = array.astype(self._modules[-1].dtype, copy=False)
        where = address(array)
        if where not in self._addresses:
            path = self.paths.get(id(self._modules[-1]), '.'.join(str(index) for _, index in self._steps))
            self._addresses[where] = self._unique(f'{path}.{name}' if path else name)
            self.constants[self._addresses[where]] = array  # as long as it lives nothing else has its address
        return self._addresses[where]

    def reshape(self, x: Any, shapes: Sequence[Shape]) -> str:
        """Return the elements of x in the shape that is given for each batch; nothing is done to one that has it.

        Raises:
            CannotError: more than one size depends on the batch.
        """
        if isinstance(x, Value) and x.shapes == tuple(shapes):
            return x.name
        sizes = Value('', tuple(shapes), np.dtype('float32')).shape
        if sizes.count(None) > 1:
            raise CannotError('more than one size of its output depends on the batch')
        return self.node('Reshape', x, [-1 if size is None else size for size in sizes])

    def indices(self, x: Value, count: int) -> str:
        """Return indices that count from 1 to `count` as int64 that count from 0."""
        self.counts[x.name] = min(count, self.counts.get(x.name, count))
        return self.node('Sub', self.whole(x), 1)

    def whole(self, x: Value) -> str:
        """Return numbers as int64."""
        return self.node('Cast', x, to=np.dtype('int64'))

    def batched(self, x: Value, ndim: int) -> tuple[str, Callable[[str], str]]:
        """Return x with a batch's dimension, of `ndim` in all, and what takes it from a result if x had none."""
        if x.ndim == ndim:
            return x.name, lambda name: name
        return self.node('Unsqueeze', x, [0]), lambda name: self.node('Squeeze', name, [0])

    def _unique(self, name: str) -> str:
        count, candidate = 1, name
        while candidate in self._taken:
            count += 1
            candidate = f'{name} {count}'
        self._taken.add(candidate)
        return candidate


def static(x: Value, axis: int) -> int:
    """Return the size of a dimension.

    Raises:
        CannotError: it depends on the batch.
    """
    size = x.shape[axis]
    if size is None:
        raise CannotError('it takes the batch apart')
    return size


def _ones(number: int, value: Value) -> np.ndarray:
    return np.ones(value.shapes[number], value.dtype)


def _combined(results: list[Tree]) -> Tree:
    """Return one tree of Values of the trees of (shape, type) that each batch gave."""
    first = results[0]
    if isinstance(first, dict):
        return {key: _combined([result[key] for result in results]) for key in first}
    if isinstance(first, list):
        return [_combined(list(parts)) for parts in zip(*results, strict=True)]
    shapes = tuple(shape for shape, _ in results)
    if len({len(shape) for shape in shapes}) > 1:
        raise ValueError
    return Value('', shapes, first[1])
