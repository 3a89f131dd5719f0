"""The cases as nnlite computes them."""

from collections.abc import Callable
from typing import Any

from nnlite import nn, optim, optnet
from nnlite.bench.cases import Case, Layer, Network, Other
from nnlite.bench.recipe import RECIPE
from nnlite.training.backward import backward_to_parameters


def steps_of(case: Case, fused: bool) -> dict[str, Callable[[], Any]]:
    """Return the steps of a case by name; each computes one when it is called.

    Args:
        case: what is measured.
        fused: whether optnet makes a network cheaper first, as it does for the Trainer.
    """
    return _layer(case) if isinstance(case, Layer) else _network(case, fused)


def _network(case: Network | Other, fused: bool) -> dict[str, Callable[[], Any]]:
    net, criterion = case.model(), nn.CrossEntropyCriterion()
    if fused:
        net = optnet.optimizeMemory(optnet.fuse(net))
    images, labels = case.images_and_labels()
    labels += 1
    parameters, gradients = net.getParameters()
    state = dict(RECIPE, dampening=0)

    def loss_and_gradients(_: Any) -> tuple[float, Any]:
        gradients.fill(0)
        output = net.forward(images)
        loss = criterion.forward(output, labels)
        backward_to_parameters(net, images, criterion.backward(output, labels))
        return loss, gradients

    def training() -> float:
        net.training()
        return optim.sgd(loss_and_gradients, parameters, state)[1][0]

    def evaluation() -> float:
        net.evaluate()
        return criterion.forward(net.forward(images), labels)

    return {'training': training, 'evaluation': evaluation}


def _layer(case: Layer) -> dict[str, Callable[[], Any]]:
    padding = case.kernel // 2
    sizes = (case.kernel, case.kernel, case.stride, case.stride, padding, padding)
    convolution = nn.SpatialConvolution(case.planes, case.planes_out, *sizes).noBias()
    maps, grads = case.maps()
    convolution.forward(maps)
    return {
        'forward': lambda: convolution.forward(maps),
        'gradInput': lambda: convolution.updateGradInput(maps, grads),
        'gradWeight': lambda: convolution.accGradParameters(maps, grads),
    }
