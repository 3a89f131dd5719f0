"""Train a ResNet or its plain twin on a data set, with fb.resnet.torch's recipe.

The folder has latest.t7, from which --resume goes on to the same bits, best.t7, log.csv and curves.png. One run at a
time writes to it. The classes come from the data set, the topology from the size of its images: up to 32 pixels
CIFAR-10's, else Tiny ImageNet's. Exit status 1: a loss or gradient became NaN or infinite.
"""

import argparse
import sys
from pathlib import Path

import nnlite
from nnlite import nn
from nnlite.data_prep import Loader, open_dataset
from nnlite.data_prep.augmentation import PRESETS
from nnlite.errors import DataError, Error
from nnlite.models.resnet import SHORTCUTS
from nnlite.trace.every import Every
from nnlite.training.device import DEVICES, choose
from nnlite.training.network import NETWORKS, begin_with, network, topology_of
from nnlite.training.progress import header
from nnlite.training.tracing import NotFiniteError
from nnlite.training.trainer import Trainer

TRACE = 'trace'  # the folder of records, in that of the run
EXAMPLE = 'nnlite train --net resnet --depth 20 --data cifar.h5 --epochs 5 --save runs/resnet20'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument('--net', choices=NETWORKS, default='resnet', help='the residual network, or the plain one')
    parser.add_argument('--depth', type=int, default=20, help='layers')
    parser.add_argument(
        '--shortcut', choices=SHORTCUTS, default='A', help="a ResNet's shortcuts where the size changes"
    )
    parser.add_argument(
        '--dropout', type=float, default=0, metavar='P', help='probability in the blocks; 0.5 in the paper'
    )
    parser.add_argument(
        '--widths', type=int, nargs='+', metavar='N', help="planes of each stage; the topology's own if not given"
    )
    parser.add_argument('--data', metavar='FILE.h5', help='the data set, as `nnlite prep` writes it')
    parser.add_argument('--limit', type=int, metavar='N', help='at most N training and N validation images')
    parser.add_argument('--augment', choices=[*PRESETS, 'none'], default='standard', help='changes to training images')
    parser.add_argument('--epochs', type=int, default=164, help='how often the training images are gone through')
    parser.add_argument('--batch', type=int, default=128, help='images in a step')
    parser.add_argument('--lr', type=float, default=0.1, help='learning rate of the first half of the epochs')
    parser.add_argument('--momentum', type=float, default=0.9, help="Nesterov's")
    parser.add_argument('--weight-decay', type=float, default=1e-4, help='of all parameters')
    parser.add_argument('--seed', type=int, default=1, help='decides initial weights, dropout, and order of the images')
    parser.add_argument('--save', metavar='DIR', help='an empty folder for checkpoints, log and curves')
    parser.add_argument('--resume', metavar='DIR', help='go on with the run in this folder; an empty one begins anew')
    parser.add_argument(
        '--pretrained', metavar='FILE', help='begin with the parameters of this network: .t7, .safetensors or .h5'
    )
    parser.add_argument('--minutes', type=float, default=5, help='between checkpoints within an epoch')
    parser.add_argument('--workers', type=int, default=1, help='threads that make batches ready')
    parser.add_argument('--device', metavar=DEVICES, default='auto', help='what computes; auto is a GPU where one is')
    parser.add_argument('--no-graph', action='store_true', help='on a GPU, launch the kernels of each step one by one')
    parser.add_argument('--no-optimize', action='store_true', help='run the network module by module')
    parser.add_argument(
        '--trace',
        type=int,
        metavar='STEPS',
        help='record every so many steps, in DIR/trace; `nnlite trace` shows it',
    )
    parser.add_argument('--quiet', action='store_true', help='no bars and lines')


def run(args: argparse.Namespace) -> int:
    """Train the network."""
    if args.trace is not None and args.trace < 1:
        raise Error(f'expected 1 step or more, got {args.trace}', where='--trace')
    folder, device = _folder(args), choose(args.device)
    train, val = _loaders(args, device)
    nnlite.manualSeed(args.seed)
    dataset, classes = topology_of(train.shape), len(train.classes)
    net = network(args.net, args.depth, dataset, classes, args.shortcut, args.dropout, args.widths)
    if args.pretrained:
        begin_with(net, args.pretrained, train.classes)
    trainer = Trainer(
        net,
        nn.CrossEntropyCriterion(),
        train,
        val,
        save=folder,
        resume=args.resume is not None,
        learningRate=args.lr,
        momentum=args.momentum,
        weightDecay=args.weight_decay,
        minutes=args.minutes,
        arguments=_arguments(args),
        before_step=None if args.trace is None else Every(Path(folder) / TRACE, args.trace),
        quiet=args.quiet,
        optimize=not args.no_optimize,
        device=device,
        graph=False if args.no_graph else None,
    )
    if not args.quiet:
        parameters = sum(weight.size for weight in net.parameters()[0])
        print(f'{args.net} of {args.depth} layers ({dataset}): {parameters:,} parameters, {classes} classes')
        print(f'{train.size:,} training images' + (f', {val.size:,} validation images' if val else ''))
        print(header(device))
        if device != 'cpu':
            print(f'the training images {train.place}')
    try:
        trainer.run(args.epochs)
    except NotFiniteError as error:
        print(f'nnlite: {error}', file=sys.stderr)
        return 1
    return 0


def _folder(args: argparse.Namespace) -> str:
    if args.epochs < 1:
        raise Error(f'expected 1 epoch or more, got {args.epochs}', where='--epochs')
    if args.save and args.resume and args.save != args.resume:
        raise Error(f'expected one folder, got {args.save} and {args.resume}', hint='--resume DIR also saves in DIR')
    if not (args.save or args.resume):
        raise Error('expected a folder for what is trained, got none', hint='--save DIR; later --resume DIR goes on')
    return args.resume or args.save


def _loaders(args: argparse.Namespace, device: str) -> tuple[Loader, Loader | None]:
    if not args.data:
        raise DataError(
            'expected a data set, got none',
            hint='`nnlite prep shapes --out shapes.h5` draws one, `nnlite prep --help` lists others; '
            'then  --data shapes.h5',
        )
    augment = None if args.augment == 'none' else args.augment
    train = Loader(args.data, 'train', args.batch, args.seed, augment, args.workers, args.limit, device=device)
    with open_dataset(args.data) as dataset:
        has_val = bool(dataset.sizes.get('val'))
    return train, Loader(args.data, 'val', args.batch, limit=args.limit, device=device) if has_val else None


def _arguments(args: argparse.Namespace) -> dict[str, object]:
    """Return what the result depends on, and the Trainer does not know by itself."""
    with open_dataset(args.data) as dataset:
        made = {'source': dataset.source, 'source_sha256': dataset.source_sha256, 'size': dataset.shape[-1]}
    names = ('net', 'depth', 'shortcut', 'dropout', 'widths', 'seed', 'pretrained')
    return {**{name: getattr(args, name) for name in names}, **made}
