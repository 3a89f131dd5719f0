"""The cases as nnlite computes them on a GPU: steps are the Trainer's own, layers are the network's modules."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import nnlite
from nnlite import nn, optnet
from nnlite.bench.cases import Layer, Network
from nnlite.bench.on_gpu.cases import LOSS, NORM, POOLING, SGD, Piece, Timed, noise
from nnlite.bench.on_gpu.clock import repetitions, samples
from nnlite.bench.recipe import RECIPE
from nnlite.errors import Error
from nnlite.kernels import family_of
from nnlite.optnet.fused import FusedNorm
from nnlite.tensor.devices import gpu
from nnlite.training.graph import Replayed
from nnlite.training.on_gpu import StepsOnGPU

COPIED = 2**28  # numbers, of which a copy takes as long as its bytes take
SIDE = 8192  # of matrices whose product takes as long as its operations take


class Steps:
    """The steps of a network as Trainer.run takes them: fused, gradients in shared memory, captured in graphs.

    Args:
        case: the network.
        graph: whether steps are captured.

    In the block `with steps:` they have a stream of their own. `first_loss` is the first training step's; `notes` say
    why there is no graph where one was asked for.
    """

    def __init__(self, case: Network, graph: bool) -> None:
        nnlite.manualSeed(1)
        self._net = case.model().cuda()
        self._params, self._gradParams = self._net.getParameters()
        running = optnet.optimizeMemory(optnet.fuse(self._net))
        self._steps = StepsOnGPU(running, nn.CrossEntropyCriterion().cuda(), None if graph else False)
        images, labels = case.images_and_labels()
        self._images, self._labels = maps_on_gpu(images), gpu().asarray(labels + 1)
        self._state = dict(RECIPE, dampening=0)
        self.first_loss: float | None = None

    def __enter__(self) -> 'Steps':
        self._steps.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._steps.__exit__(*error)

    def step(self, name: str) -> Callable[[], None]:
        """Bring the network to training or evaluation, and return what launches a step."""
        if name == 'training':
            self._net.training()
            return self._train
        self._net.evaluate()
        return self._test

    def wait(self) -> None:
        """Return when the GPU has done all that was launched."""
        wait()

    def settled(self) -> None:
        """Forget how much memory it took to get here: there is nothing to forget."""

    def memory(self) -> tuple[int, int]:
        """Return the most bytes that were used, and held. nnlite lets go of nothing: it is what there is now."""
        return self._steps.taken()

    @property
    def notes(self) -> list[str]:
        """What is to be known of the figures."""
        return [self._steps.why_no_graph] if self._steps.why_no_graph else []

    def _train(self) -> None:
        self._steps.train(self._images, self._labels, self._params, self._gradParams, self._state)
        self._read()

    def _test(self) -> None:
        self._steps.test(self._images, self._labels)
        self._read()

    def _read(self) -> None:
        """Read when the Trainer would, and the first loss."""
        if self.first_loss is None or self._steps.must_be_read:
            reading = self._steps.read()
            if reading.fault:
                raise Error('expected finite losses and gradients, got others')
            if self.first_loss is None:
                self.first_loss = reading.losses[0]


def wait() -> None:
    """Return when the GPU has done all that was launched."""
    gpu().cuda.get_current_stream().synchronize()


def maps_on_gpu(maps: np.ndarray) -> Any:
    """Return a copy on the GPU of maps (N, C, *space) that lie channels-last, lying so too."""
    return np.moveaxis(gpu().asarray(np.ascontiguousarray(np.moveaxis(maps, 1, -1))), -1, 1)


def passes_of(case: Timed) -> dict[str, Callable[[], Any]]:
    """Return the passes of a layer by name; what they need has been computed once."""
    return _convolution(case) if isinstance(case, Layer) else _PIECES[case.kind](case)


def _convolution(case: Layer) -> dict[str, Callable[[], Any]]:
    padding = case.kernel // 2
    sizes = (case.kernel, case.kernel, case.stride, case.stride, padding, padding)
    module = nn.SpatialConvolution(case.planes, case.planes_out, *sizes).noBias().cuda()
    maps = _noise(case.batch, case.planes, case.size)
    grads = _noise(*module.forward(maps).shape[:3])
    return {
        'forward': lambda: module.forward(maps),
        'gradInput': lambda: module.updateGradInput(maps, grads),
        'gradWeight': lambda: module.accGradParameters(maps, grads),
    }


def _norm(case: Piece) -> dict[str, Callable[[], Any]]:
    module = FusedNorm(None, nn.SpatialBatchNormalization(case.planes).cuda(), nn.ReLU(True).cuda())
    return _there_and_back(module.type('torch.CudaTensor'), case)


def _pooling(case: Piece) -> dict[str, Callable[[], Any]]:
    return _there_and_back(nn.SpatialAveragePooling(2, 2, 2, 2).ceil().cuda(), case)


def _there_and_back(module: Any, case: Piece) -> dict[str, Callable[[], Any]]:
    maps = _noise(*case.shape[:3])
    grads = _noise(*module.forward(maps).shape[:3])
    return {'forward': lambda: module.forward(maps), 'backward': lambda: module.backward(maps, grads)}


def _loss(case: Piece) -> dict[str, Callable[[], Any]]:
    criterion = nn.CrossEntropyCriterion().cuda()
    scores = gpu().asarray(noise((case.batch, case.planes)))
    labels = gpu().asarray(np.arange(case.batch, dtype=np.int64) % case.planes + 1)

    def both() -> None:
        criterion.forward(scores, labels)
        criterion.backward(scores, labels)

    return {'forward and backward': both}


def _sgd(case: Piece) -> dict[str, Callable[[], Any]]:
    vectors = [gpu().asarray(noise((case.planes,))) for _ in range(3)]
    rate = gpu().asarray(np.float64(RECIPE['learningRate']))
    rules = RECIPE['momentum'], 0, RECIPE['nesterov'], RECIPE['weightDecay']
    kernels = family_of('torch.CudaTensor')
    return {'step': lambda: kernels.SGD_step(*vectors, rate, *rules)}


_PIECES: dict[str, Callable[[Piece], dict[str, Callable[[], Any]]]] = {
    NORM: _norm,
    POOLING: _pooling,
    LOSS: _loss,
    SGD: _sgd,
}


def _noise(images: int, planes: int, size: int) -> Any:
    return maps_on_gpu(noise((images, size, size, planes)).transpose(0, 3, 1, 2))


def times_of(case: Timed, rounds: int, seconds: float) -> Iterator[dict[str, Any]]:
    """Yield for each pass of a layer its name and times, and of a convolution the way it went and each way's times."""
    with gpu().cuda.Stream(non_blocking=True):
        for name, step in passes_of(case).items():
            record = {'pass': name, 'times': _in_a_graph(step, rounds, seconds)}
            if isinstance(case, Layer):
                record |= _ways(case, name, step, seconds)
            yield record


def _in_a_graph(step: Callable[[], Any], rounds: int, seconds: float) -> list[float]:
    """Return the time of a short step, which many times over is a graph: launching takes no time beside that."""
    count = repetitions(step, wait, seconds)

    def burst() -> None:
        for _ in range(count):
            step()

    replayed = Replayed(burst, list, gpu().cuda.MemoryPool())
    return [time / count for time in samples(lambda: replayed('burst'), wait, rounds, seconds / 10, least=3)]


PASSES = {'forward': 'forward', 'gradInput': 'back', 'gradWeight': 'weight_gradient'}  # as a way calls them


def _ways(case: Layer, name: str, step: Callable[[], Any], seconds: float) -> dict[str, Any]:
    from nnlite.kernels.on_cupy.convolution import WAYS, chosen, getway, setway
    from nnlite.kernels.on_cupy.geometry import Geometry

    side, padding = (case.size - 1) // case.stride + 1, case.kernel // 2
    shapes = (case.batch, case.planes, case.size, case.size), (case.batch, case.planes_out, side, side)
    geometry = Geometry.of(*shapes, *([number] * 2 for number in (case.kernel, case.stride, padding, 1)))
    dtype, before = np.dtype('f4'), getway()
    way = chosen(PASSES[name], np.empty(0, dtype), geometry)  # the step has run: nothing is measured for this
    times = {}
    try:
        # Products of im2col cannot be captured.
        for other in (key for key in WAYS if key != 'im2col' and WAYS[key].takes(dtype, geometry)):
            setway(other)
            times[other] = min(_in_a_graph(step, 3, seconds))
    finally:
        setway(before)
    return {'way': way, 'ways': times}


def floors(seconds: float) -> dict[str, float]:
    """Return the bytes that a copy moves, and the operations of a product in TF32, in a second."""
    cupy = gpu()
    vectors = [cupy.zeros(COPIED, np.float32) for _ in range(2)]
    copied = min(samples(lambda: np.copyto(*vectors), wait, 3, seconds))
    a, b, c = (cupy.ones((SIDE, SIDE), np.float32) for _ in range(3))
    product = min(samples(lambda: cupy.matmul(a, b, out=c), wait, 3, seconds))
    return {'copy': 2 * vectors[0].nbytes / copied, 'TF32': 2 * SIDE**3 / product}
