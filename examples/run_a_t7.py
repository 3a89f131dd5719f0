"""Load a network from a .t7 file, of Torch7 or of nnlite, look at it, and run it on a picture.

    python examples/run_a_t7.py model.t7 picture.png        (a second)

Without arguments it makes a network of its own, which has learnt nothing, and draws the picture. It prints the network
as Torch did, and the five highest scores. The last of them is then "class   4   score   0.024".

A file from Lua needs no Lua, and is never trusted: no code in it runs.
"""

import os
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

import nnlite
from nnlite import data_prep, models, nn
from nnlite.data_prep.pictures import decode
from nnlite.errors import inside


def example_files(folder):
    """Return the names of a network's file and of a picture, made for the purpose."""
    nnlite.manualSeed(1)
    model, picture = os.path.join(folder, 'model.t7'), os.path.join(folder, 'picture.png')
    nnlite.save(model, models.resnet(8, 'cifar10', widths=(8, 16, 32)))
    Image.fromarray(data_prep.shapes.draw(0, size=32)).save(picture)
    return model, picture


def main(model, picture):
    content = nnlite.load(model)
    net = content.get('model') if isinstance(content, dict) else content  # a checkpoint is a table
    if not isinstance(net, nn.Module):
        raise nnlite.DataError(f'expected a network, got {type(net).__name__}', where=model)
    net.float().evaluate()  # batch norm by its running statistics, no dropout
    print(net)

    with inside(picture):
        pixels = decode(Path(picture).read_bytes()) / np.float32(255)  # (H, W, 3), from 0 to 1
    images = (pixels - pixels.mean((0, 1))).transpose(2, 0, 1)[None]  # (1, 3, H, W), around 0
    scores = net.forward(images)
    if getattr(scores, 'ndim', None) != 2:  # a table is a list
        raise nnlite.ShapeError('expected an output of scores, (1, classes)', where=model)
    for place in np.argsort(-scores[0])[:5]:
        print(f'class {place + 1:3}   score {scores[0, place]:7.3f}')
    return scores[0]


if __name__ == '__main__':
    if len(sys.argv) not in (1, 3):
        sys.exit('usage: python examples/run_a_t7.py [model.t7 picture.png]')
    try:
        with tempfile.TemporaryDirectory() as folder:
            main(*sys.argv[1:] or example_files(folder))
    except (nnlite.Error, OSError) as error:
        sys.exit(str(error))
