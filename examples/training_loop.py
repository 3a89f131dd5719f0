"""A training loop written out as one wrote it in Torch: a ResNet-8 learns to tell drawn shapes apart.

    python examples/training_loop.py        (15 seconds)

It prints

    epoch 1   loss 2.3002   validation top-1  17.2 %
    epoch 2   loss 1.9919   validation top-1  31.5 %
    epoch 3   loss 1.7010   validation top-1  44.0 %
    epoch 4   loss 1.3792   validation top-1  47.0 %
    epoch 5   loss 1.1663   validation top-1  53.2 %
"""

import os
import tempfile

import nnlite
from nnlite import data_prep, models, nn, optim


def main(path, epochs=5, widths=(8, 16, 32)):
    nnlite.manualSeed(1)
    train = data_prep.Loader(path, 'train', batchSize=64, seed=1)
    val = data_prep.Loader(path, 'val', batchSize=64)
    net = models.resnet(8, 'cifar10', widths=widths).double()  # float is faster, but rounds differently on each machine
    criterion = nn.CrossEntropyCriterion().double()
    params, gradParams = net.getParameters()
    config = dict(learningRate=0.1, momentum=0.9, dampening=0, nesterov=True, weightDecay=1e-4)
    confusion = optim.ConfusionMatrix(train.classes)

    for epoch in range(1, epochs + 1):
        net.training()
        total = 0
        for images, targets in train:
            inputs = images.astype('float64')

            def feval(x, inputs=inputs, targets=targets):
                net.zeroGradParameters()
                output = net.forward(inputs)
                loss = criterion.forward(output, targets)
                net.backward(inputs, criterion.backward(output, targets))
                return loss, gradParams

            _, (loss,) = optim.sgd(feval, params, config)
            total += loss * len(targets)

        net.evaluate()
        confusion.zero()
        for images, targets in val:
            confusion.batchAdd(net.forward(images.astype('float64')), targets)
        confusion.updateValids()
        print(f'epoch {epoch}   loss {total / train.size:.4f}   validation top-1 {100 * confusion.totalValid:5.1f} %')


if __name__ == '__main__':
    nnlite.setnumthreads(1)  # so small a network gains nothing from more
    with tempfile.TemporaryDirectory() as folder:
        shapes = os.path.join(folder, 'shapes.h5')
        data_prep.shapes.prepare(shapes, size=16, train=3000, val=600, seed=1, quiet=True)
        main(shapes)
