"""Gradients that take turns: each is gone once the module below has used it, so a few pieces of memory hold them all.

Which may lie in which piece is found by walking through the model as its backward pass does. On the way a gradient is
the set of turns in which its numbers may lie, one with nothing in it being memory that is not shared; the gradient of a
table is a list of those, if it is known how many there are. A module gets a turn in a piece that holds nothing that is
still to be read. What is not known of a module is assumed to be the worst: that it hands its gradOutput on as it is.
"""

from collections import Counter
from itertools import pairwise

from nnlite import nn
from nnlite.nn.maps import MapLayer
from nnlite.nn.transfer import Transfer
from nnlite.optnet.fuse import Sequential
from nnlite.optnet.fused import FusedNorm, FusedResidual, FusedSum
from nnlite.optnet.turns import Piece, Turn, removeOptimization

# Containers whose backward is their modules' backward, one after the other: what is inside of any other stays as it is.
FORKS = (nn.ConcatTable, nn.Concat, nn.DepthConcat)
# Modules that copy their gradient to each part of their input, in memory for each.
SUMS = (nn.CAddTable, nn.JoinTable)
# Modules whose gradInput is never gradOutput itself, unless they work in place.
WRITERS = (MapLayer, Transfer, nn.BatchNormalization, nn.Linear, nn.Padding)

NOTHING: frozenset[Turn] = frozenset()


def optimizeMemory(model):
    """Let the modules of a model take turns in a few pieces of memory for their gradients; return the model.

    All that `backward` gives is equal to the bit. What it leaves behind is not: of all modules' gradInput only those
    last written are still there, and whoever uses another one is told so by an Error. So `backward` runs as before;
    its two halves, updateGradInput and then accGradParameters, do not run on a whole network any more.

    The turns are those of the model as it is: call this again when modules were added or taken out. They are memory,
    and go as memory does: a copy or a file has none of them, and clearState and a conversion to another type drop them.

    >>> from nnlite import nn, optnet
    >>> net = nn.Sequential().add(nn.Linear(4, 4)).add(nn.Tanh()).add(nn.Linear(4, 4)).add(nn.Tanh())
    >>> x = np.ones((64, 4), np.float32)
    >>> _ = net(x, x)
    >>> before = optnet.countUsedMemory(net)
    >>> _ = optnet.optimizeMemory(net)(x, x)
    >>> before, optnet.countUsedMemory(net)
    (8192, 6144)

    Source: fb.resnet.torch, models/init.lua, shareGradInput; fmassa/optimize-net, which shares outputs in evaluation.
    """
    removeOptimization(model)
    _Walk(model).backward(model, NOTHING, NOTHING)
    return model


def countUsedMemory(model):
    """Return how many bytes the results and buffers of a model take, what is shared counted once."""
    storages = [storage for module in model.listModules() for storage in vars(module).get('_storages', {}).values()]
    return sum({id(storage.memory): storage.memory.nbytes for storage in storages}.values())


class _Walk:
    """A walk through a model in the order of its backward pass, on which its modules get their turns."""

    def __init__(self, model):
        self.pieces = []
        modules = model.listModules()
        self.met = Counter(map(id, modules))
        self.parts = {}  # of how many parts a module's input is, where that is known

    def backward(self, module, gradOutput, live):
        """Return where the gradient with respect to a module's input lies.

        Args:
            module: the module; it and all below it get their turns.
            gradOutput: where the gradient with respect to its output lies.
            live: the turns whose gradients are read later than by this module.
        """
        if self.met[id(module)] > 1 or (isinstance(module, nn.Container) and type(module) not in CONTAINERS):
            gradient = _all_of(gradOutput)
        elif type(module) in CONTAINERS:
            gradient = CONTAINERS[type(module)](self, module, gradOutput, live)
        elif type(module) is nn.Identity or (isinstance(module, Transfer) and module.inplace):
            gradient = gradOutput
        elif type(module) in SUMS:
            gradient = self._copies(module, gradOutput, live)
        else:
            gradient = self._turn(module, 'gradInput', live | _all_of(gradOutput))
            if not isinstance(module, WRITERS):
                gradient |= _all_of(gradOutput)
        for turn in _all_of(gradient):
            turn.shown_by.append(module)
        return gradient

    def _sequence(self, sequence, gradOutput, live):
        if sequence.modules:
            self.parts[id(sequence.modules[0])] = self.parts.get(id(sequence))
        for before, module in pairwise(sequence.modules):
            self.parts[id(module)] = _parts_of_output(before)
        for module in reversed(sequence.modules):
            gradOutput = self.backward(module, gradOutput, live)
        return gradOutput

    def _fused_sequence(self, fused, gradOutput, live):
        return self._sequence(fused.sequence(), gradOutput, live)

    def _residual(self, residual, gradOutput, live):
        """The gradient of the sum is one for both branches, and the batch normalization takes it first."""
        gradSum = self.backward(residual.relu, gradOutput, live)
        gradients = [gradSum, gradSum]
        gradients[residual.place] = self.backward(residual.norm, gradSum, live | _all_of(gradSum))
        if residual.first() is None:
            total = self._fork(residual.ahead, gradients, live)
        else:
            total = self._sum_of_branches(residual, gradients, live)
        for turn in total:
            turn.shown_by += residual.fork, residual.ahead
        return total

    def _sum_of_branches(self, residual, gradients, live):
        """The shortcut first, then the other branch, whose first layer writes the sum of both in the fork's memory."""
        gradient = gradients[residual.place]
        shortcut = residual.ahead.modules[1 - residual.place]
        added = self.backward(shortcut, gradients[1 - residual.place], live | _all_of(gradient))
        live = live | _all_of(added)
        sequence = residual.ahead.modules[residual.place].sequence()
        above = nn.Sequential()
        above.modules = sequence.modules[1:]
        gradient = self._sequence(above, gradient, live)
        for module in reversed(getattr(sequence.modules[0], 'modules', ())[1:]):
            gradient = self.backward(module, gradient, live)
        return self._turn(residual.fork, 'gradInput', live | _all_of(gradient))

    def _fork(self, fork, gradOutput, live):
        """Each branch's gradient is added to the sum before the next branch runs."""
        parts, total = _parts(gradOutput, len(fork.modules)), NOTHING
        for number, branch in enumerate(fork.modules, 1):
            waiting = live | _all_of(parts[number:])
            gradient = self.backward(branch, parts[number - 1], waiting | total)
            total = total or self._turn(fork, 'gradInput', waiting | _all_of(gradient))
        return total

    def _parallel(self, parallel, gradOutput, live):
        parts, gradients = _parts(gradOutput, len(parallel.modules)), []
        for number, module in enumerate(parallel.modules, 1):
            waiting = live | _all_of(parts[number:]) | _all_of(gradients)
            gradients.append(self.backward(module, parts[number - 1], waiting))
        return gradients

    def _copies(self, module, gradOutput, live):
        count = self.parts.get(id(module))
        if getattr(module, 'inplace', False):
            return _all_of(gradOutput)
        if count is None:
            return NOTHING  # in memory of its own
        copies = []
        for number in range(count):
            taken = live | _all_of(gradOutput) | _all_of(copies)
            copies.append(self._turn(module, f'gradInput.{number}', taken))
        return copies

    def _turn(self, module, name, live):
        """Give a module, for what it writes in its memory of this name, a turn in a piece where nothing is live."""
        taken = {turn.piece for turn in live}
        free = (piece for piece in self.pieces if piece.dtype == module.dtype and piece not in taken)
        piece = next(free, None)
        if piece is None:
            piece = Piece(module.dtype)
            self.pieces.append(piece)
        turn = Turn(piece)
        vars(module).setdefault('_storages', {})[name] = turn
        return frozenset([turn])


CONTAINERS = {
    **dict.fromkeys((nn.Sequential, FusedNorm, FusedSum), _Walk._sequence),
    Sequential: _Walk._fused_sequence,
    FusedResidual: _Walk._residual,
    nn.ParallelTable: _Walk._parallel,
    **dict.fromkeys(FORKS, _Walk._fork),
}


def _all_of(gradient):
    """Return all turns in which a gradient, or a table of them, may lie."""
    return NOTHING.union(*map(_all_of, gradient)) if isinstance(gradient, list) else gradient


def _parts(gradient, count):
    """Return where each part of a table's gradient lies: anywhere in it, if that is all that is known."""
    known = isinstance(gradient, list) and len(gradient) == count
    return gradient if known else [_all_of(gradient)] * count


def _parts_of_output(module):
    """Return of how many parts a module's output is, or None if it is no table or not known."""
    if type(module) in (nn.ConcatTable, nn.ParallelTable):
        return len(module.modules)
    if type(module) in (nn.Sequential, Sequential) and module.modules:
        return _parts_of_output(module.modules[-1])
    return None
