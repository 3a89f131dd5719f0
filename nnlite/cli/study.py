"""Train a ResNet against its plain twin, case by case, and leave curves, a table, and all that is needed to repeat it.

The folder has results.csv, curves.png, table.md and study.json. The same command again goes on where it was stopped.
"""

import argparse
import sys

from nnlite.training.device import DEVICES, choose
from nnlite.training.studies import STUDIES
from nnlite.training.study import TABLE, StudyFolder
from nnlite.training.tracing import NotFiniteError

EXAMPLE = 'nnlite study quick --out studies/quick'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    names = '; '.join(f'{name}: {study.title}' for name, study in STUDIES.items())
    parser.add_argument('name', metavar='NAME', choices=STUDIES, help=names)
    parser.add_argument('--data', metavar='FILE.h5', help='the data set; quick draws its own')
    parser.add_argument('--epochs', type=int, metavar='E', help="of each training; the study's own if not given")
    parser.add_argument('--limit', type=int, metavar='N', help='at most N training and N validation images')
    parser.add_argument('--seeds', type=int, default=1, metavar='COUNT', help='train with seeds 1 to COUNT')
    parser.add_argument('--out', metavar='DIR', help='the folder; studies/NAME if not given')
    parser.add_argument(
        '--pretrained', metavar='FILE', help="ImageNet's ResNet-18, for three-ways: .t7, .safetensors or .h5"
    )
    parser.add_argument('--workers', type=int, default=1, help='threads that make batches ready')
    parser.add_argument('--device', metavar=DEVICES, default='auto', help='what computes; auto is a GPU where one is')
    parser.add_argument('--no-optimize', action='store_true', help='run the network module by module')
    parser.add_argument('--quiet', action='store_true', help='no bars and lines')


def run(args: argparse.Namespace) -> int:
    """Run the study, or what is left of it; print its table."""
    study = StudyFolder(
        args.name,
        args.out or f'studies/{args.name}',
        data=args.data,
        epochs=args.epochs,
        limit=args.limit,
        seeds=args.seeds,
        pretrained=args.pretrained,
        workers=args.workers,
        quiet=args.quiet,
        optimize=not args.no_optimize,
        device=choose(args.device),
    )
    try:
        study.run()
    except NotFiniteError as error:
        print(f'nnlite: {error}', file=sys.stderr)
        return 1
    if not args.quiet:
        print((study.path / TABLE).read_text(encoding='utf-8'), end='')
        print(f'\n{study.path} has the table, the picture and the numbers')
    return 0
