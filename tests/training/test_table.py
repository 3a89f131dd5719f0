import pytest

from nnlite.training.studies import Case, Study
from nnlite.training.table import table_of

STUDY = Study(title='t', cases=(Case(7), Case(9, 'dropout')), paper=('What it says.',), epochs=3)
RECORD = {
    'arguments': {'epochs': 3, 'limit': 500},
    'data': {'images': {'train': 4000, 'val': 100}, 'shape': [3, 16, 16], 'classes': list('abcd')},
    'environment': {'kernels': 'numpy', 'threads': 1, 'device': 'cpu'},
}


def rows(network, depth, variant, seed, val, train):
    return [
        {
            'network': network, 'depth': depth, 'variant': variant, 'seed': seed, 'epoch': epoch, 'parameters': 1234,
            'val_top1': v, 'train_top1': t, 'val_top5': v + 10, 'seconds': 2.0 * epoch,
        }
        for epoch, (v, t) in enumerate(zip(val, train, strict=True), 1)
    ]  # fmt: skip


def lines_of(text, start):
    return [line for line in text.splitlines() if line.startswith(start)]


def test_numbers_of_one_seed():
    table = table_of('Title', STUDY, [
        *rows('resnet', 7, 'plain', 1, [20, 47, 62], [30, 50, 70.25]),
        *rows('convnet', 7, 'plain', 1, [46, 44, 49.9], [30, 40, 50]),
    ], RECORD)  # fmt: skip
    assert lines_of(table, '| 7 | plain | ') == [
        '| 7 | plain | ResNet | 1,234 | 62.0 | 72.0 | 70.2 | 8.2 | 2 (45 %) | 4.0 |',
        '| 7 | plain | ConvNet | 1,234 | 49.9 | 59.9 | 50.0 | 0.1 | 1 (45 %) | 4.0 |',
        '| 7 | plain | +12.1 | +20.2 |',
    ]
    assert '500 training and 100 validation images of 16x16 pixels in 4 classes, 3 epochs, 1 seed' in table
    assert '- What it says.' in table


def test_several_seeds_give_means_and_deviations_and_unfinished_runs_do_not_count():
    table = table_of('Title', STUDY, [
        *rows('resnet', 7, 'plain', 1, [50, 50, 60], [60, 60, 60]),
        *rows('resnet', 7, 'plain', 2, [40, 50, 64], [60, 60, 60]),
        *rows('convnet', 7, 'plain', 1, [50, 52, 52], [60, 60, 60]),
        *rows('convnet', 7, 'plain', 2, [50, 51, 53], [60, 60, 60]),
        *rows('resnet', 9, 'dropout', 1, [50, 50], [60, 60]),
    ], RECORD)  # fmt: skip
    resnet, convnet, difference = lines_of(table, '| 7 | plain | ')
    assert resnet.split(' | ')[4] == '62.0 ± 2.8'
    assert resnet.split(' | ')[8] == '1.5 ± 0.7 (50 %)'
    assert convnet.split(' | ')[8] == '1 ± 0 (50 %)'
    assert difference.startswith('| 7 | plain | +9.5 ± 2.1 |')
    assert not lines_of(table, '| 9 ')


def test_a_lone_network_has_nothing_to_be_compared_with():
    lone = Study(title='t', cases=(Case(18, 'upsampled'),), paper=(), epochs=3, networks=('resnet',))
    table = table_of('Title', lone, rows('resnet', 18, 'upsampled', 1, [1, 2, 3], [1, 2, 3]), RECORD)
    assert 'ResNet less' not in table
    assert lines_of(table, '| 18 ')[0].split(' | ')[8] == '1 (0 %)'


@pytest.mark.parametrize('accuracy', [0.0, 4.9])
def test_a_network_that_learns_nothing_has_a_line_too(accuracy):
    table = table_of('Title', STUDY, rows('resnet', 7, 'plain', 1, [accuracy] * 3, [accuracy] * 3), RECORD)
    assert len(lines_of(table, '| 7 | plain | ResNet')) == 1
