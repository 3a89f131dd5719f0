"""The tutorial and the other pages for a lesson: their code runs, and prints what they say."""

import doctest
import importlib.util
import io
import re
import shlex
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np
import pytest

import nnlite
from nnlite import cli, data_prep, models, nn
from nnlite.explain import block as page_of_the_block

DOCS = Path(__file__).parents[2] / 'docs'
CHAPTERS = sorted((DOCS / 'tutorial').glob('[0-9]-*.md'))
PAGES = [*CHAPTERS, DOCS / 'lesson.md', DOCS / 'teaching.md']

spec = importlib.util.spec_from_file_location('notebook', DOCS / 'tutorial' / 'notebook.py')
notebook = importlib.util.module_from_spec(spec)
spec.loader.exec_module(notebook)


def by_name(path):
    return path.stem


@pytest.fixture
def in_folder(tmp_path, monkeypatch):
    """An empty folder to work in; what a chapter sets for the whole process is put back."""
    monkeypatch.chdir(tmp_path)
    kept = nnlite.getnumthreads(), nnlite.getdefaulttensortype(), nnlite.getRNGState()
    yield
    nnlite.setnumthreads(kept[0])
    nnlite.setdefaulttensortype(kept[1])
    nnlite.setRNGState(kept[2])


def run(path, names):
    """Run the blocks of a page one after the other, and hold what each prints to what stands below it."""
    text = path.read_text(encoding='utf-8')
    blocks = list(notebook.BLOCK.finditer(text))
    assert len(blocks) == text.count('```python'), 'a block that is not found'
    for block in blocks:
        printed = io.StringIO()
        line = text.count('\n', 0, block.start('code'))
        with redirect_stdout(printed):
            exec(compile('\n' * line + block['code'], path, 'exec'), names)
        expected = block['output'] or ''
        same = doctest.OutputChecker().check_output(expected, printed.getvalue(), doctest.ELLIPSIS)
        assert same, f'{path.name}, line {line + 1}: expected\n{expected}got\n{printed.getvalue()}'


def test_there_are_four_chapters_whose_code_prints_something():
    assert len(CHAPTERS) == 4
    for chapter in CHAPTERS:
        outputs = [block['output'] for block in notebook.BLOCK.finditer(chapter.read_text(encoding='utf-8'))]
        assert len([output for output in outputs if output]) >= 5, chapter


@pytest.mark.parametrize('chapter', CHAPTERS[:-1], ids=by_name)
def test_chapter(chapter, kernels, in_folder):
    """The last one, which trains for a while, runs as a notebook: test_notebooks.py compares what it prints."""
    run(chapter, {'__name__': 'tutorial'})


def test_teaching(in_folder):
    """The page takes a network, a batch, and the record of a training run for granted."""
    data_prep.shapes.prepare('cifar.h5', size=16, train=60, val=20, seed=1, workers=1, quiet=True)
    train = ['train', '--depth', '8', '--data', 'cifar.h5', '--batch', '20', '--epochs', '1', '--save', 'runs/r20']
    assert cli.main([*train, '--trace', '2', '--quiet']) == 0
    nnlite.manualSeed(1)
    batch = dict(images=nnlite.randn(2, 3, 16, 16), labels=[1, 2])
    net = models.resnet(8, 'cifar10', widths=(4, 4, 8))
    run(DOCS / 'teaching.md', dict(net=net, criterion=nn.CrossEntropyCriterion(), **batch))


def test_the_lesson_names_the_numbers_that_the_page_shows(monkeypatch):
    for name, values in dict(SEEDS=(1,), DEPTHS=(1, 8), WEIGHTS=(0.0, 1.0)).items():
        monkeypatch.setattr(page_of_the_block, name, values)
    [[one, eight]] = page_of_the_block.record_block()['frames']
    said = (DOCS / 'lesson.md').read_text(encoding='utf-8')
    for frame, names in (
        (one[True][1], ('gbranch', 'gshort', 'gx')),
        (eight[False][1], ('gx',)),
        (eight[False][0], ('gx',)),
        (eight[True][0], ('gx',)),
    ):
        for name in names:
            norm = np.linalg.norm(frame[name])
            assert np.format_float_positional(norm, 3, fractional=False) in said, (name, norm)
    assert (np.multiply(one[True][1]['gbranch'], one[True][1]['gshort']) < 0).any()  # homework 3


def test_the_study_is_that_of_the_readme():
    readme = (DOCS.parent / 'README.md').read_text(encoding='utf-8')
    rows = re.findall(r'^\| \d+ \| .*$', CHAPTERS[-1].read_text(encoding='utf-8'), re.MULTILINE)
    assert len(rows) == 2 and all(row in readme for row in rows)


@pytest.mark.parametrize('page', PAGES, ids=by_name)
def test_every_command_is_one(page):
    for line in re.findall(r'^nnlite .*$', page.read_text(encoding='utf-8'), re.MULTILINE):
        assert callable(cli.parser().parse_args(shlex.split(line, comments=True)[1:]).run), line


@pytest.mark.parametrize('page', PAGES, ids=by_name)
def test_every_link_leads_somewhere(page):
    links = re.findall(r'\]\(([^)#]+)(?:#[\w-]+)?\)', page.read_text(encoding='utf-8'))
    for link in links:
        if not link.startswith('https://'):
            assert (page.parent / link).resolve().is_relative_to(DOCS) and (page.parent / link).is_file(), link
