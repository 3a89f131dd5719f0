"""Residual networks and a plain twin, trained beside real Torch7: five steps of optim.sgd, number by number."""

import numpy as np
import pytest
from golden_files import FOLDER, golden, index

import nnlite
from nnlite import nn, optim

pytestmark = pytest.mark.usefixtures('kernels')

# Torch7 against itself on other BLAS kernels: 1e-15 in Double. In Float the plain network, whose gradients grow where
# the residual ones do not, turns a last digit into a third one within five steps.
TOLERANCES = {
    'resnet20_double': 1e-12,
    'plain20_double': 1e-12,
    'resnetB_double': 1e-12,
    'resnet20_float': 2e-6,
    'plain20_float': 7e-3,
    'resnetB_float': 2e-6,
}


def nets(*names):
    """Return the mark that runs a test for each of these networks, as far as their files are there."""
    files = {name: [case['file'] for case in index('net') if f'/{name}_' in case['file']] for name in names}
    return pytest.mark.parametrize('name', [pytest.param(n, marks=golden(*files[n])) for n in names if files[n]])


def load(name, part):
    return nnlite.load(FOLDER / 'nets' / f'{name}_{part}.t7')


@nets(*TOLERANCES)
def test_five_steps_are_torchs(name, closely):
    net, record, tolerance = load(name, 'initial'), load(name, 'data'), TOLERANCES[name]
    criterion = nn.CrossEntropyCriterion().type(net.type())
    params, gradParams = net.getParameters()
    gradients, outputs = [], []

    def feval(x):
        net.zeroGradParameters()
        outputs.append(net.forward(record['input']).copy())
        loss = criterion.forward(outputs[-1], record['target'])
        net.backward(record['input'], criterion.backward(outputs[-1], record['target']))
        gradients.append(gradParams.copy())
        return loss, gradParams

    state = {}
    for step in range(5):
        loss = optim.sgd(feval, params, record['config'], state)[1][0]
        assert loss == pytest.approx(record['loss'][step], rel=tolerance)
        assert np.linalg.norm(outputs[-1]) == pytest.approx(record['outputNorm'][step], rel=tolerance)
        assert np.linalg.norm(gradients[-1]) == pytest.approx(record['gradNorm'][step], rel=tolerance)
        assert np.linalg.norm(params) == pytest.approx(record['paramNorm'][step], rel=tolerance)
        if f'params{step + 1}' in record:
            closely(params, record[f'params{step + 1}'], tolerance, f'params{step + 1}')
    closely(outputs[0], record['output1'], tolerance, 'output1')
    closely(gradients[0], record['grad1'], tolerance, 'grad1')
    assert np.linalg.norm(state['dfdx']) == pytest.approx(record['momentumNorm'], rel=tolerance)
    net.evaluate()
    check_evaluation(net, record, tolerance, closely)

    final = load(name, 'final')
    check_evaluation(final, record, tolerance if name.endswith('double') else 2e-6, closely)
    ours, theirs = (m.findModules('nn.SpatialBatchNormalization')[0] for m in (net, final))
    for mine, other in zip(ours, theirs, strict=True):
        closely(mine.running_mean, other.running_mean, tolerance, 'running_mean')
        closely(mine.running_var, other.running_var, tolerance, 'running_var')
    assert repr(net) == repr(final)


def check_evaluation(net, record, tolerance, closely):
    closely(net.forward(record['eval_input']), record['eval_output'], tolerance, 'eval_output')
    closely(net.forward(record['input']), record['eval_output_train_batch'], tolerance, 'eval_output_train_batch')


@nets('resnet20drop_double', 'resnet20drop_float')
def test_dropout_network_is_torchs(name, closely):
    net, record = load(name, 'initial'), load(name, 'data')
    tolerance = 1e-12 if name.endswith('double') else 2e-6
    nnlite.manualSeed(record['forward_seed'])
    closely(net.forward(record['input']), record['output_training'], tolerance, 'output_training')
    criterion = nn.CrossEntropyCriterion().type(net.type())
    for model in (net, record['model']):
        gradParams = model.evaluate().getParameters()[1]
        gradParams.fill(0)
        output = model.forward(record['input'])
        closely(output, record['output'], tolerance, 'output')
        assert criterion.forward(output, record['target']) == pytest.approx(record['loss'], rel=tolerance)
        model.backward(record['input'], criterion.backward(output, record['target']))
        closely(gradParams, record['grad'], tolerance, 'grad')
        closely(model.forward(record['eval_input']), record['eval_output'], tolerance, 'eval_output')
