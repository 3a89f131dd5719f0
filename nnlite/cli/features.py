"""Write what a network makes of pictures before it decides: the input of its last Linear, or the output of any layer.

Pictures are named and made ready as for `nnlite classify`. FILE.h5 has `features`, float32 (N, D), or (N, C, H, W) of a
layer that gives maps; `files`, the name of each picture; `labels`, integers from 0, where the data set has them; and
the attributes `classes` and `names` (of the labels), `model`, `layer`, `pictures` (how they were made ready) and
`made_by`. It is written piece by piece, and is whole or absent. Pictures that cannot be read are named at the end and
left out, and the exit status is 1.
"""

import argparse
import contextlib
import os
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from nnlite import nn
from nnlite.cli.pictures import Pictures, run_network
from nnlite.cli.pictures import add_arguments as add_pictures
from nnlite.data_prep.steady_file import SteadyFile
from nnlite.data_prep.writer import CHUNK
from nnlite.errors import DataError
from nnlite.nn.by_example import by_example
from nnlite.tensor.devices import is_array, to_host
from nnlite.trace.tree import Node, places_of
from nnlite.training.device import choose, type_on
from nnlite.training.network import load_model
from nnlite.training.progress import Progress, header
from nnlite.whole_file import whole_file

EXAMPLE = 'nnlite features runs/resnet20/best.t7 --data cifar.h5 --split val --out features.h5'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    add_pictures(parser)
    parser.add_argument(
        '--layer', metavar='PATH', help='whose output is taken: 9.2 is the 2nd module of the 9th; the default see above'
    )
    parser.add_argument('--out', required=True, metavar='FILE.h5', help='the features')


def run(args: argparse.Namespace) -> int:
    """Write the features."""
    device, progress = choose(args.device), Progress(args.quiet)
    trained = load_model(args.model)
    net = trained.net.type(type_on(device, 'torch.FloatTensor')).evaluate()
    node, module, takes = _layer(net, args.layer, args.model)
    with Pictures(args, trained) as pictures:
        layer = f'{takes} of {node.short} {node.name}'
        progress.say(header(device))
        progress.say(f'pictures {pictures.preparation}; {layer}')
        facts = {
            'model': os.path.basename(os.path.abspath(args.model)),
            'layer': layer,
            'pictures': str(pictures.preparation),
        }
        with (
            _file(args.out, facts, pictures) as append,
            _watched(module, takes) as seen,
            progress.bar('features', len(pictures)) as bar,
        ):
            shape = None
            for places, images in pictures:
                seen.clear()
                run_network(net, images, args.model)
                features = _features(seen, len(images), f'{args.model} > {node.where}', shape)
                shape = features.shape[1:]
                append(places, features)
                bar.update(len(places))
        progress.say(f'{args.out}: {len(pictures) - len(pictures.broken):,} pictures')
        return pictures.tell_broken()


def _layer(net: Any, path: str | None, model: str) -> tuple[Node, Any, str]:
    """Return the place of a layer, its module, and which of 'input' and 'output' is taken.

    Raises:
        DataError: there is none of this path; or no path is given, and there is no Linear.
    """
    places = places_of(net)
    if path is None:
        linear = [(node, module) for node, module in places if isinstance(module, nn.Linear)]
        if not linear:
            raise DataError(
                'expected a Linear, before which the features are, got a network without one',
                where=model,
                hint='--layer PATH takes the output of any layer; `nnlite summary` lists them',
            )
        return *linear[-1], 'input'
    for node, module in places:
        if path == node.short and path:
            return node, module, 'output'
    above = next((node for node, _ in places[::-1] if node.short and path.startswith(f'{node.short}.')), places[0][0])
    below = [node.short for node, _ in places if places[node.parent][0] is above and node.parent >= 0]
    what = f'{above.short} {above.name} holds {below[0]} to {below[-1]}' if below else f'{above.where} holds nothing'
    raise DataError(f'expected the path of a layer, got {path!r}', where=model, hint=what.strip())


@contextlib.contextmanager
def _watched(module: Any, takes: str) -> Iterator[list[Any]]:
    """Give a list to which a copy is added of what a module takes or gives whenever it runs."""
    seen: list[Any] = []
    run = module.updateOutput

    def updateOutput(input: Any) -> Any:
        if takes == 'input':
            seen.append(_copy(input))  # now: a module that works in place, here or later, writes over it
        output = run(input)
        if takes == 'output':
            seen.append(_copy(output))
        return output

    module.updateOutput = updateOutput
    try:
        yield seen
    finally:
        del module.updateOutput


def _copy(values: Any) -> Any:
    return np.array(to_host(values), np.float32) if is_array(values) else values


def _features(seen: list[Any], count: int, where: str, shape: tuple[int, ...] | None) -> np.ndarray:
    """Return what was seen of a batch of so many pictures; `shape` is that of one, once it is known.

    Raises:
        DataError: it is not one array with a part for each picture.
    """
    if len(seen) != 1:
        raise DataError(f'expected a layer that runs once, got one that runs {len(seen)} times', where=where)
    values = by_example(seen[0], count, shape)
    if not is_array(values) or values.ndim < 2 or len(values) != count:
        got = values.shape if is_array(values) else f'a {type(values).__name__}'
        what = f'{count} pictures' if count > 1 else '1 picture'
        hint = 'of two pictures or more the layer may keep the dimension for them' if count == 1 else None
        raise DataError(f'expected features of {what}, ({count}, D), got {got}', where=where, hint=hint)
    return values


@contextlib.contextmanager
def _file(path: str, facts: dict[str, str], pictures: Pictures) -> Iterator[Callable[[list[int], np.ndarray], None]]:
    """Give what appends the features of the pictures at some places to the HDF5 file that is whole when the block ends.

    Raises:
        OSError: the disk is full, or the folder cannot be written.
    """
    import h5py

    from nnlite import __version__

    with whole_file(path) as whole, SteadyFile(whole.name, called=path) as steady:
        with h5py.File(steady, 'w', libver=('v110', 'v110')) as file:

            def append(places: list[int], features: np.ndarray) -> None:
                if 'features' not in file:
                    shape = features.shape[1:]
                    rows = max(1, CHUNK // (features[:1].nbytes or 1))
                    file.create_dataset('features', (0, *shape), 'f4', maxshape=(None, *shape), chunks=(rows, *shape))
                _extend(file['features'], features)
                _extend(file['files'], [_text(pictures.names[place]) for place in places])
                if pictures.labels is not None:
                    _extend(file['labels'], pictures.labels[places])
                steady.check()

            file.create_dataset('files', (0,), h5py.string_dtype(), maxshape=(None,), chunks=(1024,))
            if pictures.labels is not None:
                file.create_dataset('labels', (0,), 'i8', maxshape=(None,), chunks=(1024,))
                file.attrs.update({'classes': pictures.classes, 'names': pictures.class_names})
            file.attrs.update({name: _text(value) for name, value in facts.items()})
            file.attrs.update({'made_by': f'nnlite {__version__}'})
            yield append
        steady.check()


def _extend(dataset: Any, values: Any) -> None:
    size = len(dataset)
    dataset.resize(size + len(values), axis=0)
    dataset[size:] = values


def _text(name: str) -> str:
    """Return the name as UTF-8 can write it; on Linux a file's name may be any bytes."""
    return name.encode(errors='backslashreplace').decode()
