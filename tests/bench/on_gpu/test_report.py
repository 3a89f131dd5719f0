"""What is made of the records: tables, a picture, and what came to nothing."""

import pytest

from nnlite.bench.on_gpu.cases import networks
from nnlite.bench.on_gpu.jobs import (
    COMPILED,
    EAGER,
    EAGER_LAST,
    FLOAT32,
    FLOORS,
    LAYERS,
    NNLITE,
    STEPS,
    TF32,
    TRAINING,
    TUNED,
)
from nnlite.bench.on_gpu.report import draw_steps, layers_table, sections, steps_table, training_table


def step(contestant, milliseconds, step='training', precision=TF32, **others):
    fields = dict(what=STEPS, contestant=contestant, precision=precision, name='resnet-20', batch=128)
    memory = dict(used=2**20, held=2**21, warm=1.5, loss=2.3, notes=[])
    return {**fields, 'step': step, 'times': [milliseconds / 1e3] * 3, **memory, **others}


def layer(contestant, name, kind, step, microseconds, **others):
    fields = dict(what=LAYERS, contestant=contestant, precision=TF32, name='', batch=0)
    return {**fields, 'layer': name, 'kind': kind, 'pass': step, 'times': [microseconds / 1e6], **others}


EVERYONE = [step(NNLITE, 2), step(EAGER, 8), step(EAGER_LAST, 6), step(COMPILED, 3)]
FLOOR = dict(what=FLOORS, contestant=EAGER_LAST, precision=TF32, name='', batch=0)
FLOOR |= {'copy': 1e12, 'TF32': 1e14, 'float32': 5e13}


def test_speeds_are_multiples_of_the_faster_eager_layout_and_of_the_compiled():
    lines = steps_table([*EVERYONE, step(NNLITE, 1, 'evaluation')])
    assert lines[2] == (
        '| resnet-20 | 128 | TF32 | nnlite | 64,000 | 2.000 (2.000 to 2.000) | 3.00 | 1.50 | 1 | 2 '
        '| 128,000 | 1.000 (1.000 to 1.000) | - | - | 1.5 |'
    )
    assert lines[5].startswith('| resnet-20 | 128 | TF32 | PyTorch compiled | 42,667 | 3.000')


def test_compiled_is_whichever_is_there_and_faster():
    for others, times in (([], '1.50'), ([step(TUNED, 2.5)], '1.25'), ([step(TUNED, 5)], '1.50')):
        assert f'| 3.00 | {times} | 1 | 2 |' in steps_table([*EVERYONE, *others])[2]
    assert '| 3.00 | 2.50 | 1 | 2 |' in steps_table([*EVERYONE[:3], step(TUNED, 5)])[2]


def test_each_precision_is_compared_with_itself():
    lines = steps_table([*EVERYONE, step(NNLITE, 4, precision=FLOAT32), step(EAGER, 4, precision=FLOAT32)])
    assert lines[6].startswith('| resnet-20 | 128 | float32 | nnlite | 32,000 | 4.000 (4.000 to 4.000) | 1.00 | - |')


def test_first_losses_are_compared():
    assert 'at most 2.0e-01 apart' in steps_table([step(NNLITE, 2), step(EAGER, 2, loss=2.5)])[-1]


def test_layers_stand_on_their_floors():
    name, kind = 'resnet-18 64', 'convolution'
    records = [FLOOR, layer(NNLITE, name, kind, 'forward', 800, way='halo', ways={'halo': 8e-4, 'fma': 2e-3})]
    records += [layer(EAGER_LAST, name, kind, 'forward', 400)]
    lines = layers_table(records)
    assert (
        lines[0] == 'A copy moves 1,000 GB/s; products of matrices run at 100 TFLOP/s in TF32, 50 TFLOP/s in float32.'
    )
    # 38.7 GFLOP, and 2 x 134 MB.
    (line,) = (line for line in lines if line.startswith('| resnet-18 64 |'))
    assert line == (
        '| resnet-18 64 | convolution | 128 | forward | 800.0 | halo | 48.3 | 336 | 386.5 | operations | 2.1 '
        '| 400.0 | 0.50 | fma 2000.0 |'
    )


def test_layers_without_floors_or_pytorch():
    lines = layers_table([layer(NNLITE, 'resnet-20', 'SGD', 'step', 10)])
    assert lines[2] == '| resnet-20 | SGD | 1 | step | 10.0 | - | - | 539 | - | - | - | - | - | - |'


def test_training_says_when_the_goal_was_reached():
    rows = [
        dict(epoch=epoch, seconds=2.0, learning_rate=0.1, train_top1=90.0, val_top1=top1)
        for epoch, top1 in enumerate((50.0, 91.0, 90.5), 1)
    ]
    text = '\n'.join(training_table([{'what': TRAINING, 'name': 'data/cifar.h5', **row} for row in rows]))
    assert '- cifar.h5: 90.50 % after 3 epochs, 6.0 s of training; 90 % after 4.0 s' in text
    assert '| cifar.h5 | 2 | 0.1000 | 90.00 | 91.00 | 4.0 |' in text


def test_what_came_to_nothing_is_said():
    checks = {
        'counts': {'passed': 3, 'failed': 1},
        'failed': ['tests/x.py::y'],
        'files': 1,
        'ended': False,
        'seconds': 9,
    }
    records = [step(NNLITE, 2, notes=['no graph']), {**FLOOR, 'job': 'floors', 'error': 'in here\nlost'}]
    records[1].pop('copy')
    text = '\n'.join(sections({'GPU': 'one'}, checks, records))
    assert text.startswith('# nnlite on a GPU\n\nGPU one.\n')
    assert '`pytest -m gpu` (1 files): 3 passed, 1 failed, and was stopped after 9 s.' in text
    assert '- tests/x.py::y' in text and '- no graph' in text and '- floors: in here lost' in text
    assert '## Single layers' not in text


@pytest.mark.parametrize('complete', [True, False])
def test_picture_has_the_networks_with_both_steps(tmp_path, complete):
    records = [*EVERYONE, *(step(NNLITE, 1, 'evaluation') for _ in range(complete))]
    draw_steps(tmp_path / 'gpu.png', networks(['resnet-20', 'convnet-20']), records)
    assert (tmp_path / 'gpu.png').exists() == complete
