"""The paper's figure of sample images with the names of their classes."""

import os
import warnings
from pathlib import Path

import numpy as np

from nnlite.data_prep.dataset import open_dataset
from nnlite.whole_file import whole_file

CLASSES = 10
COLUMNS = 10
SIDE = 128  # pixels of an image in the picture; larger ones are shown smaller


def save_samples(path: str | os.PathLike[str]) -> Path:
    """Draw images of a data set, a row for each class, into FILE-samples.png beside FILE.h5; return that path.

    Of more than ten classes, ten are taken evenly from the whole list. Images of a class are taken evenly too.

    Raises:
        FileFormatError: the file is damaged or not a data set.
        OSError: the picture cannot be written.
    """
    # The importer's own matplotlib, its backend and its open figures, stays untouched.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from PIL import Image

    with open_dataset(path) as data:
        labels = data.labels('train')
        shown = _evenly(np.arange(len(data.classes)), CLASSES)
        _, height, width = data.shape
        step = -(-max(height, width) // SIDE)
        height, width = -(-height // step), -(-width // step)
        gap = max(1, width // 16)
        mosaic = np.full((len(shown) * (height + gap) - gap, COLUMNS * (width + gap) - gap, 3), 255, np.uint8)
        for row, label in enumerate(shown):
            chosen = _evenly(np.flatnonzero(labels == label), COLUMNS)
            for column, number in enumerate(chosen):
                pixels = data.images('train', [number])[0].transpose(1, 2, 0)
                image = np.asarray(Image.fromarray(pixels).reduce(step))
                top, left = row * (height + gap), column * (width + gap)
                mosaic[top : top + height, left : left + width] = image
        names = [data.names[label] for label in shown]
        counts = ', '.join(f'{size:,} {split}' for split, size in data.sizes.items())
        of = f' of {len(data.classes)}' if len(shown) < len(data.classes) else ''
        size = f'{data.shape[2]}x{data.shape[1]}'
    figure = Figure(figsize=(8, 8 * mosaic.shape[0] / mosaic.shape[1] * 0.8 + 0.6), layout='constrained')
    canvas = FigureCanvasAgg(figure)
    axes = figure.subplots()
    # Pixels stay the squares they are.
    axes.imshow(mosaic, interpolation='nearest')
    axes.set_yticks(
        [row * (height + gap) + height / 2 for row in range(len(shown))], map(_short, names), parse_math=False
    )
    axes.set_xticks([])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    title = f'{Path(path).stem}: {len(shown)}{of} classes, {counts}, {size}'
    axes.set_title(title, fontsize=10, parse_math=False)
    target = Path(path).with_name(f'{Path(path).stem}-samples.png')
    with whole_file(target) as file, warnings.catch_warnings():
        # A letter that the font lacks becomes a box.
        warnings.filterwarnings('ignore', 'Glyph')
        # 'tight': the longest class name decides how wide the picture is.
        canvas.print_figure(file, dpi=150, format='png', bbox_inches='tight')
    return target


def _evenly(values: np.ndarray, count: int) -> np.ndarray:
    """Return at most `count` of the values, from the first on at even distances."""
    return values[np.arange(min(count, len(values))) * len(values) // min(count, len(values))]


def _short(name: str) -> str:
    """Return the first of WordNet's synonyms: 'goldfish' of 'goldfish, Carassius auratus'."""
    first = name.split(',')[0]
    return first if len(first) < 24 else first[:22] + '…'
