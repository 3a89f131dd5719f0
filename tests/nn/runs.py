"""One forward and backward of a module, all its results copied, so that two runs can be compared."""

from dataclasses import astuple, dataclass

import numpy as np
import torch
from row import tensor
from trees import assert_close, copied, drawn, leaves, mapped

import nnlite
from nnlite.tensor.devices import to_host
from nnlite.tensor.memory import address


@dataclass
class Run:
    """What a module computed: output, gradInput and the parameters' gradients."""

    output: object
    gradInput: object
    gradParams: list

    def assert_equal(self, other):
        """Assert that another run gave the same to the last bit."""
        self.assert_close(other, 0)

    def assert_close(self, other, tolerance):
        for name in ('output', 'gradInput', 'gradParams'):
            assert_close(getattr(self, name), getattr(other, name), tolerance, name)
        mine, theirs = ([leaf.dtype for leaf in leaves(list(astuple(run)))] for run in (self, other))
        assert mine == theirs


def run(module, input, gradOutput=None, scale=1):
    """Return what forward and backward give, from zero gradients and a fixed seed, on copies of what is given."""
    input = copied(input)
    module.zeroGradParameters()
    output = forward(module, input)
    kept = copied(output)
    gradOutput = gradient_for(output) if gradOutput is None else copied(gradOutput)
    gradInput = module.backward(input, gradOutput, scale)
    return Run(kept, copied(gradInput), gradients_of(module))


def gradients_of(module):
    """Return copies of the parameters' gradients; nn.IndexLinear keeps rows of them, which are added up here."""
    return [added_up(grad, module) if isinstance(grad, dict) else grad.copy() for grad in module.parameters()[1]]


def added_up(running, module):
    total = np.zeros(module.weight.shape, module.dtype)
    for keys, rows in zip(mapped(to_host, running['keys']), mapped(to_host, running['gradWeight']), strict=True):
        np.add.at(total[:, module.normalize :], keys + module.offset, rows[:, -module.outputSize :])
    return total


def forward(module, input):
    """Run forward with the same random numbers each time."""
    nnlite.manualSeed(7)
    return module.forward(input)


def gradient_for(output):
    """Return a gradient to hand to backward after this output, the same each time."""
    places = iter(range(100))
    return mapped(lambda array: drawn(array.shape, [5, next(places)], array.dtype), output)


def in_pytorch(row, module, input, gradOutput):
    """Return the run of the row's reference, in float64, by PyTorch's automatic differentiation."""
    x = mapped(lambda array: tensor(array).requires_grad_(array.dtype.kind == 'f'), input)
    tensors = {address(p): tensor(p).requires_grad_() for p in module.parameters()[0]}  # one for all that share it
    parameters = [tensors[address(p)] for p in module.parameters()[0]]
    output = row.reference(module, x, *parameters)
    pairs = zip(leaves(output), leaves(gradOutput), strict=True)
    sum((o * torch.tensor(g, dtype=torch.float64)).sum() for o, g in pairs).backward()
    grad = lambda leaf: np.zeros(leaf.shape) if leaf.grad is None else leaf.grad.numpy()  # noqa: E731
    gradParams = [grad(p).reshape(g.shape) for p, g in zip(parameters, gradients_of(module), strict=True)]
    return Run(mapped(lambda leaf: leaf.detach().numpy(), output), mapped(grad, x), gradParams)


def derivative(function, array, place, step=1e-5):
    """Return the central difference of a function of no arguments at one element of an array, which it looks at."""
    kept, sides = array[place], []
    for moved in (kept + step, kept - step):
        array[place] = moved
        sides.append(function())
    array[place] = kept
    return (sides[0] - sides[1]) / (2 * step)


def places_in(array, most=40):
    """Return the indices of all elements of an array, or of a choice of them where there are many."""
    every = list(np.ndindex(array.shape))
    if len(every) <= most:
        return every
    return [every[number] for number in np.random.default_rng(3).choice(len(every), most, replace=False)]
