"""What is made of measured times: medians, ratios, slopes, tables."""

import csv

import pytest

from nnlite.bench.cases import Layer, growing
from nnlite.bench.interleaved import Result, Settings
from nnlite.bench.report import (
    draw_growth,
    growth_lines,
    growth_table,
    head,
    layers_table,
    networks_table,
    rows_of,
    straight,
    write_rows,
)

MEGABYTE = 2**20


def result(case, contestant, *times, memory=None):
    """Return a result whose steps all took the times, in milliseconds."""
    seconds = [time / 1e3 for time in times]
    return Result(case, contestant, dict.fromkeys(case.steps, seconds), 0.5, memory, memory, others=0.25)


@pytest.fixture
def group():
    (_, case), *_ = growing('depth', 32)
    return [
        result(case, 'numba', 1, 2, 3, 4, 100, memory=50 * MEGABYTE),
        result(case, 'PyTorch', 8, 8, 8, memory=200 * MEGABYTE),
        result(case, 'PyTorch channels-last', 6, 6, 6, memory=100 * MEGABYTE),
    ]


def test_ratio_is_of_medians_and_to_the_faster_layout(group):
    first, *_, last = rows_of(group)
    assert first['median_seconds'] == 0.003 and first['ratio_to_pytorchs_best'] == 0.5
    assert (first['lower_quartile_seconds'], first['upper_quartile_seconds']) == (0.002, 0.004)
    assert first['steps'] == 5 and first['step_memory_mb'] == 50
    assert last['contestant'] == 'PyTorch channels-last' and last['ratio_to_pytorchs_best'] == 1


def test_networks_table_has_a_line_for_each(group):
    lines = networks_table([group], {'numba': 0.5, 'PyTorch': 2})
    assert lines[2] == '| resnet-8 | 32 | numba | 3 (2 to 4) | 0.50 | 3 (2 to 4) | 0.50 | 50 | 0.50 | 0.50 | 0.50 |'
    assert lines[3].startswith('| resnet-8 | 32 | PyTorch | 8 (8 to 8) | 1.33 |')
    assert 'Other programs took 25 %' in lines[-1]


def test_without_pytorch_there_are_no_ratios(group):
    assert rows_of(group[:1])[0]['ratio_to_pytorchs_best'] is None
    assert '| 3 (2 to 4) | - |' in networks_table([group[:1]], {'numba': 0.5})[2]
    assert 'PyTorch was not measured' in '\n'.join(head(['numba'], Settings(1, 2, 0.5)))


def test_layers_table_has_three_passes():
    case = Layer('16', 8, 16, 16, 32)
    lines = layers_table([[result(case, 'numpy', 4), result(case, 'PyTorch', 2)]])
    assert lines[2] == '| 16 | 8 | numpy |' + ' 4 (4 to 4) | 2.00 |' * 3


def test_numbers_are_written(group, tmp_path):
    write_rows(tmp_path / 'results.csv', [group, group[:1]])
    with open(tmp_path / 'results.csv') as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 8
    assert rows[0]['median_seconds'] == '0.003' and rows[-1]['ratio_to_pytorchs_best'] == ''


def test_straight_line_and_what_is_off_it():
    slope, off = straight([1, 2, 3], [1.0, 2.0, 4.0])
    assert slope == pytest.approx(1.5)
    assert off == pytest.approx(1 / 6)  # the line begins at 5/6, where 1 was measured


def test_growth_is_told_block_by_block(tmp_path):
    # Two layers of a ResNet take 3 ms, of its twin 2 ms.
    points = [
        (depth, [result(case, 'numba', depth * (1.5 if case.network == 'resnet' else 1))])
        for depth, case in growing('depth', 32)
    ]
    assert [(line['network'], line['amounts']) for line in growth_lines(points)] == [
        ('resnet', [8, 20, 32, 56, 110]),
        ('convnet', [8, 20, 32, 56, 110]),
    ]
    assert growth_table(points)[2:4] == ['| numba | resnet | 3.00 | 0 % |', '| numba | convnet | 2.00 | 0 % |']
    draw_growth(tmp_path / 'growth.png', {'depth': points, 'width': points})
    assert (tmp_path / 'growth.png').stat().st_size > 10_000
