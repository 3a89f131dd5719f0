"""A training loop written out as one wrote it in Torch: a ResNet-8 learns to tell drawn shapes apart.

    python examples/training_loop.py        (a minute on two cores)

It prints

    epoch 1   loss 2.2981   validation top-1  14.5 %
    ...
    epoch 5   loss 1.1870   validation top-1  49.2 %
"""

import os
import tempfile

import nnlite
from nnlite import data_prep, models, nn, optim


def main(path=None, images=3000, epochs=5, widths=(8, 16, 32)):
    nnlite.manualSeed(1)
    if path is None:
        path = os.path.join(tempfile.gettempdir(), f'nnlite-shapes-{images}.h5')
        data_prep.shapes.prepare(path, size=16, train=images, val=images // 5, seed=1, quiet=True)
    train = data_prep.Loader(path, 'train', batchSize=64, seed=1)
    val = data_prep.Loader(path, 'val', batchSize=64)

    net = models.resnet(8, 'cifar10', widths=widths)
    criterion = nn.CrossEntropyCriterion()
    params, gradParams = net.getParameters()
    config = dict(learningRate=0.1, momentum=0.9, dampening=0, nesterov=True, weightDecay=1e-4)
    confusion = optim.ConfusionMatrix(train.classes)
    history = []

    for epoch in range(1, epochs + 1):
        net.training()
        total = 0
        for inputs, targets in train:

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
        for inputs, targets in val:
            confusion.batchAdd(net.forward(inputs), targets)
        confusion.updateValids()
        history.append((total / train.size, 100 * confusion.totalValid))
        print('epoch {}   loss {:.4f}   validation top-1 {:5.1f} %'.format(epoch, *history[-1]))
    return history


if __name__ == '__main__':
    main()
