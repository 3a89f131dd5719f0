"""A network's output with a part for each example, of a batch of one too."""

from nnlite.tensor.devices import is_array


def by_example(output, count, shape=None):
    """Return what a network made of a batch of so many examples as (count, ...): a view, or the output itself.

    Torch's nn.View(n) and nn.Squeeze() leave (n) of a batch of one, where they leave (N, n) of a larger one: here it
    gets its first dimension back. An output of another shape or kind stays as it is; the caller knows what it wants.

    Args:
        output: an array, on the host or a GPU, or a table.
        count: of examples in the batch.
        shape: of one example's part, if that is known; else a single dimension is taken for that of one example.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> net = nn.Sequential().add(nn.View(12)).add(nn.Linear(12, 5))
    >>> [by_example(net.forward(np.ones((count, 3, 4), np.float32)), count).shape for count in (1, 2)]
    [(1, 5), (2, 5)]

    Source: torch/nn, View.lua, whose batchsize puts N in front if the elements are more than those of one view.
    """
    if count != 1 or not is_array(output):
        return output
    dropped = output.ndim == 1 if shape is None else output.shape == shape
    return output[None] if dropped else output
