"""ImageNet's ResNet-18 on pictures of 64 x 64 pixels, three ways.

Each takes `pretrained`, a ResNet-18 of nnlite.models.resnet(18, 'imagenet') or such a model from a file, whose
parameters the new network begins with wherever it has the same layer; without it all parameters are drawn.
"""

from nnlite import nn
from nnlite.errors import DataError
from nnlite.models.resnet import basic, residual, resnet, shortcut
from nnlite.models.topology import initialise

STEM = 4  # convolution, batch norm, ReLU, pooling


def resnet18_upsampled(classes=200, pretrained=None, scale=4):
    """Return a network that makes the picture larger (64 pixels become 64 scale) and then is ResNet-18 as it is.

    >>> resnet18_upsampled().get(1)
    nn.SpatialUpSamplingNearest
    """
    model = _with_classes(_base(pretrained), classes)
    return model.insert(nn.SpatialUpSamplingNearest(scale), 1)


def resnet18_skip_first(classes=200, pretrained=None):
    """Return ResNet-18 without its first layer (7x7 convolution and pooling): the picture goes into the second stage.

    A picture of 64 pixels is about as large as what the second stage gets from one of 224 through the first layer. It
    has 3 planes where 64 come from there: the first block has a convolution of its own, and zero planes in its
    shortcut.
    """
    model = _with_classes(_base(pretrained), classes)
    for _ in range(STEM):
        model.remove(1)
    branch, planes = basic(3, 64, 1)
    model.get(1).modules[0] = initialise(residual(branch, shortcut(3, planes, 1)))
    return model


def resnet18_finetune(classes=200, pretrained=None):
    """Return ResNet-18 with a new classifier, to be fine-tuned on the small pictures as they are."""
    return _with_classes(_base(pretrained), classes)


THREE_WAYS = {'upsampled': resnet18_upsampled, 'skip-first': resnet18_skip_first, 'finetune': resnet18_finetune}


def _base(pretrained):
    """Return a ResNet-18 to build upon: a copy of the one given, or a new one."""
    if pretrained is None:
        return resnet(18, 'imagenet')
    new = resnet(18, 'imagenet', shortcutType=_shortcut_type(pretrained))
    theirs, ours = ([w.shape for w in model.parameters()[0][:-2]] for model in (pretrained, new))
    if theirs != ours:
        raise DataError(
            f'expected the parameters of ResNet-18 for imagenet, got a model whose {len(theirs)} parameters differ',
            where='pretrained',
            hint="make one with nnlite.models.resnet(18, 'imagenet')",
        )
    return pretrained.clone()


def _shortcut_type(model):
    """Return 'B' if a model's shortcuts have convolutions, else 'A'."""
    return 'B' if any(c.kW == 1 for c in model.findModules('nn.SpatialConvolution')[0]) else 'A'


def _with_classes(model, classes):
    """Put a new classifier in the place of the last layer; return the model."""
    planes = model.modules[-1].weight.shape[1]
    linear = nn.Linear(planes, classes)
    linear.bias.fill(0)
    model.remove()
    return model.add(linear)
