"""Load a network from a .t7 file, of Torch7 or of nnlite, look at it, and run it on a picture.

    python examples/run_a_t7.py model.t7 picture.png        (a second)

Without arguments it makes a network of its own first, and draws the picture. It prints the network as Torch did, and
the five highest scores. A file from Lua needs no Lua, and is never trusted: no code in it runs.
"""

import os
import sys
import tempfile

import numpy as np
from PIL import Image

import nnlite
from nnlite import data_prep, models


def example_files(folder):
    """Return the names of a network's file and of a picture, made for the purpose."""
    nnlite.manualSeed(1)
    model, picture = os.path.join(folder, 'model.t7'), os.path.join(folder, 'picture.png')
    nnlite.save(model, models.resnet(8, 'cifar10', widths=(8, 16, 32)))
    Image.fromarray(data_prep.shapes.draw(0, size=32)).save(picture)
    return model, picture


def main(model=None, picture=None):
    if model is None:
        model, picture = example_files(tempfile.mkdtemp())
    net = nnlite.load(model)
    net = net['model'] if isinstance(net, dict) else net  # a checkpoint has the network under this name
    net.float().evaluate()  # batch norm by its running statistics, no dropout
    print(net)

    pixels = np.asarray(Image.open(picture).convert('RGB'), np.float32) / 255
    images = (pixels - pixels.mean((0, 1))).transpose(2, 0, 1)[None]  # (1, 3, H, W), around 0
    scores = net.forward(images)[0]
    for place in np.argsort(-scores)[:5]:
        print(f'class {place + 1:3}   score {scores[place]:7.3f}')
    return scores


if __name__ == '__main__':
    main(*sys.argv[1:3])
