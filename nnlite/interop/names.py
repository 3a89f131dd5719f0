"""What the parameters of a network are called outside: the names of PyTorch's state_dict.

A name is the path to the module, its places counted from 0 as in PyTorch's nn.Sequential, and the array's own name
there: `4.0.0.1.weight`. In the residual networks of nnlite.models and fb.resnet.torch, and in their plain twins, it is
the one that torchvision has: `layer1.0.conv1.weight`, `layer2.0.downsample.1.running_mean`, `fc.bias`.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from nnlite import nn
from nnlite.errors import Error, ShapeError
from nnlite.interop.named_arrays import named_arrays
from nnlite.tensor.devices import array_module, to_host
from nnlite.tensor.memory import address

# What a module has learnt, by its attributes, in PyTorch's order; `v` and `g` make the weights of WeightNorm.
LEARNT = ('weight', 'bias', 'diagCov', 'running_mean', 'running_var', 'v', 'g')
COUNTER = 'num_batches_tracked'  # PyTorch counts batches, and needs the number for no momentum but None
SHOWN = 10  # names of a kind in a message

# Of these the weight follows from v and g.
_DIRECTED = (nn.WeightNorm, nn.LinearWeightNorm)


def state_dict(model: Any) -> dict[str, np.ndarray]:
    """Return all that a network has learnt, running statistics included, by the names of PyTorch's state_dict.

    The arrays are the network's own where they can be: copy what is to stay. They have PyTorch's shapes, so that
    SpatialConvolutionMM's weight is (nOutputPlane, nInputPlane, kH, kW) here, and TemporalConvolution's
    (outputFrameSize, inputFrameSize, kW). What several modules share comes once for each of them.

    >>> from nnlite import nn
    >>> list(state_dict(nn.Sequential().add(nn.Linear(3, 2)).add(nn.BatchNormalization(2))))
    ['0.weight', '0.bias', '1.weight', '1.bias', '1.running_mean', '1.running_var']

    Raises:
        Error: a class from outside nnlite.nn keeps parameters under other names than `weight` and `bias`.
    """
    return {name: _as_pytorch(module, attribute, to_host(array)) for name, module, attribute, array in _slots(model)}


def load_state_dict(model: Any, arrays: Mapping[str, np.ndarray], strict: bool = True) -> Any:
    """Give a network what a state_dict holds, in its own memory and type; return the network.

    PyTorch's counters of batches (`num_batches_tracked`) are passed over.

    Args:
        model: the network.
        arrays: arrays by the names of `state_dict(model)`; PyTorch's tensors too.
        strict: whether every name must be there, and no other; if False, what fits is taken.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> load_state_dict(nn.Mul(), {'weight': np.float32([3])}).forward(np.float32([2]))
    array([6.], dtype=float32)

    Raises:
        ShapeError: names are missing, or are not expected, or an array is of another shape; nothing is changed then.
        DtypeError: an array is not of numbers, or a name no string.
        Error: modules that share a parameter are given different ones.
    """
    slots = list(_slots(model))
    named = named_arrays(arrays, 'load_state_dict')
    given = {name: array for name, array in named.items() if name.rpartition('.')[2] != COUNTER}
    _check(slots, given, strict)
    for name, module, attribute, array in slots:
        if name in given:
            value = _as_ours(module, attribute, given[name], array.shape)
            np.copyto(array, array_module(array).asarray(value.astype(array.dtype)))
    return model


def paths(model: Any) -> Iterator[tuple[str, Any]]:
    """Yield (path, module) for a network and every module below it, by the names that state_dict has.

    >>> from nnlite import nn
    >>> [path for path, _ in paths(nn.Sequential().add(nn.Concat(2).add(nn.Linear(3, 2))))]
    ['', '0', '0.0']
    """
    yield from _walk(model, '', resnet_labels(model) or {})


def learnt(model: Any) -> Iterator[tuple[str, np.ndarray]]:
    """Yield (name, array) for what a network has learnt, as it lies in the modules; no class is refused."""
    for path, module in paths(model):
        for attribute in LEARNT:
            array = getattr(module, attribute, None)
            if array is not None:
                yield '.'.join(filter(None, (path, attribute))), to_host(array)


def class_of(module: Any) -> type:
    """Return the class of a module as files have it: of a container that optnet.fuse made, nn.Sequential.

    >>> from nnlite import optnet
    >>> class_of(optnet.fuse(nn.Sequential().add(nn.Linear(3, 2)))) is nn.Sequential
    True
    """
    return getattr(type(module), 'written_as', type(module))


def labels_of(module: Any, labels: Mapping[int, list[str]]) -> list[str]:
    """Return what the modules directly below one are called: their places, or what a ResNet's labels say."""
    return labels.get(id(module)) or [str(place) for place in range(len(module.modules))]


def _walk(module: Any, path: str, labels: Mapping[int, list[str]]) -> Iterator[tuple[str, Any]]:
    yield path, module
    children = _children(module)
    for label, below in zip(labels_of(module, labels) if children else (), children, strict=False):
        yield from _walk(below, '.'.join(filter(None, (path, label))), labels)


def _children(module: Any) -> list[Any]:
    """Return the modules below one that have parameters of their own: clones that share theirs do not."""
    below = list(getattr(module, 'modules', []))
    return below[:1] if isinstance(module, nn.MapTable) and module.shared else below


def _slots(model: Any) -> Iterator[tuple[str, Any, str, np.ndarray]]:
    """Yield (name, module, attribute, array) for all that a network has learnt, in order."""
    directed: set[int] = set()  # modules whose weight a WeightNorm makes
    named = []
    for path, module in paths(model):
        attributes: tuple[str, ...] = LEARNT
        if isinstance(module, _DIRECTED):
            attributes = ('v', 'g', 'bias') if isinstance(module, nn.LinearWeightNorm) else ('v', 'g')
            directed |= {id(below) for below in getattr(module, 'modules', [])}
        elif id(module) in directed:
            attributes = ('bias',)
        held = {attribute: getattr(module, attribute, None) for attribute in attributes}
        if isinstance(module, nn.PartialLinear):
            held = {'weight': module.network.get(1).get(2).weight, 'bias': module.bias}
        for attribute, array in held.items():
            if array is not None:
                named.append(address(array))
                yield '.'.join(filter(None, (path, attribute))), module, attribute, array
    for path, module in paths(model):
        if (
            not _children(module)
            and id(module) not in directed
            and not set(map(address, module.parameters()[0])) <= set(named)
        ):
            raise Error(
                f'expected parameters called {" or ".join(LEARNT[:2])}, got others in {type(module).__name__}',
                where=path or None,
                hint='name them so in the class, or save the network as .t7',
            )


def _as_pytorch(module: Any, attribute: str, array: np.ndarray) -> np.ndarray:
    """Return an array of ours in the shape that PyTorch has for it."""
    if attribute == 'weight' and isinstance(module, nn.SpatialConvolutionMM):
        return array.reshape(module.nOutputPlane, module.nInputPlane, module.kH, module.kW)
    if attribute == 'weight' and isinstance(module, nn.TemporalConvolution):
        return array.reshape(module.outputFrameSize, module.kW, module.inputFrameSize).swapaxes(1, 2)
    return array


def _as_ours(module: Any, attribute: str, array: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Return an array that has PyTorch's shape in ours."""
    if attribute == 'weight' and isinstance(module, nn.TemporalConvolution):
        array = array.swapaxes(1, 2)
    return array.reshape(shape)


def _check(slots: list[tuple[str, Any, str, np.ndarray]], given: Mapping[str, np.ndarray], strict: bool) -> None:
    """Raise unless a network's names and shapes, and those that are given, are the same."""
    due = {name: _as_pytorch(module, attribute, array).shape for name, module, attribute, array in slots}
    wrong = [
        f'{name}: expected {due[name]}, got {array.shape}'
        for name, array in given.items()
        if name in due and array.shape != due[name]
    ]
    missing = [name for name in due if name not in given] if strict else []
    unexpected = [name for name in given if name not in due] if strict else []
    kinds = {'missing': missing, 'not expected': unexpected, 'of another shape': wrong}
    lines = [f'{what}: {_listed(names)}' for what, names in kinds.items() if names]
    if lines:
        raise ShapeError(
            "expected the network's names and shapes, got others\n    " + '\n    '.join(lines),
            where='load_state_dict',
            hint='state_dict(model) has the names that are due; strict=False takes what fits by name'
            if strict
            else None,
        )
    values: dict[Any, str] = {}
    for name, _, _, array in slots:
        if name in given:
            first = values.setdefault(address(array), name)
            if not np.array_equal(given[first], given[name], equal_nan=True):
                raise Error(f'expected one array, as the network shares it, got two that differ: {first}', where=name)


def _listed(names: list[str]) -> str:
    more = len(names) - SHOWN
    return ', '.join(names[:SHOWN]) + (f' and {more} more' if more > 0 else '')


# Residual networks


def resnet_labels(model: Any) -> dict[int, list[str]] | None:
    """Return what torchvision calls the modules of a residual network, or of its plain twin; None of any other.

    The network is told by its build, that of nnlite.models.resnet and fb.resnet.torch: a Sequential of convolution and
    batch norm, a Sequential of blocks for each stage, and a Linear, between which stand modules without parameters.

    Returns:
        For each container, by its id, the names of the modules directly below; '' for what is no step in a name.
    """
    if class_of(model) is not nn.Sequential:
        return None
    labels: dict[int, list[str]] = {}
    names: list[str] = []
    stages = 0
    for module in model.modules:
        if class_of(module) is nn.Sequential:
            stages += 1
            names.append(f'layer{stages}')
            if not module.modules or not all(_label_block(block, labels) for block in module.modules):
                return None
        elif stages == 0 or not _has_parameters(module):
            names.append(_label(module, names))
        else:
            names.append('fc' if type(module) is nn.Linear else '')
        if not names[-1]:
            return None
    fits = names.count('conv1') == names.count('bn1') == 1 and names.count('fc') <= 1 and 'conv2' not in names
    labels[id(model)] = names
    return labels if stages and fits and 'bn2' not in names else None


def is_residual(block: Any) -> bool:
    """Return whether a block of a network is the sum of a branch and a shortcut."""
    fork: Any = block.modules[0] if class_of(block) is nn.Sequential and block.modules else None
    return (
        type(fork) is nn.ConcatTable
        and len(fork) == 2
        and class_of(fork.modules[0]) is nn.Sequential
        and len(block) > 1
        and type(block.modules[1]) is nn.CAddTable
        and not any(map(_has_parameters, block.modules[1:]))
    )


def _label_block(block: Any, labels: dict[int, list[str]]) -> bool:
    """Note the names in a block; return whether it is one."""
    if is_residual(block):
        fork = block.modules[0]
        branch, shortcut = fork.modules
        labels[id(fork)] = ['', 'downsample']
        if _has_parameters(shortcut):
            kinds = [type(module) for module in getattr(shortcut, 'modules', [])]
            if kinds != [nn.SpatialConvolution, nn.SpatialBatchNormalization]:
                return False
    elif class_of(block) is nn.Sequential:
        branch = block
    else:
        return False
    names: list[str] = []
    for module in branch.modules:
        names.append(_label(module, names))
    labels[id(branch)] = list(names)
    if branch is not block:
        for module in block.modules[1:]:
            names.append(_label(module, names))
        labels[id(block)] = ['', *names[len(branch) :]]
    return 'conv1' in names and all(names)


def _label(module: Any, names: list[str]) -> str:
    """Return the name of a module behind others; '' if there is none for it."""
    numbered = {nn.SpatialConvolution: 'conv', nn.SpatialBatchNormalization: 'bn'}.get(type(module))
    if numbered:
        return f'{numbered}{sum(name.startswith(numbered) for name in names) + 1}'
    if _has_parameters(module) or hasattr(module, 'modules'):
        return ''
    name = type(module).__name__.lower()
    number = sum(other.rstrip('0123456789') == name for other in names) + 1
    return name if number == 1 else f'{name}{number}'


def _has_parameters(module: Any) -> bool:
    return bool(module.parameters()[0])
