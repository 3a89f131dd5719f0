"""Numbers of any type, in the one that a module wants."""

import numpy as np

from nnlite.errors import DtypeError
from nnlite.tensor.devices import is_array


def cast(module, name, array, dtype):
    """Return a copy of an array of any numeric type, of another type and in the module's own memory for `name`.

    Raises:
        DtypeError: no array of numbers.
    """
    if not is_array(array) or array.dtype.kind not in 'iufb':
        given = array.dtype if is_array(array) else type(array).__name__
        raise DtypeError(f'expected {name} to be an array of numbers, got {given}', where=module._name())
    copy = module.buffer(name, array.shape, like=array, dtype=dtype)
    np.copyto(copy, array, casting='unsafe')
    return copy
