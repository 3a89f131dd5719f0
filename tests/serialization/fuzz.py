"""Read very many changed files under limits of time and memory, and say what came of it: `make fuzz COUNT=1000000`."""

import argparse
import os
import random
import resource
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from pathlib import Path

from mutants import class_names, mutant, originals

import nnlite

SECONDS, BYTES = 5, 2**31


def outcome(path, chance):
    """Read a file, save what it holds, and read that again; return what came of it.

    Raises:
        Exception: anything but an error of the format came of it.
    """
    rebuild = chance.random() < 0.5
    try:
        value = nnlite.load(path, rebuild=rebuild)
    except nnlite.FileFormatError as error:
        assert 'byte ' in error.where, error
        return 'refused'
    again = path.with_name('again.t7')
    try:
        once = saved(value, again, chance.choice(('binary', 'ascii')))
    except nnlite.Error:  # an object of ours may have been given what it cannot say
        if rebuild:
            return 'rebuilt, not saved'
        raise
    twice = saved(nnlite.load(again, rebuild=rebuild), again, 'binary')
    once = once if once[1:2] != b'\n' else saved(nnlite.load(again, rebuild=rebuild), again, 'binary')
    assert once == twice, 'what was read, saved and read is not what was read'
    return 'rebuilt' if rebuild else 'read'


def saved(value, path, form):
    nnlite.save(path, value, form)
    return path.read_bytes()


def too_long(*_):
    raise TimeoutError(f'more than {SECONDS} seconds')


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('count', type=int, help='how many files')
    parser.add_argument('--seed', type=int, default=1, help='where to begin')
    args = parser.parse_args()
    warnings.simplefilter('error')
    os.fsync = lambda handle: None  # what matters is not on the disk
    memory = Path('/dev/shm')
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        sys.exit(run(args.count, args.seed, Path(folder)))


def run(count, seed, folder):
    """Print what came of `count` files; return 1 if anything came that should not, else 0."""
    files, names = originals(), class_names()
    resource.setrlimit(resource.RLIMIT_AS, (BYTES + used(), resource.RLIM_INFINITY))
    signal.signal(signal.SIGALRM, too_long)
    outcomes, slowest, begin, path = Counter(), (0, 0), time.perf_counter(), folder / 'mutant.t7'
    for number in range(seed, seed + count):
        chance = random.Random(number)
        path.write_bytes(mutant(chance.choice(files), chance, files, names))
        start = time.perf_counter()
        signal.setitimer(signal.ITIMER_REAL, SECONDS)
        try:
            outcomes[outcome(path, chance)] += 1
        except Exception:
            outcomes['FAILED'] += 1
            print(f'seed {number}:', traceback.format_exc(limit=-4), sep='\n', flush=True)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        slowest = max(slowest, (time.perf_counter() - start, number))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f'{count:,} files of {len(files)} kinds in {time.perf_counter() - begin:.0f} s: ', end='')
    print(', '.join(f'{number:,} {what}' for what, number in sorted(outcomes.items())))
    print(f'slowest {slowest[0]:.2f} s (seed {slowest[1]}), peak memory {peak:.0f} MB of this process')
    return int(outcomes['FAILED'] > 0)


def used():
    """Return the bytes of address space that this process has already."""
    return int(Path('/proc/self/statm').read_text().split()[0]) * resource.getpagesize()


if __name__ == '__main__':
    main()
