import h5py
import numpy as np
import pytest
from PIL import Image

import nnlite
from nnlite import trace
from nnlite.cli import main

NET = ['--depth', '8', '--widths', '2', '3', '4', '--dropout', '0.5', '--batch', '16', '--seed', '3', '--epochs', '2']


def run(shapes, folder, *more):
    assert main(['train', *NET, '--data', str(shapes), '--save', str(folder), '--quiet', *more]) == 0
    return [array.tobytes() for _, _, array in nnlite.load(folder / 'best.t7')['model'].arrays()]


@pytest.mark.parametrize('more', [[], ['--no-optimize']], ids=['optimized', 'module by module'])
def test_training_comes_to_the_same_bits(shapes, tmp_path, more):
    assert run(shapes, tmp_path / 'a', '--trace', '2', *more) == run(shapes, tmp_path / 'b', *more)
    found = trace.load(tmp_path / 'a' / 'trace')
    np.testing.assert_array_equal(found.steps, [0, 2, 4])
    assert (found.column('gradWeight', 'norm') > 0).any()


def test_it_shows_a_record(shapes, tmp_path, capsys):
    run(shapes, tmp_path / 'run', '--trace', '3')
    record = tmp_path / 'run' / 'trace'
    assert main(['trace', str(record)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[:2] == ['module', 'output'] and lines[-1].startswith('2 steps, 0 to 3; pictures: ')
    assert lines[1].startswith('1            SpatialConvolution(3 -> 2,')
    assert Image.open(record / 'trace.png').size[0] > 500 and (record / 'net.svg').read_text().startswith('<svg')
    assert main(['trace', str(record / 'step-000000.h5'), '--all', '--out', str(tmp_path / 'out')]) == 0
    text = capsys.readouterr().out
    assert 'CAddTable' in text and 'step 0; pictures' in text
    assert sorted(path.name for path in (tmp_path / 'out').iterdir()) == ['net.svg', 'trace.png']


def test_what_is_no_record_is_one_message(tmp_path, capsys):
    with h5py.File(tmp_path / 'other.h5', 'w') as file:
        file['x'] = 1
    assert main(['trace', str(tmp_path / 'other.h5')]) == 2
    assert "expected a recording of nnlite's" in capsys.readouterr().err
    assert main(['trace', str(tmp_path / 'no.h5')]) == 2
    assert 'no.h5' in capsys.readouterr().err
    assert main(['train', *NET, '--data', 'x.h5', '--save', str(tmp_path / 'run'), '--trace', '0']) == 2
    assert 'in --trace\n  expected 1 step or more, got 0' in capsys.readouterr().err


def test_the_folder_of_a_run_is_led_on(shapes, tmp_path, capsys):
    run(shapes, tmp_path / 'run', '--trace', '3')
    assert main(['trace', str(tmp_path / 'run')]) == 2
    assert f'hint: {tmp_path / "run" / "trace"} has some' in capsys.readouterr().err
