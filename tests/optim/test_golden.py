"""Every optimizer against Torch7's own steps, number by number.

The cases are those of NNLITE_GOLDEN, or, where that is not set, the few that are copied to tests/golden.
"""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from problems import quadratic, rosenbrock

import nnlite
from nnlite import optim

FOLDER = Path(os.environ.get('NNLITE_GOLDEN') or Path(__file__).parents[1] / 'golden')
CASES = [case for case in json.loads((FOLDER / 'index.json').read_text())['cases'] if case['section'] == 'optim']


# Of this one the last step stops, or goes on, by whether f rounds to what it was before.
ROUNDED = 'optim/lbfgs_2_quadratic_float.t7'


def tolerance_of(case):
    """Torch7 against itself on other BLAS kernels: 1e-8 where a line search or a history feeds roundings back."""
    method = case['method'].removeprefix('optim.')
    if case['type'] == 'torch.FloatTensor':
        return {'cg': 1e-5, 'lbfgs': 1e-5}.get(method, 2.5e-7)
    return {'cg': 1e-8, 'lbfgs': 1e-8}.get(method, 1e-14)


@pytest.mark.parametrize('own_state', (True, False), ids=('state', 'config alone'))
@pytest.mark.parametrize('case', CASES, ids=lambda case: Path(case['file']).stem)
def test_takes_torchs_steps(case, own_state):
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
        np.testing.assert_allclose(x, expected_x, rtol=tolerance, atol=tolerance)
        np.testing.assert_allclose(losses, expected_f, rtol=max(1e-14, 10 * tolerance), atol=tolerance)
        if 'ax' in golden:
            np.testing.assert_allclose(more[0], golden['ax'][step], rtol=tolerance, atol=tolerance)
        if case['method'] in ('optim.cg', 'optim.lbfgs'):
            assert evaluations == golden['f_evaluations'][step]
    state = state if own_state else {key: value for key, value in config.items() if key not in given}
    for name, expected in dict(golden['state'] or {}).items():
        if own_state or name in state:
            np.testing.assert_allclose(state[name], expected, rtol=10 * tolerance, atol=10 * tolerance, err_msg=name)
