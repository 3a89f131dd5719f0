"""The folder of a benchmark: what each measurement leaves in it."""

import csv

import pytest

from nnlite.bench import folder, loading
from nnlite.bench.cases import GROWTH, Layer, Network
from nnlite.bench.folder import BenchFolder
from nnlite.bench.interleaved import Settings
from nnlite.errors import Error
from nnlite.training.records import read_records


@pytest.fixture
def bench(tmp_path):
    return BenchFolder(tmp_path / 'bench', ['numpy', 'numpy+fused'], Settings(1, 1, 0.0), quiet=True)


def cases(path):
    """Return (case, contestant) of the rows of a file of numbers, each once."""
    with open(path) as file:
        return list(dict.fromkeys((row['case'], row['contestant']) for row in csv.DictReader(file)))


def test_what_was_measured_before_an_error_is_there(bench):
    with pytest.raises(Error, match='expected a depth of 7'):
        bench.measure_networks([Network('resnet', 8, 'cifar10', 1), Network('resnet', 3, 'cifar10', 1)])
    assert cases(bench.path / 'results.csv') == [('resnet-8', 'numpy'), ('resnet-8', 'numpy+fused')]
    assert '| resnet-8 | 1 | numpy+fused |' in (bench.path / 'table.md').read_text()
    assert (bench.path / 'steps.png').exists()


def test_optnet_has_no_part_in_single_layers(bench):
    bench.measure_layers([Layer('one', 1, 2, 3, 4), Layer('two', 1, 2, 3, 4)])
    assert cases(bench.path / 'layers.csv') == [('one', 'numpy'), ('two', 'numpy')]
    assert '| two | 1 | numpy |' in (bench.path / 'layers.md').read_text()


def test_the_loader_is_measured_once_for_networks_that_take_the_same(bench, monkeypatch):
    monkeypatch.setattr(loading, 'IMAGES', 50)
    measured = []

    def measure_loading(case, settings):
        measured.append(case)
        return loading.measure_loading(case, settings)

    monkeypatch.setattr(folder, 'measure_loading', measure_loading)
    bench.measure_networks([Network(name, 8, 'cifar10', 20) for name in ('resnet', 'convnet')])
    bench.measure_loading()
    assert len(measured) == 1
    rows = read_records(bench.path / 'loading.csv', loading.COLUMNS)
    assert [(row['case'], row['augmentation']) for row in rows] == [
        (case, name) for case in ('resnet-8', 'convnet-8') for name in ('none', 'standard', 'stochastic')
    ]
    assert all(float(row['loader_images_per_second']) > 100 for row in rows)
    assert '| stochastic |' in (bench.path / 'loading.md').read_text()


def test_growth_has_a_picture_and_what_a_block_costs(bench, monkeypatch):
    bench.contestants = ['numpy']
    monkeypatch.delitem(GROWTH, 'width')
    monkeypatch.delitem(GROWTH, 'batch')
    monkeypatch.setitem(GROWTH, 'depth', GROWTH['depth'][:2])
    bench.measure_growth(batch=1)
    nets = ['resnet-8', 'convnet-8', 'resnet-20', 'convnet-20']
    assert cases(bench.path / 'growth.csv') == [(net, 'numpy') for net in nets]
    assert '| numpy | convnet |' in (bench.path / 'growth.md').read_text()
    assert (bench.path / 'growth.png').stat().st_size > 10_000
