"""Products of matrices, shared out among threads of our own."""

import numpy as np

from nnlite.tensor.threads import share_out

SMALL = 1 << 18  # multiplications, up to which OpenBLAS does not wake its threads either


def multiply(a, b, out):
    """Out (rows, columns) = a @ b, shared out along the longer side; in a part of something shared out, by itself.

    OpenBLAS's own threads would spin for a tenth of a second once they have nothing more to do, on cores that the next
    layer's threads need: they double the time of several convolutions.

    >>> multiply(np.eye(2), np.array([[1.0, 2.0], [3.0, 4.0]]), out=np.empty((2, 2)))
    array([[1., 2.],
           [3., 4.]])
    """
    rows, columns = out.shape
    if out.size * a.shape[1] <= SMALL:
        np.matmul(a, b, out=out)
    elif rows >= columns:
        share_out(lambda part, piece: np.matmul(a[piece], b, out=out[piece]), rows)
    else:
        share_out(lambda part, piece: np.matmul(a, b[:, piece], out=out[:, piece]), columns)
    return out
