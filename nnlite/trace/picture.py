"""The picture of a recording: the gradient by depth, and dead units, in some of its steps."""

import os

import numpy as np

from nnlite.trace.analysis import dead_units, gradient_norms
from nnlite.trace.recording import Trace
from nnlite.whole_file import whole_file

LINES = 5  # steps that are drawn, at most


def draw(path: str | os.PathLike[str], trace: Trace, title: str) -> None:
    """Draw the norm of each layer's gradient, and the share of dead planes of each rectifier, from input to output."""
    from matplotlib import colormaps
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4), layout='constrained')
    left, right = figure.subplots(1, 2)
    figure.suptitle(title)
    some = np.unique(np.linspace(0, len(trace) - 1, LINES).round().astype(int))
    for axis, (nodes, values), label in (
        (left, gradient_norms(trace), "norm of the weights' gradient"),
        (right, dead_units(trace), 'planes that are 0 for all images'),
    ):
        for place, row in enumerate(some):
            color = colormaps['viridis'](0.85 * place / max(1, len(some) - 1))
            axis.plot(range(1, len(nodes) + 1), values[row], 'o-', ms=3, color=color, label=f'step {trace.steps[row]}')
        axis.set(xlabel='layer, from the input to the output', ylabel=label)
        axis.spines[['top', 'right']].set_visible(False)
    norms = gradient_norms(trace)[1][some]
    if norms.size and np.nanmin(norms) > 0:
        left.set_yscale('log')
    right.set_ylim(0, 1)
    figure.legend(*left.get_legend_handles_labels(), loc='outside right upper', frameon=False)
    with whole_file(path) as file:
        FigureCanvasAgg(figure).print_png(file)
