"""A recording of every so many steps of a training run, for the Trainer."""

import os
from pathlib import Path
from typing import Any

from nnlite.errors import Error
from nnlite.trace.recorder import record


class Every:
    """Called before each step of the training, records every so many of them, each in a file of its own.

    A step that is recorded runs twice: once module by module, on some images of its batch, and then as ever; so the
    training comes to the same bits. A run that is resumed goes on in the same folder.

    Args:
        folder: where the files go, `step-000000.h5` and so on; it is made if it is not there.
        steps: how many there are from one record to the next.
        images: how many of a batch's are recorded, at most.
    """

    def __init__(self, folder: str | os.PathLike[str], steps: int, images: int = 16) -> None:
        for count, what in ((steps, 'step'), (images, 'image')):
            if count < 1:
                raise Error(f'expected 1 {what} or more, got {count}', where='Every')
        self.folder, self.steps, self.images = Path(folder), steps, images

    def __call__(self, net: Any, criterion: Any, images: Any, labels: Any, step: int) -> None:
        """Record the step, if it is its turn."""
        if step % self.steps:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        some = slice(self.images)
        frame = record(net, criterion, images[some], labels[some], step=step)
        frame.trace().save(self.folder / f'step-{step:06d}.h5')
