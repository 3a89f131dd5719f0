"""The residual networks that PyTorch's people publish weights of, as networks of nnlite.models."""

import itertools
import json
import os
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from nnlite.errors import DataError, FileFormatError, ShapeError
from nnlite.interop.named_arrays import named_arrays
from nnlite.interop.names import COUNTER, load_state_dict
from nnlite.interop.recipe import BESIDE, OTHER, depth_of, make
from nnlite.interop.weight_files import Weights, read_weights
from nnlite.models.resnet import SHORTCUTS
from nnlite.models.topology import CLASSES

_LIKE = 'give the network itself: load_state_dict(model, arrays), or `nnlite convert FILE OUT --like NET.t7`'
_NETWORKS = ('resnet', 'convnet')


def from_state_dict(source: Mapping[str, np.ndarray] | str | os.PathLike[str]) -> Any:
    """Return the network of nnlite.models that a state_dict is of, with its weights, ready to evaluate.

    Depth, widths and classes come from the names and shapes. Known are

    - torchvision's ResNet-18, 34, 50, 101 and 152, as resnet(depth, 'imagenet', 'B');
    - ResNets for CIFAR with 1x1 convolutions in their shortcuts, `downsample` or `shortcut`, as resnet(.., 'cifar10',
      'B'), or with four stages as resnet(.., 'tiny-imagenet', 'B');
    - ResNets for CIFAR without any (`linear.weight` as classifier; akamaster's), as resnet(.., 'cifar10',
      'A-subsample'): their shortcuts put half of the zero planes in front, ours all of them behind, so the planes of
      stages two and three come in another order here, and with it the weights; the scores are the same;
    - what state_dict gives of these, and of files that nnlite wrote any network of nnlite.models.

    `module.` in front of all names, which DataParallel leaves, and counters of batches are passed over.

    Args:
        source: arrays by names, PyTorch's tensors too, or the path of a .safetensors or .h5 file.

    >>> from nnlite import models
    >>> from nnlite.interop import state_dict
    >>> from_state_dict(state_dict(models.resnet(18, 'imagenet', 'B', widths=(2, 3, 4, 5)))).get(5).get(1).get(2)
    nn.CAddTable

    Raises:
        DataError: the names or shapes are of no network of nnlite.models; the message says what differs.
        DtypeError: an array is not of numbers, or a name no string.
        FileFormatError: the file is damaged.
        OSError: it is missing or cannot be read.
    """
    if isinstance(source, str | os.PathLike):
        return network_of(read_weights(source), str(source))[0]
    return network_of(Weights(named_arrays(source, 'from_state_dict'), {}), 'from_state_dict')[0]


def read_network(path: str | os.PathLike[str], like: Any = None) -> tuple[Any, dict[str, Any]]:
    """Return the network that is in a file of weights, ready to evaluate, and what the file says beside it.

    That is `classes`, `names` and `pictures`, as a checkpoint of nnlite has them, unchecked, as far as they are there.

    Args:
        path: a .safetensors or .h5 file.
        like: a network of the same build, of which a copy gets the weights; without it the file, or its names, must
            tell which network of nnlite.models it is: see from_state_dict.

    Raises:
        DataError: the file does not tell, or holds another network than `like`.
        FileFormatError: the file is damaged.
        OSError: it is missing or cannot be read.
    """
    weights = read_weights(path)
    if like is None:
        return network_of(weights, str(path))
    model = like.clone().type(_type_of(weights.arrays))
    try:
        return load_state_dict(model, weights.arrays).evaluate(), _beside(weights.facts, str(path))
    except ShapeError as error:
        raise DataError(f'expected the weights of the network that is given\n  {error}', where=str(path)) from error


def network_of(weights: Weights, where: str) -> tuple[Any, dict[str, Any]]:
    """Return the network that weights are of, ready to evaluate, and what is said beside it."""
    recipe = _recipe_in(weights.facts, where)
    arrays = _plain_names(weights.arrays)
    blocks, bottleneck = _blocks(arrays, where)
    ends_in_linear = recipe is None and any(name.removeprefix('module.') == 'linear.weight' for name in weights.arrays)
    recipe = recipe or _recipe(arrays, blocks, ends_in_linear, where)
    depth = depth_of(recipe['dataset'], blocks, bottleneck)
    if depth is None:
        kind = 'bottlenecks' if bottleneck else 'blocks of two convolutions'
        what = f'{", ".join(map(str, blocks))} {kind} in its stages'
        raise DataError(f'expected a network that nnlite.models has for {recipe["dataset"]}, got {what}', where, _LIKE)
    widths = _widths(arrays, blocks, where)
    scores, planes = len(arrays['fc.bias']) if arrays['fc.bias'].ndim == 1 else 0, widths[-1] * (4 if bottleneck else 1)
    if arrays['fc.weight'].shape != (scores, planes):
        raise DataError(f'expected (classes, {planes}), got {arrays["fc.weight"].shape}', f'{where}, fc.weight', _LIKE)
    model = make(recipe, depth, widths, scores).type(_type_of(arrays))
    if recipe['shortcut'] == 'A-subsample' and ends_in_linear:
        arrays = _zero_planes_behind(arrays, widths)
    try:
        load_state_dict(model, arrays)
    except ShapeError as error:
        message = f'expected the weights of a ResNet-{depth} for {recipe["dataset"]}\n  {error}'
        raise DataError(message, where=where, hint=_LIKE) from error
    return model.evaluate(), _beside(weights.facts, where)


def _plain_names(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return arrays by the names that torchvision has."""
    prefix = 'module.' if arrays and all(name.startswith('module.') for name in arrays) else ''
    names = {name: name.removeprefix(prefix) for name in arrays if name.rpartition('.')[2] != COUNTER}
    names = {old: re.sub(r'^linear\.', 'fc.', name) for old, name in names.items()}
    names = {old: re.sub(r'^(layer\d+\.\d+)\.shortcut\.', r'\1.downsample.', name) for old, name in names.items()}
    return {name: arrays[old] for old, name in names.items()}


def _blocks(arrays: Mapping[str, np.ndarray], where: str) -> tuple[list[int], bool]:
    """Return the number of blocks of each stage, and whether they are bottlenecks."""
    needed = {'conv1.weight', 'bn1.weight', 'layer1.0.conv1.weight', 'fc.weight', 'fc.bias'}
    missing = sorted(needed - arrays.keys())
    if missing:
        there = f'there are {", ".join(sorted(arrays)[:4])} ...' if arrays else 'there are no arrays'
        raise DataError(
            'expected the names of a ResNet (conv1.weight, layer1.0.conv1.weight, ...), '
            f'got none called {missing[0]}; {there}',
            where=where,
            hint=_LIKE,
        )
    places = {
        tuple(map(int, found.groups())) for name in arrays if (found := re.match(r'layer(\d{1,4})\.(\d{1,4})\.', name))
    }
    blocks: list[int] = []
    while any(stage == len(blocks) + 1 for stage, _ in places):
        blocks.append(sum(stage == len(blocks) + 1 for stage, _ in places))
    return blocks, 'layer1.0.conv3.weight' in arrays


def _widths(arrays: Mapping[str, np.ndarray], blocks: list[int], where: str) -> list[int]:
    """Return the planes of each stage; every block's second convolution bears them out, before memory is taken."""
    widths = []
    for stage, count in enumerate(blocks, 1):
        found = [arrays.get(f'layer{stage}.{number}.conv2.weight') for number in range(count)]
        shapes: list[tuple[int, ...]] = [() if array is None else array.shape for array in found]
        planes = shapes[0][0] if len(shapes[0]) == 4 else 0
        for number, shape in enumerate(shapes):
            if shape != (planes, planes, 3, 3) or not planes:
                due = f'({planes or "planes"}, {planes or "planes"}, 3, 3)'
                raise DataError(
                    f'expected {due}, got {shape or "none"}; convolutions in groups are none of nnlite.models',
                    where=f'{where}, layer{stage}.{number}.conv2.weight',
                    hint=_LIKE,
                )
        widths.append(planes)
    return widths


def _recipe(arrays: Mapping[str, np.ndarray], blocks: list[int], ends_in_linear: bool, where: str) -> dict[str, Any]:
    """Return which network of nnlite.models it is, by what a file without notes tells."""
    kernel = arrays['conv1.weight'].shape[-1:]
    dataset = {(7, 4): 'imagenet', (3, 3): 'cifar10', (3, 4): 'tiny-imagenet'}.get((*kernel, len(blocks)))
    if dataset is None:
        what = f'a first convolution {np.shape(arrays["conv1.weight"])} and {len(blocks)} stages'
        raise DataError(
            f'expected a first convolution of 7x7 or 3x3 and three or four stages, got {what}', where, _LIKE
        )
    convolved = sum(name.endswith('.downsample.0.weight') for name in arrays)
    if convolved:
        shortcut = 'C' if convolved == sum(blocks) else 'B'
    elif ends_in_linear:
        shortcut = 'A-subsample'
    else:
        message = (
            'expected convolutions in the shortcuts (downsample.0.weight), got none, and so no telling what is there'
        )
        raise DataError(message, where=where, hint=_LIKE)
    return {'net': 'resnet', 'dataset': dataset, 'shortcut': shortcut, 'dropout': 0}


def _zero_planes_behind(arrays: Mapping[str, np.ndarray], widths: list[int]) -> dict[str, np.ndarray]:
    """Return the weights for shortcuts that put all zero planes behind, given those for half of them on either side.

    Where a stage begins, plane i of the stage before goes on as plane i + a there, and as plane i here. So the planes
    of the stage are the same ones in another order: `order[k]` is the place there of what is plane k here. All
    weights that give or take these planes follow.
    """
    arrays = dict(arrays)
    order = np.arange(widths[0])
    for stage, (before, width) in enumerate(itertools.pairwise(widths), 2):
        front = (width - before) // 2
        taken = order + front
        coming, order = order, np.concatenate([taken, np.setdiff1d(np.arange(width), taken)])
        for name in [name for name in arrays if name.startswith(f'layer{stage}.')]:
            _, number, part, _ = name.split('.')
            if part == 'conv1':
                arrays[name] = arrays[name][:, coming if number == '0' else order]
            elif part in ('conv2', 'bn2'):
                arrays[name] = arrays[name][order]
    arrays['fc.weight'] = arrays['fc.weight'][:, order]
    return arrays


def _beside(facts: Mapping[str, str], where: str) -> dict[str, Any]:
    return {name: _json(facts[name], name, where) for name in BESIDE if name in facts}


def _recipe_in(facts: Mapping[str, str], where: str) -> dict[str, Any] | None:
    """Return the recipe that a file of ours has, checked as a stranger's; None if it has none."""
    recipe = _json(facts.get('network'), 'network', where)
    if recipe == OTHER:
        message = 'expected the weights of a network of nnlite.models, got those of one that differs from all of them'
        raise DataError(message, where=where, hint=_LIKE)
    if recipe is not None:
        known = {'net': _NETWORKS, 'dataset': tuple(CLASSES), 'shortcut': SHORTCUTS}
        good = isinstance(recipe, dict) and recipe.keys() == {*known, 'dropout'}
        good = good and all(recipe[name] in values for name, values in known.items())
        if not good or not isinstance(recipe['dropout'], int | float) or not 0 <= recipe['dropout'] < 1:
            raise FileFormatError(f'expected a network of nnlite.models, got {recipe!r:.80}', where=where)
    return recipe


def _json(text: str | None, name: str, where: str) -> Any:
    try:
        return None if text is None else json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FileFormatError(f'expected {name} as JSON, got {text!r:.60}', where=where) from error


def _type_of(arrays: Mapping[str, np.ndarray]) -> str:
    """Return the type that holds all arrays as they are."""
    return 'torch.DoubleTensor' if any(a.dtype == np.float64 for a in arrays.values()) else 'torch.FloatTensor'
