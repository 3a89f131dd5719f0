"""The form of a row of the table of tests: one way to use a class of nnlite.nn. What it leaves out has a default."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from trees import drawn

import nnlite
from nnlite.tensor.types import TYPES

BOTH = ('training', 'evaluate')


@dataclass
class Row:
    """One way to use a module.

    text: what Torch prints for it (of a container: the first line); the row's name, too.
    make: builds it.
    input: the shape of its input, or a list of shapes for a table; an array stands for itself, as indices do.
    reference: what PyTorch computes for it, in float64: reference(module, input, *parameters).
    wrong: inputs that it refuses with a ShapeError, as shapes.
    batch: whether the first dimension is a batch's.
    independent: the modes in which a batch is its singles stacked.
    single: whether an input without the batch's dimension will do (batch normalization: in evaluate mode).
    inplace: builds its twin that works in place; the twin is a row, too.
    anything: whether it takes whatever comes, and so refuses nothing.
    modes: the modes that its backward pass is for.
    derivative: whether its gradients are its output's, which a few modules change on purpose.
    scales: whether backward heeds its scale, which Torch forgets in one module.
    unscaled: the parameters, by number from 0, for which Torch forgets it in accGradParameters.
    accumulates: whether its parameters' gradients add up, which Torch's weight normalizations do not do.
    sparse: whether its input lists indices and values, so that gradInput is of another form than the input.
    shares: the names of what clones can share: its parameters and their gradients.
    about: the class that it is a row of, by name, where that is not the one that `make` builds.
    low, high: between which numbers its inputs lie.
    """

    text: str
    make: Callable
    input: tuple | list
    reference: Callable
    wrong: tuple = ()
    batch: bool = True
    independent: tuple = BOTH
    single: bool = False
    inplace: Callable | None = None
    anything: bool = False
    modes: tuple = BOTH
    derivative: bool = True
    scales: bool = True
    unscaled: tuple = ()
    accumulates: bool = True
    sparse: bool = False
    shares: tuple = ('weight', 'bias', 'gradWeight', 'gradBias')
    about: str | None = None
    low: float = -2
    high: float = 2

    def module(self, mode='training', dtype=np.float64):
        """Return a new module; one to evaluate has seen a batch in training, so that what it remembers is not empty."""
        nnlite.manualSeed(1)
        module = self.make().type(TYPES[np.dtype(dtype)])
        if mode == 'evaluate':
            module.forward(self.given(dtype, seed=2))
            module.clearState().evaluate()
        return module

    def given(self, dtype=np.float64, seed=1):
        """Return an input."""
        return drawn(self.input, seed, dtype, self.low, self.high)


@dataclass
class CriterionRow:
    """One way to use a criterion: as in Row.

    input: the shape of its input, or a list of shapes for a table.
    target: what the input should have been: an array, or a shape to draw, or a table of them; an array of no dimension
        for a number; None for a criterion that needs none.
    reference: what PyTorch computes, in float64: reference(criterion, input, target).
    wrong: (shape of the input, target, error) that it refuses.
    batch: whether the first dimension of input and target is a batch's.
    low, high: between which numbers its inputs lie; targets lie between -2 and 2.
    """

    text: str
    make: Callable
    input: tuple | list
    target: object
    reference: Callable
    wrong: tuple = ()
    batch: bool = True
    low: float = -1.9
    high: float = 1.8

    def criterion(self, dtype=np.float64):
        return self.make().type(TYPES[np.dtype(dtype)])

    def given(self, dtype=np.float64):
        """Return what forward and backward are given: [input, target], or [input] where there is no target."""
        return self.these(self.input, self.target, dtype)

    def these(self, input, target, dtype=np.float64):
        """Return the same for another input and target."""
        targets = [] if target is None else [drawn(target, 2, dtype)]
        return [drawn(input, 1, dtype, self.low, self.high), *targets]


def tensor(array):
    """Return a copy of an array in PyTorch, in float64 if it is of a floating type."""
    return torch.tensor(np.asarray(array, np.float64 if array.dtype.kind == 'f' else array.dtype))
