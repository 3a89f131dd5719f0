"""The pictures of training: loss and accuracies over the epochs."""

import os
from typing import Any

from nnlite.serialization.whole_file import whole_file

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


def new_figure(rows: int, columns: int, title: str) -> tuple[Any, Any]:
    """Return a figure and its axes; matplotlib's own backend, which belongs to the importer, is left alone."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(4 * columns, 0.4 + 3 * rows), dpi=120, layout='constrained')
    FigureCanvasAgg(figure)
    figure.suptitle(title)
    axes = figure.subplots(rows, columns)
    for axis in figure.axes:
        axis.grid(alpha=0.25, linewidth=0.6)
        axis.spines[['top', 'right']].set_visible(False)
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    return figure, axes


def write_figure(path: str | os.PathLike[str], figure: Any) -> None:
    """Write a figure as PNG, whole or not at all."""
    with whole_file(path) as file:
        figure.savefig(file, format='png')
