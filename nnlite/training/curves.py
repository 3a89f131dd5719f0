"""The pictures of training: loss and accuracies over the epochs."""

import os
import warnings
from typing import Any

import numpy as np

from nnlite.training.studies import Case, Study
from nnlite.whole_file import whole_file

# Okabe and Ito's colours, told apart by the colour-blind; light and dark enough to be told apart in grey too.
BLUE, ORANGE, GREY = '#0072b2', '#e69f00', '#777777'


def draw_run(path: str | os.PathLike[str], history: list[dict[str, Any]], title: str) -> None:
    """Draw one run: loss, and top-1 accuracy, of training and validation images over the epochs."""
    figure, (loss, accuracy) = new_figure(1, 2, title)
    epochs = [row['epoch'] for row in history]
    for split, label, style in (('train', 'training', '--'), ('val', 'validation', '-')):
        if f'{split}_loss' in history[0]:
            color = BLUE if split == 'val' else ORANGE
            loss.plot(epochs, [row[f'{split}_loss'] for row in history], style, color=color, label=label)
            accuracy.plot(epochs, [row[f'{split}_top1'] for row in history], style, color=color, label=label)
    loss.set(xlabel='epoch', ylabel='loss (nats)', ylim=(0, None))
    accuracy.set(xlabel='epoch', ylabel='top-1 accuracy (%)', ylim=(0, 100))
    loss.legend(frameon=False)
    write_figure(path, figure)


# name, colour, marker, marker's face: filled against hollow where colours are grey
NETWORKS = {'resnet': ('ResNet', BLUE, 'o', BLUE), 'convnet': ('plain ConvNet', ORANGE, 's', 'white')}


def draw_study(path: str | os.PathLike[str], study: Study, rows: list[dict[str, Any]], title: str) -> None:
    """Draw the paper's figure: for each case a row of loss, training accuracy and validation accuracy.

    With several seeds a line is their mean; the band, of all but the validation loss, reaches from lowest to highest.
    """
    figure, axes = new_figure(len(study.cases), 3, title)
    axes = np.atleast_2d(axes)
    for case, (loss, train, val) in zip(study.cases, axes, strict=True):
        for network in study.networks:
            for axis, column, style in (
                (loss, 'train_loss', '-'),
                (loss, 'val_loss', ':'),
                (train, 'train_top1', '-'),
                (val, 'val_top1', '-'),
            ):
                _draw_mean(axis, network, column, style, [row for row in rows if _is_of(case, network, row)])
        loss.set(ylabel='nats', ylim=(0, None))
        train.set(ylabel='top-1 (%)', ylim=(0, 100))
        val.set(ylabel='top-1 (%)', ylim=(0, 100))
        middle = {'xycoords': 'axes fraction', 'rotation': 90, 'ha': 'right', 'va': 'center'}
        loss.annotate(_named(case), (-0.2, 0.5), weight='bold', **middle)
    for axis, heading in zip(axes[0], ('loss', 'training accuracy', 'validation accuracy'), strict=True):
        axis.set_title(heading)
    for axis in axes[-1]:
        axis.set_xlabel('epoch')
    _add_legend(figure, study)
    write_figure(path, figure)


def _draw_mean(axis: Any, network: str, column: str, style: str, rows: list[dict[str, Any]]) -> None:
    """Draw a column of the runs of one network over the epochs: mean, and band if there are several."""
    _, color, marker, face = NETWORKS[network]
    epochs = sorted({row['epoch'] for row in rows})
    values = [[row[column] for row in rows if row['epoch'] == epoch] for epoch in epochs]
    if style != '-':
        marker = ''
    means = [np.mean(column) for column in values]
    axis.plot(epochs, means, style, color=color, marker=marker, markerfacecolor=face, markersize=4.5, linewidth=1.6)
    if style == '-' and max(map(len, values), default=0) > 1:
        low, high = ([limit(column) for column in values] for limit in (min, max))
        axis.fill_between(epochs, low, high, color=color, alpha=0.18, linewidth=0)


def _add_legend(figure: Any, study: Study) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=color, marker=marker, markerfacecolor=face, markersize=4.5, label=name)
        for network, (name, color, marker, face) in NETWORKS.items()
        if network in study.networks
    ]
    handles.append(Line2D([], [], color=GREY, linestyle='-', label='training loss'))
    handles.append(Line2D([], [], color=GREY, linestyle=':', label='validation loss'))
    figure.legend(handles=handles, loc='outside lower center', ncols=4, frameon=False)


def _is_of(case: Case, network: str, row: dict[str, Any]) -> bool:
    return (row['depth'], row['variant'], row['network']) == (case.depth, case.variant, network)


def _named(case: Case) -> str:
    return f'{case.depth} layers' + ('' if case.variant == 'plain' else f', {case.variant}')


def new_figure(rows: int, columns: int, title: str) -> tuple[Any, Any]:
    """Return a figure and its axes; matplotlib's own backend, which belongs to the importer, is left alone."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(4 * columns, 0.4 + 3 * rows), dpi=120, layout='constrained')
    FigureCanvasAgg(figure)
    figure.suptitle(title, parse_math=False)
    axes = figure.subplots(rows, columns)
    for axis in figure.axes:
        axis.grid(alpha=0.25, linewidth=0.6)
        axis.spines[['top', 'right']].set_visible(False)
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    return figure, axes


def write_figure(path: str | os.PathLike[str], figure: Any) -> None:
    """Write a figure as PNG, whole or not at all."""
    with whole_file(path) as file, warnings.catch_warnings():
        # A letter that the font lacks becomes a box.
        warnings.filterwarnings('ignore', 'Glyph')
        figure.savefig(file, format='png')
