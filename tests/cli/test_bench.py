"""`nnlite bench`, quick and small, as a user would run it, and what a user may type wrong."""

import csv
import json
import shlex
from pathlib import Path

import pytest

from nnlite.bench import contestants
from nnlite.cli import main
from nnlite.tensor.devices import why_no_gpu

TINY = shlex.split('bench --nets resnet-8 --kernels numpy --batch 2 --rounds 1 --threads 1 --seconds 0')


def rows(path):
    with open(path) as file:
        return list(csv.DictReader(file))


def test_folder_has_table_numbers_and_picture(tmp_path, capsys):
    pytest.importorskip('torch')
    assert main([*TINY, '--out', str(tmp_path / 'new')]) == 0
    table = (tmp_path / 'new' / 'table.md').read_text()
    assert table in capsys.readouterr().out
    assert 'threads 1, precision float32' in table
    measured = [(row['case'], row['contestant'], row['step']) for row in rows(tmp_path / 'new' / 'results.csv')]
    assert measured == [
        ('resnet-8', contestant, step)
        for contestant in ('numpy', 'PyTorch', 'PyTorch channels-last')
        for step in ('training', 'evaluation')
    ]
    assert (tmp_path / 'new' / 'steps.png').stat().st_size > 10_000


def test_without_pytorch_nnlite_is_measured_alone(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(contestants.importlib.util, 'find_spec', lambda name: None)
    assert main([*TINY, '--nets', 'resnet-8,convnet-8', '--out', str(tmp_path)]) == 0
    assert 'PyTorch was not measured' in capsys.readouterr().out
    measured = {(row['case'], row['contestant']) for row in rows(tmp_path / 'results.csv')}
    assert measured == {('resnet-8', 'numpy'), ('convnet-8', 'numpy')}


@pytest.mark.parametrize(
    ('args', 'message'),
    [
        (['--nets', 'resnet-20,resnet-9000'], 'expected networks of resnet-8, convnet-8'),
        (['--kernels', 'abacus'], "expected kernels auto or one of numpy, numba, got 'abacus'"),
        (['--rounds', '0'], 'in --rounds\n  expected 1 or more, got 0'),
        (['--batch', '-1'], 'in --batch\n  expected 1 or more, got -1'),
        (['--train', 'a.h5'], 'in --train\n  expected no such option with --device cpu, got it'),
        (['--device', 'cuda', '--loader'], 'in --loader\n  expected no such option with --device cuda, got it'),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_measured(args, message, tmp_path, capsys):
    assert main(['bench', *args, '--out', str(tmp_path / 'none')]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / 'none').exists()


GPU = shlex.split('bench --device cuda --nets resnet-8 --batch 2 --rounds 1 --seconds 0 --without-pytorch --quiet')


def test_without_a_gpu_it_is_said_in_a_sentence(tmp_path, capsys):
    if why_no_gpu()[0] is None:
        pytest.skip('there is one')
    assert main([*GPU, '--out', str(tmp_path / 'none')]) == 2
    assert 'expected a GPU for the device cuda, got none: ' in capsys.readouterr().err
    assert not (tmp_path / 'none').exists()


@pytest.fixture
def for_children(cupy, tmp_path, monkeypatch):
    """Let the processes that are started have NumPy in CuPy's place too, where that is what we have."""
    if hasattr(cupy, 'check'):
        (tmp_path / 'cupy.py').write_text("import sys, fake_cupy\nsys.modules['cupy'] = fake_cupy\n")
        monkeypatch.setenv('PYTHONPATH', f'{tmp_path}:{Path(cupy.__file__).parent}')


def test_a_gpu_is_measured(for_children, tmp_path, capsys):
    assert main([*GPU, '--no-checks', '--no-layers', '--out', str(tmp_path / 'bench')]) == 0
    table = (tmp_path / 'bench' / 'gpu.md').read_text()
    assert '| resnet-8 | 2 | TF32 | nnlite | ' in table and '| resnet-8 | 2 | TF32 | nnlite without graph | ' in table
    assert 'came to nothing' not in table
    content = json.loads((tmp_path / 'bench' / 'gpu.json').read_text())
    assert (
        content['machine']['GPU']
        and [record['step'] for record in content['records']]
        == [
            'training',
            'evaluation',
        ]
        * 2
    )
    assert (tmp_path / 'bench' / 'gpu.png').stat().st_size > 10_000


def test_a_gpu_trains(for_children, shapes, tmp_path):
    line = ['--no-checks', '--no-layers', '--no-steps', '--train', shapes, '--epochs', '1', '--minutes', '0.4']
    main([*GPU, *line, '--out', str(tmp_path / 'bench')])
    records = json.loads((tmp_path / 'bench' / 'gpu.json').read_text())['records']
    assert [record['what'] for record in records] == ['training']


def test_a_data_set_that_is_not_there_is_said_before_anything_is_measured(cupy, tmp_path, capsys):
    assert main([*GPU, '--train', 'nothing.h5', '--out', str(tmp_path / 'none')]) == 2
    assert 'nothing.h5' in capsys.readouterr().err
    assert not (tmp_path / 'none').exists()


def test_minutes_that_are_none_are_refused(cupy, tmp_path, capsys):
    assert main([*GPU, '--minutes', '0', '--out', str(tmp_path / 'none')]) == 2
    assert 'in --minutes' in capsys.readouterr().err
