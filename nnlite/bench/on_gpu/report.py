"""What is made of the records of a benchmark on a GPU: Markdown tables, and a picture.

A record is what a job's process answered, with the job's `what`, `contestant`, `precision`, `name` and `batch`.
"""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from nnlite.bench.cases import Network
from nnlite.bench.interleaved import Result
from nnlite.bench.on_gpu.cases import TIMED, Timed, numbers, operations
from nnlite.bench.on_gpu.jobs import (
    COMPILED,
    EAGER,
    EAGER_LAST,
    FLOAT32,
    FLOORS,
    LAYERS,
    STEPS,
    TF32,
    TRAINING,
    TUNED,
    is_nnlite,
)
from nnlite.bench.report import draw_networks, shown, table_head, table_line

Record = dict[str, Any]

GOAL = 90  # % of validation images, of which is said when they were first recognised

PRECISION = (
    'TF32: products of float32 numbers rounded to 10 bits, summed up in float32, on both sides '
    "(PyTorch: float32_matmul_precision 'high', cudnn.allow_tf32; nnlite's last layer is exact). "
    'float32: exact products on both sides. All that is stored is float32.'
)


def sections(machine: dict[str, str], checks: Record | None, records: list[Record]) -> list[str]:
    """Return the lines of the whole report; what there are no records of is left out.

    Args:
        machine: what it was measured on, by name.
        checks: what the tests came to, or None.
        records: of all jobs.
    """
    lines = ['# nnlite on a GPU', '', '; '.join(f'{name} {value}' for name, value in machine.items()) + '.', '']
    lines += [PRECISION, '']
    if checks is not None:
        lines += ['## Checks', '', *_checks(checks), '']
    for what, title, table in (
        (STEPS, 'Steps of whole networks', steps_table),
        (LAYERS, 'Single layers', layers_table),
        (TRAINING, 'Time to train', training_table),
    ):
        if any(record['what'] == what and 'error' not in record for record in records):
            lines += [f'## {title}', '', *table(records), '']
    said = dict.fromkeys(note for record in records for note in _notes(record))
    return lines + (['## What came to nothing, and notes', '', *(f'- {note}' for note in said), ''] if said else [])


def _checks(checks: Record) -> list[str]:
    counts = ', '.join(f'{count} {outcome}' for outcome, count in checks['counts'].items()) or 'none'
    ended = '' if checks['ended'] else f', and was stopped after {checks["seconds"]:.0f} s'
    lines = [f'`pytest -m gpu` ({checks["files"]} files): {counts}{ended}.']
    return lines + ['', *(f'- {test}' for test in checks['failed'])] if checks['failed'] else lines


def _notes(record: Record) -> Iterable[str]:
    where = f'{record["job"]}: ' if 'job' in record else ''
    for key in ('error', 'note'):
        if key in record:
            yield where + record[key].strip().replace('\n', ' ')[:300]
    for note in record.get('notes', ()):
        yield where + note[:300]


def steps_table(records: list[Record]) -> list[str]:
    """Return the lines of the table of whole networks."""
    names = ['network', 'batch', 'precision', 'who', 'training images/s', 'ms', 'x eager', 'x compiled']
    names += ['MB used', 'MB held', 'evaluation images/s', 'ms', 'x eager', 'x compiled', 'ready after s']
    lines = table_head(names, left=4)
    groups = grouped(records)
    for (name, batch, precision), steps in groups.items():
        for contestant, rows in steps.items():
            cells = [name, str(batch), precision, contestant]
            for step in Network.steps:
                cells += _speed(steps, contestant, step, batch)
                if step == 'training':
                    cells += [
                        shown(rows[step][key] / 2**20 if step in rows else None, '.0f') for key in ('used', 'held')
                    ]
            lines.append(table_line([*cells, shown(rows['training']['warm'] if 'training' in rows else None, '.1f')]))
    return [
        *lines,
        '',
        'Medians of several samples of 20 steps or more, in brackets the fastest and the slowest; data are on the GPU. '
        "x eager: the speed as a multiple of that of PyTorch's faster eager layout; x compiled: of the faster that is "
        'there of torch.compile(reduce-overhead) and (max-autotune), channels-last, CUDA graphs. A training step is '
        'forward, loss, backward and SGD with Nesterov momentum and weight decay; an evaluation step forward and loss. '
        'Memory is the most that was used, and held for use, once everything was chosen and compiled: '
        "CuPy's pools, PyTorch's allocator. "
        'Ready: from the network on the GPU to the first steps, all compiled and chosen.',
        *_first_losses(groups),
    ]


Groups = dict[tuple[str, int, str], dict[str, dict[str, Record]]]


def grouped(records: list[Record]) -> Groups:
    """Return the records of steps: by network, batch and precision; by contestant; by step."""
    groups: Groups = {}
    for record in records:
        if record['what'] == STEPS and 'step' in record:
            group = groups.setdefault((record['name'], record['batch'], record['precision']), {})
            group.setdefault(record['contestant'], {})[record['step']] = record
    return groups


def _speed(steps: dict[str, dict[str, Record]], contestant: str, step: str, batch: int) -> list[str]:
    """Return the cells of a step: images/s, ms, and how many times as fast as PyTorch's."""
    if step not in steps[contestant]:
        return ['-'] * 4
    times = steps[contestant][step]['times']
    median = float(np.median(times))
    eager = [_median(steps, other, step) for other in (EAGER, EAGER_LAST)]
    compiled = [_median(steps, other, step) for other in (COMPILED, TUNED)]
    others = [min((time for time in both if time is not None), default=None) for both in (eager, compiled)]
    milliseconds = f'{1e3 * median:.3f} ({1e3 * min(times):.3f} to {1e3 * max(times):.3f})'
    return [f'{batch / median:,.0f}', milliseconds, *(shown(other and other / median, '.2f') for other in others)]


def _median(steps: dict[str, dict[str, Record]], contestant: str, step: str) -> float | None:
    record = steps.get(contestant, {}).get(step)
    return None if record is None else float(np.median(record['times']))


def _first_losses(groups: Groups) -> list[str]:
    """Return the lines that say whether all began with the same loss: whether they are the same network."""
    losses = [
        [steps['training']['loss'] for steps in group.values() if 'training' in steps] for group in groups.values()
    ]
    apart = [max(group) - min(group) for group in losses if len(group) > 1]
    if not apart:
        return []
    return [
        '',
        f'All began with the same weights: the losses of their first steps were at most {max(apart):.1e} apart.',
    ]


def layers_table(records: list[Record]) -> list[str]:
    """Return the lines of the table of single layers, after those of the floors that they stand on."""
    floors = floors_of(records)
    rows = {
        (is_nnlite(record['contestant']), record['layer'], record['kind'], record['pass']): record
        for record in records
        if record['what'] == LAYERS and 'pass' in record
    }
    names = ['layer', 'kind', 'batch', 'pass', 'us', 'way', 'TFLOP/s', 'GB/s', 'floor us', 'of', 'x floor']
    lines = table_head([*names, 'PyTorch us', 'x PyTorch', 'other ways us'], left=2)
    for case in TIMED:
        for step in case.steps:
            ours, theirs = (rows.get((own, case.name, case.kind, step)) for own in (True, False))
            cells = [case.name, case.kind, str(case.batch), step]
            if ours or theirs:
                lines.append(table_line(cells + _layer(case, step, ours, theirs, floors)))
    return [*_floors(floors), *lines, '', _LAYERS]


_LAYERS = (
    'Precision TF32. Each pass many times over in one CUDA graph, so that launching takes no time beside it; small '
    'maps stay in the cache from one to the next, on both sides, and may go below the floor of bytes. Floor: the '
    'longer of the numbers that must be read and written over the measured bandwidth of a copy, and the operations '
    'over the measured rate of a large product. x PyTorch: how many times as fast as its, channels-last, '
    'cudnn.benchmark.'
)


def floors_of(records: list[Record]) -> dict[str, float]:
    """Return what the GPU did at its best, in a second: bytes of a 'copy', operations by precision."""
    return next(
        ({key: record[key] for key in ('copy', TF32, FLOAT32) if key in record}
         for record in records if record['what'] == FLOORS and 'copy' in record), {},
    )  # fmt: skip


def _floors(floors: dict[str, float]) -> list[str]:
    if not floors:
        return []
    rates = ', '.join(f'{floors[name] / 1e12:,.0f} TFLOP/s in {name}' for name in (TF32, FLOAT32) if name in floors)
    return [f'A copy moves {floors["copy"] / 1e9:,.0f} GB/s; products of matrices run at {rates}.', '']


def _layer(case: Timed, step: str, ours: Record | None, theirs: Record | None, floors: dict[str, float]) -> list[str]:
    moved, done = 4 * numbers(case, step), operations(case)
    time, other = (None if record is None else float(np.median(record['times'])) for record in (ours, theirs))
    floor: dict[str, float] = {}
    if floors:
        floor = {'bytes': moved / floors['copy'], 'operations': done / floors[TF32]}
    highest = max(floor, key=lambda name: floor[name], default=None)
    least = None if highest is None else floor[highest]
    ways = (ours or {}).get('ways', {})
    way = (ours or {}).get('way', '')
    return [
        shown(time and 1e6 * time, '.1f'),
        way or '-',
        shown(time and done / time / 1e12 if done else None, '.1f'),
        shown(time and moved / time / 1e9, '.0f'),
        shown(least and 1e6 * least, '.1f'),
        highest or '-',
        shown(time / least if time and least else None, '.1f'),
        shown(other and 1e6 * other, '.1f'),
        shown(other / time if other and time else None, '.2f'),
        ', '.join(f'{name} {1e6 * seconds:.1f}' for name, seconds in ways.items() if name != way) or '-',
    ]


def training_table(records: list[Record]) -> list[str]:
    """Return the lines of the table of training runs: a line an epoch, seconds counted from the first."""
    lines = table_head(['data', 'epoch', 'rate', 'training top-1 %', 'validation top-1 %', 'seconds'], left=1)
    summary = []
    for name in dict.fromkeys(record['name'] for record in records if record['what'] == TRAINING):
        rows = [r for r in records if r['what'] == TRAINING and r['name'] == name and 'epoch' in r]
        seconds = np.cumsum([row['seconds'] for row in rows])
        data = Path(name).name
        for row, until in zip(rows, seconds, strict=True):
            cells = [f'{row["train_top1"]:.2f}', f'{row["val_top1"]:.2f}', f'{until:.1f}']
            lines.append(table_line([data, str(row['epoch']), f'{row["learning_rate"]:.4f}', *cells]))
        if rows:
            after = f'{rows[-1]["val_top1"]:.2f} % after {len(rows)} epochs, {seconds[-1]:.1f} s of training'
            reached = [until for row, until in zip(rows, seconds, strict=True) if row['val_top1'] >= GOAL]
            when = f'; {GOAL} % after {reached[0]:.1f} s' if reached else ''
            summary.append(f'- {data}: {after}{when}')
    return [
        'Validation top-1, in TF32, of a ResNet of 20 layers (images of up to 32 pixels) or 18, batch 128, trained '
        'from scratch by the Trainer as users run it; seconds are those of training alone.',
        '',
        *summary,
        '',
        *lines,
    ]


def draw_steps(path: str | os.PathLike[str], cases: list[Network], records: list[Record]) -> None:
    """Draw bars of the steps in TF32, a row of pictures for each network; one that lacks a step is left out."""
    groups = []
    for case in cases:
        steps = grouped(records).get((case.name, case.batch, TF32), {})
        results = [
            Result(
                case,
                contestant,
                {step: rows[step]['times'] for step in Network.steps},
                rows['training']['warm'],
                rows['training']['held'],
                None,
                None,
            )
            for contestant, rows in steps.items()
            if len(rows) == len(Network.steps)
        ]
        if results:
            groups.append(results)
    if groups:
        draw_networks(path, groups, TF32)
