"""What the README shows, runs."""

import re
import shlex
import shutil
from pathlib import Path

import pytest

import nnlite
from nnlite.cli import parser

README = (Path(__file__).parents[1] / 'README.md').read_text(encoding='utf-8')
BLOCKS = re.findall(r'```python\n(.*?)```', README, re.DOTALL)


def test_the_twenty_lines_learn():
    code = BLOCKS[0]
    assert len([line for line in code.splitlines() if line.strip()]) <= 24
    losses = []
    exec(code + '    losses.append(loss)\n', {'losses': losses})
    assert len(losses) == 20
    assert losses[-1] < 0.75 * losses[0]


def test_the_files_open_and_are_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    golden = Path(__file__).parent / 'golden' / 'serial'
    shutil.copyfile(golden / 'module_used.t7', 'model.t7')
    shutil.copyfile(golden / 'several_objects.t7', 'several.t7')
    names = {}
    exec(BLOCKS[1], names)
    assert len(names['rest']) == 3
    assert repr(nnlite.load('model_ascii.t7')) == repr(names['net'])


@pytest.mark.parametrize('line', re.findall(r'^nnlite .*$', README, re.MULTILINE))
def test_every_command_is_one(line):
    args = shlex.split(line, comments=True)[1:]
    assert callable(parser().parse_args(args).run)


def test_every_file_that_it_names_is_there():
    for name in re.findall(r'\((docs/[\w.]+)\)', README) + [
        'examples/' + n for n in re.findall(r'^\| `(\w+\.py)`', README, re.M)
    ]:
        assert (Path(__file__).parents[1] / name).is_file(), name
