"""Show what `nnlite train --trace` has recorded: gradients by depth, dead units, time and memory of each module.

A table of the last step, and, beside the record or in --out, trace.png, the gradient by depth in several steps, and
net.svg, the network's tree.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from nnlite.trace.drawing import to_svg
from nnlite.trace.picture import draw
from nnlite.trace.recording import Trace, load
from nnlite.whole_file import whole_file

EXAMPLE = 'nnlite trace runs/resnet20/trace'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument('record', help='a folder of records, or one of them')
    parser.add_argument('--out', metavar='DIR', help="where the pictures go; the record's own folder if not given")
    parser.add_argument('--all', action='store_true', help='all modules, not only layers that learn, and ReLUs')


def run(args: argparse.Namespace) -> int:
    """Print the table and draw the pictures."""
    place = Path(args.record)
    trace = load(place)
    for line in _table(trace, args.all):
        print(line)
    folder = Path(args.out) if args.out else place if place.is_dir() else place.parent
    folder.mkdir(parents=True, exist_ok=True)
    steps = f'{len(trace)} steps, {trace.steps[0]} to {trace.steps[-1]}' if len(trace) > 1 else f'step {trace.steps[0]}'
    draw(folder / 'trace.png', trace, steps)
    with whole_file(folder / 'net.svg') as file:
        file.write(to_svg(trace.nodes, trace.shapes).encode())
    print(f'{steps}; pictures: {folder / "trace.png"}, {folder / "net.svg"}')
    return 0


def _table(trace: Trace, everything: bool) -> Iterator[str]:
    """Yield the lines of the table: a module each."""
    sizes = '|gradWeight|', '|gradOutput|', 'zeros', 'dead', 'forward ms', 'back ms', 'KB'
    rows: list[tuple[str, ...]] = [('module', 'output', *sizes)]
    columns = [
        (trace.column('gradWeight', 'norm')[-1], '.3g', 1),
        (trace.column('gradOutput', 'norm')[-1], '.3g', 1),
        (trace.column('output', 'zeros')[-1], '.0%', 1),
        (trace.column('output', 'dead')[-1], '.0%', 1),
        (trace.column('forward', 'seconds')[-1], '.2f', 1e3),
        (trace.column('backward', 'seconds')[-1], '.2f', 1e3),
        (trace.column('results', 'bytes')[-1], '.0f', 1 / 1024),
    ]
    for number, node in enumerate(trace.nodes):
        if not (everything or node.parameters or node.kind == 'ReLU'):
            continue
        shape = trace.shapes[number]
        size = ' x '.join(map(str, shape)) if isinstance(shape, tuple) else 'a table'
        cells = [_number(values[number], form, factor) for values, form, factor in columns]
        rows.append((f'{node.short:12} {node.name}', size, *cells))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for name, *cells in rows:
        yield '  '.join([name.ljust(widths[0]), *(c.rjust(w) for c, w in zip(cells, widths[1:], strict=True))]).rstrip()


def _number(value: float, form: str, factor: float) -> str:
    return '' if np.isnan(value) else format(value * factor, form)
