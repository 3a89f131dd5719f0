"""Write a page that shows what happens in a network: one HTML file, for any browser, that loads nothing.

Of a model: what it does with a picture, its scores, the gradient by depth, and the modules as a tree to fold and
unfold, with shapes, parameters, time and memory of each, its output and its gradient as pictures. The picture is made
ready as in training, if the file says how, as those of `nnlite train` do; else it gets a size that goes through the
network, and numbers around 0. A network that takes no pictures looks at random numbers. Without a model, two
pages for a lesson in one file: a residual block by hand, forward and back with all its numbers, and the deep pair, a
ResNet and its plain twin that are trained for some steps, and how their gradients differ by depth.
"""

import argparse
import math
from pathlib import Path
from typing import Any

import numpy as np

import nnlite
from nnlite.cli.pictures import read_picture
from nnlite.data_prep import shapes
from nnlite.errors import DataError, Error, ShapeError, inside
from nnlite.explain import explain_lesson, explain_model, record_block, record_pair
from nnlite.interop.example_input import example_input, find_shape
from nnlite.training.network import Trained, load_model
from nnlite.training.preparation import Preparation
from nnlite.whole_file import whole_file

MOST_PIXELS = 512
DEFAULT_SIZE = 32
SMALLEST = 8  # pixels of a side, for so many numbers in a row to be taken for a picture
DEPTHS = range(7, 201)  # of the pair: with more layers it takes minutes
DEFAULT_DEPTH = 26
GREY = np.array([0.299, 0.587, 0.114])  # how bright red, green and blue are (ITU-R BT.601)
EXAMPLE = 'nnlite explain runs/resnet20/best.t7 --input picture.png --out explain.html'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument(
        'model',
        nargs='?',
        metavar='MODEL.t7|DIR',
        help='the network, or the folder of a run: its latest.t7; without it, the pages for a lesson',
    )
    parser.add_argument('--input', metavar='PICTURE', help='what it looks at; a drawn shape if not given')
    parser.add_argument('--size', type=int, help='pixels of a side; else as in training, or a usual size')
    parser.add_argument('--label', type=int, help='the right class, from 1; what the network says if not given')
    parser.add_argument(
        '--depth', type=int, help=f'layers of the deep pair of the lesson; {DEFAULT_DEPTH} if not given'
    )
    parser.add_argument('--out', metavar='FILE.html', default='explain.html', help='the page')


def run(args: argparse.Namespace) -> int:
    """Run the networks and write the page."""
    without = ('depth',) if args.model else ('input', 'size', 'label')
    for name in without:
        if getattr(args, name) is not None:
            of = 'the lesson, without a model' if args.model else 'a model, nnlite explain MODEL.t7'
            raise Error(f'expected none: it is for the page of {of}', where=f'--{name}')
    if args.model is None:
        depth = DEFAULT_DEPTH if args.depth is None else args.depth
        if depth not in DEPTHS:
            raise Error(f'expected {DEPTHS[0]} to {DEPTHS[-1]} layers, got {depth}', where='--depth')
        text, title = explain_lesson(record_block(), record_pair(depth)), 'the block, by hand, and the deep pair'
    else:
        text, title = _page(args), Path(args.model).absolute().name
    with whole_file(args.out) as file:
        file.write(text.encode())
    print(f'{args.out}: {title}, {len(text) / 2**20:.1f} MB; open it in a browser')
    return 0


def _page(args: argparse.Namespace) -> str:
    """Return the page of a model."""
    if args.size is not None and not 1 <= args.size <= MOST_PIXELS:
        raise Error(f'expected a size from 1 to {MOST_PIXELS}, got {args.size}', where='--size')
    nnlite.manualSeed(1)
    trained = load_model(args.model)
    trained.net.clearState().zeroGradParameters()  # what is left of former steps need not fit into float32
    net = trained.net.float().evaluate()
    images, note = _input(args, net, trained)
    try:
        names = trained.names or trained.classes
        return explain_model(net, images, Path(args.model).absolute().name, names, args.label, note)
    except DataError as error:
        if error.where == 'label':
            error.where = '--label'
        raise
    except ShapeError as error:
        error.hint = error.hint or f'the network was given {_size(images.shape[1:])}; --size N'
        raise


def _input(args: argparse.Namespace, net: Any, trained: Trained) -> tuple[np.ndarray, str]:
    """Return what the network looks at, and what that is: the picture, as those were that it learnt from if possible.

    Raises:
        Error: the network does not take such a picture, or nobody knows what it takes.
    """
    what = 'a drawn shape' if args.input is None else Path(args.input).name
    if trained.pictures is not None:
        size = trained.pictures['size'] if args.size is None else (args.size, args.size)
        prepare = Preparation(**{**trained.pictures, 'size': size})
        return prepare.normalised(prepare.cut(_picture(args.input))), f'{what}, made ready as in training'
    shape = _shape(args, net)
    picture = _seen_as(shape)
    if picture is None:
        for name in ('input', 'size'):
            if getattr(args, name) is not None:
                raise Error(f'expected none: the network takes {_size(shape)} numbers, no picture', where=f'--{name}')
        return example_input(net, shape, 1), 'random numbers: it takes no picture'
    planes, side, _ = picture
    if args.size not in (None, side):
        raise Error(
            f'expected {side}, for a network that takes {_size(shape)} numbers, got {args.size}', where='--size'
        )
    how = 'a size that goes through, as its file says none' if args.size is None else 'the size of --size'
    images = _ready(_picture(args.input), planes, side)
    if len(shape) == 1 and not _takes(net, images):
        return images.reshape(1, -1), f'{what}, the numbers of {_size(picture)} in a row; {how}'
    return images, f'{what}; {how}'


def _shape(args: argparse.Namespace, net: Any) -> tuple[int, ...]:
    """Return the shape of an input, without the batch, that goes through a network, if one is found."""
    try:
        return find_shape(net, args.size)
    except Error as error:
        side = DEFAULT_SIZE if args.size is None else args.size
        if _takes(net, np.zeros((1, 3, side, side), np.float32)):
            return 3, side, side
        error.where = args.model
        error.hint = (
            '--size N, if it takes pictures of other sizes; of a network that takes something else, a table '
            'perhaps, nnlite.explain.explain_model(net, input, title) returns the page in Python'
        )
        raise


def _seen_as(shape: tuple[int, ...]) -> tuple[int, int, int] | None:
    """Return the shape of a picture, in colour or in grey, that has the numbers of an input; None if there is none.

    >>> _seen_as((3, 32, 32)), _seen_as((784,)), _seen_as((5,))
    ((3, 32, 32), (1, 28, 28), None)
    """
    if len(shape) == 3:
        return shape if shape[0] in (1, 3) else None
    for planes in (3, 1) if len(shape) == 1 else ():
        side = math.isqrt(shape[0] // planes)
        if side >= SMALLEST and planes * side * side == shape[0]:
            return planes, side, side
    return None


def _takes(net: Any, images: np.ndarray) -> bool:
    """Return whether a network takes pictures as they are: it may lay their numbers in a row itself."""
    try:
        net.forward(images)
        return True
    except (Error, TypeError, AttributeError, IndexError):  # a table is due
        return False
    finally:
        net.clearState()


def _picture(path: str | None) -> np.ndarray:
    """Return the picture, uint8 (H, W, 3); a drawn one if there is no path."""
    if path is None:
        return shapes.draw(0, size=32)
    with inside(path):
        return read_picture(path)


def _ready(picture: np.ndarray, planes: int, side: int) -> np.ndarray:
    """Return the picture as (1, planes, side, side), each plane's numbers around 0, their spread 1."""
    maps = Preparation((side, side), [0] * 3, [1] * 3).cut(picture)[0] / 255
    if planes == 1:
        maps = maps @ GREY[:, None]
    maps = (maps - maps.mean((0, 1))) / maps.std((0, 1)).clip(1e-3)
    return maps.transpose(2, 0, 1)[None].astype(np.float32)


def _size(shape: tuple[int, ...]) -> str:
    return ' x '.join(map(str, shape))
