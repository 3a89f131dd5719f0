"""A ResNet-8 takes ten steps on the CPU, moves to the GPU, and takes them there: the same lines, the same losses.

    python examples/on_the_gpu.py        (seconds; where there is no GPU it says so, and stops)

It prints the loss before each step, in both places, and by how much they differ.
"""

import numpy as np

import nnlite
from nnlite import models, nn, optim
from nnlite.tensor.devices import gpu


def train(net, criterion, images, labels, steps):
    """Return the loss before each step; where the arrays are, the work is done."""
    params, gradParams = net.getParameters()
    config = dict(learningRate=0.05, momentum=0.9, dampening=0)

    def feval(x):
        net.zeroGradParameters()
        loss = criterion.forward(net.forward(images), labels)
        net.backward(images, criterion.backward(net.output, labels))
        return loss, gradParams

    return [optim.sgd(feval, params, config)[1][0] for _ in range(steps)]


def main(steps=10, batch=64, pixels=32):
    try:
        cupy = gpu()  # CuPy: NumPy's functions, on arrays in the GPU's memory
    except nnlite.DeviceError as error:
        print(f'{error.message}; {error.hint}')
        return None
    nnlite.manualSeed(1)
    net = models.resnet(8, 'cifar10').double()
    twin, criterion = net.clone(), nn.CrossEntropyCriterion().double()
    images, labels = nnlite.randn(batch, 3, pixels, pixels).astype(np.float64), nnlite.randperm(batch) % 10 + 1

    on_cpu = train(net, criterion, images, labels, steps)

    twin.cudaDouble()  # twin.cuda() would make it float32, as in Torch
    criterion.cudaDouble()
    on_gpu = train(twin, criterion, cupy.asarray(images), cupy.asarray(labels), steps)

    for step, (here, there) in enumerate(zip(on_cpu, on_gpu, strict=True), 1):
        print(f'step {step:2}   CPU {here:.9f}   GPU {there:.9f}   difference {abs(here - there):.0e}')
    return on_cpu, on_gpu


if __name__ == '__main__':
    main()
