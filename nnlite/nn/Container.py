"""The base of all modules that are made of modules."""

from nnlite.errors import Error, ShapeError
from nnlite.nn.Module import Module
from nnlite.tensor.dimensions import is_whole


class Container(Module):
    """A list of modules, and all that is done to every one of them.

    What a Lua line says counts from 1: `get(1)` is the first module. What is Python stays Python: `modules[0]`, `len`,
    `for`.

    Shapes: those of its modules.

    >>> from nnlite import nn
    >>> net = nn.Sequential().add(nn.Linear(4, 3)).add(nn.Tanh())
    >>> net.get(1), net.modules[0] is net.get(1), len(net)
    (nn.Linear(4 -> 3), True, 2)

    Source: torch/nn, Container.lua.
    """

    def __init__(self):
        super().__init__()
        self.modules = []

    def add(self, module):
        """Append a module; return the container."""
        return self.insert(module)

    def get(self, index):
        """Return the module at this place, counted from 1, or from -1 at the end."""
        return self.modules[self._place(index, len(self.modules))]

    def insert(self, module, index=None):
        """Put a module in front of the one at this place, counted from 1, or at the end; return the container."""
        if not isinstance(module, Module):
            raise Error(f'expected a module to add, got {type(module).__name__}', where=type(self).__name__)
        self.modules.insert(len(self.modules) if index is None else self._place(index, len(self.modules) + 1), module)
        return self

    def remove(self, index=None):
        """Take out the module at this place, counted from 1, or the last one; return the container."""
        del self.modules[self._place(-1 if index is None else index, len(self.modules))]
        return self

    def size(self):
        """Return the number of modules."""
        return len(self.modules)

    def __len__(self):
        return len(self.modules)

    def __bool__(self):
        return True

    def __iter__(self):
        return iter(self.modules)

    def _place(self, index, count):
        if not is_whole(index) or index == 0 or not -count <= index <= count:
            hint = 'modules count from 1, as in Torch' if index == 0 else None
            raise Error(f'expected a place from 1 to {count}, got {index}', where=self._name(), hint=hint)
        return index - 1 if index > 0 else count + index

    def rethrowErrors(self, index, method, *args):
        """Call a method of the module at `index`, from 0 or from the end; an error from it learns where it was."""
        self._expect_modules()
        index %= len(self.modules)
        module = self.modules[index]
        try:
            return getattr(module, method)(*args)
        except Error as error:
            if isinstance(error, ShapeError) and error.hint is None:
                error.hint = self._hint(index, method)
            error.inside(f'{type(self).__name__}[{index + 1}]')
            raise
        except Exception as error:
            error.add_note(f'in {type(self).__name__}[{index + 1}], {type(module).__name__}')
            raise

    def _expect_modules(self):
        if not self.modules:
            where = type(self).__name__  # a wrapper prints what is inside
            raise Error('expected a module inside, got none', where=where, hint='add one with .add(module)')

    def _hint(self, index, method):
        """Return what a container knows of why the module at `index` may have been given a wrong shape."""
        return None

    def applyToModules(self, func):
        """Call func(module) for each module directly below."""
        for module in self.modules:
            func(module)

    def parameters(self):
        """Return two lists: the parameters of all modules, and their gradients."""
        params, grads = [], []
        for module in self.modules:
            below, grads_below = module.parameters()
            params += below
            grads += grads_below
        return params, grads

    def zeroGradParameters(self):
        """Set all parameters' gradients to zero."""
        self.applyToModules(lambda module: module.zeroGradParameters())

    def updateParameters(self, learningRate):
        """Parameters -= learningRate * their gradients, in all modules."""
        self.applyToModules(lambda module: module.updateParameters(learningRate))

    def training(self):
        """Switch all modules to training; return the container."""
        self.applyToModules(lambda module: module.training())
        return super().training()

    def evaluate(self):
        """Switch all modules to evaluation; return the container."""
        self.applyToModules(lambda module: module.evaluate())
        return super().evaluate()

    def reset(self, stdv=None):
        """Draw new parameters for all modules; return the container."""
        self.applyToModules(lambda module: module.reset(stdv))
        return self

    def share(self, other, *names):
        """Share the parameters of these names, module by module, with a container of the same build."""
        count = len(getattr(other, 'modules', ()))
        if count != len(self.modules):
            message = f'expected as many modules to share with, {len(self.modules)}, got {count}'
            raise Error(message, where=type(self).__name__)
        for module, twin in zip(self.modules, other.modules, strict=True):
            module.share(twin, *names)
        return self

    def clearState(self):
        """Drop all results and buffers, of all modules; return the container."""
        self.applyToModules(lambda module: module.clearState())
        return super().clearState()

    def __repr__(self):
        """Return the modules as branches between the input and the output."""
        lines = [f'nn.{type(self).__name__} {{', '  input']
        for number, module in enumerate(self.modules, 1):
            last = number == len(self.modules)
            indented = repr(module).replace('\n', '\n  ' + ('       ' if last else '  |    '))
            lines.append(f'  {"   `-> " if last else "  |`-> "}({number}): {indented}')
        return '\n'.join([*lines, '     ... -> output', '}'])
