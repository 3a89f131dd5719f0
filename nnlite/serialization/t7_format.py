"""What reader and writer of .t7 files agree on: type tags, class names, numbers. Source: torch7, File.lua."""

from typing import Any

from nnlite.tensor.types import DTYPES, TYPES

NIL, NUMBER, STRING, TABLE, TORCH, BOOLEAN = range(6)
# Three ways to keep a function: without an index; with one; with one and names of the upvalues.
FUNCTION_6, FUNCTION_7, FUNCTION_8 = 6, 7, 8
COMPOSITE = {TABLE, TORCH, FUNCTION_6, FUNCTION_7, FUNCTION_8}

# The names that classes may have: what a stranger's file says is shown in errors.
CLASS_NAME = r'[!-~]{1,200}'

# A Lua number is a double, which holds every whole number up to this one.
WHOLE = 2**53

# Torch itself, which recurses, gets nowhere near it.
MAX_DEPTH = 10_000

# NumPy's arrays have no more dimensions.
MAX_DIMENSIONS = 64


def _with_cuda(suffix: str) -> dict[str, Any]:
    """Return the dtype of each Torch class that ends in `suffix`; cutorch's are written as those of the host are."""
    kinds: dict[str, Any] = {
        name.removeprefix('torch.').removesuffix('Tensor'): dtype for name, dtype in DTYPES.items()
    }
    cuda = {f'Cuda{"" if kind == "Float" else kind}': dtype for kind, dtype in kinds.items()}
    return {f'torch.{kind}{suffix}': dtype for kind, dtype in (kinds | cuda).items()}


TENSORS = _with_cuda('Tensor')
STORAGES = _with_cuda('Storage')


def storage_name(dtype: Any) -> str:
    """Return the class of the storage that elements of a type are kept in.

    >>> storage_name(DTYPES['torch.LongTensor'])
    'torch.LongStorage'
    """
    return TYPES[dtype].replace('Tensor', 'Storage')
