"""Convert a network to another form: .t7, .safetensors, .h5, .pt or .onnx, by the suffixes of the two files.

A .t7 file holds a network. A .safetensors or .h5 file holds weights, under the names that PyTorch has for them; whose
weights they are the file itself says if nnlite wrote it of a network of its own, or the names, of torchvision's ResNets
and the well-known ones for CIFAR; for any other, --like names a file with a network of the same build. A .pt file, a
plain state_dict of PyTorch, and an .onnx file are only written: a pickle is never read.

The new file is read back and run beside the network before it gets its name, and the largest difference printed. What
the form cannot express is named by its path, and nothing is written then.
"""

import argparse
from pathlib import Path

from nnlite.errors import Error
from nnlite.interop.conversion import TARGETS, convert_network
from nnlite.interop.pytorch_resnets import read_network
from nnlite.interop.weight_files import SUFFIXES
from nnlite.training.network import load_network, load_trained

MOST = 1 << 16  # pixels of a side, and what else a shape may say
EXAMPLE = """nnlite convert resnet20.t7 resnet20.onnx
  nnlite convert resnet50.safetensors resnet50.t7              # torchvision's weights
  nnlite convert mine.h5 mine.t7 --like untrained.t7"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument('source', metavar='IN', help='a file: .t7, .safetensors or .h5')
    parser.add_argument('target', metavar='OUT', help=f'the file to write: {", ".join(TARGETS)}')
    parser.add_argument('--like', metavar='FILE.t7', help='a network of the build that the weights are of')
    parser.add_argument(
        '--shape', type=int, nargs='+', metavar='N', help="an input's shape without the batch; looked for if not given"
    )
    parser.add_argument('--size', type=int, metavar='PIXELS', help='short for --shape 3 PIXELS PIXELS')
    parser.add_argument('--no-run', action='store_true', help='compare the numbers in the file, and run nothing')


def run(args: argparse.Namespace) -> int:
    """Read, write, check."""
    shape = args.shape or (None if args.size is None else [3, args.size, args.size])
    if shape is not None and not all(1 <= size <= MOST for size in shape):
        raise Error(f'expected sizes from 1 to {MOST}, got {" ".join(map(str, shape))}', where='--shape')
    suffix = Path(args.source).suffix
    if suffix == '.onnx':
        hint = 'convert from the file that the .onnx was made of'
        raise Error('expected a file to read, got .onnx, which is only written', where=args.source, hint=hint)
    if args.like is not None and suffix not in SUFFIXES:
        raise Error(f'expected --like for weights ({", ".join(SUFFIXES)}), got it for {suffix}', where='--like')
    if args.like is not None:
        model, beside = read_network(args.source, load_network(args.like)[0])
    else:
        trained = load_trained(args.source)
        known = {'classes': trained.classes, 'names': trained.names, 'pictures': trained.pictures}
        model, beside = trained.net, {name: value for name, value in known.items() if value is not None}
    lines = convert_network(model, args.target, shape, beside, not args.no_run)
    print(f'{args.target}: {lines[0]}')
    for line in lines[1:]:
        print(f'  {line}')
    return 0
