"""Steps on a GPU: launched one after the other, without waiting for any of them to end."""

import contextlib
from typing import Any

import numpy as np

from nnlite.errors import DataError, DeviceError, Error
from nnlite.kernels import family_of, getprecise
from nnlite.kernels.on_numpy.scratch import pieces
from nnlite.nn.by_example import by_example
from nnlite.nn.Object import Object
from nnlite.nn.tree import below
from nnlite.optim.vectors import check_like
from nnlite.tensor.devices import gpu, is_array, is_on_gpu
from nnlite.tensor.memory import pointer
from nnlite.training.account import Account, Reading
from nnlite.training.backward import backward_to_parameters
from nnlite.training.batch import Batch
from nnlite.training.gpu_memory import enough_memory, taken, usage
from nnlite.training.graph import CaptureError, Replayed


class StepsOnGPU:
    """The steps of a network that lives on a GPU, of training and of evaluation.

    `train` and `test` return before the GPU has done what they launched; `read` waits for it and says what it came to.
    At most account.STEPS steps may be unread. In the block `with steps:` they have a stream of their own, on which they
    are captured in CUDA graphs once they are warm, if `graph` is True.

    Args:
        net, criterion: what is run; of one type, which lives on the GPU.
        graph: whether to capture steps; None tries, and goes on without if they cannot be.
        classes: how many the labels are of, if that is known: labels on the GPU are not looked at.
    """

    def __init__(self, net: Any, criterion: Any, graph: bool | None = None, classes: int = 0) -> None:
        cuda = gpu().cuda
        self.net, self.criterion, self.graph, self.classes = net, criterion, graph, classes
        self._account, self._batch = Account(), Batch(net.dtype)
        self._stream, self._pool = cuda.Stream(non_blocking=True), cuda.MemoryPool()
        self._training = Replayed(self._train, self._held, self._pool)
        self._testing = Replayed(self._test, self._held, self._pool)
        self._is_entered = False
        self.why_no_graph: str | None = None  # is said once a capture came to nothing

    def __enter__(self) -> 'StepsOnGPU':
        gpu().cuda.get_current_stream().synchronize()  # what comes before is on another stream
        self._stream.__enter__()
        self._is_entered = True
        return self

    def __exit__(self, *error: Any) -> None:
        self._is_entered = False
        # After an error the GPU may have another one to tell; the first says more.
        with contextlib.suppress(gpu().cuda.runtime.CUDARuntimeError) if error[0] else contextlib.nullcontext():
            self._stream.synchronize()
        self._stream.__exit__(*error)

    def train(self, images: Any, labels: Any, params: Any, gradParams: Any, state: dict[str, Any]) -> None:
        """Launch a step of training on a batch.

        Args:
            images: (N, C, H, W), on the host or the GPU.
            labels: (N), from 1, on the host or the GPU.
            params, gradParams: the network's vectors.
            state: as of optim.sgd, whose step this is; its dfdx is made if it is not there.

        Raises:
            DataError: a label on the host is none of the classes.
            DeviceError: the GPU has too little memory; or the step cannot be captured, and `graph` is True.
        """
        with enough_memory(len(images)):
            steps = state.get('evalCounter', 0)
            self._account.ask_for(state['learningRate'] / (1 + steps * state.get('learningRateDecay', 0)))
            if state.get('dfdx') is None:
                state['dfdx'] = np.zeros_like(params)
            elif not is_on_gpu(state['dfdx']):  # it comes from a file
                state['dfdx'] = gpu().asarray(state['dfdx'])
            check_like(params, state['dfdx'], "state['dfdx']")
            momentum, nesterov = state.get('momentum', 0), bool(state.get('nesterov', False))
            rules = momentum, state.get('dampening', momentum), nesterov, state.get('weightDecay', 0)
            self._run(self._training, images, labels, params, gradParams, state['dfdx'], *rules)
            state['evalCounter'] = steps + 1

    def test(self, images: Any, labels: Any) -> Any:
        """Launch a step of evaluation on a batch; return its scores (N, C), on the GPU, and its labels there.

        Raises:
            DataError, DeviceError: as for train.
        """
        with enough_memory(len(images)):
            return self._run(self._testing, images, labels)

    def read(self) -> Reading:
        """Wait for the GPU, and return what the steps since the last reading came to."""
        return self._account.read()

    @property
    def unread(self) -> int:
        """How many steps were launched since the last reading."""
        return self._account.unread

    @property
    def must_be_read(self) -> bool:
        """Whether no step may come before a reading."""
        return self._account.is_full

    def hold(self, images: Any, labels: Any) -> tuple[Any, Any]:
        """Return a batch as the steps see it."""
        return self._batch.hold(images, labels)

    def getRNGState(self) -> np.ndarray:
        """Return the state of the GPU's random stream, int64 (2,)."""
        return _stream().getRNGState().view(np.int64)

    def setRNGState(self, state: np.ndarray) -> None:
        """Let the GPU's random stream go on where `state` was taken."""
        _stream().setRNGState(state.view(np.uint64))

    def memory(self) -> str:
        """Return how many bytes of the GPU's memory are used, and how many are held for later use."""
        return usage(self._pool)

    def taken(self) -> tuple[int, int]:
        """Return the same in bytes."""
        return taken(self._pool)

    def _run(self, replayed: Replayed, images: Any, labels: Any, *rest: Any) -> Any:
        if self.must_be_read:
            raise Error(f'expected a reading after {self.unread} steps, got one more step', where='StepsOnGPU')
        images, labels = self._batch.hold(images, labels, self.classes)
        arrays = [images, labels, *filter(is_array, rest)]
        kind = tuple((pointer(array), array.shape) for array in arrays), rest[3:], getprecise()
        if self._is_entered and self.graph is not False:
            try:
                output = replayed(kind, images, labels, *rest)
            except CaptureError as error:
                if self.graph:
                    raise DeviceError(str(error), hint='graph=False, or --no-graph, runs the step as it is') from error
                self.graph, self.why_no_graph = False, str(error)
                output = replayed.step(images, labels, *rest)
        else:
            output = replayed.step(images, labels, *rest)
        if output.shape[-1] < self.classes:
            expected = f'expected scores of {self.classes} classes, as the data have'
            raise DataError(f'{expected}, got {output.shape[-1]}', where=self.net._name())
        self.classes = self.classes or output.shape[-1]
        self._account.entered(len(images))
        return output, labels

    def _train(self, images: Any, labels: Any, params: Any, gradParams: Any, velocity: Any, *rules: Any) -> Any:
        gradParams.fill(0)
        output = self.net.forward(images)
        loss, gradient = self.criterion(output, labels)
        backward_to_parameters(self.net, images, gradient)
        output = by_example(output, len(labels))
        self._account.enter(loss, output, labels, gradParams)
        family_of(self.net.type()).SGD_step(params, gradParams, velocity, self._account.rate, *rules)
        return output

    def _test(self, images: Any, labels: Any) -> Any:
        output = self.net.forward(images)
        loss, output = self.criterion.forward(output, labels), by_example(output, len(labels))
        self._account.enter(loss, output, labels)
        return output

    def _held(self) -> list[Any]:
        """Return what a step finds: what is learnt, results and buffers, and what kernels have for scratch."""
        tree = [self.net, self.criterion]
        objects = [thing for _, _, thing in below(tree, lambda value: isinstance(value, Object))]
        storages = [storage for thing in objects for storage in vars(thing).get('_storages', {}).values()]
        return [*(array for _, _, array in below(tree, is_array)), *(storage.memory for storage in storages), *pieces()]


def _stream() -> Any:
    from nnlite.kernels.on_cupy.random import stream

    return stream()
