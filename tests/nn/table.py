"""The table of tests: a row for each way to use a class of nnlite.nn; every rule runs over every row.

A new class gets its rows in the file of its family in rows/, and nothing else: `test_every_module.py` and
`test_every_criterion.py` do the rest. A class without a row fails a test.
"""

import importlib
from dataclasses import replace
from pathlib import Path

import pytest
from row import CriterionRow, Row
from trees import drawn, leaves

BASES = {'Object', 'Module', 'Container', 'Criterion'}  # nobody uses these by themselves
BASES |= {'Jacobian', 'SparseJacobian', 'StochasticGradient'}  # these are no modules, but use one; tests of their own

_FAMILIES = sorted(path.stem for path in (Path(__file__).parent / 'rows').glob('[a-z]*.py'))
_ROWS = [row for family in _FAMILIES for row in importlib.import_module(f'rows.{family}').ROWS]

MODULES = [row for row in _ROWS if isinstance(row, Row)]
MODULES += [replace(row, make=row.inplace, inplace=None) for row in MODULES if row.inplace]
CRITERIONS = [row for row in _ROWS if isinstance(row, CriterionRow)]


def works_in_place(module):
    return any(getattr(below, 'inplace', False) for below in module.listModules())


def every(rows, wanted=lambda row: True):
    """Return the mark that runs a test over all rows, or over those that it is about."""
    return pytest.mark.parametrize('row', [pytest.param(row, id=_name(row)) for row in rows if wanted(row)])


def _name(row):
    shapes = ' '.join('x'.join(map(str, leaf.shape)) for leaf in leaves(drawn(row.input, 1)))
    return f'{row.text.removeprefix("nn.").removesuffix(" {")} of {shapes}'
