"""Write a page that shows what happens in a network: one HTML file, for any browser, that loads nothing.

Of a model: what it does with a picture, its scores, the gradient by depth, and the modules as a tree to fold and
unfold, with shapes, parameters, time and memory of each, its output and its gradient as pictures. Without a model, two
pages for a lesson in one file: a residual block by hand, forward and back with all its numbers, and the deep pair, a
ResNet and its plain twin that are trained for some steps, and how their gradients differ by depth.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np

import nnlite
from nnlite.cli.pictures import read_picture
from nnlite.data_prep import shapes
from nnlite.errors import Error, inside
from nnlite.explain import explain_lesson, explain_model, record_block, record_pair
from nnlite.training.network import load_trained
from nnlite.training.preparation import Preparation
from nnlite.whole_file import whole_file

MOST_PIXELS = 512
DEFAULT_SIZE = 32
EXAMPLE = 'nnlite explain runs/resnet20/best.t7 --input picture.png --out explain.html'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument('model', nargs='?', help='a .t7 file with a network; without it, the pages for a lesson')
    parser.add_argument('--input', metavar='PICTURE', help='what it looks at; a drawn shape if not given')
    parser.add_argument('--size', type=int, help=f'pixels of a side; else as in training, or {DEFAULT_SIZE}')
    parser.add_argument('--label', type=int, help='the right class, from 1; what the network says if not given')
    parser.add_argument('--depth', type=int, default=26, help='layers of the deep pair')
    parser.add_argument('--out', metavar='FILE.html', default='explain.html', help='the page')


def run(args: argparse.Namespace) -> int:
    """Run the networks and write the page."""
    if args.model is None:
        text, title = explain_lesson(record_block(), record_pair(args.depth)), 'the block, by hand, and the deep pair'
    else:
        if args.size is not None and not 1 <= args.size <= MOST_PIXELS:
            raise Error(f'expected a size from 1 to {MOST_PIXELS}, got {args.size}', where='--size')
        nnlite.manualSeed(1)
        trained = load_trained(args.model)
        net, title = trained.net.float().evaluate(), Path(args.model).name
        images = _ready(_picture(args.input), args.size, trained.pictures)
        text = explain_model(net, images, title, trained.names or trained.classes, args.label)
    with whole_file(args.out) as file:
        file.write(text.encode())
    print(f'{args.out}: {title}, {len(text) / 2**20:.1f} MB; open it in a browser')
    return 0


def _picture(path: str | None) -> np.ndarray:
    """Return the picture, uint8 (H, W, 3); a drawn one if there is no path."""
    if path is None:
        return shapes.draw(0, size=32)
    with inside(path):
        return read_picture(path)


def _ready(picture: np.ndarray, size: int | None, pictures: dict[str, Any] | None) -> np.ndarray:
    """Return what the network looks at: the picture as those were that it learnt from, if its file says how.

    Else of --size pixels, its numbers around 0.
    """
    if pictures is None:
        scaled = picture / 255
        side = DEFAULT_SIZE if size is None else size
        pictures = {'size': (side, side), 'mean': scaled.mean((0, 1)), 'std': scaled.std((0, 1)).clip(1e-3)}
    elif size is not None:
        pictures = {**pictures, 'size': (size, size)}
    prepare = Preparation(**pictures)
    return prepare.normalised(prepare.cut(picture))
