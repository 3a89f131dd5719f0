"""What draws random numbers: by PyTorch's generator, so that two runs differ from Torch's in the draws alone."""

from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 as everybody calls it

from nnlite import nn
from nnlite.interop.in_torch.expressions import Conversion, Operation, expresses


def dropout(x: torch.Tensor, p: float, scaled: bool, always: bool, training: bool = False) -> torch.Tensor:
    """Return x, zeros with probability p; `scaled` up while it draws (v2), or down while it does not (v1)."""
    if training or always:
        return F.dropout(x, p) * (1 if scaled else 1 - p)
    return x if scaled else x * (1 - p)


@expresses(nn.Dropout)
def _dropout(module: Any, conversion: Conversion) -> torch.nn.Module:
    if module.v2 and not module.stochastic_inference:
        return torch.nn.Dropout(module.p)
    return Operation(dropout, p=module.p, scaled=bool(module.v2), always=bool(module.stochastic_inference))


def planes_dropped(x: torch.Tensor, p: float, sides: int, always: bool, training: bool = False) -> torch.Tensor:
    """Return x, whole planes zero with probability p; nothing is scaled while it draws, but by 1 - p else."""
    if not training and not always:
        return x * (1 - p)
    return x * torch.bernoulli(x.new_full((*x.shape[:-sides], *[1] * sides), 1 - p))


@expresses(nn.SpatialDropout, nn.VolumetricDropout)
def _planes_dropped(module: Any, conversion: Conversion) -> torch.nn.Module:
    always = bool(module.stochastic_inference)
    return Operation(planes_dropped, p=module.p, sides=len(module.space), always=always)


def white_noise(x: torch.Tensor, mean: float, std: float, training: bool = False) -> torch.Tensor:
    """Return x plus normal noise in training, plus its mean else."""
    return x + (mean + std * torch.randn_like(x) if training else mean)


@expresses(nn.WhiteNoise)
def _white_noise(module: Any, conversion: Conversion) -> torch.nn.Module:
    return Operation(white_noise, mean=module.mean, std=module.std)
