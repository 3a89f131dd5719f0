"""What is measured: a step of a whole network, or the three passes of one convolution."""

import json
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np

from nnlite.bench import others
from nnlite.training.network import network

SIZES = {'cifar10': 32, 'tiny-imagenet': 64}
CLASSES = {'cifar10': 10, 'tiny-imagenet': 200}


@dataclass(frozen=True)
class Network:
    """A network of nnlite.models on random images and labels, always the same.

    A training step is forward, criterion, backward, and SGD with momentum; an evaluation step forward and criterion.
    """

    network: str
    depth: int
    dataset: str
    batch: int
    widths: tuple[int, ...] | None = None

    steps: ClassVar = ('training', 'evaluation')

    @property
    def name(self) -> str:
        """What tables call it: resnet-20."""
        return f'{self.network}-{self.depth}'

    @property
    def size(self) -> int:
        """The side of the images."""
        return SIZES[self.dataset]

    def model(self) -> Any:
        """Return the network as nnlite has it."""
        return network(self.network, self.depth, self.dataset, CLASSES[self.dataset], widths=self.widths)

    def images_and_labels(self) -> tuple[np.ndarray, np.ndarray]:
        """Return images (batch, 3, size, size), channels-last in memory as the loader's, and labels from 0 (batch)."""
        source = np.random.default_rng(1)
        images = source.standard_normal((self.batch, self.size, self.size, 3), np.float32)
        return images.transpose(0, 3, 1, 2), source.integers(CLASSES[self.dataset], size=self.batch)


@dataclass(frozen=True)
class Other:
    """A network of nnlite.bench.others on random numbers, always the same; its steps are a Network's."""

    name: str
    batch: int

    steps: ClassVar = Network.steps

    def model(self) -> Any:
        """Return the network as nnlite has it."""
        return others.BUILDERS[self.name][0]()

    def images_and_labels(self) -> tuple[np.ndarray, np.ndarray]:
        """Return examples (batch, ...), maps channels-last in memory, and labels from 0 (batch)."""
        source, shape = np.random.default_rng(1), (self.batch, *others.BUILDERS[self.name][2])
        if len(shape) < 4:
            examples = source.standard_normal(shape, np.float32)
        else:
            examples = np.moveaxis(source.standard_normal((shape[0], *shape[2:], shape[1]), np.float32), -1, 1)
        return examples, source.integers(others.CLASSES, size=self.batch)


@dataclass(frozen=True)
class Layer:
    """A convolution without bias, padded by half its kernel, on random maps."""

    name: str
    batch: int
    planes: int
    planes_out: int
    size: int
    stride: int = 1
    kernel: int = 3

    kind: ClassVar = 'convolution'
    steps: ClassVar = ('forward', 'gradInput', 'gradWeight')

    def maps(self) -> tuple[np.ndarray, np.ndarray]:
        """Return input and gradOutput, both channels-last in memory."""
        source = np.random.default_rng(1)
        side = (self.size - 1) // self.stride + 1
        shapes = ((self.batch, self.size, self.size, self.planes), (self.batch, side, side, self.planes_out))
        maps, grads = (source.standard_normal(shape, np.float32).transpose(0, 3, 1, 2) for shape in shapes)
        return maps, grads


Case = Network | Other | Layer
KINDS = {'Network': Network, 'Other': Other, 'Layer': Layer}

NETWORKS = {
    f'{name}-{depth}': Network(name, depth, dataset, batch)
    for depth, dataset, batch in ((8, 'cifar10', 128), (20, 'cifar10', 128), (18, 'tiny-imagenet', 32))
    for name in ('resnet', 'convnet')
}

OTHERS = {name: Other(name, batch) for name, (_, batch, _) in others.BUILDERS.items()}

# Every shape of convolution that ResNet-20 on 32 pixels and ResNet-18 on 64 have, and a 1x1 of type B's shortcuts each.
LAYERS = (
    Layer('resnet-20 stem', 128, 3, 16, 32),
    Layer('resnet-20 16', 128, 16, 16, 32),
    Layer('resnet-20 16 to 32', 128, 16, 32, 32, 2),
    Layer('resnet-20 16 to 32, 1x1', 128, 16, 32, 32, 2, 1),
    Layer('resnet-20 32', 128, 32, 32, 16),
    Layer('resnet-20 32 to 64', 128, 32, 64, 16, 2),
    Layer('resnet-20 64', 128, 64, 64, 8),
    Layer('resnet-18 stem', 32, 3, 64, 64),
    Layer('resnet-18 64', 32, 64, 64, 64),
    Layer('resnet-18 64 to 128', 32, 64, 128, 64, 2),
    Layer('resnet-18 64 to 128, 1x1', 32, 64, 128, 64, 2, 1),
    Layer('resnet-18 128', 32, 128, 128, 32),
    Layer('resnet-18 128 to 256', 32, 128, 256, 32, 2),
    Layer('resnet-18 256', 32, 256, 256, 16),
    Layer('resnet-18 256 to 512', 32, 256, 512, 16, 2),
    Layer('resnet-18 512', 32, 512, 512, 8),
)

# What grows, and the cases along it: the networks for 32 pixels, all else being ResNet-20's.
GROWTH: dict[str, list[tuple[int, dict[str, Any]]]] = {
    'depth': [(depth, dict(depth=depth)) for depth in (8, 20, 32, 56, 110)],
    'width': [(factor, dict(widths=(16 * factor, 32 * factor, 64 * factor))) for factor in (1, 2, 3, 4)],
    'batch': [(batch, dict(batch=batch)) for batch in (16, 32, 64, 128)],
}


def growing(what: str, batch: int) -> list[tuple[int, Network]]:
    """Return (how deep, wide or large, network) of what GROWTH has under this name, ResNets and twins."""
    base: dict[str, Any] = dict(depth=20, dataset='cifar10', batch=batch)
    return [
        (amount, Network(**{'network': name, **base, **change}))
        for amount, change in GROWTH[what]
        for name in ('resnet', 'convnet')
    ]


def to_json(case: Case) -> str:
    """Return a case as text, for another process."""
    return json.dumps([type(case).__name__, asdict(case)])


def from_json(text: str) -> Case:
    """Return the case that `to_json` wrote.

    >>> from_json(to_json(NETWORKS['resnet-20'])) == NETWORKS['resnet-20']
    True
    """
    kind, fields = json.loads(text)
    if fields.get('widths'):
        fields['widths'] = tuple(fields['widths'])
    return KINDS[kind](**fields)
