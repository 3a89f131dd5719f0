"""How many images a second the loader makes ready, beside those that training steps take."""

import os
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from nnlite.bench.cases import Network
from nnlite.bench.contestants import is_pytorch
from nnlite.bench.interleaved import Result, Settings
from nnlite.bench.report import table_head, table_line
from nnlite.data_prep import Loader, augmentation
from nnlite.data_prep.writer import write_dataset
from nnlite.training.records import write_records

IMAGES = 10_000  # so many that those of a batch, which come from anywhere among them, are in no near cache

AUGMENTATIONS = {'none': None, **{name: name for name in augmentation.PRESETS}}

COLUMNS = (
    'case',
    'batch',
    'contestant',
    'step_images_per_second',
    'augmentation',
    'samples',
    'loader_images_per_second',
    'lower_quartile',
    'upper_quartile',
    'ratio',
)

Rates = dict[str, list[float]]


def measure_loading(case: Network, settings: Settings) -> Rates:
    """Return, for each augmentation, the images a second that one thread makes ready: a number for each round.

    They come in batches of the case's size, and are noise of the size of its images.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / 'noise.h5'
        _write_noise(path, case.size)
        loaders = {name: Loader(path, 'train', case.batch, augment=preset) for name, preset in AUGMENTATIONS.items()}
    rates: Rates = {name: [] for name in loaders}
    for _ in range(settings.rounds):
        for name, loader in loaders.items():
            rates[name].append(_rate(loader, settings.seconds))
    return rates


def _write_noise(path: Path, size: int) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (IMAGES, 3, size, size), np.uint8)
    with write_dataset(path, pixels.shape[1:], ['noise'], quiet=True) as writer:
        writer.append('train', pixels, np.zeros(IMAGES, np.int64))


def _rate(loader: Loader, seconds: float) -> float:
    """Return the images a second that a loader gives in so many seconds, in one batch at least."""
    images, started = 0, time.perf_counter()
    while True:
        for _, labels in loader:
            images += len(labels)
            passed = time.perf_counter() - started
            if passed >= seconds:
                return images / passed


def loading_rows(results: list[Result], rates: Rates) -> list[dict[str, Any]]:
    """Return the rows of loading.csv for a network: each augmentation, beside nnlite's fastest training step.

    Args:
        results: what was measured of the network.
        rates: what was measured of the loader.
    """
    ours = [result for result in results if not is_pytorch(result.contestant)]
    fastest = min(ours, key=lambda result: result.median('training'))
    case, taken = fastest.case, fastest.case.batch / fastest.median('training')
    rows = []
    for name, measured in rates.items():
        low, made, high = (float(f'{rate:.6g}') for rate in np.quantile(measured, [0.25, 0.5, 0.75]))
        row = (case.name, case.batch, fastest.contestant, float(f'{taken:.6g}'), name, len(measured), made, low, high)
        rows.append(dict(zip(COLUMNS, (*row, float(f'{made / taken:.4g}')), strict=True)))
    return rows


def write_loading(path: str | os.PathLike[str], rows: list[dict[str, Any]]) -> None:
    """Write loading.csv."""
    write_records(path, COLUMNS, rows)


def loading_table(rows: list[dict[str, Any]]) -> list[str]:
    """Return the lines of the table of the loader."""
    lines = table_head(['network', 'batch', 'kernels', 'takes', 'augmentation', 'comes', 'ratio'], left=3)
    for row in rows:
        name, batch, contestant, taken, augmentation, _, made, low, high, ratio = (row[column] for column in COLUMNS)
        comes = f'{made:.0f} ({low:.0f} to {high:.0f})'
        lines.append(table_line([name, str(batch), contestant, f'{taken:.0f}', augmentation, comes, f'{ratio:.1f}']))
    return [
        *lines,
        '',
        "Images a second: what a training step takes with the fastest of nnlite's that were measured, and what comes "
        'from a loader with one thread, alone on the machine; of its samples the median, in brackets the quartiles.',
    ]
