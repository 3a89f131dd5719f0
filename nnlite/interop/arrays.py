"""Arrays of other packages as ours, in the same memory, by the DLPack protocol.

The other way needs nothing of ours: `torch.from_dlpack(array)`, `jax.dlpack.from_dlpack(array)` and
`cupy.from_dlpack(array)` take NumPy's and CuPy's arrays, which are nnlite's tensors, as they are.
"""

from typing import Any

import numpy as np

from nnlite.errors import DeviceError, DtypeError
from nnlite.tensor.devices import gpu

_HOST, _CUDA = 1, (2, 3, 13)  # DLPack's numbers of the places where memory can lie


def from_dlpack(tensor: Any) -> Any:
    """Return a tensor of PyTorch, JAX or any package that speaks DLPack as an array in the same memory.

    What is on a GPU becomes an array of CuPy, anything else one of NumPy. Writing to one changes the other; JAX's
    arrays are not to be written to.

    >>> import torch
    >>> tensor = torch.zeros(2)
    >>> from_dlpack(tensor)[0] = 5
    >>> tensor
    tensor([5., 0.])

    Raises:
        DtypeError: it does not speak DLPack, or not for what it holds: a tensor that asks for gradients is to be
            detached first.
        DeviceError: it lies on a device of another kind or nowhere, or on a GPU where CuPy is not to be had.
    """
    if not hasattr(tensor, '__dlpack_device__'):
        raise DtypeError(f'expected a tensor that speaks DLPack, got {type(tensor).__name__}', where='from_dlpack')
    try:
        device = int(tensor.__dlpack_device__()[0])
    except ValueError as error:  # PyTorch's meta tensors have no memory
        raise DeviceError(f'expected a tensor that has memory, got one without: {error}', 'from_dlpack') from error
    if device != _HOST and device not in _CUDA:
        raise DeviceError(
            f'expected a tensor on the host or on an NVIDIA GPU, got DLPack device {device}', 'from_dlpack'
        )
    package = np if device == _HOST else gpu()
    try:
        return package.from_dlpack(tensor)
    except (BufferError, RuntimeError, TypeError) as error:
        hint = 'give tensor.detach()' if getattr(tensor, 'requires_grad', False) else None
        raise DtypeError(f'expected a tensor that can be shared: {error}', where='from_dlpack', hint=hint) from error
