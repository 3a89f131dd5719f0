"""nn.Jacobian and its kin: they find what is wrong, and nothing where all is right."""

import numpy as np
import pytest

import nnlite
from nnlite import nn

LAYERS = {
    'Linear': (lambda: nn.Linear(4, 3), (2, 4)),
    'SpatialConvolution': (lambda: nn.SpatialConvolution(2, 3, 3, 2, 2, 1, 1, 0), (2, 2, 4, 5)),
    'SpatialConvolutionLocal': (lambda: nn.SpatialConvolutionLocal(2, 2, 4, 3, 2, 2), (2, 3, 4)),
    'SpatialConvolutionMap': (lambda: nn.SpatialConvolutionMap(nn.tables.full(2, 3), 3, 2), (2, 2, 4, 5)),
    'SpatialFullConvolutionMap': (lambda: nn.SpatialFullConvolutionMap(nn.tables.full(2, 3), 2, 2), (2, 3, 4)),
    'SpatialFullConvolution': (lambda: nn.SpatialFullConvolution(2, 3, 2, 2, 2, 2), (2, 2, 3)),
}
every_layer = pytest.mark.parametrize('name', LAYERS)


@pytest.fixture(autouse=True)
def seed():
    nnlite.manualSeed(1)


def made(name):
    make, shape = LAYERS[name]
    return make().double(), np.zeros(shape)


@every_layer
def test_right_derivatives_have_no_error(name):
    module, x = made(name)
    assert 0 < nn.Jacobian.testJacobian(module, x) < 1e-8
    for param, dparam in zip(*module.parameters(), strict=True):
        assert nn.Jacobian.testJacobianParameters(module, x, param, dparam) < 1e-8
        assert nn.Jacobian.testJacobianUpdateParameters(module, x, param) < 1e-8
    assert nn.Jacobian.testIO(module, x) == (0, 0)
    errors = nn.Jacobian.testAllUpdate(module, x, 'weight', 'gradWeight')
    ways = ('accGradParameters', 'accUpdateGradParameters')
    assert list(errors) == [*ways, *(f'{way} [shared]' for way in ways)]
    assert max(errors.values()) < 1e-13


class Wrong(nn.Linear):
    def updateGradInput(self, input, gradOutput):
        return super().updateGradInput(input, 1.5 * gradOutput)

    def accGradParameters(self, input, gradOutput, scale=1):
        super().accGradParameters(input, gradOutput, 1.5)


def test_wrong_derivatives_are_found():
    module, x = Wrong(4, 3).double(), np.zeros((2, 4))
    assert nn.Jacobian.testJacobian(module, x) > 0.01
    assert nn.Jacobian.testJacobianParameters(module, x, module.weight, module.gradWeight) > 0.01
    assert nn.Jacobian.testJacobianUpdateParameters(module, x, module.weight) > 0.01
    assert nn.Jacobian.testAllUpdate(module, x, 'weight', 'gradWeight')['accUpdateGradParameters'] > 0.01


def test_input_and_parameters_are_drawn_in_the_range():
    module, x = nn.Linear(40, 3).double(), np.zeros(40)
    nn.Jacobian.testJacobianParameters(module, x, module.weight, module.gradWeight, 3, 4, 1e-4)
    for array in (x, module.weight):
        assert 3 <= array.min() < 3.2 and 3.8 < array.max() <= 4


def test_sparse_inputs_are_known_by_their_values():
    module, x = nn.SparseLinear(6, 3).double(), np.array([[1.0, 0], [4, 0], [6, 0]])
    jacobian = nn.SparseJacobian.forward(module, x)
    np.testing.assert_allclose(jacobian, module.weight.T[[0, 3, 5]], atol=1e-8)
    for param, dparam in zip(*module.parameters(), strict=True):
        assert nn.SparseJacobian.testJacobianParameters(module, x, param, dparam) < 1e-8
        assert nn.SparseJacobian.testJacobianUpdateParameters(module, x, param) < 1e-8
    assert x[:, 0].tolist() == [1, 4, 6] and x[:, 1].any()


@every_layer
def test_second_derivatives_are_squares_of_the_first(name):
    nn.hessian.enable()
    module, x = made(name)
    module.forward(x)
    output, gradInput = module.output.copy(), module.backward(x, module.output).copy()
    for test in ('Input', 'Weight', 'Bias'):
        assert getattr(nn.Jacobian, f'testDiagHessian{test}')(module, x) < 1e-12
    module, x = made(name)
    module.forward(x)
    module.backward(x, module.output)
    module.updateDiagHessianInput(x, np.ones_like(module.output))
    module.accDiagHessianParameters(x, np.ones_like(module.output))
    assert module.output.shape == output.shape and module.gradInput.shape == gradInput.shape


def test_second_derivatives_of_a_network():
    """A network of one input to one output: there the second derivative is exact but for the curvature of tanh."""
    nn.hessian.enable()
    nn.hessian.enable()
    net = nn.Sequential().add(nn.Linear(1, 1)).add(nn.Tanh()).add(nn.Linear(1, 1)).add(nn.Reshape(1)).double()
    x, target, criterion = np.array([[0.7]]), np.zeros((1, 1)), nn.MSECriterion().double()
    assert len(net.getParameters()) == 2
    net.initDiagHessianParameters()
    params, _, hessians = net.getParameters()
    assert hessians.shape == params.shape and not hessians.any()
    output = net.forward(x).copy()
    gradInput = net.backward(x, np.ones_like(output)).copy()
    outer = criterion.updateDiagHessianInput(output, target)
    assert outer.tolist() == [[2]]
    np.testing.assert_allclose(net.updateDiagHessianInput(x, outer), 2 * gradInput**2, rtol=1e-13)
    net.accDiagHessianParameters(x, outer)
    np.testing.assert_allclose(hessians, 2 * net.getParameters()[1] ** 2, rtol=1e-13)
    np.testing.assert_array_equal(net.output, output)
    np.testing.assert_array_equal(net.gradInput, gradInput)


@pytest.mark.parametrize('cls', [nn.Sqrt, nn.Square, nn.Tanh, nn.TanhShrink])
def test_second_derivatives_of_functions(cls):
    nn.hessian.enable()
    module, x = cls().double(), np.array([0.5, 1.5])
    slope = module.backward(x, np.ones_like(module.forward(x))).copy()
    expected = 3 * slope**2 if cls is not nn.TanhShrink else 3 * ((1 - slope) ** 2 + 1)
    np.testing.assert_allclose(module.updateDiagHessianInput(x, np.full(2, 3.0)), expected, rtol=1e-13)


def test_second_derivatives_of_losses():
    nn.hessian.enable()
    x = np.array([1.0, 0, -2])
    assert nn.L1Cost().double().updateDiagHessianInput(x).tolist() == [1, 0, 1]
    criterion = nn.WeightedMSECriterion(np.ones(3)).double()
    criterion.sizeAverage = False
    assert criterion.updateDiagHessianInput(x, x).tolist() == [2, 2, 2]
    with pytest.raises(nnlite.Error, match='expected a layer that knows its second derivatives'):
        nn.Sigmoid().updateDiagHessianInput(x, x)
