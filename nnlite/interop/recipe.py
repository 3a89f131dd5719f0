"""What a file of weights says beside them: which of the networks of nnlite.models they are of, and of what classes."""

import itertools
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nnlite import models, nn
from nnlite.interop.names import class_of, is_residual, resnet_labels
from nnlite.models.resnet import SHORTCUTS
from nnlite.models.topology import BOTTLENECK_FROM, CLASSES, IMAGENET_BLOCKS, WIDTHS, blocks_of
from nnlite.tensor.random import getRNGState, setRNGState

FORMAT = 'pt'  # what other programs look for where names and shapes are PyTorch's

# What tells two modules of a class apart, besides the number of their planes.
_FACTS: tuple[str, ...]
_FACTS = ('kW', 'kH', 'dW', 'dH', 'padW', 'padH', 'ceil_mode', 'count_include_pad', 'divide', 'p', 'v2', 'dim')
_FACTS += ('nInputDim', 'value', 'index', 'W', 'H', 'numInputDims', 'eps', 'momentum', 'affine', 'threshold', 'val')

BESIDE = ('classes', 'names', 'pictures')  # what a checkpoint says beside its network, and a file of weights may
OTHER = 'other'  # instead of a recipe: the names are a ResNet's, but no network of nnlite.models has this build


def facts_of(model: Any, beside: Mapping[str, Any] | None = None) -> dict[str, str]:
    """Return what a file is to say of a network, as JSON: `network`, if it is one of nnlite.models, and more.

    Of one that is not, but has the names of a ResNet, `network` is 'other': nobody is to take the names for all of it.

    Args:
        model: the network.
        beside: what else is known: `classes`, `names` and `pictures`, as a checkpoint of nnlite has them.
    """
    facts = {'format': FORMAT}
    if resnet_labels(model) is not None:
        facts['network'] = json.dumps(recipe_of(model) or OTHER)
    return {**facts, **{name: json.dumps(value, default=np.ndarray.tolist) for name, value in (beside or {}).items()}}


def recipe_of(model: Any) -> dict[str, Any] | None:
    """Return by which arguments nnlite.models makes a network of this build; None if it does not.

    Depth, widths and classes are not among them: they follow from the parameters.

    >>> recipe_of(models.resnet(8, 'cifar10', 'B'))
    {'net': 'resnet', 'dataset': 'cifar10', 'shortcut': 'B', 'dropout': 0}
    """
    labels = resnet_labels(model)
    if labels is None or 'fc' not in labels[id(model)]:
        return None
    residual = any(is_residual(stage.modules[0]) for stage in model.modules if class_of(stage) is nn.Sequential)
    net = 'resnet' if residual else 'convnet'
    blocks, widths, bottleneck = _stages(model)
    dropouts = model.findModules('nn.Dropout')[0]
    dropout = dropouts[0].p if dropouts else 0
    ranks = [sorted(set(widths)).index(width) + 1 for width in widths]  # as narrow as can be, to build it fast
    for dataset in CLASSES if sorted(widths) == widths else ():
        depth = depth_of(dataset, blocks, bottleneck)
        if depth is None:
            continue
        for shortcut in SHORTCUTS if net == 'resnet' else SHORTCUTS[:1]:
            recipe = {'net': net, 'dataset': dataset, 'shortcut': shortcut, 'dropout': dropout}
            if _alike(model, make(recipe, depth, ranks, 1)):
                return recipe
    return None


def options_of(model: Any) -> str | None:
    """Return by which options `nnlite train` makes a network of this build; None if it does not.

    >>> options_of(models.resnet(8, 'cifar10', 'B'))
    '--net resnet --depth 8 --shortcut B --dropout 0 --widths 16 32 64'
    """
    recipe = recipe_of(model)
    if recipe is None:
        return None
    blocks, widths, bottleneck = _stages(model)
    depth = depth_of(recipe['dataset'], blocks, bottleneck)
    shortcut = f' --shortcut {recipe["shortcut"]}' if recipe['net'] == 'resnet' else ''
    sizes = ' '.join(map(str, widths))
    return f'--net {recipe["net"]} --depth {depth}{shortcut} --dropout {recipe["dropout"]} --widths {sizes}'


def make(recipe: dict[str, Any], depth: int, widths: Sequence[int], classes: int) -> Any:
    """Return the network of a recipe; the default generator is left as it was, since weights come from elsewhere."""
    state = getRNGState()
    try:
        if recipe['net'] == 'convnet':
            return models.convnet(depth, recipe['dataset'], recipe['dropout'], classes, widths)
        return models.resnet(depth, recipe['dataset'], recipe['shortcut'], recipe['dropout'], classes, widths)
    finally:
        setRNGState(state)


def depth_of(dataset: str, blocks: Sequence[int], bottleneck: bool) -> int | None:
    """Return the depth at which nnlite.models has these blocks in its stages, or None.

    >>> depth_of('cifar10', [3, 3, 3], False), depth_of('imagenet', [3, 4, 6, 3], True), depth_of('cifar10', [1], False)
    (20, 50, None)
    """
    if len(blocks) != len(WIDTHS[dataset]):
        return None
    if dataset == 'imagenet':
        found = [depth for depth, counts in IMAGENET_BLOCKS.items() if counts == tuple(blocks)]
        return next((depth for depth in found if (depth >= BOTTLENECK_FROM) == bottleneck), None)
    depth = 2 * sum(blocks) + 2
    return depth if blocks_of(depth, dataset) == tuple(blocks) and not bottleneck else None


def _stages(model: Any) -> tuple[list[int], list[int], bool]:
    """Return the blocks and the planes of each stage of a residual network, and whether the blocks are bottlenecks."""
    stages = [module for module in model.modules if class_of(module) is nn.Sequential]
    widths = [stage.findModules('nn.SpatialConvolution')[0][0].nOutputPlane for stage in stages]
    names = itertools.chain.from_iterable((resnet_labels(model) or {}).values())
    return [len(stage) for stage in stages], widths, 'conv3' in names


def _alike(model: Any, other: Any) -> bool:
    """Return whether two networks are built alike, planes aside."""
    pairs = list(zip(model.listModules(), other.listModules(), strict=False))
    return len(model.listModules()) == len(other.listModules()) and all(
        class_of(mine) is class_of(its) and all(_fact(mine, name) == _fact(its, name) for name in _FACTS)
        for mine, its in pairs
    )


def _fact(module: Any, name: str) -> Any:
    fact = getattr(module, name, None)
    return None if isinstance(fact, np.ndarray) else fact
