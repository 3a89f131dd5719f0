"""What `classify` and `features` have in common: which pictures they look at, and how these are made ready."""

import argparse
import os
import stat
import sys
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from nnlite.data_prep import open_dataset
from nnlite.data_prep.archive import MAX_MEMBER
from nnlite.data_prep.dataset import SPLITS
from nnlite.data_prep.image_folder import SUFFIXES
from nnlite.data_prep.parallel import cores
from nnlite.data_prep.pictures import decode
from nnlite.errors import DataError, Error, ShapeError, inside
from nnlite.nn.by_example import by_example
from nnlite.tensor.devices import to_host
from nnlite.trace.recorder import like_parameters
from nnlite.training.device import DEVICES, device_of
from nnlite.training.gpu_memory import enough_memory
from nnlite.training.network import Trained
from nnlite.training.preparation import Preparation, expect_size

# More broken pictures than these are counted, not named.
NAMED = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the model, the pictures, how they are made ready, and what computes."""
    _let_options_come_between(parser)
    parser.add_argument('model', metavar='MODEL.t7|DIR', help='the network, or the folder of a run: its latest.t7')
    parser.add_argument(
        'pictures', nargs='*', metavar='PICTURE|FOLDER', help='JPEG or PNG files; of a folder all that are below it'
    )
    parser.add_argument('--data', metavar='FILE.h5', help='a data set of `nnlite prep`: its images, if no PICTURE is')
    parser.add_argument('--split', choices=SPLITS, default='test', help='which images of the data set')
    parser.add_argument('--limit', type=int, metavar='N', help='the first N pictures alone')
    ready = parser.add_argument_group('how pictures are made ready (what the model and --data do not say)')
    ready.add_argument('--size', type=int, metavar='N', help='pixels of a side')
    ready.add_argument('--scale', type=int, metavar='N', help='first scale the shorter side to N; --size is cut out')
    ready.add_argument('--mean', type=float, nargs=3, metavar=tuple('RGB'), help='of pixels from 0 to 1')
    ready.add_argument('--std', type=float, nargs=3, metavar=tuple('RGB'), help='the same: (pixel - mean) / std')
    parser.add_argument('--batch', type=int, default=64, help='images at a time')
    parser.add_argument('--device', metavar=DEVICES, default='auto', help='what computes; auto is a GPU where one is')
    parser.add_argument('--quiet', action='store_true', help='no bars and no lines about the run')


def _let_options_come_between(parser: argparse.ArgumentParser) -> None:
    """Let options stand between the model and the pictures, too: argparse would know no pictures then."""
    plain = parser.parse_known_args

    def parse_known_args(args: Any = None, namespace: Any = None) -> Any:
        parser.parse_known_args = plain  # type: ignore[method-assign]
        try:
            return parser.parse_known_intermixed_args(args, namespace)
        finally:
            parser.parse_known_args = parse_known_args  # type: ignore[method-assign, assignment]

    parser.parse_known_args = parse_known_args  # type: ignore[method-assign, assignment]


def run_network(net: Any, images: np.ndarray, model: str) -> Any:
    """Return what a network makes of images, (N, ...) on the host, or a table; it is good until the next call.

    Raises:
        Error: the network does not take such images; the message begins with the model's name.
        DeviceError: the GPU has too little memory.
    """
    try:
        with (
            inside(model),
            enough_memory(len(images)) if device_of(net) != 'cpu' else nullcontext(),
            np.errstate(over='ignore', invalid='ignore', divide='ignore'),  # what is not finite is looked for later
        ):
            return to_host(by_example(net.forward(like_parameters(net, images)), len(images)))
    except ShapeError as error:
        error.hint = error.hint or f'the network was given {images.shape[3]}x{images.shape[2]} pixels; --size N'
        raise


class Pictures:
    """The pictures that a command looks at: files, or a split of a data set; ready for the network, batch by batch.

    Iterating gives `(places, images)`: the places of some pictures in `names`, and what the network looks at, float32
    (pictures * preparation.crops, 3, H, W). Pictures that cannot be read are left out, and are `broken` afterwards:
    (name, reason). Use it in a `with`: it may hold a file.

    Attributes:
        names: of the pictures; those of a data set that does not know its files are `test/images[0]` ...
        labels: int64 from 0, of a split that has some; else None.
        classes, class_names: those of the data set; None without one.
        preparation: how they are made ready.

    Args:
        args: the parsed arguments of `add_arguments`.
        trained: the network, and what its file says.
        tenCrop: whether ten parts of each picture are looked at.

    Raises:
        DataError: there are no pictures, or nothing says how they are made ready.
        FileFormatError: the data set is damaged.
        OSError: a file is missing or cannot be read.
    """

    def __init__(self, args: argparse.Namespace, trained: Trained, tenCrop: bool = False) -> None:
        for name in ('batch', 'limit'):
            if getattr(args, name) is not None and getattr(args, name) < 1:
                raise Error(f'expected 1 image or more, got {getattr(args, name)}', where=f'--{name}')
        self._dataset = open_dataset(args.data) if args.data else None
        try:
            self.classes = self._dataset.classes if self._dataset else None
            self.class_names = self._dataset.names if self._dataset else None
            self._split = None if args.pictures else args.split
            self.names, self.labels = self._listed(args)
            self.preparation = self._preparation(args, trained, tenCrop)
            self._count = max(1, args.batch // self.preparation.crops)
        except BaseException:
            self.close()
            raise
        self.broken: list[tuple[str, str]] = []

    def __len__(self) -> int:
        return len(self.names)

    def __iter__(self) -> Iterator[tuple[list[int], np.ndarray]]:
        with ThreadPoolExecutor(cores(), thread_name_prefix='nnlite-pictures') as pool:
            for first in range(0, len(self), self._count):
                places = list(range(first, min(first + self._count, len(self))))
                with warnings.catch_warnings():
                    warnings.simplefilter('ignore')  # what Pillow only warns of does not touch the pixels
                    found = list(pool.map(self._cut, self._readers(places)))
                cuts: dict[int, np.ndarray] = {}
                for place, cut in zip(places, found, strict=True):
                    if isinstance(cut, str):
                        self.broken.append((self.names[place], cut))
                    else:
                        cuts[place] = cut
                if cuts:
                    yield list(cuts), self.preparation.normalised(np.concatenate(list(cuts.values())))
        if len(self.broken) == len(self):
            name, reason = self.broken[0]
            hint = f'so are the {len(self) - 1} others' if len(self) > 1 else None
            raise DataError(f'expected a picture, got one that cannot be read: {reason}', where=name, hint=hint)

    def tell_broken(self) -> int:
        """Name on stderr the pictures that were left out; return the command's exit status: 1 if there are some."""
        if not self.broken:
            return 0
        more = [f'and {len(self.broken) - NAMED} more'] if len(self.broken) > NAMED else []
        lines = '\n  '.join([*(f'{name}: {reason}' for name, reason in self.broken[:NAMED]), *more])
        print(f'nnlite: {len(self.broken)} broken pictures are left out:\n  {lines}', file=sys.stderr)
        return 1

    def close(self) -> None:
        """Close the data set."""
        if self._dataset is not None:
            self._dataset.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _listed(self, args: argparse.Namespace) -> tuple[list[str], np.ndarray | None]:
        """Return the names of the pictures, and the labels of those that have some."""
        if self._split is None:
            return [name for path in args.pictures for name in _below(path)][: args.limit], None
        if self._dataset is None:
            raise DataError(
                'expected pictures to look at, got none',
                hint='name pictures or folders after the model, or a data set: --data FILE.h5 --split test',
            )
        files = self._dataset.files(self._split)
        count = self._dataset.sizes[self._split]
        if not count:
            raise DataError(f'expected images in the split {self._split!r}, got none', where=args.data)
        names = files or [f'{self._split}/images[{number}]' for number in range(count)]
        labels = self._dataset.labels(self._split) if self._dataset.has_labels(self._split) else None
        return names[: args.limit], None if labels is None else labels[: args.limit]

    def _preparation(self, args: argparse.Namespace, trained: Trained, tenCrop: bool) -> Preparation:
        """Take what options say; else what the model's file says; else what the data set says; else refuse."""
        known = dict(trained.pictures or {})
        if self._dataset is not None:
            data = self._dataset
            own: dict[str, Any] = {'size': data.shape[1:], 'mean': data.mean, 'std': data.std}
            if self._split is not None and args.size is None and 'size' in known:
                height, rows = known['size'][0], own['size'][0]
                hint = f'--size {height} scales them; --size {rows} leaves them as they are'
                expect_size(known['size'], own['size'], args.data, hint)
            known = {**own, **known}
        size = None if args.size is None else (args.size, args.size)
        given = {'size': size, 'mean': args.mean, 'std': args.std}
        known.update({name: value for name, value in given.items() if value is not None})
        lacking = [name for name in given if name not in known]
        if lacking:
            raise DataError(
                f'expected to be told the {", ".join(lacking)} of the images that the network learnt from: '
                'its file does not say',
                where=args.model,
                hint='--size N --mean R G B --std R G B, or --data FILE.h5, the data set that it learnt from;\n    '
                "fb.resnet.torch's: --size 224 --scale 256 --mean 0.485 0.456 0.406 --std 0.229 0.224 0.225",
            )
        return Preparation(known['size'], known['mean'], known['std'], args.scale, tenCrop)

    def _readers(self, places: list[int]) -> list[Callable[[], np.ndarray]]:
        """Return for each place what gives its picture, uint8 (H, W, 3)."""
        if self._split is None:
            return [partial(read_picture, self.names[place]) for place in places]
        assert self._dataset is not None
        return [partial(np.asarray, image) for image in self._dataset.images(self._split, places).transpose(0, 2, 3, 1)]

    def _cut(self, read: Callable[[], np.ndarray]) -> np.ndarray | str:
        """Return what is cut out of a picture, or why there is none."""
        try:
            return self.preparation.cut(read())
        except DataError as error:
            return error.message
        except OSError as error:
            return error.strerror or str(error)


def _below(path: str) -> list[str]:
    """Return a picture's path itself, or of a folder those of all pictures below it, sorted; hidden ones are left out.

    Raises:
        DataError: there are none in the folder.
        OSError: there is no such file, or a folder cannot be read.
    """
    if not stat.S_ISDIR(os.stat(path).st_mode):
        return [path]

    def fail(error: OSError) -> None:
        raise error

    found = []
    for folder, inner, names in os.walk(path, onerror=fail):
        inner[:] = [name for name in inner if not name.startswith('.') and name != '__MACOSX']
        pictures = [name for name in names if Path(name).suffix.lower() in SUFFIXES and not name.startswith('.')]
        found += [os.path.join(folder, name) for name in pictures]
    if not found:
        raise DataError('expected pictures (.jpg, .jpeg, .png) in the folder, got none', where=path)
    return sorted(found)


def read_picture(path: str) -> np.ndarray:
    """Return a picture from a file.

    Raises:
        DataError: it is damaged, of another format, no file, or too large for a picture.
        OSError: it cannot be read.
    """
    status = os.stat(path)
    if not stat.S_ISREG(status.st_mode):
        raise DataError('expected a file, got a folder or a pipe')
    if status.st_size > MAX_MEMBER:
        raise DataError(f'expected a file of at most {MAX_MEMBER:,} bytes, got {status.st_size:,}')
    return decode(Path(path).read_bytes())
