"""The cases as PyTorch computes them on a GPU, or on whatever device is named."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch.nn import functional

import nnlite
from nnlite.bench.cases import Layer, Network
from nnlite.bench.in_torch import LAYOUTS, optimizer, passes, twin
from nnlite.bench.on_gpu.cases import LOSS, NORM, POOLING, SGD, Piece, Timed, noise
from nnlite.bench.on_gpu.clock import repetitions, samples

MODES = 'max-autotune', 'reduce-overhead', 'default'  # of torch.compile, the fastest first; CUDA graphs are in two
COPIED = 2**28  # numbers, of which a copy takes as long as its bytes take
SIDE = 8192  # of matrices whose product takes as long as its operations take


def settle(precise: bool) -> None:
    """Have products be exact, or of numbers rounded to TF32; and the fastest convolution of each shape be chosen."""
    torch.set_float32_matmul_precision('highest' if precise else 'high')
    torch.backends.cudnn.allow_tf32 = not precise
    torch.backends.cudnn.benchmark = True


def wait() -> None:
    """Return when the GPU has done all that was launched."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


class WithLoss(torch.nn.Module):
    """A network and its loss, which are compiled as one.

    Args:
        net: from images to scores.
    """

    def __init__(self, net: torch.nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Return the loss."""
        return functional.cross_entropy(self.net(images), labels)


class Steps:
    """The steps of a network: forward, loss, backward, and SGD, which is one kernel; nothing is read on the way.

    Args:
        case: the network.
        channels_last: whether maps lie so in memory.
        modes: of torch.compile, which is to make it faster, each where the one before fails; none: it is as it is.
        device: where.

    `first_loss` is the first training step's; `notes` say which modes came to nothing, and why.
    """

    def __init__(self, case: Network, channels_last: bool, modes: Sequence[str], device: str) -> None:
        nnlite.manualSeed(1)
        layout = LAYOUTS[channels_last]
        self._net = WithLoss(twin(case.model())).to(device).to(memory_format=layout)
        images, labels = (torch.from_numpy(array).to(device) for array in case.images_and_labels())
        self._batch = images.contiguous(memory_format=layout), labels
        self._sgd = optimizer(self._net.parameters(), fused=True)
        self._modes = list(modes)
        self._compile()
        self.first_loss: float | None = None
        self.notes: list[str] = []

    def __enter__(self) -> 'Steps':
        return self

    def __exit__(self, *error: Any) -> None:
        pass

    def step(self, name: str) -> Callable[[], None]:
        """Bring the network to training or evaluation, and return what launches a step."""
        self._net.train(name == 'training')
        return self._train if name == 'training' else self._test

    def wait(self) -> None:
        """Return when the GPU has done all that was launched."""
        wait()

    def settled(self) -> None:
        """Forget how much memory it took to get here: to try kernels, and to compile."""
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()

    def memory(self) -> tuple[int, int]:
        """Return the most bytes that were used, and held."""
        if not torch.cuda.is_available():
            return 0, 0
        return torch.cuda.max_memory_allocated(), torch.cuda.max_memory_reserved()

    def _compile(self) -> None:
        self._loss: Any = torch.compile(self._net, mode=self._modes[0]) if self._modes else self._net

    def _forward(self) -> torch.Tensor:
        if not self._modes:
            return self._loss(*self._batch)
        torch.compiler.cudagraph_mark_step_begin()
        return self._loss(*self._batch)

    def _train(self) -> None:
        try:
            self._sgd.zero_grad(set_to_none=True)
            loss = self._forward()
            loss.backward()
        except Exception as error:
            if len(self._modes) < 2 or self.first_loss is not None:
                raise
            self.notes.append(f'torch.compile({self._modes.pop(0)!r}) failed: {_line(error)}')
            self._compile()
            return self._train()
        self._sgd.step()
        if self.first_loss is None:
            self.first_loss = loss.item()

    def _test(self) -> None:
        # The compiler takes no network whose parameters are those of another mode.
        with torch.no_grad() if self._modes else torch.inference_mode():
            self._forward()


def _line(error: Exception) -> str:
    """Return the first line of an error that says something."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def passes_of(case: Timed, device: str) -> dict[str, Callable[[], Any]]:
    """Return the passes of a layer by name, channels-last."""
    if isinstance(case, Layer):
        side = (case.size - 1) // case.stride + 1
        maps = _noise(case.batch, case.planes, case.size, case.size, device=device)
        grads = _noise(case.batch, case.planes_out, side, side, device=device)
        weight = _noise(case.planes_out, case.planes, case.kernel, case.kernel, device=device)
        return passes(case, maps, grads, weight)
    return _PIECES[case.kind](case, device)


def _norm(case: Piece, device: str) -> dict[str, Callable[[], Any]]:
    norm = torch.nn.BatchNorm2d(case.planes).to(device)
    maps = _noise(*case.shape, device=device).requires_grad_()

    def forward() -> torch.Tensor:
        return functional.relu_(norm(maps))

    return _there_and_back(forward, [maps, norm.weight, norm.bias])


def _pooling(case: Piece, device: str) -> dict[str, Callable[[], Any]]:
    maps = _noise(*case.shape, device=device).requires_grad_()
    return _there_and_back(lambda: functional.avg_pool2d(maps, 2, 2, ceil_mode=True), [maps])


def _there_and_back(forward: Callable[[], torch.Tensor], learnt: list[torch.Tensor]) -> dict[str, Callable[[], Any]]:
    output = forward()
    grads = torch.ones_like(output)
    return {
        'forward': forward,
        'backward': lambda: torch.autograd.grad(output, learnt, grads, retain_graph=True),
    }


def _loss(case: Piece, device: str) -> dict[str, Callable[[], Any]]:
    scores = torch.from_numpy(noise((case.batch, case.planes))).to(device).requires_grad_()
    labels = (torch.arange(case.batch) % case.planes).to(device)
    return {'forward and backward': lambda: torch.autograd.grad(functional.cross_entropy(scores, labels), scores)}


def _sgd(case: Piece, device: str) -> dict[str, Callable[[], Any]]:
    # In one piece, which is the best that PyTorch's could be given.
    vector = torch.nn.Parameter(torch.from_numpy(noise((case.planes,))).to(device))
    vector.grad = torch.zeros_like(vector)
    return {'step': optimizer([vector], fused=True).step}


_PIECES: dict[str, Callable[[Piece, str], dict[str, Callable[[], Any]]]] = {
    NORM: _norm,
    POOLING: _pooling,
    LOSS: _loss,
    SGD: _sgd,
}


def _noise(*shape: int, device: str) -> torch.Tensor:
    return torch.from_numpy(noise(shape)).to(device).contiguous(memory_format=torch.channels_last)


def times_of(case: Timed, rounds: int, seconds: float, device: str) -> Iterator[dict[str, Any]]:
    """Yield for each pass of a layer its name and times."""
    if not device.startswith('cuda'):
        for name, step in passes_of(case, device).items():
            yield {'pass': name, 'times': samples(step, wait, rounds, seconds)}
        return
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):  # what is made on a stream is handed back on it
        steps = passes_of(case, device)
    for name, step in steps.items():
        with torch.cuda.stream(stream):
            count = repetitions(step, wait, seconds)
            for _ in range(3):
                step()
        wait()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, stream=stream):
            for _ in range(count):
                step()
        times = samples(graph.replay, wait, rounds, seconds / 10, least=3)
        yield {'pass': name, 'times': [time / count for time in times]}
        del graph


def floors(seconds: float, device: str) -> dict[str, float]:
    """Return the bytes that a copy moves, and the operations of products in TF32 and float32, in a second."""
    vectors = [torch.zeros(COPIED, device=device) for _ in range(2)]
    copied = min(samples(lambda: vectors[0].copy_(vectors[1]), wait, 3, seconds))
    rates = {'copy': 2 * vectors[0].nbytes / copied}
    a, b, c = (torch.randn(SIDE, SIDE, device=device) for _ in range(3))
    for name, precise in (('TF32', False), ('float32', True)):
        settle(precise)
        rates[name] = 2 * SIDE**3 / min(samples(lambda: torch.matmul(a, b, out=c), wait, 3, seconds))
    return rates
