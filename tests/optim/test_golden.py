"""Every optimizer against Torch7's own steps, number by number."""

import numpy as np
import pytest
from golden_files import FOLDER, cases
from problems import quadratic, rosenbrock

import nnlite
from nnlite import optim

# Of this one the last step stops, or goes on, by whether f rounds to what it was before.
ROUNDED = 'optim/lbfgs_2_quadratic_float.t7'


def tolerance_of(case):
    """Torch7 against itself on other BLAS kernels: 1e-8 where a line search or a history feeds roundings back."""
    method = case['method'].removeprefix('optim.')
    if case['type'] == 'torch.FloatTensor':
        return {'cg': 1e-5, 'lbfgs': 1e-5}.get(method, 2.5e-7)
    return {'cg': 1e-8, 'lbfgs': 1e-8}.get(method, 1e-14)


@pytest.mark.parametrize('own_state', (True, False), ids=('state', 'config alone'))
@cases('optim')
def test_takes_torchs_steps(case, own_state, closely):
    golden, tolerance = nnlite.load(FOLDER / case['file']), tolerance_of(case)
    opfunc = quadratic(golden['A'], golden['b']) if golden['problem'] == 'quadratic' else rosenbrock
    method = getattr(optim, golden['method'].removeprefix('optim.'))
    evaluations = 0

    def counted(x):
        nonlocal evaluations
        evaluations += 1
        return opfunc(x)

    config = dict(golden['config'] or {})
    if 'lineSearch' in config:
        config['lineSearch'] = optim.lswolfe
    given, x, state = set(config), golden['x0'].copy(), {} if own_state else None
    for step, (expected_x, expected_f) in enumerate(zip(golden['x'], golden['f'], strict=True)):
        same, losses, *more = method(counted, x, config, state)
        assert same is x
        if case['file'] == ROUNDED and step == len(golden['x']) - 1:
            np.testing.assert_allclose(x, expected_x, atol=1e-3)
            return
        closely(x, expected_x, tolerance, f'x after step {step + 1}')
        closely(np.array(losses), np.array(expected_f), max(1e-14, 10 * tolerance), f'f in step {step + 1}')
        if 'ax' in golden:
            closely(more[0], golden['ax'][step], tolerance, 'ax')
        if case['method'] in ('optim.cg', 'optim.lbfgs'):
            assert evaluations == golden['f_evaluations'][step]
    state = state if own_state else {key: value for key, value in config.items() if key not in given}
    for name, expected in dict(golden['state'] or {}).items():
        if own_state or name in state:
            closely(np.asarray(state[name]), np.asarray(expected), 10 * tolerance, name)
