"""Print what nnlite found to compute with: the processor, each family of kernels, the GPUs.

What a family lacks, it takes from NumPy's. `auto` is the family that is chosen where nobody chooses another.
"""

import argparse
import textwrap
from importlib.metadata import version

import nnlite
from nnlite.bench.contestants import why_not
from nnlite.bench.machine import cores, processor, vectors
from nnlite.kernels import FAMILIES, family, on_numpy
from nnlite.tensor.devices import gpu, why_no_gpu
from nnlite.training.device import gpu_facts
from nnlite.training.gpu_memory import size

EXAMPLE = 'nnlite devices'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes: nothing."""


def run(args: argparse.Namespace) -> int:
    """Print what was found."""
    chosen = nnlite.getkernels()
    _print('CPU', f'{processor()}, {cores()} cores, {vectors()}')
    for name in FAMILIES:
        _print(name, _found(name))
    _print_gpus()
    nnlite.setkernels('auto')
    _print('auto', f'{nnlite.getkernels()}; chosen now: {chosen}')
    nnlite.setkernels(chosen)
    return 0


def _print(name: str, text: str) -> None:
    print(textwrap.fill(f'{name:6} {text}', 120, subsequent_indent=' ' * 7))


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


def _print_gpus() -> None:
    """Print what kernels there are for GPUs, and a line for each; or why none can be used."""
    why, hint = why_no_gpu()
    if why is not None:
        _print('GPU', f'none: {why}; {hint}')
        return
    from nnlite.kernels import on_cupy
    from nnlite.kernels.on_cupy import cudnn

    cuda = gpu().cuda
    devices = [f'cuda:{number}' for number in range(cuda.runtime.getDeviceCount())]
    facts = gpu_facts(devices[0])
    versions = f'{facts["cupy"]}, CUDA {facts["runtime"]}, a driver for {facts["driver"]}'
    others = [kernel for kernel in on_numpy.__all__ if kernel not in on_cupy.OWN]
    own = f'with {len(on_cupy.OWN)} kernels in CUDA'
    _print('cupy', f"{versions}, {own}, NumPy's lines for {len(others)} others: {', '.join(others)}")
    why = cudnn.why_not()
    found = f'not there: {why}' if why is not None else cudnn.library().backend_version_string()
    _print('cuDNN', f'{found}; a way of convolution to compare with, chosen by hand')
    for device in devices:
        facts = gpu_facts(device)
        memory = f'{size(facts["free"])} of {size(facts["total"])} free'
        _print('GPU', f'{device}: {facts["name"]}, compute capability {facts["capability"]}, {memory}')
