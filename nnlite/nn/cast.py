"""Numbers of any type, in the one that a module wants."""

import numpy as np

from nnlite.errors import DtypeError
from nnlite.nn.table import each
from nnlite.tensor.devices import gpu, is_array, is_on_gpu, to_host
from nnlite.tensor.types import ON_GPU, dtype_of


def cast(module, name, array, typename):
    """Return a copy of an array of any numeric type, or of a table of them, in the module's own memory for `name`.

    It is of the type `typename`, and lives where that type does.

    Raises:
        DtypeError: no array of numbers.
    """
    if isinstance(array, (list, dict)):
        return each(lambda key, part: cast(module, f'{name}.{key}', part, typename), array)
    if not is_array(array) or array.dtype.kind not in 'iufb':
        given = array.dtype if is_array(array) else type(array).__name__
        raise DtypeError(f'expected {name} to be an array of numbers, got {given}', where=module._name())
    if is_on_gpu(array) != (typename in ON_GPU):
        array = to_host(array) if is_on_gpu(array) else gpu().asarray(array)
    copy = module.buffer(name, array.shape, like=array, dtype=dtype_of(typename))
    np.copyto(copy, array, casting='unsafe')
    return copy
