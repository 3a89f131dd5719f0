"""PyTorch's part in the tests of nn, and which of them there are."""

import torch

torch.set_num_threads(1)  # the networks here are small: its threads would wait for each other more than they compute


def pytest_collection_modifyitems(items):
    """Leave out what a rule would say of a mode that a row's backward pass is not for."""
    items[:] = [item for item in items if not hasattr(item, 'callspec') or _counts(**item.callspec.params)]


def _counts(row=None, mode=None, **others):
    return row is None or mode is None or mode in row.modes
