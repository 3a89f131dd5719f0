"""Test a trained network on the validation images of a data set: loss, top-1, top-5, and each class.

The network is a .t7 file, or the folder of a run, whose latest.t7 is tested. A network that knows its classes, and the
size of the images that it learnt from, is tested only on data that have the same.
"""

import argparse

import numpy as np

from nnlite import nn
from nnlite.data_prep import Loader
from nnlite.errors import DataError
from nnlite.optim import ConfusionMatrix
from nnlite.tensor.devices import to_host
from nnlite.training.checkpoint import check_classes
from nnlite.training.device import DEVICES, choose, type_on
from nnlite.training.evaluation import evaluate
from nnlite.training.network import load_model
from nnlite.training.preparation import expect_size
from nnlite.training.progress import Progress, header

EXAMPLE = 'nnlite test runs/resnet20/best.t7 --data cifar.h5'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument('model', metavar='MODEL.t7|DIR', help='the network, or the folder of a run')
    parser.add_argument('--data', metavar='FILE.h5', help='the data set, as `nnlite prep` writes it')
    parser.add_argument('--limit', type=int, metavar='N', help='at most N images')
    parser.add_argument('--batch', type=int, default=128, help='images at a time')
    parser.add_argument('--workers', type=int, default=1, help='threads that make batches ready')
    parser.add_argument('--device', metavar=DEVICES, default='auto', help='what computes; auto is a GPU where one is')
    parser.add_argument('--quiet', action='store_true', help='only the one line of loss and accuracies')


def run(args: argparse.Namespace) -> int:
    """Test the network, and print what came out."""
    if not args.data:
        raise DataError('expected a data set, got none', hint='`nnlite prep` makes one; then  --data FILE.h5')
    device = choose(args.device)
    trained = load_model(args.model)
    net, classes = trained.net, trained.classes
    loader = Loader(args.data, 'val', args.batch, workers=args.workers, limit=args.limit, device=device)
    if classes is not None:
        check_classes(classes, loader.classes, args.data)
    if trained.pictures is not None:
        size = trained.pictures['size']
        hint = f'`nnlite classify {args.model} --data {args.data} --split val --size {size[0]}` scales them'
        expect_size(size, loader.shape[1:], args.data, hint)
    confusion = ConfusionMatrix(loader.names)
    progress = Progress(args.quiet)
    progress.say(header(device))
    typename = type_on(device, 'torch.FloatTensor')
    with progress.bar('test', loader.size) as bar:

        def count(output: np.ndarray, labels: np.ndarray) -> None:
            confusion.batchAdd(to_host(output), to_host(labels))
            bar.update(len(labels))

        meters = evaluate(net.type(typename), nn.CrossEntropyCriterion().type(typename), loader, count)
    print(f'{meters.images:,} images: loss {meters.loss:.4f}, top-1 {meters.top1:.2f} %, top-5 {meters.top5:.2f} %')
    if not args.quiet:
        _print_classes(confusion)
    return 0


def _print_classes(confusion: ConfusionMatrix) -> None:
    """Print for each class how many of its images were told right, and what they were most often taken for."""
    width = max(map(len, ('class', *confusion.classes)))
    print(f'\n{"class":{width}}  images  right %  most often taken for')
    for number, name in enumerate(confusion.classes):
        counts = confusion.mat[number].copy()
        images, right = int(counts.sum()), int(counts[number])
        counts[number] = 0
        other = f'{confusion.classes[counts.argmax()]} ({counts.max()})' if counts.any() else ''
        share = f'{100 * right / images:7.1f}' if images else '      -'
        print(f'{name:{width}}  {images:6}  {share}  {other}'.rstrip())
