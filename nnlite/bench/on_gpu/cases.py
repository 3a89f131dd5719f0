"""What is measured on a GPU: networks, their convolutions, and the other layers that they are made of."""

from dataclasses import dataclass, replace

import numpy as np

from nnlite.bench.cases import LAYERS, NETWORKS, Layer, Network

BATCHES = {'cifar10': (128,), 'tiny-imagenet': (128, 256)}

FORWARD, BACKWARD = 'forward', 'backward'
KINDS = ('batch norm + ReLU', 'average pooling', 'cross-entropy', 'SGD')
NORM, POOLING, LOSS, SGD = KINDS


@dataclass(frozen=True)
class Piece:
    """What a network has besides convolutions: one of KINDS, on `batch` maps of `planes` planes of size x size pixels.

    Average pooling halves the sides; cross-entropy takes scores (batch, planes); SGD has `planes` parameters.
    """

    name: str
    kind: str
    batch: int
    planes: int
    size: int = 1

    @property
    def steps(self) -> tuple[str, ...]:
        """The names of its passes."""
        return {LOSS: ('forward and backward',), SGD: ('step',)}.get(self.kind, (FORWARD, BACKWARD))

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """The shape of its maps."""
        return self.batch, self.planes, self.size, self.size


Timed = Layer | Piece

# Numbers that a pass reads and writes at least, per number of its input. A batch norm reads its input, and on the way
# back the gradient too, twice: sums come first.
_PASSES: dict[tuple[str, str], float] = {
    (NORM, FORWARD): 3,
    (NORM, BACKWARD): 5,
    (POOLING, FORWARD): 1.25,
    (POOLING, BACKWARD): 1.25,
    (LOSS, 'forward and backward'): 2,
    (SGD, 'step'): 5,
}

CONVOLUTIONS = [
    replace(layer, batch=128) if layer.name.startswith('resnet-18') else layer
    for layer in LAYERS
    if layer.kernel == 3  # the networks' shortcuts are of type A
]

_SIZES = {'resnet-20': {16: 32, 32: 16, 64: 8}, 'resnet-18': {64: 64, 128: 32, 256: 16, 512: 8}}  # of so many planes

PIECES = [
    *(Piece(f'{name} {planes}', NORM, 128, planes, size) for name in _SIZES for planes, size in _SIZES[name].items()),
    # All but the last stage end in one.
    *(
        Piece(f'{name} {planes}', POOLING, 128, planes, size)
        for name in _SIZES
        for planes, size in list(_SIZES[name].items())[:-1]
    ),
    Piece('resnet-20', LOSS, 128, 10),
    Piece('resnet-18', LOSS, 128, 200),
    Piece('resnet-20', SGD, 1, 269_722),
    Piece('resnet-18', SGD, 1, 11_097_608),
]

TIMED: list[Timed] = [*CONVOLUTIONS, *PIECES]


def networks(names: list[str], batch: int | None = None) -> list[Network]:
    """Return the networks of these names with the batches they are measured with, the most important first.

    >>> [(case.name, case.batch) for case in networks(['convnet-18', 'resnet-18'])]
    [('resnet-18', 128), ('resnet-18', 256), ('convnet-18', 128), ('convnet-18', 256)]
    """
    cases = [
        replace(NETWORKS[name], batch=number)
        for name in names
        for number in ([batch] if batch else BATCHES[NETWORKS[name].dataset])
    ]
    return sorted(cases, key=lambda case: case.network != 'resnet')


def operations(case: Timed) -> float:
    """Return how many multiplications and additions a pass of a convolution takes; of others, 0."""
    if isinstance(case, Piece):
        return 0
    side = (case.size - 1) // case.stride + 1
    return 2.0 * case.batch * side**2 * case.planes_out * case.planes * case.kernel**2


def numbers(case: Timed, step: str) -> float:
    """Return how many numbers a pass reads and writes at least."""
    if isinstance(case, Piece):
        return _PASSES[case.kind, step] * float(np.prod(case.shape))
    side = (case.size - 1) // case.stride + 1
    maps, results = case.batch * case.planes * case.size**2, case.batch * case.planes_out * side**2
    weights = case.planes * case.planes_out * case.kernel**2
    return float(maps + results + weights * (2 if step == 'gradWeight' else 1))  # which is added to what was there


def noise(shape: tuple[int, ...]) -> np.ndarray:
    """Return float32 numbers, normally distributed; they repeat after a million, for drawing takes long."""
    return np.resize(np.random.default_rng(1).standard_normal(2**20, np.float32), shape)
