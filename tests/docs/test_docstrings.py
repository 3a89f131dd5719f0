"""What the reference is made of: each public name says what a reader needs, and has its place on a page."""

import doctest
import importlib
import inspect
import pkgutil
import re
import sys
from collections import Counter
from pathlib import Path

import pytest

import nnlite
from nnlite import nn, optim

GENERATOR = Path(__file__).parents[2] / 'docs' / 'generator'
sys.path.append(str(GENERATOR))
from families import FAMILIES, PACKAGES  # noqa: E402 as the site's own code is no package

PUBLIC = [(f'nn.{name}', getattr(nn, name)) for name in nn.__all__]
PUBLIC += [(f'optim.{name}', getattr(optim, name)) for name in optim.__all__]
every_name = pytest.mark.parametrize(('name', 'thing'), PUBLIC, ids=[name for name, _ in PUBLIC])


@every_name
def test_says_what_a_reader_needs(name, thing):
    doc = inspect.cleandoc(vars(thing).get('__doc__') or thing.__doc__)
    assert '\n>>> ' in doc, 'has no example'
    assert re.search(r'^Source: \w', doc, re.MULTILINE), 'does not say where it comes from'
    if inspect.isclass(thing) and issubclass(thing, nn.Module | nn.Criterion):
        assert re.search(r'^Shapes: \S', doc, re.MULTILINE), 'does not say what shapes it takes and gives'
    if inspect.signature(thing).parameters:
        assert '\nArgs:\n' in doc, 'does not say what its arguments mean'


@every_name
def test_the_example_runs_as_it_stands(name, thing, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    state = nnlite.getRNGState()
    for test in doctest.DocTestFinder(recurse=False).find(thing, name, globs={}):
        assert doctest.DocTestRunner().run(test).failed == 0
    nnlite.setRNGState(state)


def test_every_class_of_nn_is_in_one_family():
    named = Counter(
        name for _, _, headings in FAMILIES.values() for names in headings.values() for name in names.split()
    )
    assert named == Counter(nn.__all__), 'docs/generator/families.py says on which page a class stands'


def test_every_package_has_a_page():
    names = [f'nnlite.{module.name}' for module in pkgutil.iter_modules(nnlite.__path__) if module.ispkg]
    public = {name for name in names if hasattr(importlib.import_module(name), '__all__')}
    assert public - set(PACKAGES) == {'nnlite.nn', 'nnlite.serialization'}  # the families', and nnlite's own


@pytest.mark.parametrize('package', [package for package, (_, headings) in PACKAGES.items() if headings])
def test_every_name_of_a_package_is_under_one_heading(package):
    named = Counter(name for names in PACKAGES[package][1].values() for name in names.split())
    assert named == Counter(importlib.import_module(package).__all__)


def test_docstrings_become_markdown():
    pytest.importorskip('griffe', reason='the site is made with mkdocs: pip install nnlite[docs]')
    import docstrings

    assert doctest.testmod(docstrings).failed == 0
    assert docstrings.markdown('>>> 1 + 1\n2', 'f') == '```pycon\n>>> 1 + 1\n2\n```'
    assert docstrings.markdown('By\n\n    y = x_1 * 2\n\nit is.', 'f') == 'By\n\n```text\ny = x_1 * 2\n```\n\nit is.'
    assert docstrings.prose('x_1 * [y] `a * b`', 'f') == r'x\_1 \* \[y\] `a * b`'
