"""The arithmetic behind nn that NumPy's own functions do not say: a family of kernels for each place where arrays live.

A family is a package with one flat namespace of functions, named as in Torch's THNN: `Convolution_updateOutput`
and so on; inputs come first, then outputs, then options. A kernel gets outputs of exactly the right shape, writes into
them, and keeps what it needs on the way in scratch memory that is used again by the next call.
"""

import contextlib
import importlib
import os

from nnlite.errors import DeviceError
from nnlite.tensor.types import ON_GPU

FAMILIES = {'numpy': 'nnlite.kernels.on_numpy', 'numba': 'nnlite.kernels.on_numba'}
AUTO = ('numba', 'numpy')  # in the order of preference: the first that can be imported is what 'auto' means
_EXTRAS = {'numba': 'nnlite[fast]'}  # what to install for a family that needs more than NumPy

_chosen = None
_precise = False
_quiet = False


def setkernels(name):
    """Choose the family that modules compute with: 'numpy', 'numba' (compiled), or 'auto' for the best that is there.

    The environment variable NNLITE_KERNELS chooses it from outside.

    >>> setkernels('numpy')
    >>> getkernels()
    'numpy'

    Raises:
        DeviceError: there is no such family, what it needs is not installed, or this CPU is not one that it is for.
    """
    global _chosen
    if name == 'auto':
        for family_ in AUTO[:-1]:
            with contextlib.suppress(DeviceError):
                return setkernels(family_)
        name = AUTO[-1]
    if name not in FAMILIES:
        raise DeviceError(f'expected kernels auto or one of {", ".join(FAMILIES)}, got {name!r}')
    try:
        _chosen = name, importlib.import_module(FAMILIES[name])
    except ModuleNotFoundError as error:
        raise DeviceError(
            f'the kernels on {name} need {error.name}, which is not installed', hint=f"pip install '{_EXTRAS[name]}'"
        ) from error
    except ImportError as error:  # as numba's with a newer NumPy than it knows
        raise DeviceError(
            f'the kernels on {name} cannot be imported: {error}', hint=f"pip install --upgrade '{_EXTRAS[name]}'"
        ) from error


def getkernels():
    """Return the name of the family that modules compute with."""
    return _choice()[0]


def family():
    """Return the package of kernels that modules compute with."""
    return _choice()[1]


def family_of(typename):
    """Return the package of kernels for tensors of a type: those for GPUs for a type that lives there."""
    if typename in ON_GPU:
        return importlib.import_module('nnlite.kernels.on_cupy')
    return family()


def _choice():
    if _chosen is None:
        setkernels(os.environ.get('NNLITE_KERNELS', 'auto'))
    return _chosen


def setprecise(precise):
    """Keep to kernels that round as Torch7's do, where a family has faster ones that round more.

    These are Winograd's algorithm on a CPU and TF32 on a GPU, both of them in float32 alone.
    """
    global _precise
    _precise = bool(precise)


def getprecise():
    """Return whether faster but less exact kernels are to be left alone."""
    return _precise


def setquiet(quiet):
    """Say nothing on stderr, where a family otherwise tells that it compiles its kernels first."""
    global _quiet
    _quiet = bool(quiet)


def getquiet():
    """Return whether nothing is to be said."""
    return _quiet
