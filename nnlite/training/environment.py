"""What the last bits of a result depend on besides the arguments: versions, kernels, threads, machine, device."""

import platform

import numpy as np

import nnlite
from nnlite.training.device import gpu_facts


def environment(device: str = 'cpu') -> dict[str, str | int]:
    """Return versions, kernels, threads, machine and device, as checkpoints and studies keep them.

    >>> sorted(environment())
    ['device', 'kernels', 'machine', 'nnlite', 'numpy', 'precise', 'python', 'threads']
    """
    found = {
        'nnlite': nnlite.__version__,
        'python': platform.python_version(),
        'numpy': np.__version__,
        'kernels': nnlite.getkernels(),
        'precise': nnlite.getprecise(),
        'threads': nnlite.getnumthreads(),
        'device': 'cpu',
        'machine': f'{platform.system()} {platform.machine()}',
    }
    if device != 'cpu':
        facts = gpu_facts(device)
        found |= {'kernels': 'cupy', 'device': facts['name'], 'cupy': facts['cupy'], 'cuda': facts['runtime']}
    return found


def differences(before: dict, now: dict) -> list[str]:
    """Return a line for each key on which two dicts differ; a key that is absent and None are the same.

    >>> differences({'epochs': 5, 'seed': 1}, {'epochs': 6, 'seed': 1, 'limit': None})
    ['epochs: 5 before, 6 now']
    """
    return [
        f'{key}: {before.get(key)} before, {now.get(key)} now'
        for key in dict.fromkeys([*before, *now])
        if before.get(key) != now.get(key)
    ]
