"""Numbers that are not finite: noticed before they reach the weights, and traced to the module they came from."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from nnlite import optnet
from nnlite.errors import Error
from nnlite.tensor.devices import to_host


class NotFiniteError(Error, ArithmeticError):
    """A loss or gradient is NaN or infinite; the message names the first module that it came from."""


def all_finite(array: np.ndarray) -> bool:
    """Return whether an array holds no NaN and no infinity; quick where that is so.

    >>> all_finite(np.float32([1e30, 1e30])), all_finite(np.float32([1, np.inf]))
    (True, False)
    """
    flat = array.ravel(order='K')
    # One pass without memory of its own. The sum of squares of finite numbers may overflow: then look at each.
    with np.errstate(over='ignore', invalid='ignore'):
        return math.isfinite(np.dot(flat, flat)) or bool(np.isfinite(flat).all())


def trace(net: Any, criterion: Any, images: Any, labels: Any, backward: bool = True) -> NotFiniteError:
    """Run a step again and return the error that names the first module whose output or gradient is not finite.

    Gradients are added up anew, as in any step; parameters are not touched. Of a fused network the plain one is looked
    at, module by module.
    """
    net = optnet.plain(net)
    bad = _fault('the images', images)
    if bad:
        return NotFiniteError(bad, hint='look at the data, and at how it is normalised')
    net.zeroGradParameters()
    with _watched(net):
        try:
            output = net.forward(images)
            bad = _fault('loss', np.float64(criterion.forward(output, labels)))
            if bad:
                return NotFiniteError(bad, where=criterion._name(), hint=_HINT)
            if backward:
                grad = criterion.backward(output, labels)
                bad = _fault('gradInput', grad)
                if bad:
                    return NotFiniteError(bad, where=criterion._name(), hint=_HINT)
                net.backward(images, grad)
        except NotFiniteError as error:
            return error
    return NotFiniteError('expected a finite loss and gradient, got NaN or Inf, and finite ones at a second look')


_HINT = 'a lower learning rate is the usual remedy'


def _fault(name: str, values: Any) -> str | None:
    """Say what is wrong with an array, or a table of them; None if nothing is."""
    if isinstance(values, list):
        return next(filter(None, (_fault(f'{name}[{i}]', value) for i, value in enumerate(values, 1))), None)
    values = to_host(values)
    if values is None or all_finite(np.asarray(values)):
        return None
    nans, all_of_them = int(np.isnan(values).sum()), np.size(values)
    infs = all_of_them - int(np.isfinite(values).sum()) - nans
    return f'expected a finite {name}, got {nans} NaN and {infs} Inf among {all_of_them} numbers'


@contextmanager
def _watched(net: Any) -> Iterator[None]:
    """Let every layer look at what it gives; an error goes out through the containers, which add where they are."""
    layers = {id(module): module for module in net.listModules() if not hasattr(module, 'modules')}.values()
    for layer in layers:
        layer.updateOutput = _looking(layer, 'updateOutput', ('weight', 'bias', 'output'))
        layer.backward = _looking(layer, 'backward', ('gradInput', 'gradWeight', 'gradBias'))
    try:
        yield
    finally:
        for layer in layers:
            del layer.updateOutput, layer.backward


def _looking(layer: Any, method: str, names: tuple[str, ...]) -> Callable[..., Any]:
    """Return a layer's method with a look at attributes of these names after it."""
    run = getattr(layer, method)

    def looking(*args: Any) -> Any:
        result = run(*args)
        for name in names:
            bad = _fault(name, getattr(layer, name))
            if bad:
                raise NotFiniteError(bad, where=layer._name(), hint=_HINT)
        return result

    return looking
