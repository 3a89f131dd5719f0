"""Who is measured: nnlite's families of kernels, plain and with optnet's help, and PyTorch in both its layouts."""

import importlib.util

import nnlite
from nnlite.errors import DeviceError
from nnlite.kernels import FAMILIES

FUSED = '+fused'
CHANNELS_LAST = ' channels-last'
PYTORCH = ('PyTorch', 'PyTorch' + CHANNELS_LAST)


def is_pytorch(contestant: str) -> bool:
    """Return whether a contestant is PyTorch."""
    return contestant in PYTORCH


def family_of(contestant: str) -> str:
    """Return what a contestant computes with: a family of kernels, or PyTorch.

    >>> [family_of(contestant) for contestant in ('numba+fused', *PYTORCH)]
    ['numba', 'PyTorch', 'PyTorch']
    """
    return contestant.removesuffix(FUSED).removesuffix(CHANNELS_LAST)


def has_pytorch() -> bool:
    """Return whether PyTorch is installed; it is not loaded for that."""
    return importlib.util.find_spec('torch') is not None


def own(kernels: list[str] | None) -> list[str]:
    """Return nnlite's contestants: those asked for, or each family that is there, and the last of them fused too.

    >>> own(['numpy', 'numpy+fused'])
    ['numpy', 'numpy+fused']

    Raises:
        DeviceError: a family that was asked for is not there.
    """
    if kernels is None:
        there = [family for family in FAMILIES if why_not(family) is None]
        return [*there, there[-1] + FUSED]
    for name in kernels:
        error = why_not(family_of(name))
        if error is not None:
            raise error
    return kernels


def why_not(family: str) -> DeviceError | None:
    """Return why a family of kernels cannot be chosen here, or None if it can."""
    before = nnlite.getkernels()
    try:
        nnlite.setkernels(family)
    except DeviceError as error:
        return error
    finally:
        nnlite.setkernels(before)
    return None
