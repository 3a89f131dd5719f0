"""Measure training and evaluation steps of whole networks on this machine, against PyTorch's where it is installed.

All take turns, each in a process of its own. The folder gets table.md, results.csv and steps.png; with --layers also
layers.md and layers.csv, single convolutions; with --scaling growth.md, growth.csv and growth.png, how the time of a
training step grows with depth, width and batch. Only a quiet machine measures well.
"""

import argparse
from dataclasses import replace
from typing import Any

from nnlite.bench.cases import LAYERS, NETWORKS
from nnlite.bench.contestants import PYTORCH, has_pytorch, own
from nnlite.bench.folder import BenchFolder
from nnlite.bench.interleaved import Settings
from nnlite.bench.machine import cores
from nnlite.errors import Error

EXAMPLE = 'nnlite bench --nets resnet-20,convnet-20 --rounds 10 --out bench'

GROWING_BATCH = 32  # small enough that 110 layers do not take all day


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument(
        '--nets',
        type=_names,
        metavar='NET,...',
        default='resnet-20,convnet-20,resnet-18,convnet-18',
        help=f'of {", ".join(NETWORKS)}; those of 18 layers take images of 64 pixels, others of 32',
    )
    parser.add_argument(
        '--kernels', type=_names, metavar='NAME,...', help="nnlite's families; numba+fused is one with optnet's help"
    )
    parser.add_argument('--rounds', type=int, default=10, help='samples of each step')
    parser.add_argument('--seconds', type=float, default=0.5, help='that a sample takes at least')
    parser.add_argument('--batch', type=int, metavar='N', help='images in a step; 128, and 32 of 64 pixels')
    parser.add_argument('--threads', type=int, default=cores(), help='that each computes with')
    parser.add_argument('--out', metavar='DIR', default='bench', help='the folder')
    parser.add_argument('--without-pytorch', action='store_true', help="measure nnlite's alone")
    parser.add_argument('--layers', action='store_true', help='also the passes of single convolutions')
    parser.add_argument('--scaling', action='store_true', help='also how the time grows with depth, width and batch')
    parser.add_argument('--quiet', action='store_true', help='no bars and lines')


def run(args: argparse.Namespace) -> int:
    """Measure, and print the tables."""
    unknown = [name for name in args.nets if name not in NETWORKS]
    if unknown:
        raise Error(f'expected networks of {", ".join(NETWORKS)}, got {", ".join(unknown)}', where='--nets')
    for option in ('rounds', 'threads', 'batch'):
        value = getattr(args, option)
        if value is not None and value < 1:
            raise Error(f'expected 1 or more, got {value}', where=f'--{option}')
    with_pytorch = has_pytorch() and not args.without_pytorch
    contestants = [*own(args.kernels), *(PYTORCH if with_pytorch else ())]
    folder = BenchFolder(args.out, contestants, Settings(args.rounds, args.threads, args.seconds), args.quiet)
    folder.measure_networks([_with_batch(NETWORKS[name], args.batch) for name in args.nets])
    if args.layers:
        folder.measure_layers([_with_batch(layer, args.batch) for layer in LAYERS])
    if args.scaling:
        folder.measure_growth(args.batch or GROWING_BATCH)
    return 0


def _names(text: str) -> list[str]:
    """Return the names that commas part."""
    return text.split(',')


def _with_batch(case: Any, batch: int | None) -> Any:
    return case if batch is None else replace(case, batch=batch)
