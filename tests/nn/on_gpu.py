"""Modules and criterions on a GPU: what they are given goes there, what they give comes back to be compared."""

import numpy as np
from runs import Run, forward, gradient_for, gradients_of
from trees import copied, mapped

from nnlite.nn.Object import Object
from nnlite.tensor.devices import is_on_gpu, to_host
from nnlite.tensor.memory import address
from nnlite.tensor.types import TYPES, host_type, on_gpu_type


def moved(thing, dtype):
    """Return a module or criterion, which is moved to the GPU."""
    return thing.type(on_gpu_type(TYPES[np.dtype(dtype)]))


def there(cupy, tree):
    """Return the table with its arrays on the GPU."""
    return mapped(cupy.array, tree)


def here(tree):
    """Return the table with its arrays on the host, as copies."""
    return mapped(lambda array: np.array(to_host(array)), tree)


def alike(cupy, tree, given):
    """Return the table of host arrays, each where that of another table lives that it goes with."""
    if isinstance(tree, list):
        return [alike(cupy, *parts) for parts in zip(tree, given, strict=True)]
    if isinstance(tree, dict):
        return {key: alike(cupy, tree[key], given[key]) for key in tree}
    return cupy.array(tree) if is_on_gpu(given) else tree


def run_there(cupy, module, input, gradOutput=None, scale=1):
    """Do what run() does with a module on the GPU; the results are on the host."""
    module.zeroGradParameters()
    given = there(cupy, input)
    output = forward(module, given)
    kept = here(output)
    gradOutput = gradient_for(kept) if gradOutput is None else copied(gradOutput)
    gradInput = module.backward(given, alike(cupy, gradOutput, output), scale)
    return Run(kept, here(gradInput), here(gradients_of(module)))


def brought_home(thing, moved=None):
    """Return a module with all that it has, results and noise too, on the host, sharing what it shared."""
    moved = {} if moved is None else moved
    if isinstance(thing, (list, dict)):
        return mapped(lambda part: brought_home(part, moved), thing)
    if is_on_gpu(thing):
        return moved.setdefault(address(thing), to_host(thing))
    if isinstance(thing, Object) and id(thing) not in moved:
        moved[id(thing)] = thing
        for name, value in vars(thing).items():
            if name != '_storages':
                vars(thing)[name] = brought_home(value, moved)
    return host_type(thing) if isinstance(thing, str) else thing
