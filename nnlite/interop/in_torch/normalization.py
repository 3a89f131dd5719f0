"""What normalizes."""

from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 as everybody calls it

from nnlite import nn
from nnlite.interop.in_torch.expressions import Conversion, Operation, expresses, tensor

_BATCH = {2: torch.nn.BatchNorm1d, 4: torch.nn.BatchNorm2d, 5: torch.nn.BatchNorm3d}


@expresses(nn.BatchNormalization, nn.SpatialBatchNormalization, nn.VolumetricBatchNormalization)
def _batch(module: Any, conversion: Conversion) -> torch.nn.Module:
    affine = module.weight is not None
    made = _BATCH[module.nDim](module.running_mean.size, module.eps, module.momentum, affine)
    made.running_mean, made.running_var = tensor(module.running_mean), tensor(module.running_var)
    return conversion.fill(made, module) if affine else made


def response(x: torch.Tensor, size: int, alpha: float, beta: float, k: float) -> torch.Tensor:
    """Return each number divided by a power of the squares around it, across planes."""
    batch = x if x.ndim == 4 else x[None]
    output = F.local_response_norm(batch, size, alpha, beta, k)
    return output if batch is x else output[0]


@expresses(nn.SpatialCrossMapLRN)
def _response(module: Any, conversion: Conversion) -> torch.nn.Module:
    return Operation(response, size=module.size, alpha=module.alpha, beta=module.beta, k=module.k)


def around(x: torch.Tensor, kernel: torch.Tensor) -> torch.Tensor:
    """Return the weighted sum around each pixel, over all planes: one plane."""
    planes = x.shape[-3]
    return F.conv2d(x, kernel.expand(1, planes, -1, -1), padding=[size // 2 for size in kernel.shape])


def subtractive(x: torch.Tensor, kernel: torch.Tensor) -> torch.Tensor:
    """Return x less the mean around each pixel."""
    return x - around(x, kernel) / around(torch.ones_like(x), kernel)


def divisive(x: torch.Tensor, kernel: torch.Tensor, threshold: float, thresval: float) -> torch.Tensor:
    """Return x divided by the root of the mean square around each pixel."""
    deviation = around(x.square(), kernel).sqrt() / around(torch.ones_like(x), kernel)
    return x / F.threshold(deviation, threshold, thresval)


def contrastive(
    x: torch.Tensor, subtracted: torch.Tensor, divided: torch.Tensor, threshold: float, thresval: float
) -> torch.Tensor:
    """Return both, one after the other."""
    return divisive(subtractive(x, subtracted), divided, threshold, thresval)


def _kernel(module: Any) -> torch.Tensor:
    kernel = tensor(module.kernel)
    return kernel if kernel.ndim == 2 else torch.outer(kernel, kernel)


@expresses(nn.SpatialSubtractiveNormalization)
def _subtractive(module: Any, conversion: Conversion) -> torch.nn.Module:
    return Operation(subtractive, constants={'kernel': _kernel(module)})


@expresses(nn.SpatialDivisiveNormalization)
def _divisive(module: Any, conversion: Conversion) -> torch.nn.Module:
    options = {'threshold': module.threshold, 'thresval': module.thresval}
    return Operation(divisive, constants={'kernel': _kernel(module)}, **options)


@expresses(nn.SpatialContrastiveNormalization)
def _contrastive(module: Any, conversion: Conversion) -> torch.nn.Module:
    first, second = module.normalizer.get(1), module.normalizer.get(2)
    options = {'threshold': second.threshold, 'thresval': second.thresval}
    return Operation(contrastive, constants={'subtracted': _kernel(first), 'divided': _kernel(second)}, **options)
