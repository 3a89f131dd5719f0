"""Watch ReLUs die: at too large a learning rate units become 0 for all images, pass no gradient on, and learn no more.

    python examples/dying_relu.py        (a second)

It prints how many of the 128 units of each hidden layer are dead, first and second layer, and the loss:

    ReLU, rate 0.5       step  0   dead   0   0   loss 1.405
    ReLU, rate 0.5       step 60   dead   0   0   loss 0.048
    ReLU, rate 3         step  0   dead   0   0   loss 1.405
    ReLU, rate 3         step 20   dead   0  80   loss 0.895
    ReLU, rate 3         step 60   dead   0  89   loss 0.047
    LeakyReLU, rate 3    step 60   dead   0   0   loss 0.006

and steps between. The units that live learn on, so the loss alone would not show it. A LeakyReLU always hands something
back, and none of them dies.
"""

import numpy as np

import nnlite
from nnlite import nn, trace

UNITS = 128
RUNS = {
    'ReLU, rate 0.5': (nn.ReLU, 0.5),
    'ReLU, rate 3': (nn.ReLU, 3),
    'LeakyReLU, rate 3': (lambda: nn.LeakyReLU(0.1), 3),
}


def run(name, steps=60):
    rectifier, rate = RUNS[name]
    nnlite.manualSeed(1)
    net, criterion = nn.Sequential(), nn.CrossEntropyCriterion().double()
    for planes in (20, UNITS):
        net.add(nn.Linear(planes, UNITS)).add(rectifier())
    net.add(nn.Linear(UNITS, 4)).double()  # 16 digits, so that yours are these
    images = nnlite.randn(400, 20).astype(np.float64)
    labels = (images[:, 0] > 0) + 2 * (images[:, 1] > 0) + 1
    for step in range(steps + 1):
        if step % 20 == 0:
            frame = trace.record(net, criterion, images, labels, step=step)
            first, second = trace.dead_units(frame.trace())[1][0] * UNITS
            print(f'{name:20} step {step:2}   dead {first:3.0f} {second:3.0f}   loss {frame.loss:.3f}')
        criterion.forward(net.forward(images), labels)
        net.zeroGradParameters()
        net.backward(images, criterion.backward(net.output, labels))
        net.updateParameters(rate)


def main():
    for name in RUNS:
        run(name)


if __name__ == '__main__':
    nnlite.setnumthreads(1)  # so small a network gains nothing from more
    main()
