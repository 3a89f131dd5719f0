"""Every example in a docstring runs, and gives what it says."""

import doctest
import importlib
import pkgutil

import numpy as np
import pytest

import nnlite
from nnlite import data_prep, models

MODULES = [
    'nnlite',
    *(
        module.name
        for package in (nnlite, models, data_prep)
        for module in pkgutil.walk_packages(package.__path__, f'{package.__name__}.')
        if not module.name.endswith('__main__')
    ),
]


@pytest.mark.parametrize('name', MODULES)
def test_examples_run(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    kept = nnlite.getkernels(), nnlite.getnumthreads(), nnlite.getdefaulttensortype(), nnlite.getRNGState()
    module = importlib.import_module(name)
    failed, _ = doctest.testmod(module, extraglobs={'np': np, 'nnlite': nnlite})
    nnlite.setkernels(kept[0])
    nnlite.setnumthreads(kept[1])
    nnlite.setdefaulttensortype(kept[2])
    nnlite.setRNGState(kept[3])
    assert failed == 0, f'{failed} examples of {name} give something else: python -m doctest shows them'


def test_examples_are_found():
    found = [doctest.DocTestFinder().find(importlib.import_module(name)) for name in MODULES]
    assert sum(len(test.examples) for tests in found for test in tests) > 50
