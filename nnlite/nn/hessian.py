"""Second derivatives by backpropagation (Torch: nn.hessian): what conditions each parameter's learning rate.

They are the diagonal of the Hessian, with what a layer's second derivative itself adds left out (LeCun et al.,
"Efficient BackProp"): a layer passes diagHessianOutput, the second derivative of the loss with respect to its output,
back as a gradient is passed, but by the squares of its weights and inputs.

Layers learn this from `enable()`. Then, with diagHessianOutput from a criterion's updateDiagHessianInput,

    net.initDiagHessianParameters()                         gives every parameter a place for them, zero at first
    net.updateDiagHessianInput(input, diagHessianOutput)    keeps and returns net.diagHessianInput
    net.accDiagHessianParameters(input, diagHessianOutput)  adds to each layer's diagHessianWeight and diagHessianBias

and getParameters() returns them as a third vector.

Source: torch/nn, hessian.lua.
"""

import contextlib
from functools import partialmethod

import numpy as np

from nnlite.errors import Error
from nnlite.nn.Criterion import Criterion
from nnlite.nn.L1Cost import L1Cost
from nnlite.nn.Linear import Linear
from nnlite.nn.Module import Module
from nnlite.nn.MSECriterion import MSECriterion
from nnlite.nn.Reshape import Reshape
from nnlite.nn.Sequential import Sequential
from nnlite.nn.SpatialConvolution import SpatialConvolution
from nnlite.nn.SpatialConvolutionLocal import SpatialConvolutionLocal
from nnlite.nn.SpatialConvolutionMap import SpatialConvolutionMap
from nnlite.nn.SpatialFullConvolution import SpatialFullConvolution
from nnlite.nn.SpatialFullConvolutionMap import SpatialFullConvolutionMap
from nnlite.nn.Sqrt import Sqrt
from nnlite.nn.Square import Square
from nnlite.nn.Tanh import Tanh
from nnlite.nn.TanhShrink import TanhShrink
from nnlite.tensor.memory import flatten

# The layers that are linear in their parameters, and which of these enter as squares on the way back.
_LINEAR = {
    Linear: ('weight',),
    SpatialConvolution: ('weight',),
    SpatialConvolutionLocal: ('weight',),
    SpatialConvolutionMap: ('weight', 'bias'),
    SpatialFullConvolution: ('weight',),
    SpatialFullConvolutionMap: ('weight',),
}
_PLACES = {'gradWeight': 'diagHessianWeight', 'gradBias': 'diagHessianBias'}

_getParameters = Module.getParameters


def enable():
    """Teach the layers of Torch's hessian.lua their second derivatives; a second call does nothing.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> nn.hessian.enable()
    >>> layer, x = nn.Linear(2, 1), np.float32([1, 2])
    >>> _ = layer.forward(x)
    >>> layer.initDiagHessianParameters()
    >>> layer.accDiagHessianParameters(x, np.float32([1]))
    >>> layer.diagHessianWeight
    array([[1., 4.]], dtype=float32)
    """
    Module.getParameters = getParameters
    Module.initDiagHessianParameters = lambda self: None
    Module.updateDiagHessianInput = Criterion.updateDiagHessianInput = _undefined
    Module.accDiagHessianParameters = lambda self, input, diagHessianOutput: None
    for cls, squared in _LINEAR.items():
        cls.initDiagHessianParameters = initDiagHessianParameters
        cls.updateDiagHessianInput = partialmethod(updateDiagHessianInput, squared=squared)
        cls.accDiagHessianParameters = accDiagHessianParameters
    Sqrt.updateDiagHessianInput = Square.updateDiagHessianInput = updateDiagHessianInputPointWise
    Tanh.updateDiagHessianInput = updateDiagHessianInputPointWise
    TanhShrink.updateDiagHessianInput = _updateTanhShrink
    Reshape.updateDiagHessianInput = _updateReshape
    Sequential.initDiagHessianParameters = _initSequential
    Sequential.updateDiagHessianInput = _updateSequential
    Sequential.accDiagHessianParameters = _accSequential
    MSECriterion.updateDiagHessianInput = _updateMSECriterion
    L1Cost.updateDiagHessianInput = _updateL1Cost


def initDiagHessianParameters(module):
    """Give a module's parameters a place for their second derivatives, where they have none."""
    for name, place in _PLACES.items():
        if getattr(module, name) is not None and getattr(module, place, None) is None:
            setattr(module, place, np.zeros_like(getattr(module, name)))


def updateDiagHessianInput(module, input, diagHessianOutput, squared=('weight',)):
    """Pass second derivatives back through a module that is linear; keep them as diagHessianInput and return them.

    Args:
        module: the module, after forward.
        input: its input.
        diagHessianOutput: the second derivatives with respect to its output.
        squared: the names of the parameters that enter as squares.
    """
    squares = {name: np.square(getattr(module, name)) for name in squared if getattr(module, name) is not None}
    with _instead(module, gradInput=np.empty(0, module.dtype), **squares):
        result = module.updateGradInput(input, diagHessianOutput)
    module.diagHessianInput = result
    return result


def updateDiagHessianInputPointWise(module, input, diagHessianOutput):
    """Do the same for a module that works on each element: by the square of its slope."""
    slope = updateDiagHessianInput(module, input, np.ones_like(diagHessianOutput), ())
    module.diagHessianInput = np.square(slope) * diagHessianOutput
    return module.diagHessianInput


def accDiagHessianParameters(module, input, diagHessianOutput):
    """Add the second derivatives with respect to a linear module's parameters to the places for them."""
    initDiagHessianParameters(module)
    places = {name: getattr(module, place) for name, place in _PLACES.items() if getattr(module, name) is not None}
    square = np.square(input)
    with _instead(module, **places):
        module.forward(square)
        module.accGradParameters(square, diagHessianOutput)


@contextlib.contextmanager
def _instead(module, **fields):
    """Give a module other fields, and memory of its own, for a while."""
    kept = dict(module.__dict__)
    module.__dict__.update(fields, _storages={})
    try:
        yield
    finally:
        module.__dict__.clear()
        module.__dict__.update(kept)


def getParameters(self):
    """Return the flat vectors of Module.getParameters, and, of a network that has them, of the second derivatives."""
    vectors = _getParameters(self)
    hessians = [
        getattr(module, place)
        for module in self.listModules()
        for place in _PLACES.values()
        if getattr(module, place, None) is not None
    ]
    if not hessians:
        return vectors
    flat, views = flatten(hessians)
    self._rebind(hessians, views)
    return *vectors, flat


def _undefined(self, input, diagHessianOutput):
    raise Error('expected a layer that knows its second derivatives, got one that does not', where=self._name())


def _updateTanhShrink(self, input, diagHessianOutput):
    self.diagHessianInput = updateDiagHessianInputPointWise(self.tanh, input, diagHessianOutput) + diagHessianOutput
    return self.diagHessianInput


def _updateReshape(self, input, diagHessianOutput):
    self.diagHessianInput = diagHessianOutput.reshape(input.shape)
    return self.diagHessianInput


def _initSequential(self):
    self.applyToModules(lambda module: module.initDiagHessianParameters())


def _updateSequential(self, input, diagHessianOutput):
    self.diagHessianInput = self._back(input, diagHessianOutput, 'updateDiagHessianInput')
    return self.diagHessianInput


def _accSequential(self, input, diagHessianOutput):
    for index, given, diagHessian in self._gradOutputs(input, diagHessianOutput, 'diagHessianInput'):
        self.rethrowErrors(index, 'accDiagHessianParameters', given, diagHessian)


def _updateMSECriterion(self, input, target):
    self.diagHessianInput = np.full_like(input, 2 / input.size if self.sizeAverage else 2)
    return self.diagHessianInput


def _updateL1Cost(self, input, target=None):
    self.diagHessianInput = (input != 0).astype(input.dtype)
    return self.diagHessianInput
