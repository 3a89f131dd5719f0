"""Torch7's files with bytes changed, cut, swapped and doubled: an error of the format or a value, and no harm."""

import random
import time
import tracemalloc
from pathlib import Path

import pytest

import nnlite

FOLDER = Path(__file__).parents[1] / 'golden' / 'serial'
NAMES = [
    'checkpoint',
    'cyclic_binary',
    'function_shared_upvalue',
    'longstorage_field',
    'mixed_keys_binary',
    'module_flattened',
    'module_used',
    'noncontiguous_binary',
    'object_keys',
]
EXTREMES = (-(2**31), -1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 255, 2**16, 2**30, 2**31 - 1)
MUTANTS = 100


def mutant(contents, seed):
    """Return the contents with a few changes."""
    chance = random.Random(seed)
    made = bytearray(contents)
    for _ in range(chance.choice((1, 1, 2, 4))):
        at = chance.randrange(len(made) or 1)
        there = chance.randrange(len(made) or 1)
        kind = chance.randrange(8)
        if kind == 0:
            del made[at:]
        elif kind < 4:
            made[at : at + 1] = bytes([chance.randrange(256)])
        elif kind == 4:
            made[at : at + 4] = chance.choice(EXTREMES).to_bytes(4, 'little', signed=True)
        elif kind == 5:
            number = chance.choice(EXTREMES) << chance.choice((0, 31))
            made[at : at + 8] = number.to_bytes(8, 'little', signed=True)
        elif kind == 6:
            made[at:at] = made[there : there + chance.randrange(64)]
        else:
            made[at : at + 16], made[there : there + 16] = made[there : there + 16], made[at : at + 16]
    return bytes(made)


@pytest.mark.parametrize('name', NAMES)
def test_mutant_is_refused_or_read(name, parse):
    contents = (FOLDER / f'{name}.t7').read_bytes()
    outcomes = {'refused': 0, 'read': 0}
    for seed in range(MUTANTS):
        made = mutant(contents, seed)
        tracemalloc.start()
        begin = time.perf_counter()
        try:
            parse(made)
            outcomes['read'] += 1
        except nnlite.FileFormatError as error:
            outcomes['refused'] += 1
            assert 'byte ' in error.where, seed
        finally:
            seconds, (_, peak) = time.perf_counter() - begin, tracemalloc.get_traced_memory()
            tracemalloc.stop()
        assert peak < 2**21 and seconds < 5, seed
    assert min(outcomes.values()) > 0, outcomes


@pytest.mark.parametrize('name', NAMES)
def test_mutant_that_is_read_can_be_saved(name, parse, round_trip):
    contents = (FOLDER / f'{name}.t7').read_bytes()
    read = 0
    for seed in range(MUTANTS):
        try:
            value = parse(mutant(contents, seed), rebuild=False)
        except nnlite.FileFormatError:
            continue
        round_trip(value, rebuild=False)
        read += 1
    assert read
