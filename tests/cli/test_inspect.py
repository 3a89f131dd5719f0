"""`nnlite inspect`: what it says of Torch7's files, of large ones and of broken ones."""

from pathlib import Path

import numpy as np
import pytest

import nnlite
from nnlite import nn
from nnlite.cli import main

SERIAL = Path(__file__).parents[1] / 'golden' / 'serial'


@pytest.fixture
def shown(capsys):
    """Run the command on a file and return its lines."""

    def shown(path, *args):
        assert main(['inspect', str(path), *args]) == 0
        return capsys.readouterr().out.splitlines()

    return shown


@pytest.mark.parametrize(
    ('name', 'form'),
    [
        ('long_size8', 'binary, little-endian, 8-byte longs, 578 bytes, 1 value, 8 objects'),
        ('long_size4', 'binary, little-endian, 4-byte longs, 498 bytes, 1 value, 8 objects'),
        ('big_endian', 'binary, big-endian, 8-byte longs, 578 bytes, 1 value, 8 objects'),
        ('same_twice_ascii', 'ascii, 249 bytes, 1 value, 5 objects'),
        ('several_objects', 'binary, little-endian, 8-byte longs, 217 bytes, 3 values, 3 objects'),
        ('module_flattened', 'binary, little-endian, 8-byte longs, 3,634 bytes, 1 value, 32 objects, 63 parameters'),
    ],
)
def test_first_line_says_the_form(name, form, shown):
    path = SERIAL / f'{name}.t7'
    assert shown(path)[0] == f'{path}: {form}'


@pytest.mark.parametrize('path', sorted(SERIAL.glob('*.t7')), ids=lambda path: path.stem)
def test_every_file_of_torch_is_shown(path, shown):
    assert len(shown(path, '--all')) >= len(shown(path)) > 1


def test_tree_of_a_checkpoint(shown):
    lines = shown(SERIAL / 'checkpoint.t7')
    assert lines[1:4] == ['table of 4', '  epoch: 59', '  optimState: table of 5']
    assert "    files: list of 2: 'model_1.t7', 'optimState_1.t7'" in lines
    [convolution] = [line for line in lines if 'SpatialConvolution' in line]
    assert convolution.startswith('      [1]: nn.SpatialConvolution, 57 parameters (') and 'kW 3' in convolution
    assert 'gradInput empty' in convolution
    assert '        weight: DoubleTensor 3x2x3x3, 432 bytes, in the memory of model.modules[1].bias' in lines


def test_what_is_there_twice_is_named_by_its_path(shown):
    lines = shown(SERIAL / 'cyclic_binary.t7')
    assert any(line.endswith('the same as the whole value') for line in lines)
    assert sum('the same as' in line for line in shown(SERIAL / 'module_shared_weights.t7')) >= 1


def test_views_show_their_strides(shown):
    lines = shown(SERIAL / 'noncontiguous_binary.t7')
    assert '  expanded: DoubleTensor 2x3, 48 bytes, strides 0x1' in lines
    assert '  transposed: DoubleTensor 3x3x2, 144 bytes, strides 1x3x9, in the memory of narrowed' in lines


def test_long_lists_are_shortened_and_depth_is_limited(shown, tmp_path):
    net = nn.Sequential()
    for _ in range(50):
        net.add(nn.Linear(2, 2))
    nnlite.save(tmp_path / 'deep.t7', {'net': net, 'losses': [n / 2 for n in range(1000)]})
    lines = shown(tmp_path / 'deep.t7')
    assert '      ... 38 more; --all shows them' in lines
    assert any(line.startswith('  losses: list of 1,000: 0, 0.5, 1,') and '988 more' in line for line in lines)
    assert sum('nn.Linear' in line for line in lines) == 12
    assert sum('nn.Linear' in line for line in shown(tmp_path / 'deep.t7', '--all')) == 50
    assert next(line for line in shown(tmp_path / 'deep.t7', '--depth', '2') if 'nn.' in line).endswith(' ...')


def test_strangers_strings_cannot_write_to_the_terminal(shown, tmp_path):
    values = {'\x1b[2J': '\x1b[31mred' + 'x' * 500, 'bytes': b'\xff\x1b', 'tensor': np.ones(3)}
    nnlite.save(tmp_path / 'odd.t7', values)
    lines = shown(tmp_path / 'odd.t7')
    assert not any('\x1b' in line for line in lines) and max(map(len, lines)) < 200
    assert '  tensor: DoubleTensor 3, 24 bytes: 1, 1, 1' in lines


def test_very_deep_file(shown, tmp_path):
    deep = []
    for _ in range(9000):
        deep = [deep]
    nnlite.save(tmp_path / 'deep.t7', deep)
    assert len(shown(tmp_path / 'deep.t7', '--depth', '200')) == 201


@pytest.mark.parametrize(
    ('contents', 'args', 'message'),
    [
        (b'\x89PNG\r\n\x1a\n', (), 'expected a .t7 file to begin with the tag of a type'),
        (b'\3\0\0\0\1\0\0\0\xff\0\0\0', (), 'expected a table of 0 to 0 pairs'),
        (b'\0\0\0\0', ('--depth', '0'), 'expected a depth from 1 to 200, got 0'),
    ],
)
def test_what_is_wrong_is_said_in_one_message(contents, args, message, capsys, tmp_path):
    (tmp_path / 'broken.t7').write_bytes(contents)
    assert main(['inspect', str(tmp_path / 'broken.t7'), *args]) == 2
    assert message in capsys.readouterr().err


def test_missing_file(capsys):
    assert main(['inspect', '/nowhere/net.t7']) == 2
    assert 'No such file' in capsys.readouterr().err
