"""Every number that real Torch7 computed with the classes that are here, against ours.

The cases are those of NNLITE_GOLDEN, or, where that is not set, the few that are copied to tests/golden.
"""

import json
import math
import os
from pathlib import Path

import numpy as np
import pytest
from trees import assert_close, copied

import nnlite
from nnlite import nn
from nnlite.tensor.types import dtype_of

FOLDER = Path(os.environ.get('NNLITE_GOLDEN') or Path(__file__).parents[1] / 'golden')
# Torch7 against itself on other BLAS kernels differs by 1e-15 (Double) and 4e-6 (Float).
TOLERANCE = {'torch.DoubleTensor': 1e-14, 'torch.FloatTensor': 4e-6}


def classes_of(constructor):
    """Return the names of the classes that a constructor of the index needs."""
    if isinstance(constructor, list):
        return {name for part in constructor for name in classes_of(part)}
    if isinstance(constructor, dict):
        own = {constructor['class'].removeprefix('nn.')} if 'class' in constructor else set()
        return own | classes_of(constructor.get('args', [])) | classes_of(constructor.get('calls', []))
    return set()


def build(thing):
    """Return what a constructor, or an argument, of the index stands for."""
    if thing == 'Infinity':  # which JSON does not have
        return math.inf
    if not isinstance(thing, dict):
        return thing
    if 'storage' in thing:
        return nnlite.Storage(np.array(thing['storage'], np.int64))
    if 'tensor' in thing:
        return np.array(thing['tensor'], dtype_of(thing['type'])).reshape(thing['size'])
    if 'class' not in thing:
        return {key: build(value) for key, value in thing.items()}
    made = getattr(nn, thing['class'].removeprefix('nn.'))(*map(build, thing['args']))
    for method, *args in thing.get('calls', []):
        if method.startswith('set:'):
            setattr(made, method.removeprefix('set:'), *map(build, args))
        else:
            getattr(made, method)(*map(build, args))
    return made


def cases(section):
    index = json.loads((FOLDER / 'index.json').read_text())['cases']
    here = set(nn.__all__)
    found = [case for case in index if case['section'] == section and classes_of(case['constructor']) <= here]
    return pytest.mark.parametrize('case', found, ids=lambda case: Path(case['file']).stem)


def rebuilt(case):
    """Return the object that the case's constructor makes after its seed, as Torch7 made it."""
    nnlite.setdefaulttensortype('torch.DoubleTensor')
    try:
        nnlite.manualSeed(case['seed'])
        return build(case['constructor']).type(case['type'])
    finally:
        nnlite.setdefaulttensortype('torch.FloatTensor')


@cases('module')
def test_module_gives_torchs_numbers(case):
    record, tolerance = nnlite.load(FOLDER / case['file']), TOLERANCE[case['type']]
    ours = rebuilt(case)
    for mine, theirs in zip(ours.parameters()[0], record['module'].parameters()[0], strict=True):
        assert np.array_equal(mine, theirs), 'the seed does not give the initial parameters'
    assert repr(ours) == repr(record['module'])
    for module in (ours, record['module']):
        nnlite.manualSeed(case['forward_seed'])
        steps = record.get('steps', [record])
        for step in steps:
            train_step(module, step, tolerance)
        if 'gradParams_plus_half' in record:
            module.backward(copied(steps[-1]['input']), copied(steps[-1]['gradOutput']), 0.5)
            assert_close(module.parameters()[1], record['gradParams_plus_half'], tolerance, 'gradParams_plus_half')
        if 'params' in record:
            assert_close(module.parameters()[0], record['params'], tolerance, 'params')
        if 'eval' in record:
            module.evaluate()
            train_step(module, record['eval'], tolerance)
        if 'module_after' in record:
            for name in ('running_mean', 'running_var'):
                if hasattr(module, name):
                    assert_close(getattr(module, name), getattr(record['module_after'], name), tolerance, name)


def train_step(module, step, tolerance):
    """Run forward and backward on what the step was given, and compare all that it holds."""
    given = copied(step['input'])
    module.zeroGradParameters()
    assert_close(module.forward(given), step['output'], tolerance, 'output')
    if 'gradInput' not in step:
        return
    gradInput = module.backward(given, copied(step['gradOutput']))
    assert_close(gradInput, step['gradInput'], tolerance, 'gradInput')
    assert_close(module.parameters()[1], step.get('gradParams', []), tolerance, 'gradParams')
    for name, theirs in step.get('state', {}).items():
        assert_close(getattr(module, name), theirs, tolerance, name)


@cases('criterion')
def test_criterion_gives_torchs_numbers(case):
    record, tolerance = nnlite.load(FOLDER / case['file']), TOLERANCE[case['type']]
    for criterion in (rebuilt(case), record['criterion']):
        nnlite.manualSeed(case['forward_seed'])
        loss = criterion.forward(record['input'], record['target'])
        assert isinstance(loss, float)
        assert abs(loss - record['output']) <= tolerance * max(1, abs(record['output']))
        assert_close(criterion.backward(record['input'], record['target']), record['gradInput'], tolerance, 'gradInput')
