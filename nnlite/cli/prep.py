"""Make a data set (HDF5) from pictures, an original archive, or drawn shapes.

Beside FILE.h5 it leaves FILE-samples.png, sample images with the names of their classes. Exit status 1: the file is
there, but some pictures were broken and are left out; they are named.
"""

import argparse
import sys

from nnlite.data_prep.report import Report

EXAMPLE = 'nnlite prep folder pictures.zip --size 64 --val 0.1 --out pictures.h5'
# More broken pictures than these are counted, not named.
NAMED = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add a subcommand for each kind of source."""
    kinds = parser.add_subparsers(metavar='KIND', dest='kind', required=True)

    folder = _kind(kinds, 'folder', 'a folder, zip or tar of train/CLASS/* and val/CLASS/*, or of CLASS/*', EXAMPLE)
    folder.add_argument('source', metavar='SOURCE', help='the folder, .zip, .tar, .tar.gz or .tar.xz')
    folder.add_argument('--size', type=int, metavar='N', help='scale the centre square of each picture to N x N')
    folder.add_argument(
        '--val', type=float, default=0, metavar='PART', help='take this part of each class of CLASS/* for validation'
    )
    folder.add_argument('--seed', type=int, default=1, help='decides which pictures --val takes')

    tiny = _kind(
        kinds,
        'tiny-imagenet',
        'the original tiny-imagenet-200.zip, or its folder',
        'nnlite prep tiny-imagenet tiny-imagenet-200.zip --out tiny.h5',
    )
    tiny.add_argument('source', metavar='SOURCE', help='the zip or its folder')

    cifar = _kind(
        kinds,
        'cifar10',
        'the original cifar-10-binary.tar.gz, given or downloaded (170 MB)',
        'nnlite prep cifar10 --out cifar.h5',
    )
    cifar.add_argument('archive', nargs='?', metavar='ARCHIVE', help='cifar-10-binary.tar.gz; downloaded if left out')

    shapes = _kind(
        kinds,
        'shapes',
        'ten kinds of shapes, drawn from a seed; no download',
        'nnlite prep shapes --size 32 --train 10000 --val 2000 --out shapes.h5',
    )
    shapes.add_argument('--size', type=int, default=32, metavar='N', help='16, 32 or 64 pixels')
    shapes.add_argument('--train', type=int, default=10_000, metavar='N', help='training images')
    shapes.add_argument('--val', type=int, default=2_000, metavar='N', help='validation images')
    shapes.add_argument('--seed', type=int, default=1, help='another seed draws other images')


def run(args: argparse.Namespace) -> int:
    """Make the data set; say what was made, and what was left out."""
    report = _prepare(args)
    if not args.quiet:
        sizes = ', '.join(f'{size} {split}' for split, size in report.sizes.items())
        print(f'{args.out}: {sizes}')
        if report.ignored:
            print(f'other files, left alone: {_some(report.ignored, 3, ", ")}')
    if report.broken:
        named = _some(report.broken, NAMED, '\n  ')
        print(f'nnlite: {len(report.broken)} broken pictures are left out:\n  {named}', file=sys.stderr)
        return 1
    return 0


def _kind(kinds: argparse._SubParsersAction, name: str, what: str, example: str) -> argparse.ArgumentParser:
    kind = kinds.add_parser(
        name,
        help=what,
        description=f'Make a data set from {what}.',
        epilog=f'example:\n  {example}',
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    kind.add_argument('--out', required=True, metavar='FILE.h5', help='the data set to write')
    kind.add_argument('--workers', type=int, metavar='N', help='processes at work (default: one a core)')
    kind.add_argument('--quiet', action='store_true', help='say nothing but errors')
    return kind


def _prepare(args: argparse.Namespace) -> Report:
    match args.kind:
        case 'folder':
            from nnlite.data_prep import image_folder

            return image_folder.prepare(
                args.source, args.out, args.size, args.val, args.seed, workers=args.workers, quiet=args.quiet
            )
        case 'tiny-imagenet':
            from nnlite.data_prep import tiny_imagenet

            return tiny_imagenet.prepare(args.source, args.out, workers=args.workers, quiet=args.quiet)
        case 'cifar10':
            from nnlite.data_prep import cifar10

            return cifar10.prepare(args.out, args.archive, quiet=args.quiet)
        case _:
            from nnlite.data_prep import shapes

            return shapes.prepare(
                args.out, args.size, args.train, args.val, args.seed, workers=args.workers, quiet=args.quiet
            )


def _some(lines: list[str], count: int, separator: str) -> str:
    more = len(lines) - count
    # Names in an archive may hold what would change the colours of a terminal, or move its cursor.
    shown = [line if line.isprintable() else ascii(line) for line in lines[:count]]
    return separator.join(shown) + (f'{separator}and {more} more' if more > 0 else '')
