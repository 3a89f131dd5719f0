"""The network that a command or a study names."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nnlite import models, nn
from nnlite.errors import DataError, Error
from nnlite.interop.pytorch_resnets import read_network
from nnlite.interop.recipe import options_of
from nnlite.interop.weight_files import SUFFIXES, expect_plain_file
from nnlite.serialization import load
from nnlite.training.checkpoint import LATEST, copy_arrays
from nnlite.training.preparation import PICTURES, checked

NETWORKS = ('resnet', 'convnet')
MAX_DEPTH = 100  # modules in one another: Python walks some hundred
LARGEST_SMALL = 32  # pixels; larger pictures get the topology of Tiny ImageNet, which halves them once more


def topology_of(shape: tuple[int, ...]) -> str:
    """Return which of the paper's topologies suits images (3, H, W).

    >>> topology_of((3, 32, 32)), topology_of((3, 64, 64))
    ('cifar10', 'tiny-imagenet')
    """
    return 'cifar10' if max(shape[1:]) <= LARGEST_SMALL else 'tiny-imagenet'


def network(
    name: str,
    depth: int,
    dataset: str,
    classes: int,
    shortcutType: str = 'A',
    dropout: float = 0,
    widths: tuple[int, ...] | None = None,
) -> Any:
    """Return nnlite.models.resnet or .convnet, its parameters drawn from the default generator.

    Raises:
        Error: there is no such network, or not of this depth.
    """
    if name == 'resnet':
        return models.resnet(depth, dataset, shortcutType, dropout, classes, widths)
    if name == 'convnet':
        return models.convnet(depth, dataset, dropout, classes, widths)
    raise Error(f'expected a network of {", ".join(NETWORKS)}, got {name!r}')


@dataclass(frozen=True)
class Trained:
    """A network from a file, and what a checkpoint says beside it; None is what it does not say.

    Attributes:
        net: the network.
        classes: what the data set calls its classes, in order.
        names: the same for people to read.
        pictures: size (height, width), mean and std of the images that the network learnt from.
    """

    net: Any
    classes: list[str] | None
    names: list[str] | None
    pictures: dict[str, Any] | None


def load_model(path: str) -> Trained:
    """Return the network of a file, or of the folder of a run.

    Raises:
        DataError, FileFormatError, OSError: as `load_trained`.
    """
    return load_trained(os.path.join(path, LATEST) if os.path.isdir(path) else path)


def load_network(path: str) -> tuple[Any, list[str] | None]:
    """Return the network that is in a file, and its classes, if it is a checkpoint and knows them.

    Raises:
        DataError, FileFormatError, OSError: as `load_trained`.
    """
    trained = load_trained(path)
    return trained.net, trained.classes


def load_trained(path: str) -> Trained:
    """Return the network that is in a file, and what the file says about it if it is a checkpoint.

    A .t7 file holds a network; a .safetensors or .h5 file weights, whose names tell which of nnlite.models they are of.

    Raises:
        DataError: there is no network in it, or its modules lie deeper in one another than one can walk; classes that
            are no names, or images without a size, a mean and a std; or it is a pickle of PyTorch, whatever its suffix,
            which is never read.
        FileFormatError: the file is damaged.
        OSError: it is missing or cannot be read.
    """
    expect_plain_file(path)
    if Path(path).suffix.lower() in SUFFIXES:
        net, beside = read_network(path)
        content = {**beside, 'model': net}
    else:
        content = load(path)
    model = content.get('model') if isinstance(content, dict) else content
    if not isinstance(model, nn.Module):
        keys = ', '.join(map(repr, content)) if isinstance(content, dict) else ''
        got = f"a table without a network under 'model': {keys:.80}" if keys else type(content).__name__
        raise DataError(
            f'expected a network or a checkpoint, got {got}',
            where=path,
            hint='`nnlite train --save FOLDER` leaves latest.t7 and best.t7, which have one in them',
        )
    level = [model]
    for _ in range(MAX_DEPTH):
        below = [inner for module in level for inner in getattr(module, 'modules', ())]
        level = list({id(module): module for module in below}.values())
    if level:
        raise DataError(f'expected at most {MAX_DEPTH} modules in one another, got more', where=path)
    beside = content if isinstance(content, dict) else {}
    classes, names, pictures = (beside.get(name) for name in ('classes', 'names', PICTURES))
    for given in (classes, names):
        if given is not None and not (isinstance(given, list) and all(isinstance(name, str) for name in given)):
            raise DataError(f'expected the names of classes beside the network, got {given!r:.60}', where=path)
    if names is not None and len(names) != len(classes or ()):
        expected = f'expected a name for each of {len(classes or ())} classes'
        raise DataError(f'{expected}, got {len(names)}', where=path)
    return Trained(model, classes, names, None if pictures is None else checked(pictures, path))


def begin_with(net: Any, path: str, classes: list[str]) -> None:
    """Give a network the parameters of the one in a file; the last layer keeps its own if the classes are others.

    Raises:
        DataError, FileFormatError: there is no network in the file, or one of other layers.
        OSError: the file is missing or cannot be read.
    """
    model, trained = load_network(path)
    same_classes = trained == classes
    try:
        if not isinstance(model, nn.Sequential) or len(model) != len(net):
            raise DataError('expected a network of the layers that --net and --depth name, got another', where=path)
        for theirs, ours in zip(model.float(), net, strict=True):
            if same_classes or ours is not net.modules[-1]:
                copy_arrays(theirs, ours, path)
    except Error as error:
        told = options_of(model)
        error.hint = told and f'the file is of {told}'
        raise
