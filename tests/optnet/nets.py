"""Networks on which optnet is tried: all that it knows of, and what it does not."""

from nnlite import models, nn


def residual(shortcutType, dropout=0.0):
    return models.resnet(14, 'cifar10', shortcutType, dropout, classes=3, widths=(4, 6, 8))


def convolution(planes=4, into=4, stride=1):
    return nn.SpatialConvolution(planes, into, 3, 3, stride, stride, 1, 1)


def sequence(*modules):
    net = nn.Sequential()
    for module in modules:
        net.add(module)
    return net


def fork(*branches, container=nn.ConcatTable, **arguments):
    net = container(**arguments)
    for branch in branches:
        net.add(branch)
    return net


def norm(planes=4):
    return nn.SpatialBatchNormalization(planes)


def preactivation(shared=False, inplace=True):
    """He's second kind of block: batch norm and ReLU come first, and nothing after the sum."""

    def half():
        return norm(), nn.ReLU(inplace), convolution()

    def block():
        if not shared:
            return sequence(fork(sequence(*half(), *half()), nn.Identity()), nn.CAddTable())
        # the first norm and ReLU are the shortcut's too
        branch, shortcut = sequence(convolution(), *half()), nn.SpatialConvolution(4, 4, 1, 1)
        return sequence(norm(), nn.ReLU(inplace), fork(branch, shortcut), nn.CAddTable())

    return sequence(convolution(3), block(), block(), norm(), nn.ReLU(inplace))


def branch_that_ends_in_place(sums_in_place=False):
    block = fork(sequence(convolution(), norm(), nn.ReLU(True)), sequence(convolution(), nn.Tanh()), nn.Tanh())
    return sequence(convolution(3), block, nn.CAddTable(sums_in_place), nn.ReLU(True), convolution())


def two_branches_of_convolutions():
    """Both end in a batch norm, whose sums the convolution before it may leave."""

    def branch():
        return sequence(convolution(8, 8), norm(8))

    return sequence(convolution(3, 8), fork(branch(), branch()), nn.CAddTable(), nn.ReLU(True), convolution(8))


def nested_forks():
    inner = sequence(fork(nn.Identity(), convolution(), nn.Tanh()), nn.CAddTable())
    outer = fork(sequence(inner, norm()), nn.Identity(), sequence(convolution(), inner.clone(), nn.ReLU(True)))
    return sequence(convolution(3), outer, nn.CAddTable(), nn.ReLU(True), convolution())


def fork_of_a_fork():
    """Tables that pass from one container to the next: a fork that ends in a fork, and modules side by side."""
    deep = fork(sequence(convolution(), fork(nn.Identity(), convolution()), nn.JoinTable(2)), convolution())
    beside = fork(nn.SpatialConvolution(8, 4, 1, 1), convolution(), container=nn.ParallelTable)
    return sequence(convolution(3), deep, beside, nn.Identity(), nn.CAddTable(), convolution())


def inception():
    tower = sequence(nn.SpatialMaxPooling(3, 3, 1, 1, 1, 1), convolution(), nn.ReLU(True))
    joined = fork(nn.SpatialConvolution(4, 2, 1, 1), tower, nn.Identity(), container=nn.Concat, dimension=2)
    return sequence(convolution(3), nn.ReLU(True), joined, convolution(10), norm(), nn.ReLU(), convolution())


def unknown_containers():
    """Containers that run what is inside of them in another order than optnet knows of."""
    decorated = nn.Decorator(sequence(convolution(), nn.Tanh(), convolution(), nn.Tanh()))
    mapped = sequence(fork(nn.Identity(), nn.Tanh()), nn.MapTable(sequence(convolution(), nn.Tanh())), nn.CAddTable())
    return sequence(convolution(3), decorated, mapped, nn.CReLU(3), convolution(8))


def one_module_twice():
    layer = convolution()
    return sequence(convolution(3), layer, convolution(), fork(convolution(), layer), nn.CAddTable(), convolution())


def one_that_nobody_asks():
    """A first layer that is told not to compute the gradient of the images."""
    first = convolution(3)
    first.gradInput = None
    return sequence(fork(first, sequence(convolution(3), nn.Tanh())), nn.CAddTable(), convolution())


NETS = {
    **{f'ResNet {kind}': lambda kind=kind: residual(kind) for kind in ('A', 'A-subsample', 'B', 'C')},
    'ResNet with dropout': lambda: residual('A', 0.5),
    'ResNet of bottlenecks': lambda: sequence(*(models.resnet(50, 'imagenet', classes=2, widths=(2, 3, 4, 5)).modules)),
    'ConvNet': lambda: models.convnet(14, 'cifar10', classes=3, widths=(4, 6, 8)),
    'ConvNet with dropout': lambda: models.convnet(8, 'cifar10', 0.5, classes=3, widths=(4, 6, 8)),
    'pre-activation': preactivation,
    'pre-activation, not in place': lambda: preactivation(inplace=False),
    'pre-activation shared with the shortcut': lambda: preactivation(shared=True),
    'a branch that ends in place': branch_that_ends_in_place,
    'a sum in place': lambda: branch_that_ends_in_place(sums_in_place=True),
    'two branches of convolutions': two_branches_of_convolutions,
    'nested forks': nested_forks,
    'a fork of a fork': fork_of_a_fork,
    'Concat': inception,
    'containers that optnet does not know': unknown_containers,
    'one module twice': one_module_twice,
    'a layer without gradInput': one_that_nobody_asks,
}
