"""Say what pictures show: the most probable classes of each, by any network in a .t7 file.

A picture is made ready as the network's training images were: its middle square is scaled to their size, bicubic, and
normalised by their mean and std. A checkpoint of `nnlite train` knows all that, and its classes; for other files say it
with --size, --mean, --std and --classes, or name the data set with --data. --ten-crop looks at four corners, the middle
and their mirror images, and averages the scores.

Pictures that cannot be read are named at the end and left out, and the exit status is 1; if none can, it is an error.
Without pictures the images of --data are classified: those of its --split, such as Tiny ImageNet's without labels.
With --out, each line has the picture's file, then class, name and probability of the best class, then of the second
(class2, name2, probability2) ...
"""

import argparse
import contextlib
import csv
import io
from collections.abc import Callable, Iterator

import numpy as np

from nnlite.cli.pictures import Pictures, run_network
from nnlite.cli.pictures import add_arguments as add_pictures
from nnlite.errors import DataError, Error, FileFormatError
from nnlite.training.device import choose, type_on
from nnlite.training.network import Trained, load_model
from nnlite.training.progress import Progress, header
from nnlite.training.scores import probabilities
from nnlite.whole_file import whole_file

EXAMPLE = 'nnlite classify runs/resnet20/best.t7 holiday.jpg pictures/ --out predictions.csv'

MAX_CLASSES_FILE = 1 << 24
COLUMNS = ('class', 'name', 'probability')
# One class of a picture: what the data set calls it, its name for people, its probability.
Guess = tuple[str, str, float]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    add_pictures(parser)
    parser.add_argument('--ten-crop', action='store_true', help='ten parts of each picture; --scale is 8/7 of --size')
    parser.add_argument('--top', type=int, default=5, metavar='N', help='how many classes of each picture')
    parser.add_argument('--classes', metavar='FILE', help='a line for each class: its name, or wnid, tab and name')
    parser.add_argument('--out', metavar='FILE.csv', help='write a table for other programs instead of printing one')


def run(args: argparse.Namespace) -> int:
    """Classify the pictures."""
    if args.top < 1:
        raise Error(f'expected 1 class or more, got {args.top}', where='--top')
    device, progress = choose(args.device), Progress(args.quiet)
    trained = load_model(args.model)
    net = trained.net.type(type_on(device, 'torch.FloatTensor')).evaluate()
    with Pictures(args, trained, args.ten_crop) as pictures:
        classes, names = _classes(args, trained, pictures)
        progress.say(header(device))
        progress.say(f'pictures {pictures.preparation}')
        top = min(args.top, len(classes))
        sink = _in_file(args.out, top) if args.out else _on_terminal(pictures.names)
        with sink as write, progress.bar('classify', len(pictures)) if args.out else contextlib.nullcontext() as bar:
            for places, images in pictures:
                scores = run_network(net, images, args.model)
                if getattr(scores, 'shape', None) != (len(images), len(classes)):
                    expected = f'expected scores (N, {len(classes)}), one for each class'
                    got = getattr(scores, 'shape', type(scores).__name__)
                    raise DataError(f'{expected}, got {got}', where=args.model)
                scores = scores.reshape(len(places), -1, len(classes)).astype(np.float64).mean(1)
                for place, row in zip(places, probabilities(net, scores), strict=True):
                    if not np.isfinite(row).all():
                        raise DataError('expected finite scores, got NaN or Inf', where=pictures.names[place])
                    best = np.argsort(-row, kind='stable')[:top]
                    write(pictures.names[place], [(classes[n], names[n], float(row[n])) for n in best])
                if bar is not None:
                    bar.update(len(places))
        if args.out:
            progress.say(f'{args.out}: {len(pictures) - len(pictures.broken):,} pictures')
        return pictures.tell_broken()


def _classes(args: argparse.Namespace, trained: Trained, pictures: Pictures) -> tuple[list[str], list[str]]:
    """Return the classes, as the data set calls them and for people: of an option, the model's file or the data set.

    Raises:
        DataError: nobody knows them.
    """
    if args.classes:
        return _classes_from(args.classes)
    if trained.classes is not None:
        return trained.classes, trained.names or _names_of(trained.classes, pictures)
    if pictures.classes is not None and pictures.class_names is not None:
        return pictures.classes, pictures.class_names
    raise DataError(
        'expected to be told the names of the classes: the file of the network does not say',
        where=args.model,
        hint='--classes FILE, with a line for each class in order, or --data FILE.h5, what the network learnt from',
    )


def _names_of(classes: list[str], pictures: Pictures) -> list[str]:
    """Return the names for people that the data set has for these classes; else what they are called."""
    known = dict(zip(pictures.classes or [], pictures.class_names or [], strict=True))
    return [known.get(name, name) for name in classes]


def _classes_from(path: str) -> tuple[list[str], list[str]]:
    """Return the classes of a text file, and their names behind a tab, which are the same where there is none.

    Raises:
        FileFormatError: it is no text in UTF-8, too large, or has an empty line.
        OSError: it cannot be read.
    """
    with open(path, 'rb') as file:
        content = file.read(MAX_CLASSES_FILE + 1)
    try:
        lines = [line.rstrip('\n') for line in io.StringIO(content.decode(), newline=None)]
    except UnicodeDecodeError as error:
        raise FileFormatError(f'expected text in UTF-8, got {error}', where=path) from error
    if len(content) > MAX_CLASSES_FILE or not lines or not all(line.strip() for line in lines):
        raise FileFormatError('expected the name of a class in each line, got an empty one', where=path)
    pairs = [line.split('\t')[:2] for line in lines]
    return [pair[0] for pair in pairs], [pair[-1] for pair in pairs]


@contextlib.contextmanager
def _in_file(path: str, top: int) -> Iterator[Callable[[str, list[Guess]], None]]:
    """Give what writes a line of CSV; the file is there when the block ends well, and as it was otherwise."""
    with whole_file(path) as file:
        text = io.TextIOWrapper(file, 'utf-8', 'backslashreplace', newline='', write_through=True)
        lines = csv.writer(text, lineterminator='\n')
        numbers = ['', *map(str, range(2, top + 1))]
        lines.writerow(['file', *(f'{column}{number}' for number in numbers for column in COLUMNS)])

        def write(name: str, guesses: list[Guess]) -> None:
            lines.writerow([name, *(field for *of, p in guesses for field in (*of, f'{p:.6f}'))])

        yield write
        text.detach()


@contextlib.contextmanager
def _on_terminal(files: list[str]) -> Iterator[Callable[[str, list[Guess]], None]]:
    """Give what prints the classes of a picture below each other."""
    width = max(map(len, files))

    def write(name: str, guesses: list[Guess]) -> None:
        for number, (of, called, probability) in enumerate(guesses):
            shown = called if called == of else f'{of}  {called}'
            print(f'{"" if number else name:{width}}  {100 * probability:5.1f} %  {shown}')

    yield write
