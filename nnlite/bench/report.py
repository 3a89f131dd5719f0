"""What a measurement leaves: a Markdown table, every number behind it, and pictures."""

import os
import platform
from collections.abc import Iterable
from importlib.metadata import version
from typing import Any

import numpy as np

from nnlite.bench.cases import Layer, Network
from nnlite.bench.contestants import family_of, is_pytorch
from nnlite.bench.interleaved import Result, Settings
from nnlite.bench.machine import cores, processor, vectors
from nnlite.training.curves import BLUE, GREY, ORANGE, new_figure, write_figure
from nnlite.training.records import write_records

MEGABYTE = 2**20

COLUMNS = (
    'case',
    'batch',
    'widths',
    'contestant',
    'step',
    'steps',
    'median_seconds',
    'lower_quartile_seconds',
    'upper_quartile_seconds',
    'ratio_to_pytorchs_best',
    'first_step_seconds',
    'step_memory_mb',
    'process_memory_mb',
    'others_share',
)

# A contestant's colour: nnlite's in shades of its own, PyTorch's grey.
COLOURS = {
    'numpy': ORANGE,
    'numba': '#56b4e9',
    'numba+fused': BLUE,
    'PyTorch': GREY,
    'PyTorch channels-last': '#aaaaaa',
    'nnlite': BLUE,
    'nnlite without graph': '#56b4e9',
    'PyTorch compiled': '#444444',
}


def best_of_pytorch(results: Iterable[Result], step: str) -> float | None:
    """Return the lowest median time of PyTorch's layouts, or None if it was not measured."""
    return min((result.median(step) for result in results if is_pytorch(result.contestant)), default=None)


def rows_of(results: list[Result]) -> list[dict[str, Any]]:
    """Return the rows of results.csv for what was measured of one case: one for each contestant and step."""
    return [
        {
            'case': result.case.name,
            'batch': result.case.batch,
            'widths': '-'.join(map(str, getattr(result.case, 'widths', None) or ())),
            'contestant': result.contestant,
            'step': step,
            'steps': len(result.times[step]),
            'median_seconds': _rounded(result.median(step)),
            'lower_quartile_seconds': _rounded(result.quartiles(step)[0]),
            'upper_quartile_seconds': _rounded(result.quartiles(step)[1]),
            'ratio_to_pytorchs_best': _rounded(_ratio(result.median(step), best_of_pytorch(results, step))),
            'first_step_seconds': _rounded(result.first),
            'step_memory_mb': _rounded(_megabytes(result.step_memory)),
            'process_memory_mb': _rounded(_megabytes(result.process_memory)),
            'others_share': _rounded(result.others),
        }
        for result in results
        for step in result.case.steps
    ]


def write_rows(path: str | os.PathLike[str], groups: list[list[Result]]) -> None:
    """Write results.csv: the rows of each case."""
    write_records(path, COLUMNS, [row for results in groups for row in rows_of(results)])


def head(contestants: list[str], settings: Settings) -> list[str]:
    """Return the lines that say where and how it was measured."""
    with_numba, with_pytorch = any(name.startswith('numba') for name in contestants), any(map(is_pytorch, contestants))
    packages = ['nnlite', 'numpy', *['numba'] * with_numba, *['torch'] * with_pytorch]
    lines = [
        f'{processor()}, {cores()} cores, {vectors()}; Python {platform.python_version()}, '
        + ', '.join(f'{package} {version(package)}' for package in packages)
        + f'; threads {settings.threads}, precision float32.',
        '',
        'Medians, in brackets the quartiles, of one run in which all took turns, each in a process of its own: '
        f'{settings.rounds} rounds, in each a sample of {settings.seconds:g} s, or one step if that takes longer. ',
    ]
    if with_pytorch:
        lines[-1] += "A ratio is to the faster of PyTorch's layouts (eager): below 1, nnlite takes less."
    else:
        lines[-1] += 'PyTorch was not measured, so there are no ratios.'
    return lines


def networks_table(groups: list[list[Result]], imports: dict[str, float]) -> list[str]:
    """Return the lines of the table of whole networks.

    Args:
        groups: the results of each network.
        imports: how long it takes to import each family, in seconds.
    """
    names = ['network', 'batch', 'kernels', 'training ms', 'ratio', 'evaluation ms', 'ratio', 'memory MB', 'ratio']
    lines = table_head([*names, 'first step s', 'import s'], left=3)
    for results in groups:
        memory = min((r.step_memory for r in results if is_pytorch(r.contestant) and r.step_memory), default=None)
        for result in results:
            cells = [result.case.name, str(result.case.batch), result.contestant]
            for step in Network.steps:
                cells += _time_and_ratio(result, best_of_pytorch(results, step), step)
            cells += [shown(_megabytes(result.step_memory), '.0f'), shown(_ratio(result.step_memory, memory), '.2f')]
            lines.append(table_line([*cells, f'{result.first:.2f}', f'{imports[family_of(result.contestant)]:.2f}']))
    return [
        *lines,
        '',
        'A training step is forward, criterion, backward, and SGD with momentum; an evaluation step forward and '
        'criterion. Memory is the most that the process had beyond what it had after its imports; the first step '
        'is that of a process that finds compiled kernels on the disk.',
        *_others(groups),
    ]


def layers_table(groups: list[list[Result]]) -> list[str]:
    """Return the lines of the table of single convolutions."""
    columns = [column for step in Layer.steps for column in (f'{step} ms', 'ratio')]
    lines = table_head(['convolution', 'batch', 'kernels', *columns], left=3)
    for results in groups:
        for result in results:
            cells = [result.case.name, str(result.case.batch), result.contestant]
            for step in Layer.steps:
                cells += _time_and_ratio(result, best_of_pytorch(results, step), step)
            lines.append(table_line(cells))
    return [*lines, *_others(groups)]


def draw_networks(path: str | os.PathLike[str], groups: list[list[Result]], precision: str = 'float32') -> None:
    """Draw bars, a row of pictures for each network: medians, with a line from quartile to quartile, and ratios."""
    title = f"One step in {precision}, in milliseconds and as a multiple of PyTorch's best (eager)"
    figure, axes = new_figure(len(groups), len(Network.steps), title)
    axes = np.reshape(axes, (len(groups), len(Network.steps)))
    for results, pair in zip(groups, axes, strict=True):
        for step, axis in zip(Network.steps, pair, strict=True):
            _draw_bars(axis, results, step)
            axis.set_title(f'{results[0].case.name}, batch {results[0].case.batch}: {step}', fontsize='medium')
    for axis in axes[:, 1:].flat:
        axis.tick_params(labelleft=False)
    write_figure(path, figure)


def _draw_bars(axis: Any, results: list[Result], step: str) -> None:
    best = best_of_pytorch(results, step)
    names = [result.contestant for result in results]
    medians = 1e3 * np.array([result.median(step) for result in results])
    quartiles = 1e3 * np.array([result.quartiles(step) for result in results]).T
    axis.barh(names, medians, color=[COLOURS.get(name, BLUE) for name in names], height=0.7)
    axis.errorbar(medians, names, xerr=np.abs(quartiles - medians), fmt='none', ecolor='black', elinewidth=1, capsize=2)
    for place, (median, result) in enumerate(zip(medians, results, strict=True)):
        text = f'{median:.{0 if median >= 100 else 1}f} ms'
        if best is not None:
            text += f', {result.median(step) / best:.2f}x'
        axis.annotate(text, (max(median, quartiles[1, place]), place), (4, 0), textcoords='offset points', va='center')
    axis.set_xlim(0, 1.6 * quartiles.max())
    axis.locator_params(axis='x', nbins=5)
    axis.invert_yaxis()
    axis.grid(visible=False, axis='y')


def draw_growth(path: str | os.PathLike[str], growth: dict[str, list[tuple[int, list[Result]]]]) -> None:
    """Draw the time of a training step against depth, width, batch: a ResNet's line full, its twin's dashed.

    Args:
        path: the picture's.
        growth: for each thing that grows (how deep, wide or large, results of that network).
    """
    figure, axes = new_figure(1, len(growth), 'One training step, as the network grows')
    figure.set_figheight(4.5)  # the legend has a line for each contestant
    names = {'depth': 'layers', 'width': 'width (1: 16, 32, 64 planes)', 'batch': 'images in a batch'}
    for axis, (what, points) in zip(np.atleast_1d(axes), growth.items(), strict=True):
        for line in growth_lines(points):
            style = '-' if line['network'] == 'resnet' else '--'
            milliseconds = 1e3 * np.array(line['seconds'])
            label = f'{line["contestant"]}, {line["network"]}' + (_per_block(line) if what == 'depth' else '')
            color = COLOURS.get(line['contestant'], BLUE)
            axis.plot(line['amounts'], milliseconds, style, marker='o', markersize=3, color=color, label=label)
        axis.set(xlabel=names[what], ylabel='ms', ylim=(0, None))
        axis.set_xticks(sorted({amount for amount, _ in points}))
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc='outside lower center', ncols=2, frameon=False, fontsize='small')
    write_figure(path, figure)


def growth_lines(points: list[tuple[int, list[Result]]]) -> list[dict[str, Any]]:
    """Return a line for each contestant and kind of network: its name and network, amounts, and medians in seconds."""
    lines: dict[tuple[str, str], dict[str, Any]] = {}
    for amount, results in points:
        for result in results:
            key = result.contestant, result.case.name.partition('-')[0]
            line = lines.setdefault(key, dict(contestant=key[0], network=key[1], amounts=[], seconds=[]))
            line['amounts'].append(amount)
            line['seconds'].append(result.median('training'))
    return list(lines.values())


def growth_table(points: list[tuple[int, list[Result]]]) -> list[str]:
    """Return the lines of the table of what a block, two more layers, adds to a training step."""
    lines = table_head(['kernels', 'network', 'ms per block', 'off the straight line'], left=2)
    for line in growth_lines(points):
        slope, off = straight(line['amounts'], line['seconds'])
        lines.append(table_line([line['contestant'], line['network'], f'{2e3 * slope:.2f}', f'{100 * off:.0f} %']))
    return [*lines, *_others([results for _, results in points])]


def straight(amounts: list[int], seconds: list[float]) -> tuple[float, float]:
    """Return the slope of the straight line through points, and how far the farthest is off it, as a share of its own.

    >>> slope, off = straight([8, 20, 32], [1.0, 2.0, 3.0])
    >>> round(12 * slope, 6), round(off, 6)
    (1.0, 0.0)
    """
    slope, start = np.polyfit(amounts, seconds, 1)
    off = np.abs(start + slope * np.array(amounts) - seconds) / np.array(seconds)
    return float(slope), float(off.max())


def _per_block(line: dict[str, Any]) -> str:
    return f': {2e3 * straight(line["amounts"], line["seconds"])[0]:.1f} ms a block'


def _others(groups: list[list[Result]]) -> list[str]:
    """Return the lines that say whether the machine was quiet, or none if that is not known."""
    shares = [result.others for results in groups for result in results if result.others is not None]
    if not shares:
        return []
    return ['', f"Other programs took {100 * np.mean(shares):.0f} % of the cores' time while these were measured."]


def _time_and_ratio(result: Result, best: float | None, step: str) -> list[str]:
    low, high = result.quartiles(step)
    return [
        f'{1e3 * result.median(step):.4g} ({1e3 * low:.4g} to {1e3 * high:.4g})',
        shown(_ratio(result.median(step), best), '.2f'),
    ]


def _ratio(value: float | None, best: float | None) -> float | None:
    return None if value is None or best is None else value / best


def _megabytes(size: int | None) -> float | None:
    return None if size is None else size / MEGABYTE


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f'{value:.6g}')


def shown(value: float | None, form: str) -> str:
    """Return a number in a format, '-' if there is none.

    >>> shown(1.25, '.1f'), shown(None, '.1f')
    ('1.2', '-')
    """
    return '-' if value is None else format(value, form)


def table_head(names: list[str], left: int) -> list[str]:
    """Return the first two lines of a Markdown table, whose first `left` columns are words."""
    return [table_line(names), table_line(['---' if place < left else '---:' for place in range(len(names))])]


def table_line(cells: list[str]) -> str:
    """Return a line of a Markdown table."""
    return f'| {" | ".join(cells)} |'
