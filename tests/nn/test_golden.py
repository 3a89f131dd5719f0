"""Every number that real Torch7 computed with the classes that are here, against ours."""

import math

import numpy as np
from golden_files import FOLDER, cases
from golden_report import DIFFERENCES
from trees import copied

import nnlite
from nnlite import nn
from nnlite.tensor.types import dtype_of

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


def are_here(case):
    return classes_of(case['constructor']) <= set(nn.__all__)


def through_file(thing, folder):
    """Return what comes out of a file that the thing is saved to."""
    nnlite.save(folder / 'thing.t7', thing)
    return nnlite.load(folder / 'thing.t7')


def refer_to_poolings(made):
    """Let unpoolings refer to the pooling of their network, of which the index has the constructor twice."""
    for module in getattr(made, 'modules', ()):
        if hasattr(module, 'pooling'):
            module.pooling = next(other for other in made.modules if repr(other) == repr(module.pooling))


def rebuilt(case):
    """Return the object that the case's constructor makes after its seed, as Torch7 made it."""
    nnlite.setdefaulttensortype('torch.DoubleTensor')
    try:
        nnlite.manualSeed(case['seed'])
        made = build(case['constructor'])
        refer_to_poolings(made)
        return made.float() if case['type'] == 'torch.FloatTensor' else made  # DontCast may be of any type
    finally:
        nnlite.setdefaulttensortype('torch.FloatTensor')


@cases('module', are_here)
def test_module_gives_torchs_numbers(case, closely, tmp_path):
    record, tolerance = nnlite.load(FOLDER / case['file']), TOLERANCE[case['type']]
    ours = rebuilt(case)
    for mine, theirs in zip(ours.parameters()[0], record['module'].parameters()[0], strict=True):
        assert np.array_equal(mine, theirs), 'the seed does not give the initial parameters'
    assert repr(ours) == repr(record['module'])
    for module in (through_file(ours, tmp_path), ours, record['module']):
        nnlite.manualSeed(case['forward_seed'])
        steps = record.get('steps', [record])
        for step in steps:
            train_step(module, step, tolerance, closely)
        if 'gradParams_plus_half' in record and not is_different(case, 'gradParams_plus_half'):
            module.backward(copied(steps[-1]['input']), copied(steps[-1]['gradOutput']), 0.5)
            closely(module.parameters()[1], record['gradParams_plus_half'], tolerance, 'gradParams_plus_half')
        if 'params' in record:
            closely(module.parameters()[0], record['params'], tolerance, 'params')
        if 'eval' in record:
            module.evaluate()
            train_step(module, record['eval'], tolerance, closely)
        if 'module_after' in record:
            for name in ('running_mean', 'running_var'):
                if hasattr(module, name):
                    closely(getattr(module, name), getattr(record['module_after'], name), tolerance, name)


def is_different(case, what):
    """Return whether this is among our differences on purpose, which may be about a class with two arguments alike."""
    name, args = case['constructor']['class'], case['constructor']['args']
    return f'{name}(n, n, ...), {what}' in DIFFERENCES and args[0] == args[1]


def train_step(module, step, tolerance, closely):
    """Run forward and backward on what the step was given, and compare all that it holds."""
    given = copied(step['input'])
    module.zeroGradParameters()
    closely(module.forward(given), step['output'], tolerance, 'output')
    if 'gradInput' not in step:
        return
    gradInput = module.backward(given, copied(step['gradOutput']))
    closely(gradInput, step['gradInput'], tolerance, 'gradInput')
    closely(module.parameters()[1], step.get('gradParams', []), tolerance, 'gradParams')
    for name, theirs in step.get('state', {}).items():
        closely(getattr(module, name), theirs, tolerance, name)


@cases('criterion', are_here)
def test_criterion_gives_torchs_numbers(case, closely, tmp_path):
    record, tolerance = nnlite.load(FOLDER / case['file']), TOLERANCE[case['type']]
    ours = rebuilt(case)
    for criterion in (through_file(ours, tmp_path), ours, record['criterion']):
        nnlite.manualSeed(case['forward_seed'])
        given = [record[name] for name in ('input', 'target') if name in record]
        loss = criterion.forward(*given)
        assert isinstance(loss, float)
        closely(np.array(loss), np.array(record['output']), tolerance, 'loss')
        if 'gradInput' in record:
            closely(criterion.backward(*given), record['gradInput'], tolerance, 'gradInput')
