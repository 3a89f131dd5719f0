"""The folder of a run: its checkpoint, from which it goes on to the same bits, and its best network."""

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from nnlite import nn
from nnlite.errors import DataError, Error, FileFormatError
from nnlite.file_lock import LOCK, locked_folder
from nnlite.serialization import load, save
from nnlite.tensor.devices import array_module
from nnlite.training.environment import differences
from nnlite.training.meters import Meters
from nnlite.training.records import EPOCH_COLUMNS

LATEST = 'latest.t7'
BEST = 'best.t7'
GO_ON = 'resume=True, or --resume instead of --save, goes on with the run that is there'
UNFINISHED = '.*.part'  # what a killed program leaves of a file it was writing

_PARTS: dict[str, tuple[type, ...]] = {
    'optimState': (dict,),
    'epoch': (int,),
    'batch': (int,),
    'rng': (np.ndarray,),
    'history': (list,),
    'meters': (dict,),
    'seconds': (int, float),
    'classes': (list,),
    'arguments': (dict,),
    'environment': (dict,),
}


class CheckpointFolder:
    """A folder that belongs to one run.

    A checkpoint is one .t7 table, whole or absent, `latest.t7`: model, optimState, epoch and batch (the place in the
    data), rng, history and more. `best.t7` is a table with the model of the best validation accuracy, and no state.
    Both say what the network learnt from: `classes`, their `names` for people, and `pictures`, the images' size
    (height, width), mean and std.

    Args:
        folder: made if it is not there.
        resume: whether a run may be in it already.

    Raises:
        Error: the folder holds something, and `resume` is False; or what it holds is no run; or another run writes to
            it.
    """

    def __init__(self, folder: str | os.PathLike[str], resume: bool = False) -> None:
        self.path, self._resume = Path(folder), resume
        if self.path.exists() and not self.path.is_dir():
            raise Error('expected a folder for the run, got a file of that name', where=str(folder))
        self.path.mkdir(parents=True, exist_ok=True)
        with locked_folder(self.path):
            there = contents(self.path)
        self.has_run = LATEST in there
        if there and not (resume and self.has_run):
            expected = f'an empty folder or one with {LATEST}' if resume else 'an empty folder'
            self._refuse(expected, there, GO_ON if self.has_run else 'choose another folder')

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Let no other run write to the folder in this block.

        Raises:
            Error: another one does, or has begun there since this one was made, and `resume` is False.
        """
        with locked_folder(self.path):
            if not self.has_run and (self.path / LATEST).exists():
                if not self._resume:
                    self._refuse(f'a folder without {LATEST}', ['that of another run, which came first'], GO_ON)
                self.has_run = True
            yield

    def _refuse(self, expected: str, there: list[str], hint: str) -> NoReturn:
        raise Error(f'expected {expected}, got {", ".join(there[:5])}', where=str(self.path), hint=hint)

    def load(self) -> dict[str, Any]:
        """Return the checkpoint.

        Raises:
            FileFormatError: it is damaged, or no checkpoint.
        """
        return load_checkpoint(self.path / LATEST)

    def save(self, checkpoint: dict[str, Any]) -> None:
        """Put a checkpoint in the place of the last one."""
        save(self.path / LATEST, checkpoint)
        self.has_run = True

    def save_best(self, best: dict[str, Any]) -> None:
        """Put a network in the place of the best one until now."""
        save(self.path / BEST, best)


def contents(folder: Path) -> list[str]:
    """Return the names of what is in a locked folder, sorted; remove what a killed program left unfinished there."""
    for part in folder.glob(UNFINISHED):
        part.unlink()
    return sorted(child.name for child in folder.iterdir() if child.name != LOCK)


def load_checkpoint(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return a checkpoint of any run, its parts checked as far as a stranger's file needs it.

    Raises:
        FileFormatError: the file is damaged, or no checkpoint.
    """
    checkpoint = load(path)
    hint = 'a checkpoint is what a Trainer saves; nnlite.load gives whatever else a .t7 file holds'
    if not isinstance(checkpoint, dict) or not isinstance(checkpoint.get('model'), nn.Module):
        raise FileFormatError('expected a checkpoint, got a file without a model in it', where=str(path), hint=hint)
    for name, kinds in _PARTS.items():
        part = checkpoint.get(name)
        if kinds == (dict,) and isinstance(part, list) and not part:
            part = checkpoint[name] = {}  # an empty Lua table does not say which of the two it is
        if not isinstance(part, kinds):
            message = f'expected a checkpoint, got one whose {name} is {type(part).__name__}'
            raise FileFormatError(message, where=str(path), hint=hint)
    stream = checkpoint.get('rngGPU', np.zeros(2, np.int64))
    if not isinstance(stream, np.ndarray) or (stream.dtype, stream.shape) != (np.int64, (2,)):
        message = 'expected a checkpoint, got one whose rngGPU is not the state of a random stream'
        raise FileFormatError(message, where=str(path), hint=hint)
    if checkpoint['meters'].keys() != Meters().state.keys() or not all(map(_is_row, checkpoint['history'])):
        message = 'expected a checkpoint with the sums and rows of its epochs, got others'
        raise FileFormatError(message, where=str(path), hint=hint)
    return checkpoint


def _is_row(row: Any) -> bool:
    """Return whether this is what a Trainer keeps of an epoch: numbers by the names of the columns."""
    return (
        isinstance(row, dict)
        and {'epoch', 'learning_rate', 'train_loss', 'train_top1'} <= row.keys() <= set(EPOCH_COLUMNS)
        and all(isinstance(value, int | float) for value in row.values())
    )


def check_arguments(before: dict[str, Any], now: dict[str, Any], where: str) -> None:
    """Raise unless a run that goes on has the arguments it began with.

    Raises:
        Error: they differ; the message lists where.
    """
    lines = differences(before, now)
    if lines:
        raise Error(
            'expected the arguments that the run began with, got others:\n    ' + '\n    '.join(lines),
            where=where,
            hint='give the same ones, or begin anew in another folder',
        )


def check_classes(trained: Sequence[str], given: Sequence[str], where: str) -> None:
    """Raise unless the classes of a data set are those that a network was trained on, in the same order.

    Raises:
        DataError: they are not; the message names the first that differs.
    """
    if list(trained) == list(given):
        return
    if len(trained) != len(given):
        what = f'expected the {len(trained)} classes that the network was trained on, got {len(given)}'
    else:
        number = next(i for i, (a, b) in enumerate(zip(trained, given, strict=True)) if a != b)
        what = f'expected class {number + 1} to be {trained[number]!r}, as in training, got {given[number]!r}'
    raise DataError(what, where=where, hint='labels would mean other things: use data with the same classes')


def copy_arrays(source: Any, target: Any, where: str) -> None:
    """Copy all that a network from a file has learnt, running statistics included, into one of the same build.

    The arrays of `target` stay where they are, so that the vectors of getParameters() and everyone who holds the
    network see it.

    Raises:
        FileFormatError: the networks differ.
    """
    theirs, ours = ([(key, array) for _, key, array in net.arrays()] for net in (source, target))
    forms = [[(key, array.shape, array.dtype) for key, array in arrays] for arrays in (theirs, ours)]
    if repr(source) != repr(target) or forms[0] != forms[1]:
        raise FileFormatError('expected a network of the same layers as the one to go on with, got another', where)
    for (_, theirs_array), (_, ours_array) in zip(theirs, ours, strict=True):
        np.copyto(ours_array, array_module(ours_array).asarray(theirs_array))
