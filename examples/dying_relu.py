"""Watch ReLUs die: with too large a learning rate more and more units are 0 for all images, and learn no more.

    python examples/dying_relu.py        (2 seconds)

It prints how many of 128 units are dead, in each of the two hidden layers, and the loss, of three runs: with ReLU at
a sensible and at too large a rate, which kills more than half of the second layer at once, and at that rate with
LeakyReLU, which always hands something back.
"""

import numpy as np

import nnlite
from nnlite import nn, trace

UNITS = 128


def network(rectifier):
    net = nn.Sequential()
    for planes in (20, UNITS):
        net.add(nn.Linear(planes, UNITS)).add(rectifier())
    return net.add(nn.Linear(UNITS, 4))


def run(rectifier, rate, steps):
    """Return the numbers of dead units by layer, and the loss, each a row for every tenth step."""
    nnlite.manualSeed(1)
    net, criterion = network(rectifier), nn.CrossEntropyCriterion()
    images = nnlite.randn(400, 20)
    labels = (images[:, 0] > 0) + 2 * (images[:, 1] > 0) + 1
    rows = []
    for step in range(steps + 1):
        if step % 10 == 0:
            frame = trace.record(net, criterion, images, labels, step=step)
            rows.append((step, trace.dead_units(frame.trace())[1][0] * UNITS, frame.loss))
        loss = criterion.forward(net.forward(images), labels)
        net.zeroGradParameters()
        net.backward(images, criterion.backward(net.output, labels))
        net.updateParameters(rate)
        assert np.isfinite(loss)
    return rows


def main(steps=60):
    results = {}
    for name, rectifier, rate in (
        ('ReLU, rate 0.5', nn.ReLU, 0.5),
        ('ReLU, rate 3', nn.ReLU, 3),
        ('LeakyReLU, rate 3', lambda: nn.LeakyReLU(0.1), 3),
    ):
        results[name] = run(rectifier, rate, steps)
        print(name)
        for step, dead, loss in results[name][:: max(1, steps // 30)]:
            print(f'  step {step:3}   dead {dead[0]:4.0f} {dead[1]:4.0f}   loss {loss:.3f}')
    return results


if __name__ == '__main__':
    main()
