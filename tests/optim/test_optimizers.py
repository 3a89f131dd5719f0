"""The optimizers beside PyTorch's, at known minima, and with what they refuse."""

import math
import tracemalloc

import numpy as np
import pytest
import torch
from problems import quadratic, rosenbrock

import nnlite
from nnlite import optim

# One step each; name: (options, PyTorch's class, its options). What is left out differs from PyTorch's by definition.
STEPS = {
    'adadelta': ({'rho': 0.8, 'eps': 1e-4, 'weightDecay': 0.1}, 'Adadelta',
                 {'lr': 1, 'rho': 0.8, 'eps': 1e-4, 'weight_decay': 0.1}),
    'adagrad': ({'learningRate': 0.1, 'learningRateDecay': 0.01, 'weightDecay': 0.1}, 'Adagrad',
                {'lr': 0.1, 'lr_decay': 0.01, 'weight_decay': 0.1, 'eps': 1e-10}),
    'adamax': ({'learningRate': 0.1, 'beta1': 0.8, 'epsilon': 1e-8, 'weightDecay': 0.1}, 'Adamax',
               {'lr': 0.1, 'betas': (0.8, 0.999), 'eps': 1e-8, 'weight_decay': 0.1}),
    'rmsprop': ({'learningRate': 0.1, 'alpha': 0.9, 'epsilon': 1e-4, 'weightDecay': 0.1}, 'RMSprop',
                {'lr': 0.1, 'alpha': 0.9, 'eps': 1e-4, 'weight_decay': 0.1}),
    'rprop': ({'stepsize': 0.1, 'stepsizemax': 1, 'stepsizemin': 0.05}, 'Rprop',
              {'lr': 0.1, 'step_sizes': (0.05, 1)}),
}  # fmt: skip


@pytest.mark.parametrize('name', STEPS)
def test_pytorch_steps_alike(name):
    options, theirs, their_options = STEPS[name]
    random = np.random.default_rng(1)
    x, gradients = random.normal(size=10_001), random.normal(size=(8, 10_001))
    twin = torch.tensor(x, requires_grad=True)
    optimizer, state = getattr(torch.optim, theirs)([twin], **their_options), {}
    for gradient in gradients:
        twin.grad = torch.tensor(gradient)
        optimizer.step()
        getattr(optim, name)(lambda x, g=gradient: (0, g.copy()), x, dict(options), state)
    np.testing.assert_allclose(x, twin.detach().numpy(), rtol=1e-12, atol=1e-12)


FIRST_ORDER = ['adadelta', 'adagrad', 'adam', 'adamax', 'asgd', 'nag', 'rmsprop', 'rprop', 'sgd']


@pytest.mark.parametrize('name', FIRST_ORDER)
def test_options_that_are_none_are_the_defaults_and_state_may_be_config(name):
    random = np.random.default_rng(2)
    A = random.normal(size=(6, 6))
    start, opfunc = random.normal(size=6), quadratic(A @ A.T, random.normal(size=6))
    ends = []
    for config, state in (({}, None), ({'learningRate': None, 'weightDecay': None, 'momentum': None}, {}), (None, {})):
        x = start.copy()
        for _ in range(3):
            same, losses, *_ = getattr(optim, name)(opfunc, x, config, state)
            assert same is x and len(losses) == 1
        ends.append(x)
    assert np.array_equal(ends[0], ends[1]) and np.array_equal(ends[0], ends[2]) and not np.array_equal(ends[0], start)


@pytest.mark.parametrize('name', [*FIRST_ORDER, 'cg', 'lbfgs'])
def test_what_does_not_fit_is_refused(name):
    method = getattr(optim, name)
    for x in ([1.0, 2.0], np.ones(2, int)):
        with pytest.raises(nnlite.DtypeError, match='floating type, got'):
            method(rosenbrock, x, {}, {})
    for dfdx, error in (
        (np.ones(3), nnlite.ShapeError),
        (np.ones(2, 'f'), nnlite.DtypeError),
        (1.0, nnlite.DtypeError),
    ):
        with pytest.raises(error, match=r'df/dx\n.*expected .*, got'):
            method(lambda x, dfdx=dfdx: (0, dfdx), np.ones(2), {}, {})
    with pytest.raises(nnlite.Error, match='expected a dict, got list'):
        method(rosenbrock, np.ones(2), {}, [])


@pytest.mark.parametrize('name', [name for name in FIRST_ORDER if name != 'rprop'])
def test_a_warm_step_takes_no_memory(name):
    x, gradient, state = np.ones(200_000, np.float32), np.ones(200_000, np.float32), {}
    for _ in range(2):
        getattr(optim, name)(lambda x: (0, gradient), x, {}, state)
    tracemalloc.start()
    try:
        getattr(optim, name)(lambda x: (0, gradient), x, {}, state)
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        getattr(optim, name)(lambda x: (0, gradient), x, {}, state)
        taken = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
    assert taken < 2**17


@pytest.mark.parametrize('name', FIRST_ORDER + ['lbfgs'])
def test_state_of_a_file_goes_on_as_if_it_had_not_stopped(name, tmp_path):
    config, state = {'learningRate': 0.01, 'maxIter': 3, 'nCorrection': 3}, {}
    x = np.array([-1.2, 1.0])
    for _ in range(3):
        getattr(optim, name)(rosenbrock, x, dict(config), state)
    nnlite.save(tmp_path / 'state.t7', {'x': x, 'state': state})
    read = nnlite.load(tmp_path / 'state.t7')
    for _ in range(3):
        getattr(optim, name)(rosenbrock, x, dict(config), state)
        getattr(optim, name)(rosenbrock, read['x'], dict(config), read['state'])
    assert np.array_equal(x, read['x'])


def test_nag_needs_momentum():
    with pytest.raises(nnlite.Error, match='momentum above 0, got 0'):
        optim.nag(rosenbrock, np.ones(2), {'momentum': 0})


# To the minimum


@pytest.mark.parametrize('config', [{'maxEval': 400, 'maxIter': 20}, {'maxEval': 400, 'rho': 0.1, 'sig': 0.2}])
def test_cg_finds_the_end_of_the_valley(config):
    x, losses, evaluations = optim.cg(rosenbrock, np.array([-1.2, 1.0]), config)
    np.testing.assert_allclose(x, 1, atol=1e-4)
    assert losses == sorted(losses, reverse=True) and losses[-1] < 1e-8 and 20 < evaluations <= 440


@pytest.mark.parametrize('lineSearch', [None, optim.lswolfe])
def test_lbfgs_finds_the_minimum(lineSearch):
    random = np.random.default_rng(3)
    A = random.normal(size=(8, 8))
    A, b = A @ A.T + np.eye(8), random.normal(size=8)
    config = {'maxIter': 200, 'lineSearch': lineSearch, 'tolFun': 1e-10, 'tolX': 1e-14, 'nCorrection': 20}
    x, losses, evaluations = optim.lbfgs(quadratic(A, b), np.zeros(8), config)
    np.testing.assert_allclose(x, np.linalg.solve(A, b), atol=1e-6)
    assert losses[-1] == min(losses) and evaluations >= len(losses)


def test_lbfgs_stops_at_once_at_a_minimum_and_refuses_a_line_search_that_is_none():
    _, losses, evaluations = optim.lbfgs(rosenbrock, np.ones(3), {})
    assert losses == [0] and evaluations == 1
    with pytest.raises(nnlite.Error, match=r"expected a function as lineSearch, got 'optim\.lswolfe'"):
        optim.lbfgs(rosenbrock, np.zeros(2), {'lineSearch': 'optim.lswolfe'})


@pytest.mark.parametrize('t', [1e-4, 0.1, 3.0])
def test_lswolfe_ends_where_the_conditions_hold(t):
    x = np.array([-1.2, 1.0])
    f, g = rosenbrock(x)
    d = -g / np.linalg.norm(g)
    f2, g2, moved, step, evaluations = optim.lswolfe(rosenbrock, x.copy(), t, d, f, g, float(g @ d), {'c2': 0.5})
    np.testing.assert_allclose(moved, x + step * d)
    assert f2 == rosenbrock(moved)[0] <= f + 1e-4 * step * (g @ d) and evaluations <= 21
    assert abs(g2 @ d) <= 0.5 * abs(g @ d)


def test_polyinterp_finds_the_minimum_of_the_polynomial():
    def cubic(x):
        return [x, x**3 - 3 * x, 3 * x**2 - 3]

    for points in ([-0.5, 3.0], [3.0, -0.5]):
        assert optim.polyinterp(np.array([cubic(x) for x in points])) == pytest.approx(1)
    assert optim.polyinterp(np.array([cubic(x) for x in (-0.5, 3.0)]), 1.5, 4) == pytest.approx(1.5)
    assert optim.polyinterp(np.array([cubic(x) for x in (2.0, 3.0)]), 0, 9) == pytest.approx(1)
    assert optim.polyinterp(np.array([[0.0, 0, 1], [1, 0, 1]])) == pytest.approx(0.5 + 3**0.5 / 6)
    assert optim.polyinterp(np.array([[0.0, 0, 1], [1, 2, 4]])) == 0.5, 'no minimum: the middle'


def test_polyinterp_is_torchs_to_the_bound_and_beyond():
    """Candidates have the type of the points; NaN and infinity are compared as in Lua."""
    line = np.float32([[0, 0, -1], [0.5, -0.5, -1]])
    assert optim.polyinterp(line, 0.6, 1.1) == np.float32(0.6), 'as a float 1.1 is beyond 1.1'
    assert optim.polyinterp(np.array([[0.0, 1, -1], [1, 1e200, 1]])) == 0
    assert optim.polyinterp(np.array([[0.0, 0, -1], [5e102, -5e102, -1]]), 5e102, 5e103) > 0


def test_lswolfe_takes_nan_for_the_lowest():
    def opfunc(x):
        return (math.nan if x[0] else 1.0), np.ones_like(x)

    f, *_, t, evaluations = optim.lswolfe(opfunc, np.zeros(2), 1, -np.ones(2), 1.0, np.ones(2), -2.0)
    assert math.isnan(f) and t > 0 and evaluations == 21


@pytest.mark.parametrize('shape', [(6, 1), (2, 3)])
@pytest.mark.parametrize('lineSearch', ['cg', None, optim.lswolfe])
def test_parameters_may_have_any_shape(shape, lineSearch):
    random = np.random.default_rng(4)
    A, b, ends = random.normal(size=(6, 6)), random.normal(size=6), []
    for x in (np.zeros(6), np.zeros(shape)):
        flat = quadratic(A @ A.T, b)

        def opfunc(x, flat=flat):
            f, dfdx = flat(x.ravel())
            return f, dfdx.reshape(x.shape)

        method, config = (optim.cg, {}) if lineSearch == 'cg' else (optim.lbfgs, {'lineSearch': lineSearch})
        ends.append(method(opfunc, x, config))
    (flat, losses, evaluations), (shaped, *theirs) = ends
    assert shaped.shape == shape and theirs == [losses, evaluations]
    np.testing.assert_array_equal(shaped.ravel(), flat)


@pytest.mark.parametrize('seed', range(6))
def test_cg_turns_by_a_number_of_lua_in_the_type_of_the_parameters(seed):
    """A dot product of floats is a double in Lua; what a vector of floats is multiplied by is a float again."""
    random = np.random.default_rng(seed)
    scales, x, state = random.uniform(0.9, 1.1, 1000), random.normal(0, 1e-3, 1000).astype(np.float32), {}

    def opfunc(x):
        return float(x @ (scales * x)) / 2, (scales * x).astype(np.float32)

    _, before = opfunc(x)
    optim.cg(opfunc, x, {'maxEval': 2}, state)
    after = state['df1']
    turn = (np.float64(after @ after) - np.float64(after @ before)) / np.float64(before @ before)
    np.testing.assert_array_equal(state['s'], np.float32(turn) * -before - after)


@pytest.mark.parametrize('opfunc', [lambda x: (-float(x @ x), -2 * x), lambda x: (float(x.sum()), np.ones_like(x))])
def test_cg_ends_where_there_is_no_minimum_and_the_budget_is_a_fraction(opfunc):
    with np.errstate(all='ignore'):
        optim.cg(opfunc, np.ones(2), {'maxIter': 5})


def test_lbfgs_begins_anew_where_it_is_told_that_no_step_was_taken():
    random = np.random.default_rng(6)
    A = random.normal(size=(5, 5))
    opfunc, state, ends = quadratic(A @ A.T + np.eye(5), random.normal(size=5)), {}, []
    for _ in range(2):
        state['nIter'] = 0
        ends.append(optim.lbfgs(opfunc, np.ones(5), {'maxIter': 6}, state)[0])
    np.testing.assert_array_equal(*ends)


def test_lbfgs_goes_on_from_what_a_line_search_returns():
    def elsewhere(opfunc, x, t, d, f, g, gtd, options):
        return *opfunc(x + t * d), x + t * d, t, 1

    start = np.array([3.0, -2.0])
    x, losses, _ = optim.lbfgs(lambda x: (float(x @ x), 2 * x), start, {'lineSearch': elsewhere})
    assert x is not start and losses[-1] < 1e-12


def test_lbfgs_may_be_called_again_where_it_found_no_way_down():
    x, state = np.array([1e-5, 1e-5]), {}
    for _ in range(2):
        x, losses, _ = optim.lbfgs(lambda x: (float(x @ x), 2 * x), x, {}, state)
        assert len(losses) == 1 and x[0] == 1e-5


@pytest.mark.parametrize('fista', [False, True])
def test_fista_shrinks_to_the_known_solution(fista):
    """For f = 1/2 |x - a|^2 and g = lambda |x|, the minimum is a, shrunk by lambda."""
    a, penalty = np.array([3.0, -0.2, -2.0, 0.5]), 0.75

    def f(x, derivative=None):
        value = 0.5 * float((x - a) @ (x - a))
        return (value, x - a) if derivative else value

    def pl(x, L):
        x -= np.clip(x, -penalty / L, penalty / L)

    params = {'doFistaUpdate': fista, 'errthres': 1e-14, 'maxiter': 200}
    x = np.zeros(4)
    result, history = optim.FistaLS(f, lambda x: penalty * float(np.abs(x).sum()), pl, x, params)
    np.testing.assert_allclose(result, [2.25, 0, -1.25, 0], atol=1e-5)
    assert np.array_equal(x, result) and params['L'] == history[-1]['L'] > 0.1
    assert {'nline', 'L', 'F', 'Fply', 'Gply', 'Q'} == set(history[0]) and history[0]['nline'] > 1
    assert history[-1]['F'] == pytest.approx(history[-1]['Fply'] + history[-1]['Gply'])


@pytest.mark.parametrize('seed', [1, 2])
@pytest.mark.parametrize('dtype', ['float32', 'float64'])
def test_cmaes_finds_the_end_of_the_valley(seed, dtype):
    nnlite.manualSeed(seed)
    start = np.array([-1.2, 1.0, 0.3], dtype)
    options = {'sigma': 0.5, 'ftarget': 1e-5, 'maxEval': 6000, 'popsize': 9}
    best, losses, evaluations = optim.cmaes(rosenbrock, start, options)
    np.testing.assert_allclose(best, 1, atol=0.05)
    assert best.dtype == dtype and losses[0] == rosenbrock(start)[0] and losses[-1] == min(losses) <= 1e-5
    assert evaluations == 9 * (len(losses) - 2) <= 6000


def test_cmaes_turns_its_axes_to_the_side_that_torch_does():
    """Axes have two sides, and samples depend on which. The numbers are those of Torch's lines over LAPACK's dsyev."""
    nnlite.manualSeed(1)
    start, options = np.array([3.0, -2, 1]), {'sigma': 1, 'maxEval': 50}
    best, losses, _ = optim.cmaes(lambda x: float(((x - [1, 2, 3]) ** 4).sum()), start, options)
    np.testing.assert_allclose(best, [0.11709845, 1.89986674, 3.34814013], rtol=1e-7)
    expected = [288, 6.322391645219, 3.319223037444, 10.613075045328, 0.62243422411, 13.841001929005, 32.635423065871,
                4.243540335083, 6.604297498195, 0.62243422411]  # fmt: skip
    np.testing.assert_allclose(losses, expected, rtol=1e-9)


def test_cmaes_says_what_it_does(capsys):
    optim.cmaes(rosenbrock, np.zeros(2), {'sigma': 1, 'maxEval': 60, 'verb_disp': 5, 'min_iterations': 2})
    printed = capsys.readouterr().out
    assert 'evals:' in printed and 'termination by evals = 60' in printed and 'best f-value' in printed
    with pytest.raises(nnlite.Error, match='expected an option sigma, got none'):
        optim.cmaes(rosenbrock, np.zeros(2), {})


def test_de_finds_the_minimum_and_its_stream_is_its_own():
    config = {'scaleFactor': 0.5, 'crossoverRate': 0.9, 'maxFEs': 3010, 'popsize': 20}
    nnlite.manualSeed(1)
    state = nnlite.getRNGState()
    best, losses = optim.de(rosenbrock, np.empty(2), config)
    assert np.array_equal(nnlite.getRNGState(), state)
    np.testing.assert_allclose(best, 1, atol=0.01)
    assert losses.shape == (3000,) and losses.min() == rosenbrock(best)[0]
    assert np.array_equal(optim.de(rosenbrock, np.empty(2), config)[1], losses)
    with pytest.raises(nnlite.Error, match='expected an option maxFEs, got'):
        optim.de(rosenbrock, np.empty(2), {'scaleFactor': 0.5, 'crossoverRate': 0.9})
    with pytest.raises(nnlite.Error, match='popsize of 3 to maxFEs, 10, got 20'):
        optim.de(rosenbrock, np.empty(2), {**config, 'maxFEs': 10})


def test_checkgrad_sees_a_wrong_gradient():
    x = np.random.default_rng(4).normal(size=(3, 2))
    kept = x.copy()
    memory = np.empty_like(x)  # a gradient whose memory is used again, as a network's is

    def cube(x, factor=3):
        np.multiply(x * x, factor, out=memory)
        return float((x**3).sum()), memory

    difference, gradient, estimate = optim.checkgrad(cube, x)
    assert difference < 1e-7 and np.array_equal(gradient, x * x * 3) and np.array_equal(x, kept)
    np.testing.assert_allclose(estimate, gradient, rtol=1e-5, atol=1e-7)
    assert optim.checkgrad(lambda x: (np.array([cube(x)[0]]), memory), x)[0] < 1e-7, 'f(x) is an array of one'
    assert optim.checkgrad(lambda x: cube(x, 4), x)[0] == pytest.approx(1 / 7, rel=1e-5)
    assert math.isnan(optim.checkgrad(lambda x: (0.0, np.zeros_like(x)), x)[0])
