"""The training loop: fb.resnet.torch's recipe, checkpoints included."""

import math
import os
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import numpy as np

import nnlite
from nnlite import optim, optnet
from nnlite.errors import Error
from nnlite.nn.by_example import by_example
from nnlite.training.backward import backward_to_parameters
from nnlite.training.checkpoint import CheckpointFolder, check_arguments, check_classes, copy_arrays
from nnlite.training.curves import draw_run
from nnlite.training.device import choose, device_of, move, type_on
from nnlite.training.environment import differences, environment
from nnlite.training.evaluation import evaluate
from nnlite.training.gpu_memory import enough_memory
from nnlite.training.interrupt import Interrupt
from nnlite.training.meters import Meters
from nnlite.training.on_gpu import StepsOnGPU
from nnlite.training.preparation import about
from nnlite.training.progress import Progress, epoch_line
from nnlite.training.records import EPOCH_COLUMNS, write_records
from nnlite.training.schedule import step_schedule
from nnlite.training.tracing import NotFiniteError, all_finite, trace

LOG = 'log.csv'
CURVES = 'curves.png'
_RANGES = {
    'learningRate': 'a learning rate above 0',
    'momentum': 'a momentum from 0 to below 1',
    'weightDecay': 'a weight decay of 0 or more',
    'minutes': '0 minutes or more',
}


class Trainer:
    """Trains a network, and keeps in a folder all that it takes to go on after whatever stopped it.

    The recipe is fb.resnet.torch's: SGD with Nesterov momentum, weight decay on all parameters, and a learning rate
    that falls to a tenth after half of the epochs and to a hundredth after three quarters.

    Args:
        net: an nn.Module from images to scores (N, classes). It is trained in place.
        criterion: the loss, an nn.Criterion of the scores and labels from 1; it and the images become of net's type.
        train: a data_prep.Loader, or what has its `epoch(number, start)`, `len`, `size` and `classes`.
        val: the same for validation, or None.
        save: a folder for `latest.t7` (the checkpoint), `best.t7`, `log.csv` and `curves.png`; None keeps nothing.
        resume: go on with the run that is in the folder, with the same arguments; an empty folder begins anew.
        learningRate, momentum, weightDecay: of SGD.
        schedule: called with (epoch, epochs, learningRate), returns the rate of that epoch.
        minutes: between checkpoints within an epoch. There is one at the end of each epoch anyway.
        arguments: a dict of numbers and strings, whatever else the result depends on; compared when resuming.
        curves: whether to draw `curves.png` after each epoch.
        before_step: called with (net, criterion, images, labels, step) before each step of training, which counts from
            0 over all epochs; it may run the network, and is to leave its parameters as they are.
        after_epoch: called with the rows until now, at the end of each epoch.
        optimize: run the network as nnlite.optnet makes it: neighbours as one module, gradients in shared memory.
        quiet: no bars and lines.
        device: 'cpu', 'cuda' or 'cuda:N', where network and criterion move to; None leaves them where they are.
        graph: whether steps on a GPU are captured in CUDA graphs once they are warm, so that no kernel waits for
            Python; None tries, and goes on without if they cannot be. The bits are the same.

    On a GPU, losses and hits stay there and are read after some steps and at the end of each epoch. A loss or gradient
    that is not finite is noticed then; no weight has changed since.

    Attributes: `net`; `device`; `optimState`; `epoch`, the one to be run, from 1, and `batch`, how many of its batches
    are done; `history`, a list with a dict for each epoch, whose keys are the columns of `log.csv`.

    One run at a time writes to a folder, which is locked while it trains; a lock ends with its process, also if that is
    killed. On Windows, and in file systems without locks, nobody is kept out.

    A run that was interrupted and resumed ends in the bits of one that was not, given the same versions, kernels and
    threads; the checkpoint knows those, and resuming with others warns.

    Raises:
        Error: the folder holds something and `resume` is False; or another run writes to it.
        DeviceError: the device is not there, or has too little memory.

    Source: fb.resnet.torch, main.lua, train.lua and checkpoints.lua.
    """

    def __init__(
        self,
        net: Any,
        criterion: Any,
        train: Any,
        val: Any = None,
        save: str | os.PathLike[str] | None = None,
        resume: bool = False,
        learningRate: float = 0.1,
        momentum: float = 0.9,
        weightDecay: float = 1e-4,
        schedule: Callable[[int, int, float], float] = step_schedule,
        minutes: float = 5,
        arguments: dict[str, Any] | None = None,
        curves: bool = True,
        before_step: Callable[[Any, Any, Any, Any, int], None] | None = None,
        after_epoch: Callable[[list[dict[str, Any]]], None] | None = None,
        quiet: bool = False,
        optimize: bool = True,
        device: str | None = None,
        graph: bool | None = None,
    ) -> None:
        for name, value, right in (
            ('learningRate', learningRate, learningRate > 0),
            ('momentum', momentum, 0 <= momentum < 1),
            ('weightDecay', weightDecay, weightDecay >= 0),
            ('minutes', minutes, minutes >= 0),
        ):
            if not (right and math.isfinite(value)):
                raise Error(f'expected {_RANGES[name]}, got {value}', where='Trainer')
        if resume and save is None:
            raise Error('expected a folder to resume from, got none', where='Trainer', hint="give save='DIR' too")
        self.folder = None if save is None else CheckpointFolder(save, resume)
        self.device = device_of(net) if device is None else choose(device)
        self.schedule, self.minutes, self.curves = schedule, minutes, curves
        self.before_step, self.after_epoch = before_step, after_epoch
        self.progress = Progress(quiet)
        self.learningRate = learningRate
        self.optimize, self.graph = optimize, graph
        with enough_memory() if self.device != 'cpu' else nullcontext():
            self.net = move(net, self.device, type_on(self.device, net.type()))
            self.criterion, self.train, self.val = move(criterion, self.device, net.type()), train, val
            self.params, self.gradParams = net.getParameters()
            self._run_as(net, graph=False)
        self.optimState: dict[str, Any] = {
            'learningRate': learningRate,
            'learningRateDecay': 0,
            'momentum': momentum,
            'dampening': 0,
            'nesterov': momentum > 0,
            'weightDecay': weightDecay,
        }
        self._interrupt = Interrupt()
        self.epoch, self.batch, self.meters, self.seconds = 1, 0, Meters(), 0.0
        self.history: list[dict[str, Any]] = []
        self.arguments = {
            'learningRate': learningRate,
            'momentum': momentum,
            'weightDecay': weightDecay,
            'images': train.size,
            'batchSize': getattr(train, 'batchSize', None),
            'augment': getattr(getattr(train, 'augment', None), '__name__', None),
            'dataSeed': getattr(train, 'seed', None),
            'validationImages': val.size if val is not None else None,
            'optimize': None if optimize else False,
            **(arguments or {}),
        }

    def run(self, epochs: int) -> list[dict[str, Any]]:
        """Train until so many epochs are done, and return `history`.

        Raises:
            Error: resuming, and the arguments are not those that the run began with; or another run writes to the
                folder.
            DataError: resuming, and the classes are not.
            NotFiniteError: a loss or gradient is NaN or Inf; the weights are those before the batch.
            DeviceError: the GPU has too little memory; or a step cannot be captured, and `graph` is True.
            KeyboardInterrupt: Ctrl-C; the checkpoint is that of the last whole step.
        """
        self.arguments['epochs'] = epochs
        with nullcontext() if self.folder is None else self.folder.alone():
            self._begin()
            self._run_as(optnet.optimizeMemory(optnet.fuse(self.net)) if self.optimize else self.net, self.graph)
            try:
                with self._steps or nullcontext():
                    self._train(epochs)
            finally:
                self._run_as(optnet.removeOptimization(self.net), graph=False)  # whose owner may change it now
        return self.history

    def _run_as(self, net: Any, graph: bool | None) -> None:
        """Let the steps be those of this network: ours, or its cheaper twin of the same layers."""
        self._running = net
        self._steps = None
        if self.device != 'cpu':
            self._steps = StepsOnGPU(net, self.criterion, graph, len(self.train.classes))

    def _train(self, epochs: int) -> None:
        # What NumPy would only warn of is looked at here, in every step.
        with Interrupt() as self._interrupt, np.errstate(over='ignore', invalid='ignore', divide='ignore'):
            self._saved = time.monotonic()
            while self.epoch <= epochs:
                self.optimState['learningRate'] = self.schedule(self.epoch, epochs, self.learningRate)
                self._train_epoch()
                self._end_epoch(self._row(self.evaluate()))
        if self._steps is not None:
            self.progress.say(f'GPU memory: {self._steps.memory()}')

    def step(self, images: np.ndarray, labels: np.ndarray) -> float:
        """Train on one batch and return its loss.

        Raises:
            NotFiniteError: the loss or a gradient is NaN or Inf; no weight has changed.
            DeviceError: the GPU has too little memory.
        """
        rng = nnlite.getRNGState()
        if self._steps is not None:
            self._steps.train(images, labels, self.params, self.gradParams, self.optimState)
            reading = self._steps.read()
            if reading.fault:
                self._stop(rng, *self._steps.hold(images, labels))
            return reading.losses[-1]
        images = images.astype(self.net.dtype, copy=False)

        def feval(params: np.ndarray) -> tuple[float, np.ndarray]:
            self.gradParams.fill(0)
            output = self._running.forward(images)
            loss = self.criterion.forward(output, labels)
            if math.isfinite(loss):
                backward_to_parameters(self._running, images, self.criterion.backward(output, labels))
            if not (math.isfinite(loss) and all_finite(self.gradParams)):
                self._stop(rng, images, labels)
            return loss, self.gradParams

        _, (loss,) = optim.sgd(feval, self.params, self.optimState)
        return loss

    def evaluate(self) -> Meters | None:
        """Return loss and accuracies over the validation images, or None if there are none.

        Raises:
            NotFiniteError: a loss is NaN or Inf.
        """
        if self.val is None:
            return None
        self.net.evaluate()
        with self.progress.bar(f'epoch {self.epoch}, validation', self.val.size) as bar:

            def after_batch(output: np.ndarray, labels: np.ndarray) -> None:
                bar.update(len(labels))
                if self._interrupt.asked:
                    self._stop_here()

            try:
                return evaluate(self._running, self.criterion, self.val, after_batch, self._steps)
            except NotFiniteError as error:
                raise self._located(error) from None

    def _train_epoch(self) -> None:
        self.net.training()
        with self.progress.bar(f'epoch {self.epoch}', self.train.size, self.meters.images) as bar:
            start, before = time.monotonic(), self.seconds
            for images, labels in self.train.epoch(self.epoch, self.batch):
                if self.before_step is not None:
                    step = (self.epoch - 1) * len(self.train) + self.batch
                    self.before_step(self.net, self.criterion, images, labels, step)
                if self._steps is None:
                    loss = self.step(images, labels)
                    self.meters.add(loss, by_example(self._running.output, len(labels)), labels)
                else:
                    self._steps.train(images, labels, self.params, self.gradParams, self.optimState)
                self.batch += 1
                if self._steps is not None and self._steps.must_be_read:
                    self._read(self._steps)
                self.seconds = before + time.monotonic() - start
                bar.update(len(labels))
                if self.meters.images:
                    bar.set_postfix_str(f'loss {self.meters.loss:.3f}, top-1 {self.meters.top1:.1f} %', refresh=False)
                if self._interrupt.asked:
                    self._stop_here()
                if time.monotonic() - self._saved >= 60 * self.minutes and self.batch < len(self.train):
                    self._save()
            if self._steps is not None:
                self._read(self._steps)
                self.seconds = before + time.monotonic() - start

    def _read(self, steps: StepsOnGPU) -> None:
        """Wait for the GPU, and count what its steps came to since the last time."""
        unread, reading = steps.unread, steps.read()
        self.meters.enter(reading.losses, reading.images, reading.correct1, reading.correct5)
        if reading.fault:
            self.batch -= unread - len(reading.losses)
            images, labels = next(self.train.epoch(self.epoch, self.batch))
            self._stop(nnlite.getRNGState(), *steps.hold(images, labels))
        if steps.why_no_graph:
            self.progress.say(f'going on without: {steps.why_no_graph}')
            steps.why_no_graph = None

    def _row(self, val: Meters | None) -> dict[str, Any]:
        row = {
            'epoch': self.epoch,
            'learning_rate': self.optimState['learningRate'],
            'train_loss': self.meters.loss,
            'train_top1': self.meters.top1,
            'train_top5': self.meters.top5,
            'seconds': self.seconds,
            'images_per_second': self.meters.images / max(self.seconds, 1e-9),
        }
        if val is not None:
            row.update(val_loss=val.loss, val_top1=val.top1, val_top5=val.top5)
        return row

    def _end_epoch(self, row: dict[str, Any]) -> None:
        is_best = 'val_top1' in row and row['val_top1'] > max((r['val_top1'] for r in self.history), default=-1)
        self.history.append(row)
        self.epoch, self.batch, self.meters, self.seconds = self.epoch + 1, 0, Meters(), 0.0
        self.progress.say(epoch_line(row, self.arguments['epochs']))
        # The checkpoint comes after the best network and before what is drawn from it: killed in between, the run
        # comes to the same best network again, and draws the rest when it resumes.
        if self.folder is not None and is_best:
            self.folder.save_best(
                {
                    'model': self.net,
                    'classes': self.train.classes,
                    **about(self.train),
                    'epoch': row['epoch'],
                    'val_top1': row['val_top1'],
                }
            )
        self._save()
        self._report()
        if self._interrupt.asked:
            raise KeyboardInterrupt

    def _report(self) -> None:
        if self.folder is not None and self.history:
            write_records(self.folder.path / LOG, EPOCH_COLUMNS, self.history)
            if self.curves:
                draw_run(self.folder.path / CURVES, self.history, self.folder.path.name)
        if self.after_epoch is not None and self.history:
            self.after_epoch(self.history)

    def _begin(self) -> None:
        """Take up the run in the folder, or leave a first checkpoint there: a full disk shows now, not in an hour."""
        if self.folder is None:
            return
        if not self.folder.has_run:
            self._save()
            return
        where = str(self.folder.path)
        checkpoint = self.folder.load()
        check_arguments(checkpoint['arguments'], self._told(), where)
        check_classes(checkpoint['classes'], self.train.classes, where)
        for line in differences(checkpoint['environment'], environment(self.device)):
            print(f'nnlite: resuming with another environment, so not to the same bits: {line}', file=sys.stderr)
        copy_arrays(checkpoint['model'], self.net, where)
        self.optimState = checkpoint['optimState']
        self.epoch, self.batch = checkpoint['epoch'], checkpoint['batch']
        self.meters, self.seconds = Meters(**checkpoint['meters']), checkpoint['seconds']
        self.history = checkpoint['history']
        nnlite.setRNGState(checkpoint['rng'])
        if self._steps is not None and 'rngGPU' in checkpoint:
            self._steps.setRNGState(checkpoint['rngGPU'])
        if self.epoch <= self.arguments['epochs']:
            self.progress.say(f'resuming in epoch {self.epoch}, after batch {self.batch} of {len(self.train)}')
        self._report()

    def _told(self) -> dict[str, Any]:
        """Return the arguments as a file gives them back: those that are None are not in it."""
        return {name: value for name, value in self.arguments.items() if value is not None}

    def _save(self) -> None:
        if self._steps is not None and self._steps.unread:
            self._read(self._steps)
        if self.folder is None:
            return
        self.folder.save(
            {
                'model': self.net,
                'optimState': self.optimState,
                'epoch': self.epoch,
                'batch': self.batch,
                'meters': self.meters.state,
                'seconds': self.seconds,
                'history': self.history,
                'rng': nnlite.getRNGState(),
                **({} if self._steps is None else {'rngGPU': self._steps.getRNGState()}),
                'classes': self.train.classes,
                **about(self.train),
                'arguments': self._told(),
                'environment': environment(self.device),
            }
        )
        self._saved = time.monotonic()

    def _stop_here(self) -> None:
        """Save at Ctrl-C, and let it interrupt."""
        self._save()
        if self.folder is not None:
            self.progress.say(f'stopped in epoch {self.epoch}, after batch {self.batch}; {self.folder.path} has it all')
        raise KeyboardInterrupt

    def _stop(self, rng: np.ndarray, images: np.ndarray, labels: np.ndarray) -> None:
        """Raise the error that says where NaN or Inf came from; dropout draws again what it drew."""
        nnlite.setRNGState(rng)
        raise self._located(trace(self.net, self.criterion, images, labels))

    def _located(self, error: Error) -> Error:
        error.message += f', in epoch {self.epoch}, batch {self.batch + 1}'
        if self.folder is not None:
            error.hint = '; '.join(filter(None, [error.hint, f'the last checkpoint is {self.folder.path}']))
        return error
