"""Small charts, drawn as SVG."""

import math
from html import escape

import numpy as np

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 720, 290, 64, 56, 34
TICKS = 14  # places that have their number below them, at most
BAR = 5  # pixels of a histogram's bar


def line_chart(values: np.ndarray, names: list[str], x_label: str, y_label: str) -> str:
    """Return a chart of positive numbers, on a logarithmic axis, over their places, from 1.

    Each point says its name under the pointer.

    >>> line_chart(np.array([1.0, 10.0]), ['a', 'b'], 'layer', 'norm').count('<circle')
    2
    """
    good = [(place, float(value)) for place, value in enumerate(values) if value > 0 and math.isfinite(value)]
    if not good:
        return '<p class="soft">no numbers above 0</p>'
    low = math.floor(math.log10(min(value for _, value in good)))
    high = max(math.ceil(math.log10(max(value for _, value in good))), low + 1)
    across, down = WIDTH - LEFT - 12, HEIGHT - BOTTOM - TOP

    def at(place: int, value: float) -> tuple[float, float]:
        x = LEFT + across * (place + 0.5) / len(values)
        return x, TOP + down * (high - math.log10(value)) / (high - low)

    points = [at(place, value) for place, value in good]
    label = f'{escape(y_label)} by {escape(x_label)}'
    parts = [f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">']
    for power in range(low, high + 1):
        y = TOP + down * (high - power) / (high - low)
        parts.append(f'<line class="axis" x1="{LEFT}" x2="{WIDTH - 12}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">1e{power}</text>')
    parts.append(f'<polyline class="curve" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in points)}"/>')
    for place in range(0, len(values), -(-len(values) // TICKS)):
        x, y = at(place, 10.0**low)
        parts.append(f'<text x="{x:.1f}" y="{y + 20:.1f}" text-anchor="middle">{place + 1}</text>')
    for (place, value), (x, y) in zip(good, points, strict=True):
        title = f'<title>{escape(names[place])}: {value:.3g}</title>'
        parts.append(f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="4">{title}</circle>')
    parts.append(f'<text x="{LEFT + across / 2}" y="{HEIGHT - 8}" text-anchor="middle">{escape(x_label)}</text>')
    return ''.join([*parts, f'<text x="{LEFT}" y="{TOP - 10}">{escape(y_label)}</text></svg>'])


def histogram(counts: np.ndarray, low: float, high: float) -> str:
    """Return a small chart of how numbers are spread.

    >>> histogram(np.array([1, 0, 2]), -1, 1).count('<rect')
    3
    """
    width, height, most = BAR * len(counts), 40, max(1, int(counts.max(initial=0)))
    bars = ''.join(
        f'<rect class="bar" x="{BAR * place}" y="{height * (1 - count / most):.1f}" width="{BAR - 1}" '
        f'height="{height * count / most:.1f}"/>'
        for place, count in enumerate(counts.tolist())
    )
    return (
        f'<svg viewBox="0 0 {width} {height + 16}" width="{width}" height="{height + 16}" role="img" '
        f'aria-label="histogram from {low:.3g} to {high:.3g}">{bars}<text x="0" y="{height + 13}">{low:.2g}</text>'
        f'<text x="{width}" y="{height + 13}" text-anchor="end">{high:.2g}</text></svg>'
    )
