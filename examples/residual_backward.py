"""How a residual block's shortcut carries the gradient: the block's backward pass by hand, and nnlite's.

    python examples/residual_backward.py        (a second)

It prints

    y = relu(f(x) + x), dy given
    gradient that arrives at the sum                 1.9446
    through the branch f                             1.2092
    through the shortcut: the same as at the sum     1.9446
    their sum, by hand                               2.3687
    nnlite's gradInput of the whole block            2.3687
    largest difference                               0.0
"""

import numpy as np

import nnlite
from nnlite import nn


def main():
    nnlite.manualSeed(1)
    branch = nn.Sequential()
    branch.add(nn.SpatialConvolution(4, 4, 3, 3, 1, 1, 1, 1).noBias())
    branch.add(nn.SpatialBatchNormalization(4))
    branch.add(nn.ReLU(True))
    branch.add(nn.SpatialConvolution(4, 4, 3, 3, 1, 1, 1, 1).noBias())
    branch.add(nn.SpatialBatchNormalization(4))
    fork = nn.ConcatTable().add(branch).add(nn.Identity())
    block = nn.Sequential().add(fork).add(nn.CAddTable()).add(nn.ReLU())

    x = nnlite.randn(2, 4, 8, 8)
    dy = nnlite.randn(2, 4, 8, 8) / 8
    y = block.forward(x)
    whole = block.backward(x, dy).copy()

    # The last ReLU lets the gradient pass where its output is positive. This is what arrives at the sum.
    at_sum = dy * (y > 0)
    # y = f(x) + x has slope 1 in both terms: the sum hands the same gradient to the branch and to the shortcut.
    through_branch = branch.updateGradInput(x, at_sum.copy()).copy()
    through_shortcut = at_sum
    # x was used twice, so its gradient is the sum over both uses. Whatever f does, the second term stays.
    by_hand = through_branch + through_shortcut

    print('y = relu(f(x) + x), dy given')
    for name, grad in [
        ('gradient that arrives at the sum', at_sum),
        ('through the branch f', through_branch),
        ('through the shortcut: the same as at the sum', through_shortcut),
        ('their sum, by hand', by_hand),
        ("nnlite's gradInput of the whole block", whole),
    ]:
        print(f'{name:47}{np.linalg.norm(grad):8.4f}')
    print(f'{"largest difference":47}{np.abs(by_hand - whole).max():5}')
    return np.abs(by_hand - whole).max()


if __name__ == '__main__':
    main()
