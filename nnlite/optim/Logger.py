"""A table of numbers that grows line by line while a network trains, and its plot (Torch: optim/Logger.lua)."""

import os
import time
from numbers import Real
from pathlib import Path

import numpy as np

from nnlite.errors import Error
from nnlite.tensor.devices import is_on_gpu
from nnlite.whole_file import whole_file

# Torch's names for how a curve looks, as matplotlib says them.
_STYLES = {
    '.': {'marker': ',', 'linestyle': 'none'},
    '+': {'marker': '+', 'linestyle': 'none'},
    '-': {'linestyle': '-'},
    '+-': {'marker': '+', 'linestyle': '-'},
}


class Logger:
    """Writes a line of numbers for each `add`, and draws each column as a curve.

    Every number is followed by a tab. A line is written whole, so that other programs may read along. `symbols` holds
    the list of values of each column by its name.

    Torch shows its plots on the screen and keeps them as .eps; here they become the picture `FILENAME.png`.

    Args:
        filename: the text file, made anew, with its folder if need be. None writes to the standard output.
        timestamp: whether to put date and time behind the text file's name.

    >>> import tempfile
    >>> from pathlib import Path
    >>> from nnlite.optim import Logger
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     logger = Logger(f'{folder}/train.log').setNames(['loss', 'accuracy'])
    ...     logger.add([2.5, 10])
    ...     logger.add({'accuracy': 20, 'loss': 1.25})
    ...     Path(folder, 'train.log').read_text().split()
    ['loss', 'accuracy', '2.5000e+00', '1.0000e+01', '1.2500e+00', '2.0000e+01']

    Source: torch/optim, Logger.lua.
    """

    def __init__(self, filename=None, timestamp=False):
        if filename is None:
            self.name, self.file, self.pngfile = 'stdout', None, None
            print('<Logger> warning: no path provided, logging to std out')
        else:
            self.name = os.fspath(filename)
            # Colons, as Torch has them in the time, are not allowed in the names of all systems' files.
            self.file = self.name + (time.strftime('-%Y_%m_%d_%H-%M-%S') if timestamp else '')
            self.pngfile = f'{self.name}.png'
            Path(self.file).parent.mkdir(parents=True, exist_ok=True)
            Path(self.file).write_bytes(b'')
        self.names, self.symbols, self.styles = [], {}, {}
        self.defaultStyle = '+'
        self.logscale = False

    def setNames(self, names):
        """Name the columns, before the first `add`; return the logger.

        Raises:
            Error: they have names, or two of these are the same.
        """
        names = [str(name) for name in names]
        if self.names:
            raise Error(f'expected to name the columns once, they are {", ".join(self.names)}', where=self.name)
        if not names or len(set(names)) < len(names):
            raise Error(f'expected different names for the columns, got {names}', where=self.name)
        self._write(names)
        self.names = names
        self.symbols = {name: [] for name in names}
        self.styles = {name: [self.defaultStyle] for name in names}
        return self

    def add(self, symbols):
        """Write one line.

        Args:
            symbols: a number or a string for each column: a list, or a dict by their names. Columns without names get
                them from the first line: the dict's keys, or 1, 2 ...

        Raises:
            Error: a column is missing or unknown, or a value is neither a number nor a string.
        """
        symbols = self._by_name(symbols)
        names = self.names or list(symbols)
        if set(symbols) != set(names):
            raise Error(f'expected the columns {", ".join(names)}, got {", ".join(symbols)}', where=self.name)
        cells = [self._cell(name, symbols[name]) for name in names]
        if not self.names:
            self.setNames(names)
        self._write(cells)
        for name in names:
            self.symbols[name].append(symbols[name])

    def _by_name(self, symbols):
        """Return what was given for each column as a dict by the columns' names."""
        if not isinstance(symbols, dict):
            names = self.names or range(1, len(symbols) + 1)
            if len(symbols) != len(names):
                raise Error(f'expected {len(names)}, one for each column, got {len(symbols)}', where=self.name)
            symbols = dict(zip(names, symbols, strict=True))
        return {str(name): given.item() if is_on_gpu(given) else given for name, given in symbols.items()}

    def _cell(self, name, value):
        if isinstance(value, str):
            return value
        if not isinstance(value, Real) or isinstance(value, bool):
            came = type(value).__name__
            raise Error(f'expected a number or a string for {name}, got {came}', where=self.name)
        return f'{float(value):11.4e}'

    def _write(self, cells):
        line = ''.join(f'{cell}\t' for cell in cells)
        if self.file is None:
            print(line, flush=True)
        else:
            with open(self.file, 'a', encoding='utf-8') as file:
                file.write(f'{line}\n')

    def style(self, symbols):
        """Choose how curves look; return the logger.

        Args:
            symbols: a style, or a list of several, for each column: a list, or a dict by names. A style is '.' (dots),
                '+' (points), '-' (line), '+-' (both), '~' (smoothed line), '|' (boxes), or one that matplotlib's plot
                knows, such as 'r--'.

        Raises:
            Error: there is no such column, or a style is not a string.
        """
        for name, style in self._by_name(symbols).items():
            styles = [style] if isinstance(style, str) else style
            if not isinstance(styles, (list, tuple)) or not all(isinstance(each, str) for each in styles):
                raise Error(f'expected a style or a list of styles for {name}, got {style!r}', where=self.name)
            self._check_is_column(name)
            self.styles[name] = list(styles)
        return self

    def setlogscale(self, state):
        """Choose whether the plot's vertical axis is logarithmic."""
        self.logscale = bool(state)

    def display(self, state):
        """Do nothing: Torch chooses here whether a plot is shown on the screen as well, where ours never are."""

    def plot(self, *names):
        """Draw the columns of these names, or all that have numbers only, into `pngfile`.

        As in Torch a curve takes two values at least; with no curve there is no picture.

        Raises:
            Error: there is no file to draw beside, no such column, it has strings, or there is no such style.
        """
        if self.pngfile is None:
            raise Error('expected a file to draw beside, got a logger to the standard output', where='plot')
        for name in names:
            self._check_is_column(name)
            if not self._is_of_numbers(str(name)):
                raise Error(f'expected numbers to draw, got strings in column {name}', where=self.name)
        drawn = [str(name) for name in names] or [name for name in self.names if self._is_of_numbers(name)]
        drawn = [name for name in drawn if len(self.symbols[name]) > 1 and self.styles[name]]
        if drawn:
            with whole_file(self.pngfile) as file:
                self._figure(drawn).savefig(file, format='png', dpi=120)

    def _figure(self, names):
        from matplotlib.figure import Figure

        figure = Figure(figsize=(8, 5), layout='constrained')
        axes = figure.add_subplot(title=f'<Logger::{self.name}>')
        for i, name in enumerate(names):
            for j, style in enumerate(self.styles[name]):
                label = name if j == 0 else None
                try:
                    _draw(axes, np.array(self.symbols[name], np.float64), style, color=f'C{i}', label=label)
                except ValueError:
                    known = ', '.join([*_STYLES, '~', '|'])
                    raise Error(f"expected a style {known} or matplotlib's, got {style!r}", where=self.name) from None
        if self.logscale:
            axes.set_yscale('log')
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.grid(True)
        axes.legend()
        return figure

    def _is_of_numbers(self, name):
        return not any(isinstance(value, str) for value in self.symbols[name])

    def _check_is_column(self, name):
        if str(name) not in self.names:
            raise Error(f'expected one of the columns {", ".join(self.names)}, got {name}', where=self.name)


def _draw(axes, values, style, color, label):
    """Draw the values over 1, 2 ... in one of Torch's styles, or in matplotlib's own."""
    steps = np.arange(1, len(values) + 1)
    if style in _STYLES:
        axes.plot(steps, values, color=color, label=label, **_STYLES[style])
    elif style == '~':
        axes.plot(*_smooth(values), color=color, label=label)
    elif style == '|':
        axes.bar(steps, values, fill=False, edgecolor=color, label=label)
    else:
        axes.plot(steps, values, style, label=label)


def _smooth(values):
    """Return a curve through the values over 1, 2 ...: cubic pieces that meet with the same slope."""
    slopes = np.gradient(values)
    y0, y1, slope0, slope1 = values[:-1], values[1:], slopes[:-1], slopes[1:]
    t = np.linspace(0, 1, 16)[:, None]
    square, cube = 3 * (y1 - y0) - 2 * slope0 - slope1, 2 * (y0 - y1) + slope0 + slope1
    pieces = y0 + t * (slope0 + t * (square + t * cube))
    return (np.arange(1, len(values)) + t).ravel(order='F'), pieces.ravel(order='F')
