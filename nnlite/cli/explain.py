"""Write a page that shows what happens in a network: one HTML file, for any browser, that loads nothing.

Of a model: what it does with a picture, its scores, the gradient by depth, and the modules as a tree to fold and
unfold, with shapes, parameters, time and memory of each, its output and its gradient as pictures. Without a model, two
pages for a lesson in one file: a residual block by hand, forward and back with all its numbers, and the deep pair, a
ResNet and its plain twin that are trained for some steps, and how their gradients differ by depth.
"""

import argparse
from pathlib import Path

import numpy as np

import nnlite
from nnlite.errors import DataError, Error
from nnlite.explain import explain_lesson, explain_model, record_block, record_pair
from nnlite.training.network import load_network
from nnlite.whole_file import whole_file

MOST_PIXELS = 512
EXAMPLE = 'nnlite explain runs/resnet20/best.t7 --input picture.png --out explain.html'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument('model', nargs='?', help='a .t7 file with a network; without it, the pages for a lesson')
    parser.add_argument('--input', metavar='PICTURE', help='what it looks at; a drawn shape if not given')
    parser.add_argument('--size', type=int, default=32, help='pixels of a side, to which the picture is brought')
    parser.add_argument('--label', type=int, help='the right class, from 1; what the network says if not given')
    parser.add_argument('--depth', type=int, default=26, help='layers of the deep pair')
    parser.add_argument('--out', metavar='FILE.html', default='explain.html', help='the page')


def run(args: argparse.Namespace) -> int:
    """Run the networks and write the page."""
    if args.model is None:
        text, title = explain_lesson(record_block(), record_pair(args.depth)), 'the block, by hand, and the deep pair'
    else:
        if not 1 <= args.size <= MOST_PIXELS:
            raise Error(f'expected a size from 1 to {MOST_PIXELS}, got {args.size}', where='--size')
        nnlite.manualSeed(1)
        net, classes = load_network(args.model)
        net, title = net.float().evaluate(), Path(args.model).name
        text = explain_model(net, _picture(args.input, args.size).astype(net.dtype), title, classes, args.label)
    with whole_file(args.out) as file:
        file.write(text.encode())
    print(f'{args.out}: {title}, {len(text) / 2**20:.1f} MB; open it in a browser')
    return 0


def _picture(path: str | None, size: int) -> np.ndarray:
    """Return the picture as (1, 3, size, size), around 0."""
    from PIL import Image

    from nnlite.data_prep import shapes

    if path is None:
        pixels = np.asarray(shapes.draw(0, size=32))
        picture = Image.fromarray(pixels)
    else:
        try:
            with Image.open(path) as file:
                picture = file.convert('RGB')
        except (OSError, ValueError, Image.DecompressionBombError) as error:
            if isinstance(error, FileNotFoundError):
                raise
            raise DataError(f'expected a picture, got {error}', where=path) from error
    numbers = np.asarray(picture.resize((size, size)), np.float32) / 255
    return ((numbers - numbers.mean()) / max(float(numbers.std()), 1e-6)).transpose(2, 0, 1)[None]
