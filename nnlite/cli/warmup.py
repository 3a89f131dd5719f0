"""Compile the kernels that training of the networks needs, so that later processes find them on disk.

Otherwise they are compiled when they are first called. What is on disk already is not compiled again. For the CPU it is
the compiled family (numba), which takes a minute; with --device cuda it is CUDA's kernels.
"""

import argparse
import os
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import nnlite
from nnlite import models, nn
from nnlite.kernels import family, getquiet, setquiet
from nnlite.training.device import choose
from nnlite.training.progress import Progress
from nnlite.training.trainer import Trainer

EXAMPLE = 'nnlite warmup'

CLASSES = 4


def _others() -> Any:
    """Return a network of what is not in the models: planes convolved by themselves, bounded ReLUs, many weights."""
    net = nn.Sequential().add(nn.SpatialDepthWiseConvolution(3, 2, 3, 3, 1, 1, 1, 1)).add(nn.ReLU6(True))
    net.add(nn.SpatialDepthWiseConvolution(6, 1, 3, 3, 2, 2, 1, 1))
    net.add(nn.View(6 * 16 * 16)).add(nn.Linear(6 * 16 * 16, 256))
    return net.add(nn.Linear(256, CLASSES))


# Together they have every kind of layer, in maps that are not too small for any kernel.
NETWORKS: tuple[Callable[[], Any], ...] = (
    partial(models.resnet, 8, 'cifar10', 'A', classes=CLASSES, dropout=0.5),
    partial(models.resnet, 8, 'cifar10', 'C', classes=CLASSES),
    partial(models.convnet, 8, 'cifar10', classes=CLASSES),
    partial(models.resnet, 18, 'imagenet', 'B', classes=CLASSES, widths=(16, 16, 16, 16)),
    _others,
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument('--device', metavar='cpu|cuda[:N]', default='cpu', help='what the kernels are for')
    parser.add_argument('--quiet', action='store_true', help='no bar')


def run(args: argparse.Namespace) -> int:
    """Train each network for a step, and say what was compiled."""
    device = choose('cuda' if args.device == 'auto' else args.device)
    progress, kernels, quiet = Progress(args.quiet), nnlite.getkernels(), getquiet()
    setquiet(True)  # what is compiled is what we are here for
    try:
        if device == 'cpu':
            nnlite.setkernels('numba')
            _compile_for_cpu(progress)
        else:
            _compile_for_gpu(device, progress)
    finally:
        nnlite.setkernels(kernels)
        setquiet(quiet)
    return 0


def _compile_for_cpu(progress: Progress) -> None:
    compiling = family().compiling
    before, kept_in = compiling.count_compiled(), compiling.folder()
    seconds, count = _train('cpu', progress), compiling.count_compiled() - before
    if not count:
        print(f'nothing to compile: the kernels are in {kept_in} ({seconds:.1f} s)')
    elif kept_in is None:
        print(
            f'{count} kernels compiled in {seconds:.0f} s, and lost: no folder can be written to; '
            'NUMBA_CACHE_DIR may name one'
        )
    else:
        print(f'{count} kernels compiled in {seconds:.0f} s; they are kept in {kept_in}')


def _compile_for_gpu(device: str, progress: Progress) -> None:
    kept_in = Path(os.environ.get('CUPY_CACHE_DIR') or '~/.cupy/kernel_cache').expanduser()

    def files() -> set[Path]:
        return set(kept_in.glob('*'))

    before = files()
    seconds, count = _train(device, progress), len(files() - before)
    if count:
        print(f'{count} files of kernels compiled in {seconds:.0f} s; they are kept in {kept_in}')
    else:
        print(f'nothing to compile: the kernels are in {kept_in} ({seconds:.1f} s)')


def _train(device: str, progress: Progress) -> float:
    """Train the networks, as they are and as optnet makes them, and return how many seconds that took."""
    started = time.monotonic()
    with progress.bar('warmup', 2 * len(NETWORKS), unit='networks') as bar:
        for network in NETWORKS:
            for optimize in (False, True):
                images = _Images()
                trainer = Trainer(
                    network(), nn.CrossEntropyCriterion(), images, images, optimize=optimize, quiet=True, device=device,
                    graph=False,
                )  # fmt: skip
                trainer.run(1)
                bar.update(1)
    return time.monotonic() - started


class _Images:
    """A loader of random images, channels-last in memory as a data set's are.

    It has two batches: there is momentum in SGD's second step only.
    """

    size, batchSize, classes = 32, 16, tuple(map(str, range(CLASSES)))

    def __len__(self) -> int:
        return self.size // self.batchSize

    def epoch(self, number: int, start: int = 0) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Give the batches."""
        images = np.random.default_rng(number).standard_normal((self.batchSize, 32, 32, 3), np.float32)
        for _ in range(start, len(self)):
            yield images.transpose(0, 3, 1, 2), np.arange(self.batchSize) % CLASSES + 1
