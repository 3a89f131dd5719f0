"""The table of a study: what was measured, and beside it what the paper reports."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from nnlite.training.studies import Case, Study

NAMES = {'resnet': 'ResNet', 'convnet': 'ConvNet'}
STEP = 5  # the accuracy whose epoch is given is a multiple of it


def table_of(title: str, study: Study, rows: list[dict[str, Any]], record: dict[str, Any]) -> str:
    """Return the table as Markdown.

    Args:
        title: its heading.
        study: what was to be trained.
        rows: those of results.csv.
        record: the content of study.json.
    """
    epochs, data, environment = record['arguments']['epochs'], record['data'], record['environment']
    done = [row for row in rows if row['epoch'] == epochs]
    limit = record['arguments']['limit']
    sizes = [min(data['images'][split], limit or data['images'][split]) for split in ('train', 'val')]
    size = 'x'.join(map(str, data['shape'][1:]))
    lines = [
        f'# {title[0].upper()}{title[1:]}',
        '',
        f'{sizes[0]:,} training and {sizes[1]:,} validation images of {size} pixels in {len(data["classes"])} classes, '
        f'{_counted(epochs, "epoch")}, {_counted(len({row["seed"] for row in done}), "seed")}; '
        f'kernels {environment["kernels"]}, {_counted(environment["threads"], "thread")}, {environment["device"]}.',
        '',
        *_measured(study, done, rows),
        '',
        *_compared(study, done),
        'What the paper reports:',
        '',
        *(f'- {line}' for line in study.paper),
        '',
        'Accuracies are percentages after the last epoch; where there are several seeds, mean ± standard deviation. '
        'Training accuracy is the mean over the last epoch, each image counted as the network was when it came to it, '
        'augmentation and dropout included; the gap is training less validation accuracy. The epochs to reach an '
        'accuracy are those until the validation top-1 is first as high as all networks of the case come '
        '(a multiple of 5). Seconds are those of training alone.',
        '',
    ]
    return '\n'.join(lines)


def _measured(study: Study, done: list[dict[str, Any]], rows: list[dict[str, Any]]) -> list[str]:
    head = ['layers', 'variant', 'network', 'parameters', 'val top-1', 'val top-5', 'train top-1', 'gap']
    lines = [*_header([*head, 'epochs to reach', 's / epoch'], left=3)]
    for case in study.cases:
        runs = [row for row in rows if _is_of(case, row)]
        ends = [row for row in done if _is_of(case, row)]
        goal = _goal(runs) if ends else 0
        for network in study.networks:
            last = [row for row in ends if row['network'] == network]
            if not last:
                continue
            this = [row for row in runs if row['network'] == network]
            first = [_first(this, row['seed'], goal) for row in last]
            cells = [
                str(case.depth),
                case.variant,
                NAMES[network],
                f'{last[0]["parameters"]:,}',
                _spread(row['val_top1'] for row in last),
                _spread(row['val_top5'] for row in last),
                _spread(row['train_top1'] for row in last),
                _spread(row['train_top1'] - row['val_top1'] for row in last),
                f'{_spread(first, ".0f" if len(set(first)) == 1 else ".1f")} ({goal} %)',
                _spread(np.mean([row['seconds'] for row in this if row['seed'] == end['seed']]) for end in last),
            ]
            lines.append(_line(cells))
    return lines


def _compared(study: Study, done: list[dict[str, Any]]) -> list[str]:
    """Return the lines that say how far the ResNet is ahead of its twin."""
    if len(study.networks) < 2:
        return []
    lines = ['ResNet less ConvNet, in points:', '', *_header(['layers', 'variant', 'val top-1', 'train top-1'], left=2)]
    for case in study.cases:
        pairs = _pairs([row for row in done if _is_of(case, row)])
        if pairs:
            cells = [
                _spread((ours[name] - theirs[name] for ours, theirs in pairs), '+.1f')
                for name in ('val_top1', 'train_top1')
            ]
            lines.append(_line([str(case.depth), case.variant, *cells]))
    return [*lines, '']


def _pairs(rows: list[dict[str, Any]]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Return (ResNet's row, ConvNet's row) for each seed that has both."""
    by_network = [{row['seed']: row for row in rows if row['network'] == name} for name in NAMES]
    return [(by_network[0][seed], by_network[1][seed]) for seed in by_network[0] if seed in by_network[1]]


def _is_of(case: Case, row: dict[str, Any]) -> bool:
    return (row['depth'], row['variant']) == (case.depth, case.variant)


def _goal(rows: list[dict[str, Any]]) -> int:
    """Return the highest multiple of STEP that the validation accuracy of every run of a case reaches."""
    best: dict[tuple[str, int], float] = {}
    for row in rows:
        run = row['network'], row['seed']
        best[run] = max(best.get(run, 0), row['val_top1'])
    return int(min(best.values()) // STEP * STEP)


def _first(rows: list[dict[str, Any]], seed: int, goal: float) -> int:
    return min(row['epoch'] for row in rows if row['seed'] == seed and row['val_top1'] >= goal)


def _spread(values: Iterable[float], form: str = '.1f') -> str:
    """Return the mean of the values, and how far they scatter if there are several.

    >>> _spread([50, 52]), _spread([50])
    ('51.0 ± 1.4', '50.0')
    """
    numbers = np.array(list(values), float)
    mean = format(numbers.mean(), form).replace('-0.0', '0.0')
    return f'{mean} ± {format(numbers.std(ddof=1), form.removeprefix("+"))}' if len(numbers) > 1 else mean


def _counted(number: int, what: str) -> str:
    return f'{number} {what}' + ('' if number == 1 else 's')


def _header(names: list[str], left: int) -> list[str]:
    return [_line(names), _line(['---' if i < left else '---:' for i in range(len(names))])]


def _line(cells: list[str]) -> str:
    return f'| {" | ".join(cells)} |'
