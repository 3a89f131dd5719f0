"""Checks of a module's derivatives: backpropagation against finite differences (Torch: nn.Jacobian)."""

import pickle

import numpy as np

from nnlite.tensor.devices import array_module, to_host
from nnlite.tensor.random import rand, uniform


class Jacobian:
    """The Jacobian of a module: rows for the elements of its input, or of a parameter, columns for those of its output.

    Each of these functions takes a module that does not work in place, and float64 arrays that it changes and puts
    back; what they return is on the host, wherever the module computes. Those called test... draw the input, and the
    parameter, from minval to maxval, -2 and 2 by default, and return the largest error. Differences are taken over a
    perturbation of 1e-6 by default.

    Shapes: the Jacobian is (elements of the input or parameter, elements of the output).

    >>> import numpy as np
    >>> from nnlite import nn
    >>> layer, x = nn.Linear(3, 2).double(), np.zeros(3)
    >>> bool(nn.Jacobian.testJacobian(layer, x) < 1e-8)
    True
    >>> bool(nn.Jacobian.testJacobianParameters(layer, x, layer.weight, layer.gradWeight) < 1e-8)
    True
    >>> np.array_equal(nn.Jacobian.backward(layer, x), layer.weight.T)
    True

    Source: torch/nn, Jacobian.lua.
    """

    @classmethod
    def backward(cls, module, input, param=None, dparam=None):
        """Return the Jacobian as backpropagation has it: of a parameter, given with its gradient, or of the input."""
        columns = []
        for gradOutput in _units(module.forward(input)):
            module.zeroGradParameters()
            gradInput = module.updateGradInput(input, gradOutput)
            module.accGradParameters(input, gradOutput)
            columns.append(np.array(to_host(cls._values(gradInput) if param is None else dparam)).ravel())
        return np.stack(columns, 1)

    @classmethod
    def backwardUpdate(cls, module, input, param):
        """Return, for each element of the output, the parameter after a step of size 1 against its gradient."""
        parameters, columns = module.parameters()[0], []
        kept = [parameter.copy() for parameter in parameters]
        for gradOutput in _units(module.forward(input)):
            module.zeroGradParameters()
            module.updateGradInput(input, gradOutput)
            module.accUpdateGradParameters(input, gradOutput, 1)
            columns.append(to_host(param).ravel().copy())
            for parameter, before in zip(parameters, kept, strict=True):
                np.copyto(parameter, before)
        return np.stack(columns, 1)

    @classmethod
    def forward(cls, module, input, param=None, perturbation=None):
        """Return the Jacobian as central differences have it: of a parameter, or of the input."""
        perturbation = 1e-6 if perturbation is None else perturbation
        values, rows = cls._values(input) if param is None else param, []
        for place in np.ndindex(values.shape):
            kept, sides = values[place].copy(), []
            for moved in (kept - perturbation, kept + perturbation):
                values[place] = moved
                sides.append(np.array(to_host(module.forward(input)), np.float64).ravel())
            values[place] = kept
            rows.append((sides[1] - sides[0]) / (2 * perturbation))
        return np.stack(rows)

    @classmethod
    def forwardUpdate(cls, module, input, param, perturbation=None):
        """Return what backwardUpdate does, as central differences have it."""
        return to_host(param).reshape(-1, 1) - cls.forward(module, input, param, perturbation)

    @classmethod
    def backwardDiagHessian(cls, module, input, diagHessianParamName):
        """Return second derivatives of the sum of y^2 / 2, by what nn.hessian taught the module.

        Args:
            module: the module, which gives y.
            input: its input.
            diagHessianParamName: 'diagHessianInput', 'diagHessianWeight' or 'diagHessianBias'.
        """
        ones = np.ones_like(module.forward(input))
        for name in ('diagHessianWeight', 'diagHessianBias'):
            if getattr(module, name, None) is not None:
                getattr(module, name).fill(0)
        module.updateDiagHessianInput(input, ones)
        module.accDiagHessianParameters(input, ones)
        return to_host(getattr(module, diagHessianParamName))

    @classmethod
    def linearModuleDiagHessian(cls, module, input, gradParamName):
        """Return the same for a module that is linear in input and parameters: sums of its first derivatives' squares.

        Args:
            module: the module.
            input: its input.
            gradParamName: 'gradInput', 'gradWeight' or 'gradBias'.
        """
        total = 0
        for gradOutput in _units(module.forward(input)):
            module.zeroGradParameters()
            module.updateGradInput(input, gradOutput)
            module.accGradParameters(input, gradOutput)
            total = total + np.square(to_host(getattr(module, gradParamName)))
        return total

    @classmethod
    def testJacobian(cls, module, input, minval=None, maxval=None, perturbation=None):
        """Return the largest error of the gradient of the input."""
        _draw(cls._values(input), minval, maxval)
        forward = cls.forward(module, input, None, perturbation)
        return _largest(forward - cls.backward(module, input))

    @classmethod
    def testJacobianParameters(cls, module, input, param, dparam, minval=None, maxval=None, perturbation=None):
        """Return the largest error of the gradient of a parameter."""
        _draw(cls._values(input), minval, maxval)
        _draw(param, minval, maxval)
        backward = cls.backward(module, input, param, dparam)
        return _largest(cls.forward(module, input, param, perturbation) - backward)

    @classmethod
    def testJacobianUpdateParameters(cls, module, input, param, minval=None, maxval=None, perturbation=None):
        """Return the largest error of a parameter after accUpdateGradParameters."""
        _draw(cls._values(input), minval, maxval)
        _draw(param, minval, maxval)
        backward = cls.backwardUpdate(module, input, param)
        return _largest(cls.forwardUpdate(module, input, param, perturbation) - backward)

    @classmethod
    def testDiagHessian(cls, module, input, gradParamName, diagHessianParamName, minval=None, maxval=None):
        """Return the largest difference between the two ways to a linear module's second derivatives."""
        _draw(input, minval, maxval)
        module.initDiagHessianParameters()
        backward = cls.backwardDiagHessian(module, input, diagHessianParamName)
        return _largest(backward - cls.linearModuleDiagHessian(module, input, gradParamName))

    @classmethod
    def testDiagHessianInput(cls, module, input, minval=None, maxval=None):
        """Return the largest error of the second derivative with respect to the input."""
        return cls.testDiagHessian(module, input, 'gradInput', 'diagHessianInput', minval, maxval)

    @classmethod
    def testDiagHessianWeight(cls, module, input, minval=None, maxval=None):
        """Return the largest error of the second derivative with respect to the weight."""
        return cls.testDiagHessian(module, input, 'gradWeight', 'diagHessianWeight', minval, maxval)

    @classmethod
    def testDiagHessianBias(cls, module, input, minval=None, maxval=None):
        """Return the largest error of the second derivative with respect to the bias."""
        return cls.testDiagHessian(module, input, 'gradBias', 'diagHessianBias', minval, maxval)

    @classmethod
    def testIO(cls, module, input, minval=None, maxval=None):
        """Return the largest errors of output and gradInput of a module that was written and read again."""
        gradOutput = _draw(np.empty_like(module.forward(input)), minval, maxval)
        results = []
        for one in (module, pickle.loads(pickle.dumps(module.clearState()))):
            output = np.array(to_host(one.forward(input.copy())))
            one.zeroGradParameters()
            results.append((output, np.array(to_host(one.backward(input, gradOutput.copy())))))
        return tuple(_largest(one - other) for one, other in zip(*results, strict=True))

    @classmethod
    def testAllUpdate(cls, module, input, weight, gradWeight):
        """Return the errors of all ways to take a step, alone and with shared weights, as a dict.

        Args:
            module: the module, which is left as it is.
            input: its input.
            weight, gradWeight: the names of a parameter and its gradient.
        """
        lr = uniform(0.1, 1)
        output = module.clone().forward(input)
        gradOutput = module.placed(rand(output.shape).astype(output.dtype))

        def accGradParameters(*modules):
            for one in modules:
                one.zeroGradParameters()
                one.accGradParameters(input, gradOutput)
            for one in modules:
                one.updateParameters(lr)

        def accUpdateGradParameters(*modules):
            for one in modules:
                one.accUpdateGradParameters(input, gradOutput, lr)

        def error(take_steps, count):
            modules = [module.clone() for _ in range(count)]
            for one in modules:
                if count > 1:
                    one.share(modules[0], weight)
                one.forward(input)
                one.updateGradInput(input, gradOutput)
            take_steps(*modules)
            expected = getattr(module, weight) - count * step
            return float(sum(np.linalg.norm(getattr(one, weight) - expected) for one in modules))

        first = module.clone()
        first.zeroGradParameters()
        first.forward(input)
        first.backward(input, gradOutput)
        step = lr * getattr(first, gradWeight)
        return {
            f'{take_steps.__name__}{note}': error(take_steps, count)
            for note, count in (('', 1), (' [shared]', 2))
            for take_steps in (accGradParameters, accUpdateGradParameters)
        }

    @staticmethod
    def _values(input):
        """Return those elements of an input that are numbers to differentiate by."""
        return input


def _units(output):
    """Yield gradients of the output's shape, 1 at one place and 0 elsewhere, for each place in turn."""
    for place in np.ndindex(output.shape):
        unit = array_module(output).zeros(output.shape, output.dtype)
        unit[place] = 1
        yield unit


def _draw(array, minval, maxval):
    """Fill an array with uniform numbers, from -2 to 2 if nothing else is said; return it."""
    minval, maxval = -2 if minval is None else minval, 2 if maxval is None else maxval
    array[...] = array_module(array).asarray(rand(array.shape) * (maxval - minval) + minval)
    return array


def _largest(array):
    return float(np.abs(array).max(initial=0))
