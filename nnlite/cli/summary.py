"""Print a network's layers: output size, parameters and multiply-adds of each.

The network is `resnet` or `convnet` with a depth and a data set, one of ImageNet's ResNet-18 three ways (`upsampled`,
`skip-first`, `finetune`), or a file with a network: .t7, .safetensors or .h5. Multiply-adds are those of one picture,
of linear layers and convolutions; full ones, and those by a table of planes, are left out.
"""

import argparse
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nnlite
from nnlite import nn
from nnlite.data_prep.dataset import MAX_SIDE
from nnlite.errors import DataError, Error
from nnlite.interop.example_input import example_input, find_shape
from nnlite.models.resnet import SHORTCUTS
from nnlite.models.three_ways import THREE_WAYS
from nnlite.models.topology import CLASSES
from nnlite.training.network import NETWORKS, load_network, network

EXAMPLE = 'nnlite summary resnet --depth 18 --dataset tiny-imagenet'
PIXELS = {'cifar10': 32, 'tiny-imagenet': 64, 'imagenet': 224}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument('net', help=f'{", ".join([*NETWORKS, *THREE_WAYS])}, or a file that holds a network')
    parser.add_argument('--depth', type=int, default=20, help='layers')
    parser.add_argument('--dataset', choices=CLASSES, default='cifar10', help='which stem, stages and classes')
    parser.add_argument('--shortcut', choices=SHORTCUTS, default='A', help='shortcuts where the size changes')
    parser.add_argument('--dropout', type=float, default=0, help="the probability in the blocks' dropout")
    parser.add_argument('--classes', type=int, help="number of classes; the data set's own if not given")
    parser.add_argument('--widths', type=int, nargs='+', help='planes of each stage')
    size_help = "pixels of a picture's side; the data set's own if not given, of a file one that suits the network"
    parser.add_argument('--size', type=int, help=size_help)


def run(args: argparse.Namespace) -> int:
    """Build the network, send one random picture through it, and print what each layer did."""
    nnlite.manualSeed(1)
    if args.size is not None and not 1 <= args.size <= MAX_SIDE:
        raise Error(f'expected a size from 1 to {MAX_SIDE}, got {args.size}')
    if args.classes is not None and args.classes < 1:
        raise Error(f'expected 1 class or more, got {args.classes}')
    net = _network(args).float().evaluate()
    shape = _shape(args, net)
    net.forward(example_input(net, shape, 1))
    rows = [('layer', 'output', 'parameters', 'multiply-adds'), ('input', ' x '.join(map(str, shape)), '', '')]
    total_parameters = total_operations = 0
    for module, depth in _walk(net, 0):
        parameters, operations = _cost(module)
        total_parameters += parameters
        total_operations += operations
        name = '  ' * depth + module._name()
        rows.append(
            (name, _size(module), f'{parameters:,}' if parameters else '', f'{operations:,}' if operations else '')
        )
    rows.append(('total', '', f'{total_parameters:,}', f'{total_operations:,}'))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    for name, *numbers in rows:
        print(
            '  '.join([name.ljust(widths[0]), *(n.rjust(w) for n, w in zip(numbers, widths[1:], strict=True))]).rstrip()
        )
    return 0


def _shape(args: argparse.Namespace, net: Any) -> tuple[int, ...]:
    """Return the shape of the picture, or of what else a network from a file takes."""
    if args.net in NETWORKS or args.net in THREE_WAYS:
        size = args.size or (64 if args.net in THREE_WAYS else PIXELS[args.dataset])
        return 3, size, size
    try:
        return find_shape(net, args.size, 1)
    except Error as error:
        error.where, error.hint = args.net, 'give the pixels of a side: --size N; a network of tables has no summary'
        raise


def _walk(module: Any, depth: int) -> Iterator[tuple[Any, int]]:
    """Yield every module below a network and how deep it lies, in the order in which they run."""
    for below in getattr(module, 'modules', []):
        yield below, depth
        yield from _walk(below, depth + 1)


def _cost(module: Any) -> tuple[int, int]:
    """Return a layer's own parameters, and its multiply-adds for the picture that went through it."""
    if isinstance(module, nn.Container):
        return 0, 0
    parameters = sum(weight.size for weight in module.parameters()[0])
    if isinstance(module, nn.SpatialConvolution | nn.SpatialConvolutionMM | nn.VolumetricConvolution):
        return parameters, module.weight.size * math.prod(module.output.shape[2:])
    if isinstance(module, nn.TemporalConvolution):
        return parameters, module.weight.size * module.output.shape[1]
    if isinstance(module, nn.Linear | nn.SpatialConvolutionLocal):  # each weight is for one product
        return parameters, module.weight.size
    return parameters, 0


def _size(module: Any) -> str:
    """Return the size of a layer's output for one picture."""
    if isinstance(module.output, list):
        return f'table of {len(module.output)}'
    return ' x '.join(map(str, module.output.shape[1:]))


def _network(args: argparse.Namespace) -> Any:
    if args.net in THREE_WAYS:
        return THREE_WAYS[args.net](args.classes or CLASSES['tiny-imagenet'])
    if args.net in NETWORKS:
        classes = args.classes or CLASSES[args.dataset]
        return network(args.net, args.depth, args.dataset, classes, args.shortcut, args.dropout, args.widths)
    if not Path(args.net).is_file():
        raise DataError(f'expected {", ".join([*NETWORKS, *THREE_WAYS])} or a file, got {args.net!r}')
    return load_network(args.net)[0]
