"""The base of all layers and containers: Torch's protocol of forward and backward."""

import numpy as np

from nnlite.errors import DtypeError, Error
from nnlite.nn.Object import Object
from nnlite.tensor.devices import is_array
from nnlite.tensor.memory import address, flatten
from nnlite.tensor.types import type_of


class Module(Object):
    """A function with parameters, and its derivatives.

    A layer says what it computes (`updateOutput`), what the gradient with respect to its input is, given the one with
    respect to its output (`updateGradInput`), and adds up the gradient with respect to its parameters
    (`accGradParameters`). It writes its results into its own memory again at the next call: keep a copy of an old one.

    `weight` and `bias` are parameters, `gradWeight` and `gradBias` their gradients; None where a layer has none.
    Setting `gradInput` to None tells a first layer that nobody asks for the gradient of the data.

    Shapes: those of input and output each layer says; gradInput has the shape of the input, gradOutput that of the
    output.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> layer, x = nn.Linear(3, 2), np.ones((4, 3), np.float32)
    >>> layer.forward(x).shape
    (4, 2)
    >>> layer.zeroGradParameters()
    >>> layer.backward(x, np.ones((4, 2), np.float32)).shape
    (4, 3)
    >>> layer.gradBias
    array([4., 4.], dtype=float32)

    Source: torch/nn, Module.lua.
    """

    weight = bias = gradWeight = gradBias = None
    train = True

    def __init__(self):
        super().__init__()
        self.output = np.empty(0, self.dtype)
        self.gradInput = np.empty(0, self.dtype)

    # what a layer defines

    def updateOutput(self, input):
        """Compute, keep and return the output for this input."""
        return self.output

    def updateGradInput(self, input, gradOutput):
        """Compute, keep and return the gradient with respect to the input, which is that of the last updateOutput."""
        return self.gradInput

    def accGradParameters(self, input, gradOutput, scale=1):
        """Add scale times the gradient with respect to the parameters to gradWeight and gradBias."""

    def reset(self, stdv=None):
        """Draw new parameters; return the module."""
        return self

    # running

    def forward(self, input):
        """Return the output for this input."""
        return self.updateOutput(input)

    def backward(self, input, gradOutput=None, scale=1):
        """Return the gradient with respect to the input and add up those with respect to the parameters.

        Args:
            input: what the last forward was given.
            gradOutput: the gradient with respect to the output; a network that ends in its loss needs none.
            scale: by how much the parameters' gradients are multiplied before they are added.
        """
        self.updateGradInput(input, gradOutput)
        self.accGradParameters(input, gradOutput, scale)
        return self.gradInput

    def backwardUpdate(self, input, gradOutput, lr):
        """Return the gradient with respect to the input; take a step of size lr against the parameters' gradients."""
        self.updateGradInput(input, gradOutput)
        self.accUpdateGradParameters(input, gradOutput, lr)
        return self.gradInput

    def accUpdateGradParameters(self, input, gradOutput, lr):
        """Take a step of size lr against the parameters' gradients; parameters that are shared collect theirs first."""
        if getattr(self, 'shared', False):
            self.sharedAccUpdateGradParameters(input, gradOutput, lr)
        else:
            self.defaultAccUpdateGradParameters(input, gradOutput, lr)

    def defaultAccUpdateGradParameters(self, input, gradOutput, lr):
        """Take a step of size lr against the parameters' gradients, which are not kept."""
        kept = self.gradWeight, self.gradBias
        self.gradWeight, self.gradBias = self.weight, self.bias  # so that what is added up is the step itself
        try:
            self.accGradParameters(input, gradOutput, -lr)
        finally:
            self.gradWeight, self.gradBias = kept

    def sharedAccUpdateGradParameters(self, input, gradOutput, lr):
        """Take a step of size lr against the parameters' gradients, which are collected first."""
        self.zeroGradParameters()
        self.accGradParameters(input, gradOutput, 1)
        self.updateParameters(lr)

    def __call__(self, input, gradOutput=None):
        """Return the output; with a gradOutput, also run backward and return (output, gradInput)."""
        self.forward(input)
        if gradOutput is None:
            return self.output
        self.backward(input, gradOutput)
        return self.output, self.gradInput

    def training(self):
        """Switch to training: dropout drops, batch normalization uses the batch's statistics. Return the module."""
        self.train = True
        return self

    def evaluate(self):
        """Switch to evaluation; return the module."""
        self.train = False
        return self

    # parameters

    def parameters(self):
        """Return two lists: the parameters, and their gradients."""
        pairs = [(self.weight, self.gradWeight), (self.bias, self.gradBias)]
        pairs = [pair for pair in pairs if pair[0] is not None]
        return [weight for weight, _ in pairs], [grad for _, grad in pairs]

    def zeroGradParameters(self):
        """Set the parameters' gradients to zero."""
        for grad in self.parameters()[1]:
            grad.fill(0)

    def updateParameters(self, learningRate):
        """Parameters -= learningRate * their gradients."""
        for weight, grad in zip(*self.parameters(), strict=True):
            weight -= learningRate * grad

    def getParameters(self):
        """Return two flat vectors, all parameters and all gradients, of which every one is a view from then on.

        Parameters that are shared come once. Arrays taken out of the module before, and modules outside of it, do not
        follow: call this once, on the whole network.

        >>> from nnlite import nn
        >>> net = nn.Sequential().add(nn.Linear(2, 3)).add(nn.Linear(3, 1))
        >>> params, gradParams = net.getParameters()
        >>> params.shape, np.shares_memory(params, net.get(2).weight)
        ((13,), True)

        Raises:
            Error: a parameter is shared but its gradient is not, or the other way round; a gradient is a table.
            DtypeError: parameters are of more than one type.
        """
        params, grads = self.parameters()
        if not params:
            return self.xp.empty(0, self.dtype), self.xp.empty(0, self.dtype)
        if not all(is_array(grad) for grad in grads):
            hint = 'nn.IndexLinear, which keeps rows for the inputs it has seen, takes its steps by updateParameters'
            raise Error('expected gradients that are arrays, got a table', where=self._name(), hint=hint)
        types = sorted({type_of(param) for param in params})
        if len(types) > 1:
            raise DtypeError(f'expected parameters of one type, got {" and ".join(types)}', where=self._name())
        flat, views = flatten(params)
        flat_grads, grad_views = flatten(grads)
        offsets = [[address(v)[0] - address(f)[0] for v in vs] for f, vs in ((flat, views), (flat_grads, grad_views))]
        if offsets[0] != offsets[1]:
            raise Error(
                'expected parameters and their gradients to be shared alike, and they are not',
                where=self._name(),
                hint="share both: module.share(other, 'weight', 'bias', 'gradWeight', 'gradBias')",
            )
        self._rebind(params + grads, views + grad_views)
        return flat, flat_grads

    @staticmethod
    def flatten(parameters):
        """Return the elements of a list of arrays in one vector, of which the list's arrays are views from then on."""
        flat, parameters[:] = flatten(parameters)
        return flat

    def _rebind(self, olds, news):
        """Put new arrays in the place of old ones, wherever in the tree these stand."""
        moved = {address(old): new for old, new in zip(olds, news, strict=True)}
        for holder, key, array in list(self.arrays()):
            if address(array) in moved:
                holder[key] = moved[address(array)]

    def share(self, other, *names):
        """Use the parameters of these names of another module as one's own; return this module.

        Raises:
            Error: the other module lacks one that this one has.
        """
        for name in names:
            if getattr(self, name, None) is not None:
                if getattr(other, name, None) is None:
                    message = f'expected a module with a {name} to share, got {other!r}'
                    raise Error(message, where=self._name())
                setattr(self, name, getattr(other, name))
                self.shared = other.shared = True
        return self

    def clone(self, *names):
        """Return a copy, which shares with this module the parameters of these names, and nothing else."""
        return super().clone().share(self, *names)

    # the tree

    def apply(self, callback):
        """Call callback(module) for this module and all below it, from the top down; return the module."""
        for module in self.listModules():
            callback(module)
        return self

    def listModules(self):
        """Return this module and all below it, in order."""
        modules = [self]
        for module in getattr(self, 'modules', ()):
            modules += module.listModules()
        return modules

    def findModules(self, typename, container=None):
        """Return (modules, containers): all modules of a class ('nn.Linear'), and what holds each of them."""
        found = [self] if typename == f'nn.{type(self).__name__}' else []
        holders = [container or self] * len(found)
        for module in getattr(self, 'modules', ()):
            below, holding = module.findModules(typename, self)
            found, holders = found + below, holders + holding
        return found, holders

    def replace(self, callback):
        """Put callback(module) in the place of this module and of all below it; return what is in this one's place.

        Raises:
            Error: the callback returns something that is no module.
        """
        new = callback(self)
        if not isinstance(new, Module):
            message = f'expected the callback to return a module, got {type(new).__name__}'
            hint = 'return the module itself where it is to stay'
            raise Error(message, where=self._name(), hint=hint)
        if hasattr(self, 'modules'):
            self.modules = [module.replace(callback) for module in self.modules]
        return new

    def __repr__(self):
        return f'nn.{type(self).__name__}'
