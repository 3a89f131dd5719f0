"""The pages about conversion: their code runs and prints what they say, and what they name is there."""

import doctest
import io
import re
import shlex
import shutil
from contextlib import redirect_stdout
from pathlib import Path

import pytest

import nnlite
from nnlite import nn
from nnlite.cli import parser
from nnlite.interop.conversion import TARGETS

DOCS = Path(__file__).parents[2] / 'docs'
PAGES = {name: (DOCS / name).read_text(encoding='utf-8') for name in
         ('convert.md', 'your-t7.md', 'from-torch7.md', 'from-pytorch.md')}  # fmt: skip
BLOCK = re.compile(r'^```python\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?', re.MULTILINE | re.DOTALL)
every_page = pytest.mark.parametrize('page', PAGES)


@every_page
def test_code_runs_and_prints_what_stands_below_it(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copy(Path(__file__).parents[1] / 'golden' / 'nets' / 'resnetB_float_final.t7', 'model.t7')
    blocks, names, state = BLOCK.findall(PAGES[page]), {}, nnlite.getRNGState()
    assert len(blocks) == PAGES[page].count('```python') > 0
    for code, expected in blocks:
        printed = io.StringIO()
        with redirect_stdout(printed):
            exec(compile(code, page, 'exec'), names)
        assert doctest.OutputChecker().check_output(expected, printed.getvalue(), doctest.NORMALIZE_WHITESPACE)
    nnlite.setRNGState(state)


@every_page
def test_commands_are_ones(page):
    for line in re.findall(r'^nnlite .*$', PAGES[page], re.MULTILINE):
        assert callable(parser().parse_args(shlex.split(line, comments=True)[1:]).run)


@every_page
def test_links_and_classes_are_there(page):
    for name in re.findall(r'\]\(([\w.-]+\.md)\)', PAGES[page]):
        assert (DOCS / name).is_file()
    for name in re.findall(r'`(\w+(?:Criterion|Table|Pooling|Convolution|Normalization))`', PAGES[page]):
        assert hasattr(nn, name)


def test_the_table_of_forms_is_whole():
    assert re.findall(r'^\| `(\.\w+)` \|', PAGES['convert.md'], re.MULTILINE) == list(TARGETS)
