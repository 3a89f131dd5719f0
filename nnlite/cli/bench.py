"""Measure training and evaluation steps of whole networks on this machine, against PyTorch's where it is installed.

All take turns, each in a process of its own. The folder gets table.md, results.csv and steps.png; with --layers also
layers.md and layers.csv, single convolutions; with --scaling growth.md, growth.csv and growth.png, how the time of a
training step grows with depth, width and batch; with --loader loading.md and loading.csv, how many images a second the
loader makes ready and the steps take. Only a quiet machine measures well.

With --device cuda it is the GPU that is measured, one process after the other, for --minutes at most: first the tests
of what runs on it, then steps, most important first, and single layers. The folder gets gpu.md, gpu.json and gpu.png,
after each measurement. Exit status 1: a test failed.
"""

import argparse
import time
from dataclasses import replace
from typing import Any

from nnlite.bench.cases import LAYERS, NETWORKS, OTHERS, Case
from nnlite.bench.contestants import PYTORCH, has_pytorch, own
from nnlite.bench.folder import BenchFolder
from nnlite.bench.interleaved import Settings
from nnlite.bench.machine import cores
from nnlite.data_prep import open_dataset
from nnlite.errors import Error
from nnlite.training.device import choose

EXAMPLE = 'nnlite bench --nets resnet-20,convnet-20 --rounds 10 --out bench'

ON_CPU, ON_GPU = ('kernels', 'scaling', 'loader'), ('precise', 'train')  # options that are for one of them alone
CHECKING = 120  # seconds that the tests take at most
GROWING_BATCH = 32  # small enough that 110 layers do not take all day


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument(
        '--nets',
        type=_names,
        metavar='NET,...',
        default='resnet-20,convnet-20,resnet-18,convnet-18',
        help=f'of {", ".join(NETWORKS)}; those of 18 layers take images of 64 pixels, others of 32; '
        f'and, on the CPU, of {", ".join(OTHERS)}',
    )
    parser.add_argument(
        '--kernels', type=_names, metavar='NAME,...', help="nnlite's families; numba+fused is one with optnet's help"
    )
    parser.add_argument('--rounds', type=int, help='samples of each step; 10, and 7 on a GPU')
    parser.add_argument('--seconds', type=float, help='that a sample takes at least; 0.5, and 0.2 on a GPU')
    parser.add_argument(
        '--batch', type=int, metavar='N', help='images in a step; 128, and 32 of 64 pixels (on a GPU 128, and 256)'
    )
    parser.add_argument('--threads', type=int, default=cores(), help='that each computes with')
    parser.add_argument('--out', metavar='DIR', default='bench', help='the folder')
    parser.add_argument('--without-pytorch', action='store_true', help="measure nnlite's alone")
    parser.add_argument(
        '--layers',
        action=argparse.BooleanOptionalAction,
        help='also the passes of single convolutions; on a GPU of all layers, which is the default there',
    )
    parser.add_argument('--scaling', action='store_true', help='also how the time grows with depth, width and batch')
    parser.add_argument('--loader', action='store_true', help='also the images that the loader makes ready')
    parser.add_argument('--quiet', action='store_true', help='no bars and lines')
    gpu = parser.add_argument_group('on a GPU')
    gpu.add_argument('--device', metavar='cpu|cuda[:N]', default='cpu', help='what is measured')
    gpu.add_argument('--minutes', type=float, default=9, help='that all takes at most')
    gpu.add_argument('--checks', action=argparse.BooleanOptionalAction, default=True, help='run the tests first')
    gpu.add_argument('--steps', action=argparse.BooleanOptionalAction, default=True, help='measure whole networks')
    gpu.add_argument('--compiled', action=argparse.BooleanOptionalAction, default=True, help='with torch.compile too')
    gpu.add_argument('--compiling', type=float, metavar='SECONDS', default=150, help='that max-autotune may take')
    gpu.add_argument('--precise', action='store_true', help='at last, in exact float32 too')
    gpu.add_argument(
        '--train', action='append', metavar='FILE.h5', help='then train a ResNet on these data, for --minutes more'
    )
    gpu.add_argument('--epochs', type=int, default=30, help='of --train')


def run(args: argparse.Namespace) -> int:
    """Measure, and print the tables."""
    known: dict[str, Case] = {**NETWORKS, **OTHERS} if args.device == 'cpu' else dict(NETWORKS)
    unknown = [name for name in args.nets if name not in known]
    if unknown:
        raise Error(f'expected networks of {", ".join(known)}, got {", ".join(unknown)}', where='--nets')
    for option in ('rounds', 'threads', 'batch', 'epochs'):
        value = getattr(args, option)
        if value is not None and value < 1:
            raise Error(f'expected 1 or more, got {value}', where=f'--{option}')
    for option in ON_CPU if args.device != 'cpu' else ON_GPU:
        if getattr(args, option):
            raise Error(f'expected no such option with --device {args.device}, got it', where=f'--{option}')
    with_pytorch = has_pytorch() and not args.without_pytorch
    if args.device != 'cpu':
        return _run_on_gpu(args, with_pytorch)
    contestants = [*own(args.kernels), *(PYTORCH if with_pytorch else ())]
    settings = Settings(args.rounds or 10, args.threads, 0.5 if args.seconds is None else args.seconds)
    folder = BenchFolder(args.out, contestants, settings, args.quiet)
    folder.measure_networks([_with_batch(known[name], args.batch) for name in args.nets])
    if args.loader:
        folder.measure_loading()
    if args.layers:
        folder.measure_layers([_with_batch(layer, args.batch) for layer in LAYERS])
    if args.scaling:
        folder.measure_growth(args.batch or GROWING_BATCH)
    return 0


def _run_on_gpu(args: argparse.Namespace, with_pytorch: bool) -> int:
    for option in ('minutes', 'compiling'):
        if not getattr(args, option) > 0:
            raise Error(f'expected more than 0, got {getattr(args, option)}', where=f'--{option}')
    device = choose('cuda' if args.device == 'auto' else args.device)
    for path in args.train or ():
        open_dataset(path).close()  # what is wrong with it is said now, not after the measurements
    from nnlite.bench.on_gpu.cases import networks
    from nnlite.bench.on_gpu.folder import GPUFolder
    from nnlite.bench.on_gpu.jobs import COMPILED, FLOORS, LAYERS, NNLITE, TRAINING, TUNED, Job, measurements

    how: dict[str, Any] = dict(rounds=args.rounds or 7, seconds=0.2 if args.seconds is None else args.seconds)
    cases = networks(args.nets, args.batch)
    jobs = measurements(cases, device, with_pytorch, args.layers is not False, args.precise, args.compiling, **how)
    if not args.steps:
        jobs = [job for job in jobs if job.what in (LAYERS, FLOORS)]
    if not args.compiled:
        jobs = [job for job in jobs if job.contestant not in (COMPILED, TUNED)]
    limit = 60 * args.minutes
    started = time.monotonic()
    folder = GPUFolder(args.out, device, args.quiet)
    if args.checks:
        folder.check(min(CHECKING, limit / 2))
    folder.measure(jobs, started + limit, cases)
    if args.train:
        runs = [Job(TRAINING, NNLITE, device, case=path, epochs=args.epochs, limit=limit) for path in args.train]
        folder.measure(runs, time.monotonic() + limit, cases)
    return 1 if folder.checks is not None and folder.checks['failed'] else 0


def _names(text: str) -> list[str]:
    """Return the names that commas part."""
    return text.split(',')


def _with_batch(case: Any, batch: int | None) -> Any:
    return case if batch is None else replace(case, batch=batch)
