"""The studies that have a name: what the paper compares, and what it reports."""

from dataclasses import dataclass

from nnlite.errors import Error


@dataclass(frozen=True)
class Case:
    """A depth and a variant, in which a ResNet meets its plain twin."""

    depth: int
    variant: str = 'plain'
    dropout: float = 0
    augment: str | None = None


@dataclass(frozen=True)
class Study:
    """What is trained, how long, and what the paper says of it.

    `dataset` is the topology (None: from the image size); `widths` the planes of its stages (None: its own); `threads`
    what matrix products may use (None: as set).
    """

    title: str
    cases: tuple[Case, ...]
    paper: tuple[str, ...]
    epochs: int
    networks: tuple[str, ...] = ('resnet', 'convnet')
    dataset: str | None = None
    widths: tuple[int, ...] | None = None
    batchSize: int = 128
    learningRate: float = 0.1
    threads: int | None = None
    shapes: tuple[int, int, int] | None = None  # the embedded data: pixels, training and validation images


_SHALLOW = 'CIFAR-10: the ResNet of 7 layers is worse than its plain twin, that of 9 about equal.'
_DEEP = (
    'Tiny ImageNet, 12 to 21 layers: validation accuracy 13 points and training accuracy 30 points above those of the '
    'plain twin, and faster to train; best top-1 49 %.'
)
_GAP = (
    'Tiny ImageNet: training accuracy about 30 points above validation accuracy; 6 points less with dropout and '
    'augmentation, 14 less with fewer parameters.'
)

STUDIES = {
    'quick': Study(
        title='a shallow and a deep pair of narrow networks',
        cases=(Case(9), Case(26)),
        paper=(_SHALLOW, _DEEP),
        epochs=8,
        dataset='cifar10',
        widths=(8, 16, 32),
        batchSize=64,
        threads=1,  # narrow networks gain nothing from more; so the same bits come out on any number of cores
        shapes=(16, 4000, 1000),
    ),
    'cifar-shallow': Study(
        title='where the shortcut does not pay yet: 7 and 9 layers',
        cases=(Case(7), Case(9)),
        paper=(_SHALLOW,),
        epochs=20,
        dataset='cifar10',
    ),
    'tiny-depth': Study(
        title='where the shortcut pays: 12 to 21 layers',
        cases=tuple(Case(depth) for depth in (12, 14, 16, 18, 20, 21)),
        paper=(_DEEP,),
        epochs=20,
        dataset='tiny-imagenet',
    ),
    'overfitting': Study(
        title='three remedies against overfitting: dropout in the blocks, augmentation, fewer layers',
        cases=(
            Case(18),
            Case(18, 'dropout', dropout=0.5),
            Case(18, 'augmented', augment='stochastic'),
            Case(18, 'both', dropout=0.5, augment='stochastic'),
            Case(10, 'fewer layers'),
        ),
        paper=(_GAP,),
        epochs=30,
    ),
    'three-ways': Study(
        title="ImageNet's ResNet-18 on small pictures: larger pictures, no first layer, new last layer",
        cases=(Case(18, 'upsampled'), Case(18, 'skip-first'), Case(18, 'finetune')),
        paper=('Tiny ImageNet: best top-1 49 %.',),
        epochs=10,
        networks=('resnet',),
        dataset='imagenet',
    ),
}


def study_of(name: str) -> Study:
    """Return the study of this name.

    Raises:
        Error: there is none.
    """
    if name not in STUDIES:
        raise Error(f'expected a study of {", ".join(STUDIES)}, got {name!r}')
    return STUDIES[name]
