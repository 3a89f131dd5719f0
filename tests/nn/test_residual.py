"""What makes a residual network one: gradients that add up over the shortcut; and ResNet-20 beside PyTorch's."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812 as everybody calls it
from runs import forward, run
from trees import assert_close, drawn

import nnlite
from nnlite import models, nn, optim
from nnlite.tensor.storage import Storage

pytestmark = pytest.mark.usefixtures('kernels')


def branch():
    net = nn.Sequential().add(nn.SpatialConvolution(4, 4, 3, 3, 1, 1, 1, 1)).add(nn.SpatialBatchNormalization(4))
    return (
        net.add(nn.ReLU(True)).add(nn.SpatialConvolution(4, 4, 3, 3, 1, 1, 1, 1)).add(nn.SpatialBatchNormalization(4))
    )


SHORTCUTS = {
    'identity': nn.Identity,
    'convolution': lambda: nn.SpatialConvolution(4, 4, 1, 1),
    'nothing': lambda: nn.MulConstant(0),
}


@pytest.mark.parametrize('shortcut', SHORTCUTS)
@pytest.mark.parametrize('dtype', ['torch.FloatTensor', 'torch.DoubleTensor'])
def test_gradient_of_a_block_is_the_branchs_plus_the_shortcuts(shortcut, dtype):
    nnlite.manualSeed(1)
    f, g = branch(), SHORTCUTS[shortcut]()
    block = nn.Sequential().add(nn.ConcatTable().add(f).add(g)).add(nn.CAddTable()).type(dtype)
    x = drawn((3, 4, 5, 6), 1, block.dtype)
    whole = run(block, x)
    gradOutput = drawn(x.shape, 2, block.dtype)
    whole = run(block, x, gradOutput)
    through_f, through_g = run(f, x, gradOutput), run(g, x, gradOutput)
    assert np.array_equal(whole.output, through_f.output + through_g.output)
    assert np.array_equal(whole.gradInput, through_f.gradInput + through_g.gradInput)
    if shortcut == 'identity':
        assert np.array_equal(whole.gradInput, through_f.gradInput + gradOutput)


def test_branch_that_ends_in_place_leaves_the_shortcuts_gradient_alone():
    nnlite.manualSeed(1)
    nets = []
    for inplace in (False, True):
        nnlite.manualSeed(1)
        f = nn.Sequential().add(nn.SpatialConvolution(4, 4, 1, 1)).add(nn.ReLU(inplace))
        nets.append(nn.Sequential().add(nn.ConcatTable().add(f).add(nn.Identity())).add(nn.CAddTable()).double())
    x = drawn((2, 4, 3, 5), 1)
    run(nets[0], x).assert_equal(run(nets[1], x))


@pytest.mark.parametrize('shortcutType', ['A', 'B', 'C'])
def test_modules_may_share_the_memory_of_their_gradients(shortcutType):
    """As fb.resnet.torch's shareGradInput: one piece for each class of module, two for all forks by turns."""
    nnlite.manualSeed(1)
    net = models.resnet(14, 'cifar10', shortcutType, widths=(4, 6, 8), classes=3).double()
    images = drawn((3, 3, 16, 16), 1)
    expected = run(net, images)
    pieces = {}
    for module in net.clearState().listModules():
        if not isinstance(module, nn.Container | nn.CAddTable):
            module._storages = {'gradInput': pieces.setdefault(type(module), Storage())}
    for place, fork in enumerate(net.findModules('nn.ConcatTable')[0]):
        fork._storages = {'gradInput': pieces.setdefault(place % 2, Storage())}
    expected.assert_equal(run(net, images))
    assert all(len(piece) for kind, piece in pieces.items() if kind not in (nn.ReLU, nn.Identity, nn.View))


class TorchResNet(torch.nn.Module):
    """ResNet for CIFAR-10 as He et al. have it, with shortcuts of average pooling and zero planes, in PyTorch."""

    def __init__(self, blocks=3, widths=(16, 32, 64), classes=10):
        super().__init__()
        self.stem = torch.nn.Sequential(conv3x3(3, widths[0]), torch.nn.BatchNorm2d(widths[0]), torch.nn.ReLU())
        planes, layers = widths[0], []
        for stage, width in enumerate(widths):
            for block in range(blocks):
                layers.append(TorchBlock(planes, width, 2 if stage and not block else 1))
                planes = width
        self.layers = torch.nn.Sequential(*layers)
        self.classifier = torch.nn.Linear(planes, classes)

    def forward(self, x):
        return self.classifier(self.layers(self.stem(x)).mean((2, 3)))


class TorchBlock(torch.nn.Module):
    def __init__(self, planes, width, stride):
        super().__init__()
        self.branch = torch.nn.Sequential(
            conv3x3(planes, width, stride),
            torch.nn.BatchNorm2d(width),
            torch.nn.ReLU(),
            conv3x3(width, width),
            torch.nn.BatchNorm2d(width),
        )
        self.grown, self.stride = width - planes, stride

    def forward(self, x):
        shortcut = F.avg_pool2d(x, 2) if self.stride == 2 else x
        return F.relu(self.branch(x) + F.pad(shortcut, (0, 0, 0, 0, 0, self.grown)))


def conv3x3(planes, width, stride=1):
    return torch.nn.Conv2d(planes, width, 3, stride, 1, bias=False)


# In float32 a ReLU flips here or there where its input is nearly zero, in ours or in PyTorch's, and moves the gradient
# by 1e-3; with small steps the losses hardly feel it.
@pytest.mark.parametrize(
    ('dtype', 'learningRate', 'of_losses'),
    [(np.float64, 0.1, 1e-10), (np.float32, 3e-4, 1e-4)],
    ids=['double', 'float'],
)
def test_five_steps_of_resnet_20_are_pytorchs(dtype, learningRate, of_losses):
    nnlite.manualSeed(1)
    net = models.resnet(20, 'cifar10')
    net = net.double() if dtype == np.float64 else net
    twin = TorchResNet().to(torch.float64 if dtype == np.float64 else torch.float32)
    params, gradParams = net.getParameters()
    torch.nn.utils.vector_to_parameters(torch.tensor(params), twin.parameters())
    rng = np.random.default_rng(1)
    images, labels = rng.standard_normal((8, 3, 16, 16)).astype(dtype), rng.integers(1, 11, 8)
    criterion = nn.CrossEntropyCriterion().type(net.type())

    def feval(x):
        net.zeroGradParameters()
        loss = criterion.forward(net.forward(images), labels)
        net.backward(images, criterion.backward(net.output, labels))
        return loss, gradParams

    config = {'learningRate': learningRate, 'momentum': 0.9, 'dampening': 0, 'nesterov': True, 'weightDecay': 1e-4}
    optimizer = torch.optim.SGD(twin.parameters(), lr=learningRate, momentum=0.9, nesterov=True, weight_decay=1e-4)
    for _ in range(5):
        ours = optim.sgd(feval, params, config)[1][0]
        optimizer.zero_grad()
        theirs = F.cross_entropy(twin(torch.tensor(images)), torch.tensor(labels - 1))
        theirs.backward()
        optimizer.step()
        assert abs(ours - theirs.item()) < of_losses
    if dtype == np.float64:
        weights = torch.nn.utils.parameters_to_vector(twin.parameters()).detach().numpy()
        assert_close(params, weights, 1e-10, 'weights')
        twin.eval()
        assert_close(forward(net.evaluate(), images), twin(torch.tensor(images)).detach().numpy(), 1e-8, 'evaluation')
