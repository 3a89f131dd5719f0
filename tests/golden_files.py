"""Torch7's own results: where they lie, and which there are.

They are those of NNLITE_GOLDEN, or, where that is not set, the part of them that is copied to tests/golden.
"""

import json
import os
from pathlib import Path

import pytest

PART = Path(__file__).parent / 'golden'
FOLDER = Path(os.environ.get('NNLITE_GOLDEN') or PART)


def index(section, folder=FOLDER):
    """Return the index's cases of a section: 'module', 'criterion', 'optim', 'net', 'serial' or 'rng'."""
    return [case for case in json.loads((folder / 'index.json').read_text())['cases'] if case['section'] == section]


def golden(*files):
    """Return the mark of a test that is about these files; the report counts them."""
    return pytest.mark.golden(*files)


def cases(section, wanted=lambda case: True):
    """Return the mark that runs a test for each case of a section."""
    found = filter(wanted, index(section))
    params = [pytest.param(case, id=Path(case['file']).stem, marks=golden(case['file'])) for case in found]
    return pytest.mark.parametrize('case', params)
