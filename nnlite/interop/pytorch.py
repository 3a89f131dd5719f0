"""A network of nnlite as one of PyTorch."""

from typing import Any

from nnlite.errors import Error


def to_torch(model: Any) -> Any:
    """Return a torch.nn.Module that computes what a network or a criterion does, with copies of its weights.

    It takes what the network takes: tensors for arrays, lists for tables, indices and labels that count from 1. It is
    in the same mode, training or evaluation. Its state_dict has the names and shapes of nnlite.interop.state_dict, so
    that either's files suit the other. A module that stands in two places stays one, and so does a parameter that is
    shared.

    The gradients are those of PyTorch's automatic differentiation, and in training the same as ours, with these
    differences, which docs/convert.md explains: random numbers come from PyTorch's generator; nothing works in place;
    a batch of one is normalized by its own statistics in training, where Torch7 takes the running ones.

    >>> import numpy as np, torch
    >>> from nnlite import nn
    >>> net = nn.Sequential().add(nn.Linear(3, 2)).add(nn.Tanh())
    >>> x = np.ones((4, 3), np.float32)
    >>> bool(np.allclose(to_torch(net)(torch.from_numpy(x)).detach().numpy(), net.forward(x), atol=1e-6))
    True

    Raises:
        Error: PyTorch is not installed; or it cannot express some modules, all of which are named by path, with what
            to do.
    """
    return _expressions().convert(model)


def unexpressed(model: Any) -> list[tuple[str, str, str]]:
    """Return (path, class, what to do) for each module of a network that PyTorch cannot express.

    >>> from nnlite import nn
    >>> unexpressed(nn.Sequential().add(nn.Linear(3, 2)).add(nn.IndexLinear(3, 2, normalize=True)))[0][:2]
    ('1', 'IndexLinear')

    Raises:
        Error: PyTorch is not installed.
    """
    return _expressions().unexpressed(model)


def _expressions() -> Any:
    try:
        import torch  # noqa: F401 so that what is missing is named
    except ImportError as error:
        raise Error('expected PyTorch, which is not installed', where='to_torch', hint='pip install torch') from error
    from nnlite.interop import in_torch

    return in_torch
