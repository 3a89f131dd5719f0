"""Write a page that shows what a network does with a picture: one HTML file, for any browser, without a network.

It has the scores, the gradient by depth, and the modules as a tree to fold and unfold: shapes, parameters, time and
memory of each, its output and its gradient as pictures.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np

import nnlite
from nnlite import models
from nnlite.errors import DataError, Error
from nnlite.explain.model import explain_model
from nnlite.training.network import load_network
from nnlite.whole_file import whole_file

EXAMPLE = 'nnlite explain runs/resnet20/best.t7 --input picture.png --out explain.html'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument('model', nargs='?', help='a .t7 file with a network; a small ResNet, untrained, if not given')
    parser.add_argument('--input', metavar='PICTURE', help='what it looks at; a drawn shape if not given')
    parser.add_argument('--size', type=int, default=32, help='pixels of a side, to which the picture is brought')
    parser.add_argument('--label', type=int, help='the right class, from 1; what the network says if not given')
    parser.add_argument('--out', metavar='FILE.html', default='explain.html', help='the page')


def run(args: argparse.Namespace) -> int:
    """Run the network on the picture and write the page."""
    if not 1 <= args.size <= 512:
        raise Error(f'expected a size from 1 to 512, got {args.size}', where='--size')
    nnlite.manualSeed(1)
    net, classes, title = _network(args.model)
    images = _picture(args.input, args.size).astype(net.dtype)
    text = explain_model(net, images, title, classes, args.label)
    with whole_file(args.out) as file:
        file.write(text.encode())
    print(f'{args.out}: {title}, {len(text) / 2**20:.1f} MB; open it in a browser')
    return 0


def _network(path: str | None) -> tuple[Any, list[str] | None, str]:
    """Return the network, its classes if they are known, and what it is called."""
    if path is None:
        return (
            models.resnet(8, 'cifar10', widths=(4, 8, 16)).float().evaluate(),
            None,
            'A ResNet of 8 layers, untrained',
        )
    net = load_network(path).float().evaluate()
    found = nnlite.load(path)
    classes = found.get('classes') if isinstance(found, dict) else None
    return net, [str(name) for name in classes] if classes else None, Path(path).name


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
