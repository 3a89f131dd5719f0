"""The embedded data set: ten kinds of shapes, textured, lit, cluttered, rotated and partly hidden, drawn from a seed.

What a shape is can only be told from its outline: place, angle, size, colours, texture and light are all left to
chance, so that a linear classifier hardly gets anywhere and depth pays. Each image follows from (seed, split, its
number) alone.
"""

import math
import os
from collections.abc import Callable

import numpy as np

from nnlite.data_prep.parallel import in_order
from nnlite.data_prep.report import Report
from nnlite.data_prep.samples import save_samples
from nnlite.data_prep.writer import write_dataset
from nnlite.errors import DataError

CLASSES = ('arrow', 'bars', 'crescent', 'cross', 'disc', 'heart', 'ring', 'square', 'star', 'triangle')
SIZES = (16, 32, 64)
# Outlines are drawn so many times larger, then averaged down to smooth edges.
FINE = 4
TASK = 250

Points = np.ndarray


def prepare(
    out: str | os.PathLike[str],
    size: int = 32,
    train: int = 10_000,
    val: int = 2_000,
    seed: int = 1,
    workers: int | None = None,
    quiet: bool = False,
) -> Report:
    """Draw a data set of shapes into the HDF5 file `out`, and OUT-samples.png beside it.

    The same arguments give the same images, whatever the number of workers (processes; default: one a core).

    Raises:
        DataError: a size that is not 16, 32 or 64, fewer than 10 training images, a negative count or seed.
        OSError: the file cannot be written.
    """
    if size not in SIZES:
        raise DataError(f'expected a size of 16, 32 or 64, got {size}')
    if train < len(CLASSES) or val < 0 or seed < 0:
        raise DataError(f'expected {len(CLASSES)} or more training images, val and seed from 0, got {train, val, seed}')
    tasks = [
        (seed, split, first, min(first + TASK, count), size)
        for split, count in (('train', train), ('val', val))
        for first in range(0, count, TASK)
    ]
    source = f'nnlite shapes: size {size}, {train} train, {val} val, seed {seed}'
    with write_dataset(out, (3, size, size), CLASSES, source=source, total=train + val, quiet=quiet) as writer:
        for (_, split, first, last, _), images in zip(tasks, in_order(draw_many, tasks, workers), strict=True):
            writer.append(split, images, np.arange(first, last) % len(CLASSES))
    save_samples(out)
    return Report(writer.sizes)


def draw_many(task: tuple[int, str, int, int, int]) -> np.ndarray:
    """Return the images of (seed, split, first, last, size), uint8 (last - first, 3, size, size)."""
    seed, split, first, last, size = task
    return np.stack([draw(number, split, size, seed) for number in range(first, last)]).transpose(0, 3, 1, 2)


def draw(number: int, split: str = 'train', size: int = 32, seed: int = 1) -> np.ndarray:
    """Return one image, uint8 (size, size, 3); its class is that of `number % 10`.

    >>> draw(7).shape, CLASSES[7 % 10]
    ((32, 32, 3), 'square')
    """
    generator = np.random.default_rng((seed, ('train', 'val').index(split), number))
    ground, figure = _contrasting_colors(generator)
    image = ground + _texture(generator, size, 24)
    image = _over(image, *_clutter(generator, size))
    outline, holes = OUTLINES[CLASSES[number % len(CLASSES)]]()
    place = _place(generator)
    mask = _mask(size, [_moved(points, *place) for points in outline], [_moved(points, *place) for points in holes])
    image = _over(image, figure + _texture(generator, size, 24), mask)
    if generator.random() < 0.5:
        image = _over(image, *_cover(generator, size, place))
    image = image * _light(generator, size) + generator.normal(0, 6, image.shape)
    return np.clip(np.rint(image), 0, 255).astype(np.uint8)


def _over(image: np.ndarray, paint: np.ndarray, mask: np.ndarray) -> np.ndarray:
    return image + (paint - image) * mask


def _contrasting_colors(generator: np.random.Generator) -> np.ndarray:
    """Return the colours of the ground and of the shape: which one is lighter, and by what hue, is chance."""
    while True:
        colors = generator.uniform(30, 225, (2, 3))
        if np.abs(colors[0] - colors[1]).mean() > 70:
            return colors


def _texture(generator: np.random.Generator, size: int, strength: float) -> np.ndarray:
    """Return (size, size, 1): stripes, blotches or nothing, between -strength and strength."""
    kind = generator.integers(3)
    if kind == 0:
        return np.zeros((size, size, 1))
    if kind == 1:
        return strength * _blotches(generator, size, int(generator.integers(3, 8)))
    angle, period, phase = generator.uniform((0, 0.1, 0), (np.pi, 0.3, 2 * np.pi))
    x = np.arange(size) / size
    along = np.cos(angle) * x[:, None] + np.sin(angle) * x
    return strength * np.sin(2 * np.pi * along / period + phase)[:, :, None]


def _blotches(generator: np.random.Generator, size: int, coarse: int) -> np.ndarray:
    """Return smooth noise, (size, size, 1), about between -1 and 1."""
    from PIL import Image

    noise = Image.fromarray(generator.uniform(-1, 1, (coarse, coarse)).astype(np.float32))
    return np.asarray(noise.resize((size, size), Image.Resampling.BICUBIC))[:, :, None]


def _clutter(generator: np.random.Generator, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return scraps that are no shapes, lines and specks, as colours (size, size, 3) and a mask (size, size, 1)."""
    from PIL import Image, ImageDraw

    side = size * FINE
    paint, mask = Image.new('RGB', (side, side)), Image.new('L', (side, side))
    on_paint, on_mask = ImageDraw.Draw(paint), ImageDraw.Draw(mask)
    for _ in range(generator.integers(2, 6)):
        color = tuple(generator.integers(20, 236, 3).tolist())
        x, y, angle, length = generator.uniform((0, 0, 0, 0.05), (1, 1, 2 * np.pi, 0.3))
        dx, dy = length * np.cos(angle), length * np.sin(angle)
        line = [(side * (x - dx), side * (y - dy)), (side * (x + dx), side * (y + dy))]
        width = int(side * generator.uniform(0.02, 0.07))
        on_paint.line(line, color, width + FINE)
        on_mask.line(line, 255, width)
    return np.asarray(paint.reduce(FINE), np.float64), np.asarray(mask.reduce(FINE))[:, :, None] / 255


def _place(generator: np.random.Generator) -> tuple[float, float, float, float]:
    """Return radius, angle and centre (x, y) of a shape, in units of the image's side."""
    radius = generator.uniform(0.28, 0.44)
    x, y = 0.5 + generator.uniform(-1, 1, 2) * (0.46 - radius)
    return radius, generator.uniform(-0.6, 0.6), x, y


def _moved(points: Points, radius: float, angle: float, x: float, y: float) -> Points:
    """Return the points of an outline within the unit circle, turned, scaled and put in their place."""
    cos, sin = math.cos(angle), math.sin(angle)
    return radius * points @ np.array([[cos, sin], [-sin, cos]]) + (x, y)


def _mask(size: int, outline: list[Points], holes: list[Points]) -> np.ndarray:
    """Return (size, size, 1): 1 inside the polygons, 0 outside and in the holes, between on the edges."""
    from PIL import Image, ImageDraw

    mask = Image.new('L', (size * FINE, size * FINE))
    draw = ImageDraw.Draw(mask)
    for polygons, value in ((outline, 255), (holes, 0)):
        for points in polygons:
            draw.polygon((points * size * FINE).ravel().tolist(), value)
    return np.asarray(mask.reduce(FINE))[:, :, None] / 255


def _cover(
    generator: np.random.Generator, size: int, place: tuple[float, float, float, float]
) -> tuple[np.ndarray, np.ndarray]:
    """Return something in front that hides a part of the shape's rim: its colour and its mask."""
    radius, _, x, y = place
    angle, turn = generator.uniform(0, 2 * np.pi, 2)
    distance = radius * generator.uniform(0.7, 1)
    centre = (x + distance * np.cos(angle), y + distance * np.sin(angle))
    blob = _circle(1, int(generator.integers(4, 9))) * generator.uniform(0.5, 1, 2)
    color = generator.uniform(30, 225, 3) + _texture(generator, size, 20)
    return color, _mask(size, [_moved(blob, 0.45 * radius, turn, *centre)], [])


def _light(generator: np.random.Generator, size: int) -> np.ndarray:
    """Return light that falls off across the image, (size, size, 1), around 1."""
    angle, strength = generator.uniform((0, 0), (2 * np.pi, 0.5))
    x = np.linspace(-1, 1, size)
    return 1 + strength * (np.cos(angle) * x[:, None] + np.sin(angle) * x)[:, :, None] / 1.4


def _circle(radius: float, corners: int = 40, x: float = 0) -> Points:
    angle = 2 * np.pi * np.arange(corners) / corners
    return np.stack([x + radius * np.cos(angle), radius * np.sin(angle)], 1)


def _box(left: float, top: float, right: float, bottom: float) -> Points:
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)])


def _star() -> Points:
    points = _circle(1, 10)
    points[1::2] *= 0.42
    return points


def _heart() -> Points:
    t = 2 * np.pi * np.arange(40) / 40
    x, y = 16 * np.sin(t) ** 3, 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
    # Upside down in the formula's plane is upright in a picture, whose rows count downwards.
    return np.stack([x, -2.5 - y], 1) / 17


# Of each class the filled outlines and the holes, within the unit circle. None is another's mirror image: a flip of
# the picture must not change the class.
OUTLINES: dict[str, Callable[[], tuple[list[Points], list[Points]]]] = {
    'arrow': lambda: (
        [np.array([(1, 0), (0.1, 0.85), (0.1, 0.3), (-0.95, 0.3), (-0.95, -0.3), (0.1, -0.3), (0.1, -0.85)])],
        [],
    ),
    'bars': lambda: ([_box(-0.85, -0.6, 0.85, -0.18), _box(-0.85, 0.18, 0.85, 0.6)], []),
    'crescent': lambda: ([_circle(1)], [_circle(0.8, x=0.45)]),
    'cross': lambda: ([_box(-0.95, -0.28, 0.95, 0.28), _box(-0.28, -0.95, 0.28, 0.95)], []),
    'disc': lambda: ([_circle(0.9)], []),
    'heart': lambda: ([_heart()], []),
    'ring': lambda: ([_circle(0.95)], [_circle(0.5)]),
    'square': lambda: ([_box(-0.72, -0.72, 0.72, 0.72)], []),
    'star': lambda: ([_star()], []),
    'triangle': lambda: ([_circle(1, 3)], []),
}
