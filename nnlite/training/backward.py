"""The way back through a network that nobody asks for the gradient of its images."""

from typing import Any

from nnlite import nn
from nnlite.nn.convolution import Convolution


def backward_to_parameters(net: Any, images: Any, gradOutput: Any) -> None:
    """Add up the gradients of the parameters, and spare that of the images: fb.resnet.torch sets it to nil.

    It costs as much as the first layer's way forward, and more where few planes come in. Only a convolution or Linear
    at the very front is spared it; afterwards the layer is as it was.

    >>> import numpy as np
    >>> net = nn.Sequential().add(nn.Linear(2, 3)).add(nn.Tanh())
    >>> images = np.ones((1, 2), np.float32)
    >>> backward_to_parameters(net, images, net.forward(images))
    >>> net.gradInput is None, net.get(1).gradInput is None
    (True, False)

    Source: fb.resnet.torch, models/resnet.lua.
    """
    first = net
    while isinstance(first, nn.Sequential) and first.modules:
        first = first.modules[0]
    if not isinstance(first, (Convolution, nn.Linear)):
        net.backward(images, gradOutput)
        return
    kept, first.gradInput = first.gradInput, None
    try:
        net.backward(images, gradOutput)
    finally:
        first.gradInput = kept
