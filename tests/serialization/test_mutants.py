"""Torch7's files with bytes changed, cut, swapped and doubled: an error of the format or a value, and no harm.

`make fuzz COUNT=1000000` does the same to many more.
"""

import random
import time
import tracemalloc
from collections import Counter

import pytest
from fuzz import outcome
from mutants import class_names, mutant, originals

BLOCKS, MUTANTS = 10, 500


@pytest.fixture(scope='module')
def files():
    return originals()


@pytest.mark.parametrize('block', range(BLOCKS))
def test_mutant_is_refused_or_read_and_can_be_saved(block, files, tmp_path, monkeypatch):
    monkeypatch.setattr('os.fsync', lambda handle: None)
    path, outcomes, names = tmp_path / 'mutant.t7', Counter(), class_names()
    for seed in range(block * MUTANTS, (block + 1) * MUTANTS):
        chance = random.Random(seed)
        path.write_bytes(mutant(chance.choice(files), chance, files, names))
        tracemalloc.start()
        begin = time.perf_counter()
        try:
            outcomes[outcome(path, chance)] += 1
        except Exception as error:
            error.add_note(f'seed {seed}')
            raise
        finally:
            seconds, (_, peak) = time.perf_counter() - begin, tracemalloc.get_traced_memory()
            tracemalloc.stop()
        assert peak < 2**22 and seconds < 5, f'seed {seed}: {peak} bytes, {seconds} s'
    assert min(outcomes[what] for what in ('refused', 'read', 'rebuilt')) > 10, outcomes
