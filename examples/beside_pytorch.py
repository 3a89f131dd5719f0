"""The same network and the same step, in nnlite and in PyTorch, side by side (needs PyTorch: pip install torch).

    python examples/beside_pytorch.py        (3 seconds)

It prints

    nnlite   loss before 2.4781686727   after 1.1649136963
    PyTorch  loss before 2.4781686727   after 1.1649136963
"""

import torch

import nnlite
from nnlite import nn, optim


def main():
    nnlite.manualSeed(1)
    nnlite.setdefaulttensortype('torch.DoubleTensor')
    images, labels = nnlite.randn(16, 3, 8, 8), nnlite.randperm(16) % 10 + 1

    branch = nn.Sequential().add(nn.SpatialConvolution(3, 3, 3, 3, 1, 1, 1, 1)).add(nn.SpatialBatchNormalization(3))
    net = nn.Sequential()
    net.add(nn.ConcatTable().add(branch).add(nn.Identity())).add(nn.CAddTable()).add(nn.ReLU(True))
    net.add(nn.View(3 * 8 * 8)).add(nn.Linear(3 * 8 * 8, 10))
    criterion = nn.CrossEntropyCriterion()
    params, gradParams = net.getParameters()
    start = params.copy()

    def feval(x):
        net.zeroGradParameters()
        output = net.forward(images)
        loss = criterion.forward(output, labels)
        net.backward(images, criterion.backward(output, labels))
        return loss, gradParams

    _, (before,) = optim.sgd(feval, params, dict(learningRate=0.1, momentum=0.9, dampening=0, nesterov=True))
    after, _ = feval(params)
    print(f'nnlite   loss before {before:.10f}   after {after:.10f}')

    # PyTorch, from the same parameters: their flat vectors have the same order
    conv, norm, linear = torch.nn.Conv2d(3, 3, 3, padding=1), torch.nn.BatchNorm2d(3), torch.nn.Linear(3 * 8 * 8, 10)
    twin = torch.nn.ModuleList([conv, norm, linear]).double()
    torch.nn.utils.vector_to_parameters(torch.from_numpy(start), twin.parameters())
    sgd = torch.optim.SGD(twin.parameters(), lr=0.1, momentum=0.9, nesterov=True)
    x, y = torch.from_numpy(images), torch.from_numpy(labels) - 1
    losses = []
    for _ in range(2):
        sgd.zero_grad()
        loss = torch.nn.functional.cross_entropy(linear(torch.relu(norm(conv(x)) + x).flatten(1)), y)
        loss.backward()
        sgd.step()
        losses.append(loss.item())
    print(f'PyTorch  loss before {losses[0]:.10f}   after {losses[1]:.10f}')
    nnlite.setdefaulttensortype('torch.FloatTensor')
    return (before, after), losses


if __name__ == '__main__':
    main()
