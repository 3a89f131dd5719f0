"""A mixture of experts."""

import numpy as np

from nnlite.errors import ShapeError
from nnlite.nn.Module import Module
from nnlite.nn.table import expect_alike, zeros_like
from nnlite.tensor.dimensions import axis_of, slices


class MixtureTable(Module):
    """y = g_1 x_1 + g_2 x_2 + ..., for a table of gates g and experts x.

    Args:
        dim: if the experts come as one array, the dimension along which they lie, counted from 1; by default the first
            after the batch's.

    Shapes: input a table of the gates, (N, experts) or (experts), and the experts, a table of arrays (N, ...) or (...),
    or one array with one dimension more; output as one expert.

    Raises:
        ShapeError: there are not as many gates as experts, or the batches differ.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> gates, experts = np.float32([[0.25, 0.75]]), [np.float32([[4, 8]]), np.float32([[0, 4]])]
    >>> nn.MixtureTable().forward([gates, experts])
    array([[1., 5.]], dtype=float32)

    Source: torch/nn, MixtureTable.lua.
    """

    foreign = ('_gaterView', '_expert', '_expertView', '_sum', '_expert2', '_expertView2', 'table', 'dimG')
    longStorages = ('size', 'size2')
    dim = None

    def __init__(self, dim=None):
        super().__init__()
        self.dim = dim
        self.size, self.size2 = [], []  # these, and the next two, are for Torch, which looks for them in files
        self.batchSize = 0
        self.backwardSetup = False
        self.gradInput = []

    def updateOutput(self, input):
        self._check(input)
        gates, experts = self._parts(input)
        self.output = self.buffer('output', experts[0].shape, like=experts[0])
        self.output.fill(0)
        for gate, expert in zip(gates, experts, strict=True):
            np.add(self.output, self._gated(gate, expert), out=self.output)
        return self.output

    def updateGradInput(self, input, gradOutput):
        self.expect(gradOutput, self.output.shape, 'gradOutput')
        self.gradInput = zeros_like(self, 'gradInput', input)
        for gate, expert, gate_grad, expert_grad in zip(*self._parts(input), *self._parts(self.gradInput), strict=True):
            np.copyto(expert_grad, self._gated(gate, gradOutput))
            product = np.multiply(gradOutput, expert, out=self._product(expert))
            np.sum(product, axis=tuple(range(gate.ndim, expert.ndim)), out=gate_grad)
        return self.gradInput

    def _check(self, input):
        self.expect_table(input, 2)
        gater, experts = input
        self.expect(gater, ('N', 'experts'), 'input[0]', single=True)
        if isinstance(experts, list):
            expect_alike(self, experts)
        else:
            self.expect(experts, name='input[1]')
        _, experts = self._parts(input)
        if len(experts) != gater.shape[-1] or experts[0].shape[: gater.ndim - 1] != gater.shape[:-1]:
            shapes = f'{gater.shape} for {len(experts)} of {experts[0].shape}'
            raise ShapeError(f'expected a gate for each expert, of one batch, got {shapes}', where=self._name())

    def _parts(self, table):
        """Return the gates and the experts, as views."""
        gater, experts = table
        if not isinstance(experts, list):
            experts = slices(experts, axis_of(self.dim or gater.ndim, experts.ndim, self))
        return slices(gater, gater.ndim - 1), experts

    def _gated(self, gate, array):
        """Return an array times its gate, which has one number for each of a batch."""
        spread = gate.reshape(gate.shape + (1,) * (array.ndim - gate.ndim))
        return np.multiply(spread, array, out=self._product(array))

    def _product(self, like):
        return self.buffer('product', like.shape, like=like)
