"""Print what nnlite found to compute with: the processor, each family of kernels, a GPU.

What a family lacks, it takes from NumPy's. `auto` is the family that is chosen where nobody chooses another.
"""

import argparse
import textwrap
from importlib.metadata import version

import nnlite
from nnlite.bench.contestants import why_not
from nnlite.bench.machine import cores, processor, vectors
from nnlite.kernels import FAMILIES, family, on_numpy
from nnlite.tensor.devices import why_no_gpu

EXAMPLE = 'nnlite devices'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes: nothing."""


def run(args: argparse.Namespace) -> int:
    """Print what was found."""
    chosen = nnlite.getkernels()
    print(f'CPU    {processor()}, {cores()} cores, {vectors()}')
    for name in FAMILIES:
        print(textwrap.fill(f'{name:6} {_found(name)}', 120, subsequent_indent=' ' * 7))
    print('GPU    none: {}; {}'.format(*why_no_gpu()) if why_no_gpu()[0] else 'GPU    found')
    nnlite.setkernels('auto')
    print(f'auto   {nnlite.getkernels()}; chosen now: {chosen}')
    nnlite.setkernels(chosen)
    return 0


def _found(name: str) -> str:
    """Return what there is to say of a family: which kernels it has, or why it cannot be chosen."""
    error = why_not(name)
    if error is not None:
        return f'not there: {error.message}' + (f'; {error.hint}' if error.hint else '')
    before = nnlite.getkernels()
    nnlite.setkernels(name)
    kernels = family()
    nnlite.setkernels(before)
    own = [kernel for kernel in on_numpy.__all__ if getattr(kernels, kernel) is not getattr(on_numpy, kernel)]
    if not own:
        return f'{version(name)}, with all {len(on_numpy.__all__)} kernels'
    return (
        f"{version(name)}, with {len(own)} kernels of its own, NumPy's {len(on_numpy.__all__) - len(own)} others: "
        + (', '.join(own))
    )
