"""The part of Torch7's results that is in the repository: every class, optimizer and form of file is in it."""

import re
from pathlib import Path

from golden_files import PART, index
from table import BASES

from nnlite import nn, optim

# Of these Torch7's results have no case: a base, what passes on what others compute, classes of other packages.
WITHOUT = {'Decorator', 'GPU', 'Profile', 'DataParallelTable', 'gModule'}


def test_every_class_has_a_case():
    cases = index('module', PART) + index('criterion', PART)
    assert set(nn.__all__) - BASES - WITHOUT == {Path(case['file']).stem.partition('_')[0] for case in cases}


def test_every_optimizer_has_a_case():
    methods = {case['method'].removeprefix('optim.') for case in index('optim', PART)}
    without = {'ConfusionMatrix', 'FistaLS', 'Logger', 'checkgrad', 'cmaes', 'de', 'lswolfe', 'polyinterp'}
    assert methods == set(optim.__all__) - without


def test_it_is_small_and_whole():
    files = {path.relative_to(PART).as_posix() for path in PART.rglob('*.t7')}
    sections = ('module', 'criterion', 'optim', 'net', 'rng', 'serial')
    assert files == {case['file'] for section in sections for case in index(section, PART)}
    assert sum(path.stat().st_size for path in PART.rglob('*') if path.is_file()) < 6e6
    assert re.search('LuaJIT', (PART / 'index.json').read_text())
