"""What follows from a recording: how large gradients are by depth, which units are dead, which way gradients came."""

from typing import Any

import numpy as np

from nnlite import nn
from nnlite.errors import Error, inside
from nnlite.optnet.fuse import plain
from nnlite.tensor.devices import to_host
from nnlite.trace.recorder import as_before, like_parameters
from nnlite.trace.recording import Trace
from nnlite.trace.tree import Node

FORKS = (nn.ConcatTable, nn.gModule)  # nn.Concat is one
RECTIFIERS = ('ReLU', 'Threshold', 'ReLU6', 'RReLU', 'ELU', 'LeakyReLU', 'PReLU')


def gradient_norms(
    trace: Trace, quantity: str = 'gradWeight', batch_norms: bool = False
) -> tuple[list[Node], np.ndarray]:
    """Return the layers that learn, from the input to the output, and the norm of their gradient in each step.

    Args:
        trace: the recording.
        quantity: of which array: 'gradWeight', or 'gradOutput' or 'gradInput' of these layers.
        batch_norms: whether batch normalizations are among them, whose gradients are of another size.

    Returns:
        (nodes, norms): norms (S, nodes).

    >>> import nnlite
    >>> from nnlite import nn, trace
    >>> nnlite.manualSeed(1)
    >>> net = nn.Sequential().add(nn.Linear(4, 8)).add(nn.Tanh()).add(nn.Linear(8, 3))
    >>> frame = trace.record(net, nn.CrossEntropyCriterion(), nnlite.randn(5, 4), [1, 2, 3, 1, 2])
    >>> nodes, norms = trace.gradient_norms(frame.trace())
    >>> [node.path for node in nodes], norms.shape
    (['Sequential[1]', 'Sequential[3]'], (1, 2))
    """
    numbers = [
        number
        for number, node in enumerate(trace.nodes)
        if node.parameters and (batch_norms or 'BatchNormalization' not in node.kind)
    ]
    return [trace.nodes[number] for number in numbers], trace.column(quantity, 'norm')[:, numbers]


def dead_units(trace: Trace) -> tuple[list[Node], np.ndarray]:
    """Return the rectifiers, and the share of their planes that were 0 everywhere, for each image of the batch.

    Such a unit gets no gradient: if it stays so for all images it never learns again.

    Returns:
        (nodes, shares): shares (S, nodes), from 0 to 1.
    """
    numbers = [number for number, node in enumerate(trace.nodes) if node.kind in RECTIFIERS]
    return [trace.nodes[number] for number in numbers], trace.column('output', 'dead')[:, numbers]


def path_lengths(net: Any, criterion: Any, images: Any, labels: Any) -> np.ndarray:
    """Return the gradient at a residual network's input, by how many residual branches it came through.

    A residual network of n blocks is the sum of 2^n paths, one for each choice of branch or shortcut in every block.
    The way back is linear: at each fork a gradient goes on along the shortcut, still through as many branches, and
    along the branch, through one more. Followed apart, all paths of a length are one gradient, and those of all lengths
    add up to the network's own: exactly, but for rounding.

    It takes as many passes through a block as there are blocks above it; a few images are enough.

    Args:
        net: an nn.Module whose residual blocks are an nn.ConcatTable of two branches and an nn.CAddTable after it; the
            branch that learns more is the residual one. A network without such blocks has paths of length 0 alone.
        criterion: the loss.
        images, labels: a batch.

    Returns:
        (n + 1, *images.shape): the sum over axis 0 is gradInput.

    Raises:
        Error: a fork of another kind lies in the network's way, or a graph, nn.gModule; the message says where.

    >>> import nnlite
    >>> from nnlite import models, nn, trace
    >>> nnlite.manualSeed(1)
    >>> net = models.resnet(14, 'cifar10', widths=(4, 4, 4))
    >>> gradients = trace.path_lengths(net, nn.CrossEntropyCriterion(), nnlite.randn(1, 3, 16, 16), [1])
    >>> gradients.shape
    (7, 1, 3, 16, 16)

    Source: Veit, Wilber and Belongie, "Residual networks behave like ensembles of relatively shallow networks", 2016.
    """
    with as_before(net, criterion):
        net = plain(net)
        images = like_parameters(net, images).copy()
        output = net.forward(images)
        criterion.forward(output, labels)
        gradients = _back(net, images, [np.array(criterion.backward(output, labels))])
        return np.stack([to_host(gradient) for gradient in gradients])


Gradients = list[Any]  # by length; each an array, or for a table a list of arrays


def _back(module: Any, input: Any, gradients: Gradients) -> Gradients:
    """Return the gradients at a module's input, by length."""
    if type(module) is nn.Sequential:
        return _back_through(module.modules, input, gradients)
    if isinstance(module, nn.DataParallelTable | nn.GPU):
        return _back(module.get(1), input, gradients)
    if any(isinstance(part, FORKS) for part in module.listModules()):
        blocks = 'residual blocks alone, each an nn.ConcatTable of two branches and an nn.CAddTable right after it'
        got = f'an nn.{type(module).__name__} of {len(module.modules)} modules that is none'
        raise Error(f'expected {blocks}, got {got}', where=module._name())
    return [_handed_back(module, input, gradient) for gradient in gradients]


def _back_through(modules: list[Any], input: Any, gradients: Gradients) -> Gradients:
    place = len(modules)
    while place:
        place -= 1
        module = modules[place]
        is_sum = type(module) is nn.CAddTable and place > 0 and _is_fork(modules[place - 1])
        place -= is_sum
        given = modules[place - 1].output if place else input
        with inside(f'Sequential[{place + 1}]'):
            way = _back_through_fork if is_sum else _back
            gradients = way(modules[place], given, gradients)
    return gradients


def _is_fork(module: Any) -> bool:
    return type(module) is nn.ConcatTable and len(module.modules) == 2


def _back_through_fork(fork: Any, input: Any, gradients: Gradients) -> Gradients:
    """Both branches get the gradient of the sum; along the residual one it is a length more."""
    learnt = [sum(weight.size for weight in branch.parameters()[0]) for branch in fork.modules]
    residual = 0 if learnt[0] >= learnt[1] else 1
    through, past = (_branch(fork, place, input, gradients) for place in (residual, 1 - residual))
    # A branch with blocks of its own comes back with more lengths than it was given.
    found: Gradients = [None] * max(len(through) + 1, len(past))
    for shift, parts in ((1, through), (0, past)):
        for length, part in enumerate(parts, shift):
            found[length] = part if found[length] is None else found[length] + part
    return [np.zeros_like(past[0]) if part is None else part for part in found]


def _branch(fork: Any, place: int, input: Any, gradients: Gradients) -> Gradients:
    with inside(f'ConcatTable[{place + 1}]'):
        return _back(fork.modules[place], input, [np.array(gradient) for gradient in gradients])


def _handed_back(module: Any, input: Any, gradient: Any) -> Any:
    """Return a copy of what a module hands back: it works in memory of its own, or in its gradOutput's."""
    return np.array(module.updateGradInput(input, np.array(gradient)))
