"""What a person sees while a network trains: a bar with images a second and the time left, and a line an epoch."""

from typing import Any

import nnlite
from nnlite.training.environment import environment


class Progress:
    """The bars and lines of one run: bars on stderr, where that is a terminal; lines on stdout; none if quiet."""

    def __init__(self, quiet: bool = False) -> None:
        self.quiet = quiet

    def bar(self, title: str, total: int, done: int = 0, unit: str = 'images') -> Any:
        """Return a tqdm bar over `total` images, or other units, `done` of which were seen before it began."""
        from tqdm import tqdm

        return tqdm(
            desc=title,
            total=total,
            initial=done,
            unit=f' {unit}',
            leave=False,
            dynamic_ncols=True,
            disable=True if self.quiet else None,
        )

    def say(self, line: str) -> None:
        """Print a line, above the bar where there is one."""
        if not self.quiet:
            from tqdm import tqdm

            tqdm.write(line)


def epoch_line(row: dict[str, Any], epochs: int) -> str:
    """Return what an epoch came to, in one line.

    >>> epoch_line(dict(epoch=2, learning_rate=0.1, train_loss=1.5, train_top1=50, seconds=2, images_per_second=99), 9)
    'epoch  2/9  rate 0.1      train: loss 1.500, top-1  50.0 %   99 images/s'
    """
    parts = [
        f'epoch {row["epoch"]:{len(str(epochs)) + 1}}/{epochs}  rate {row["learning_rate"]:<6.3g}',
        f'train: loss {row["train_loss"]:.3f}, top-1 {row["train_top1"]:5.1f} %',
        f'{row["images_per_second"]:.0f} images/s',
    ]
    if 'val_loss' in row:
        parts.insert(
            2, f'val: loss {row["val_loss"]:.3f}, top-1 {row["val_top1"]:5.1f} %, top-5 {row["val_top5"]:5.1f} %'
        )
    return '   '.join(parts)


def header(device: str = 'cpu') -> str:
    """Return which kernels, threads and device are in use, in one line."""
    where = 'cpu' if device == 'cpu' else f'{device} ({environment(device)["device"]})'
    return f'kernels {environment(device)["kernels"]}, threads {nnlite.getnumthreads()}, device {where}'
