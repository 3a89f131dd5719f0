"""What the README shows, runs."""

import re
import shlex
from pathlib import Path

import pytest

from nnlite.cli import parser

README = (Path(__file__).parents[1] / 'README.md').read_text(encoding='utf-8')


def test_the_twenty_lines_learn():
    (code,) = re.findall(r'```python\n(.*?)```', README, re.DOTALL)
    assert len([line for line in code.splitlines() if line.strip()]) <= 24
    losses = []
    exec(code + '    losses.append(loss)\n', {'losses': losses})
    assert len(losses) == 20
    assert losses[-1] < 0.75 * losses[0]


@pytest.mark.parametrize('line', re.findall(r'^nnlite .*$', README, re.MULTILINE))
def test_every_command_is_one(line):
    args = shlex.split(line, comments=True)[1:]
    assert callable(parser().parse_args(args).run)


def test_every_file_that_it_names_is_there():
    for name in re.findall(r'\((docs/[\w.]+)\)', README) + [
        'examples/' + n for n in re.findall(r'^\| `(\w+\.py)`', README, re.M)
    ]:
        assert (Path(__file__).parents[1] / name).is_file(), name
