"""A network whose neighbours run as one module, and back."""

from nnlite import nn
from nnlite.optnet.fused import Fused, FusedNorm, FusedResidual, FusedSum
from nnlite.optnet.turns import removeOptimization

# Layers whose weight has a row for each plane, or feature, of the output.
LAYERS = (
    nn.SpatialConvolution,
    nn.SpatialConvolutionMM,
    nn.SpatialDilatedConvolution,
    nn.VolumetricConvolution,
    nn.Linear,
)
NORMS = (nn.BatchNormalization, nn.SpatialBatchNormalization, nn.VolumetricBatchNormalization)
# Containers that may have Sequentials in them, and keep their modules nowhere but in `modules`.
FORKS = (nn.ConcatTable, nn.Concat, nn.DepthConcat, nn.ParallelTable)

RUNS = ('runs', 'runs_of')  # what only a fused Sequential has


def fuse(model):
    """Return a network that computes the same in fewer passes over memory, where neighbours allow it.

    A convolution or Linear, the batch normalization after it, and the ReLU after that run as one module; batch
    normalization and ReLU; the sum and the ReLU that end a residual block, with the batch normalization before the sum.
    A sum in place gets memory of its own: it would overwrite what a fused ReLU still needs, and a plain one does not.
    Where one is in a container that is not looked into, such as nn.gModule or a decorator, nothing is fused: make it
    nn.CAddTable() there.

    The layers of the new network are those of the model, and its containers hold them in the same places: whoever looks
    for modules, parameters or their gradients finds the same in both, and a file holds the plain network. Only how it
    runs, and what it prints, is different. Results are equal but for rounding. What optimizeMemory did is undone: it
    comes last.

    >>> from nnlite import nn, optnet
    >>> net = nn.Sequential().add(nn.SpatialConvolution(3, 16, 3, 3)).add(nn.SpatialBatchNormalization(16))
    >>> optnet.fuse(net.add(nn.ReLU()))
    nn.Sequential {
      [input -> (1) -> output]
      (1): nnlite.Fused {
        nn.SpatialConvolution(3 -> 16, 3x3)
        nn.SpatialBatchNormalization (4D) (16)
        nn.ReLU
      }
    }
    """
    model = removeOptimization(model)
    return _rebuilt(model, {} if _hides_a_sum_in_place(model) else {nn.Sequential: Sequential}, {})


def plain(model):
    """Return the network that a fused one was made of: its layers, one after the other, in new containers."""
    return _rebuilt(removeOptimization(model), {Sequential: nn.Sequential}, {})


def _rebuilt(module, classes, done):
    """Return a tree with the same layers in new containers, of other classes where `classes` says so."""
    if type(module) not in LOOKED_INTO:
        return module
    if id(module) not in done:
        cls = classes.get(type(module), type(module))
        twin = done[id(module)] = cls.__new__(cls)
        twin.__dict__.update((name, value) for name, value in module.__getstate__().items() if name not in RUNS)
        twin.modules = [_rebuilt(below, classes, done) for below in module.modules]
    return done[id(module)]


def _hides_a_sum_in_place(module):
    """Return whether there is one in a container that is not looked into."""
    if type(module) in LOOKED_INTO:
        return any(map(_hides_a_sum_in_place, module.modules))
    return any(_is_sum(below) and below.inplace for below in module.listModules() if below is not module)


class Sequential(nn.Sequential):
    """An nn.Sequential to all who look at it, and in files, whose neighbours run as one module where they can."""

    written_as = nn.Sequential
    cleared = (*nn.Sequential.cleared, *RUNS)
    runs = runs_of = ()

    def sequence(self):
        """Return what runs: an nn.Sequential of fused modules and of those that stay alone."""
        modules = _looked_at(self)
        if modules != self.runs_of:
            self.runs, self.runs_of = _grouped(self.modules), modules
        sequence = nn.Sequential()
        sequence.modules = self.runs
        return sequence

    def updateOutput(self, input):
        self.output = self.sequence().updateOutput(input)
        return self.output

    def _back(self, input, gradOutput, method, *scale):
        return self.sequence()._back(input, gradOutput, method, *scale)

    def accGradParameters(self, input, gradOutput, scale=1):
        self.sequence().accGradParameters(input, gradOutput, scale)

    def accUpdateGradParameters(self, input, gradOutput, lr):
        self.sequence().accUpdateGradParameters(input, gradOutput, lr)

    def write(self):
        return {name: value for name, value in super().write().items() if name not in RUNS}

    def __repr__(self):
        return repr(self.sequence())


LOOKED_INTO = (nn.Sequential, Sequential, *FORKS)


def _looked_at(sequential):
    """Return all modules that `_grouped` looks at: the Sequential's own, those of its forks, and of their branches."""
    modules = list(sequential.modules)
    for fork in sequential.modules:
        if type(fork) is nn.ConcatTable:
            modules += fork.modules
            for branch in fork.modules:
                modules += getattr(branch, 'modules', ())
    return modules


def _grouped(modules):
    """Return the modules, neighbours as one where they can."""
    groups, place = [], 0
    while place < len(modules):
        group = _group(*modules[place : place + 3])
        groups.append(group)
        place += len(group.modules) if isinstance(group, Fused) else 1
    return groups


def _group(first, second=None, third=None):
    """Return the fused module that begins with `first`, or `first` itself."""
    if type(first) in LAYERS and type(second) in NORMS and len(first.weight) == len(second.running_mean):
        return FusedNorm(first, second, third if _is_relu(third) else None)
    if type(first) in NORMS and _is_relu(second):
        return FusedNorm(None, first, second)
    if type(first) is nn.ConcatTable and _is_sum(second) and not second.inplace and _is_relu(third):
        return _residual(first, second, third) or first
    if _is_sum(first) and (first.inplace or _is_relu(second)):
        return FusedSum(first, second if _is_relu(second) else None)
    return first


def _residual(fork, sum, relu):
    """Return the block as one module, or None if no branch ends in a batch normalization, or there are not two."""
    if len(fork.modules) != 2 or fork.modules[0] is fork.modules[1]:
        return None
    for place, branch in enumerate(fork.modules):
        if type(branch) is Sequential and branch.modules and type(branch.modules[-1]) in NORMS:
            ahead = Sequential()
            ahead.modules = branch.modules[:-1]
            return FusedResidual(fork, sum, relu, place, ahead)
    return None


def _is_relu(module):
    return type(module) is nn.ReLU and module.threshold == module.val == 0


def _is_sum(module):
    return type(module) is nn.CAddTable
