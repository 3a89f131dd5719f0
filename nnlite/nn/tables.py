"""Connection tables (Torch: nn.tables): a row for each pair of an input's plane and an output's that are connected."""

import numpy as np

from nnlite.errors import Error, ShapeError
from nnlite.tensor.random import randperm
from nnlite.tensor.types import dtype_of, getdefaulttensortype


def full(nin, nout):
    """Return the table of all pairs: (nin * nout, 2).

    >>> full(2, 2).tolist()
    [[1.0, 1.0], [2.0, 1.0], [1.0, 2.0], [2.0, 2.0]]
    """
    return _table([(i, o) for o in range(1, nout + 1) for i in range(1, nin + 1)])


def oneToOne(nfeat):
    """Return the table that connects each plane with the one of its own number: (nfeat, 2)."""
    return _table([(i, i) for i in range(1, nfeat + 1)])


def random(nin, nout, nto):
    """Return a table that connects each output plane with nto input planes drawn at random: (nto * nout, 2).

    The input planes are dealt out like cards: all in random order, nto for each output plane; they are shuffled anew
    when fewer than nto are left.

    Raises:
        Error: there are not nto input planes.
    """
    hands = nin // nto if nto > 0 else 0
    if not hands:
        raise Error(f'expected from 1 to {nin} connections for an output plane, got {nto}', where='nn.tables.random')
    order, pairs = randperm(nin), []
    for o in range(nout):
        hand = o % hands
        pairs += [(i, o + 1) for i in order[hand * nto : (hand + 1) * nto]]
        if hand == hands - 1:
            order = randperm(nin)
    return _table(pairs)


def pairs(table, where):
    """Return the input planes and the output planes of a table, both counted from 0: an array (2, connections).

    Raises:
        ShapeError: it is no table of (connections, 2).
        Error: it has numbers that count no planes.
    """
    if table.ndim != 2 or table.shape[1] != 2 or not len(table) or table.dtype.kind not in 'iuf':
        raise ShapeError(f'expected a table of numbers (connections, 2), got {table.dtype} {table.shape}', where)
    wrong = (table < 1) | (table != np.rint(table))
    if wrong.any():
        raise Error(f'expected whole numbers from 1 up in the table, got {table[wrong].tolist()[0]}', where)
    return table.T.astype(np.intp) - 1


def _table(pairs):
    return np.array(pairs, dtype_of(getdefaulttensortype())).reshape(-1, 2)
