"""What transfer functions make of NaN, of infinities, of -0 and of numbers exactly at a threshold, forward and back.

Each is written down here as THNN's C has it, in place and out of it: what is no number fails every comparison, so that
`x > 0 ? a : b` and `x <= 0 ? b : a` differ. Only the sign of a zero is not looked at.
"""

import sys
from math import inf, nan
from typing import NamedTuple

import numpy as np
import pytest

import nnlite
from nnlite import nn
from nnlite.tensor.devices import to_host

X = [nan, inf, -inf, 0.0, -0.0, 0.25, -0.25, 0.5, -0.5, 1, -1, 2, -2, 6, 20, 25, -25]
X += [float(np.nextafter(np.float32(x), np.float32(to))) for x in (0, 0.5, -0.5, 2, 20) for to in (-inf, inf)]
GRADS = [1, -0.5, nan, inf, -inf]


class Row(NamedTuple):
    """A layer; its output of x; its gradient of x or, where that is what it looks at, of the output, and of g."""

    make: object
    output: object
    gradient: object
    looks_at: str = 'input'


def exp(x):
    return float(np.exp(x))


def log1p(x):
    return float(np.log1p(x))


def threshold(make, t, v):
    return (
        Row(make(False), lambda x: x if x > t else v, lambda x, g: g if x > t else 0),
        Row(make(True), lambda x: v if x <= t else x, lambda x, g: 0 if x <= t else g),
    )


def hard_tanh(make, low, high):
    def gradient(x, g):
        return 0 if x <= low or x >= high else g

    return (
        Row(make(False), lambda x: low if x < low else x if x <= high else high, gradient),
        Row(make(True), lambda x: low if x < low else high if x > high else x, gradient),
    )


def leaky(make, slope):
    return (
        Row(make(False), lambda x: x if x > 0 else x * slope, lambda x, g: g if x > 0 else g * slope),
        Row(make(True), lambda x: x * slope if x <= 0 else x, lambda x, g: g * slope if x <= 0 else g),
    )


def rrelu(train):
    def made(inplace):
        layer = nn.RReLU(0.25, 0.25, inplace)
        return Row(
            layer if train else layer.evaluate(),
            lambda x: x * 0.25 if x <= 0 else x,
            lambda x, g: g * 0.25 if x <= 0 else g,
        )

    return made(False), made(True)


def elu(alpha):
    def made(inplace):
        return Row(
            nn.ELU(alpha, inplace),
            lambda x: (exp(x) - 1) * alpha if x <= 0 else x,
            lambda y, g: g * (y + alpha) if y <= 0 else g,
            'output',
        )

    return made(False), made(True)


def softplus(beta):
    return Row(
        nn.SoftPlus(beta),
        lambda x: x if x * beta > 20 else log1p(exp(x * beta)) / beta,
        lambda y, g: g if y * beta > 20 else g * -float(np.expm1(-y * beta)),  # (z - 1) / z of z = exp(beta y)
        'output',
    )


def shrink_back(x, g):
    return g if x > 0.5 or x < -0.5 else 0


ROWS = {
    'Threshold': threshold(lambda inplace: nn.Threshold(0.5, -7, inplace), 0.5, -7),
    'ReLU': threshold(nn.ReLU, 0, 0),
    'HardTanh': hard_tanh(lambda inplace: nn.HardTanh(-0.5, 2, inplace), -0.5, 2),
    'ReLU6': hard_tanh(nn.ReLU6, 0, 6),
    'Clamp': hard_tanh(lambda inplace: nn.Clamp(0, 1), 0, 1)[:1],
    'LeakyReLU': leaky(lambda inplace: nn.LeakyReLU(0.25, inplace), 0.25),
    'LeakyReLU of 0': leaky(lambda inplace: nn.LeakyReLU(0, inplace), 0),
    'PReLU': leaky(lambda inplace: nn.PReLU(), 0.25)[:1],
    'PReLU of planes': leaky(lambda inplace: nn.PReLU(len(GRADS)), 0.25)[:1],
    'RReLU': rrelu(train=True),
    'RReLU in evaluation': rrelu(train=False),
    'ELU': elu(1),
    'ELU of 0.3': elu(0.3),
    'SoftPlus': [softplus(1)],
    'SoftPlus of 2': [softplus(2)],
    'HardShrink': [Row(nn.HardShrink(0.5), lambda x: x if x > 0.5 else x if x < -0.5 else 0, shrink_back)],
    'SoftShrink': [Row(nn.SoftShrink(0.5), lambda x: x - 0.5 if x > 0.5 else x + 0.5 if x < -0.5 else 0, shrink_back)],
}
CASES = [
    pytest.param(row, id=f'{name} in place' if place else name) for name in ROWS for place, row in enumerate(ROWS[name])
]
PAIRS = np.float32([[x] * len(GRADS) for x in X]), np.float32([GRADS] * len(X))


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    with np.errstate(all='ignore'):
        yield


def expect(row, place):
    layer, (x, g) = row.make.clone().type(nnlite.tensor.types.type_of(place(np.zeros(1, np.float32)))), PAIRS
    input = place(x.copy())
    output = layer.forward(input)
    found = to_host(output).copy()
    due = [[row.output(x) for x in line] for line in x]
    np.testing.assert_allclose(found, due, rtol=1e-6, atol=1e-7)
    seen = found if row.looks_at == 'output' or output is input else x
    gradInput = to_host(layer.backward(input, place(g.copy())))
    due = [row.gradient(*pair) for pair in zip(seen.flat, g.flat, strict=True)]
    np.testing.assert_allclose(gradInput, np.reshape(due, x.shape), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize('row', CASES)
def test_as_thnn_compares(row, kernels, monkeypatch):
    if kernels == 'numba':
        monkeypatch.setattr(sys.modules['nnlite.kernels.on_numba.transfer'], 'SMALL', 1)
    expect(row, np.asarray)


@pytest.mark.parametrize('row', CASES)
def test_as_thnn_compares_on_a_gpu(row, cupy):
    expect(row, cupy.asarray)


def prelu_weights(place):
    """A plane for each pair of numbers: THNN adds x g where x <= 0."""
    x, g = (pair.reshape(1, -1) for pair in PAIRS)
    layer = nn.PReLU(x.size).type(nnlite.tensor.types.type_of(place(np.zeros(1, np.float32))))
    layer.forward(place(x))
    layer.backward(place(x), place(g), 2)
    due = [2 * x * g if x <= 0 else 0 for x, g in zip(x[0], g[0], strict=True)]
    np.testing.assert_allclose(to_host(layer.gradWeight), due, rtol=1e-6, atol=1e-30)


def test_prelu_learns_nothing_where_thnn_does_not():
    prelu_weights(np.asarray)


def test_prelu_learns_nothing_where_thnn_does_not_on_a_gpu(cupy):
    prelu_weights(cupy.asarray)


def test_rrelu_draws_no_noise_for_what_is_no_number():
    layer, x = nn.RReLU(), np.float32([[nan, inf, -inf, 0, -0.0]])
    layer.forward(x)
    layer.backward(x, np.ones_like(x))
    np.testing.assert_array_equal(layer.noise == 1, [[True, True, False, False, False]])
    np.testing.assert_array_equal(layer.gradInput, layer.noise)


def test_hard_tanh_in_place_of_a_vector_goes_over_it_twice():
    """As THNN's does, whose second time makes the upper bound of what is no number."""
    np.testing.assert_array_equal(nn.HardTanh(-1, 1, True).forward(np.float32([nan, -3, 3, 0])), [1, -1, 1, 0])
    np.testing.assert_array_equal(nn.HardTanh(-1, 1, True).forward(np.float32([[nan, -3, 3, 0]])), [[nan, -1, 1, 0]])
