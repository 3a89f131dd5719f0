"""Convert a network to another form: .t7, .safetensors, .h5, .pt or .onnx, by the suffixes of the two files.

A .t7 file holds a network. A .safetensors or .h5 file holds weights, under the names that PyTorch has for them; whose
weights they are the file itself says if nnlite wrote it of a network of its own, or the names, of torchvision's ResNets
and the well-known ones for CIFAR; for any other, --like names a file with a network of the same build. Without it they
go from one file of weights to another as they are. A .pt file, a plain state_dict of PyTorch, and an .onnx file are
only written: a pickle is never read.

The new file is read back and run beside the network before it gets its name, and the largest difference printed. What
the form cannot express is named by its path, and nothing is written then.
"""

import argparse
from pathlib import Path

from nnlite.errors import DataError, Error, FileFormatError
from nnlite.interop.conversion import TARGETS, WEIGHTS, convert_network, convert_weights
from nnlite.interop.pytorch_resnets import read_network
from nnlite.interop.weight_files import SUFFIXES, expect_plain_file, read_weights
from nnlite.training.network import load_model

EXAMPLE = """nnlite convert resnet20.t7 resnet20.onnx
  nnlite convert resnet50.safetensors resnet50.t7              # torchvision's weights
  nnlite convert mine.h5 mine.t7 --like untrained.t7"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument('source', metavar='IN', help='a file: .t7, .safetensors or .h5; or the folder of a run')
    parser.add_argument('target', metavar='OUT', help=f'the file to write: {", ".join(TARGETS)}')
    parser.add_argument('--like', metavar='FILE.t7', help='a network of the build that the weights are of')
    sizes = parser.add_mutually_exclusive_group()
    shape_help = "an input's shape without the batch, once for each part of a table; looked for if not given"
    sizes.add_argument('--shape', type=int, nargs='+', action='append', metavar='N', help=shape_help)
    sizes.add_argument('--size', type=int, metavar='PIXELS', help='short for --shape 3 PIXELS PIXELS')
    batch_help = 'samples of the input; an .onnx file is for that many alone then, else for any number'
    parser.add_argument('--batch', type=int, metavar='N', help=batch_help)
    parser.add_argument('--no-run', action='store_true', help='compare the numbers in the file, and run nothing')


def run(args: argparse.Namespace) -> int:
    """Read, write, check."""
    try:
        lines = _converted(args)
    except MemoryError as error:
        hint = 'another input may do, as --shape 3 32 32, or none: --no-run'
        raise Error('expected what fits into the memory, got more', args.source, hint) from error
    print(f'{args.target}: {lines[0]}')
    for line in lines[1:]:
        print(f'  {line}')
    return 0


def _converted(args: argparse.Namespace) -> list[str]:
    """Do what the arguments say; return what was done and checked, a line each."""
    shapes = args.shape or ([] if args.size is None else [[3, args.size, args.size]])
    for sizes in shapes:
        if min(sizes) < 1:
            raise Error(f'expected sizes of 1 or more, got {" ".join(map(str, sizes))}', where='--shape')
    if args.batch is not None and args.batch < 1:
        raise Error(f'expected 1 sample or more, got {args.batch}', where='--batch')
    suffix = Path(args.source).suffix.lower()
    if suffix == '.onnx':
        hint = 'convert from the file that the .onnx was made of'
        raise Error('expected a file to read, got .onnx, which is only written', where=args.source, hint=hint)
    if args.like is not None:
        expect_plain_file(args.source)
        if suffix not in SUFFIXES:
            raise Error(f'expected --like for weights ({", ".join(SUFFIXES)}), got it for {suffix}', where='--like')
        model, beside = read_network(args.source, load_model(args.like).net)
    elif suffix in SUFFIXES and Path(args.target).suffix.lower() in WEIGHTS and not _of_a_known_network(args.source):
        lines = convert_weights(read_weights(args.source), args.target)
        return [*lines, 'they are of no network of nnlite.models: --like NETWORK.t7 runs theirs']
    else:
        trained = load_model(args.source)
        known = {'classes': trained.classes, 'names': trained.names, 'pictures': trained.pictures}
        model, beside = trained.net, {name: value for name, value in known.items() if value is not None}
    shape = [tuple(sizes) for sizes in shapes] if len(shapes) > 1 else tuple(shapes[0]) if shapes else None
    return convert_network(model, args.target, shape, beside, not args.no_run, args.batch)


def _of_a_known_network(path: str) -> bool:
    """Return whether weights, or their names, tell which network of nnlite.models they are of."""
    try:
        read_network(path)
    except FileFormatError:
        raise
    except DataError:
        return False
    return True
