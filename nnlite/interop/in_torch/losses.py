"""Criterions: loss(x, y), where labels count from 1 as in Torch."""

from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 as everybody calls it

from nnlite import nn
from nnlite.interop.in_torch.expressions import Conversion, Operation, expresses, tensor


def _reduced(terms: torch.Tensor, average: bool) -> torch.Tensor:
    return terms.mean() if average else terms.sum()


def _word(average: bool) -> str:
    return 'mean' if average else 'sum'


def squared(x: torch.Tensor, y: torch.Tensor, average: bool) -> torch.Tensor:
    """Return the mean, or the sum, of (x - y)^2."""
    return _reduced((x - y.reshape(x.shape)).square(), average)


def absolute(x: torch.Tensor, y: torch.Tensor, average: bool) -> torch.Tensor:
    """Return the mean, or the sum, of |x - y|."""
    return _reduced((x - y.reshape(x.shape)).abs(), average)


def smooth(x: torch.Tensor, y: torch.Tensor, average: bool) -> torch.Tensor:
    """Return the same, rounded where the difference is below 1."""
    return F.smooth_l1_loss(x, y.reshape(x.shape), reduction=_word(average))


def divergence(x: torch.Tensor, y: torch.Tensor, average: bool) -> torch.Tensor:
    """Return Kullback and Leibler's, of log probabilities x and probabilities y."""
    return _reduced(F.kl_div(x, y.clamp(min=0), reduction='none'), average)


def soft_margin(x: torch.Tensor, y: torch.Tensor, average: bool) -> torch.Tensor:
    """Return that of log(1 + exp(-x y))."""
    return _reduced(F.softplus(-x * y), average)


def multi_label(x: torch.Tensor, y: torch.Tensor, average: bool) -> torch.Tensor:
    """Return the margins between the labels of a row, from 1 and up to the first 0, and the other classes."""
    places = F.pad(y, (0, x.shape[-1] - y.shape[-1])).long() - 1
    return F.multilabel_margin_loss(x, places, reduction=_word(average))


_PLAIN = {
    nn.MSECriterion: squared,
    nn.AbsCriterion: absolute,
    nn.SmoothL1Criterion: smooth,
    nn.DistKLDivCriterion: divergence,
    nn.SoftMarginCriterion: soft_margin,
    nn.MultiLabelMarginCriterion: multi_label,
}


@expresses(*_PLAIN)
def _plain(criterion: Any, conversion: Conversion) -> torch.nn.Module:
    return Operation(_PLAIN[type(criterion)], average=bool(criterion.sizeAverage))


def cropped(x: torch.Tensor, y: torch.Tensor, average: bool) -> torch.Tensor:
    """Return the squared error to the middle of y."""
    top, left = ((large - small) // 2 for large, small in zip(y.shape[-2:], x.shape[-2:], strict=True))
    return squared(x, y[..., top : top + x.shape[-2], left : left + x.shape[-1]], average)


@expresses(nn.SpatialAutoCropMSECriterion)
def _cropped(criterion: Any, conversion: Conversion) -> torch.nn.Module:
    return Operation(cropped, average=bool(criterion.sizeAverage))


def scaled(x: torch.Tensor, y: torch.Tensor, weight: torch.Tensor, average: bool) -> torch.Tensor:
    """Return the squared error to weight * y."""
    return squared(x, y.reshape(x.shape) * weight, average)


@expresses(nn.WeightedMSECriterion)
def _scaled(criterion: Any, conversion: Conversion) -> torch.nn.Module:
    return Operation(scaled, constants={'weight': tensor(criterion.weight)}, average=bool(criterion.sizeAverage))


def to_corner(x: torch.Tensor, y: torch.Tensor, simplex: torch.Tensor, average: bool) -> torch.Tensor:
    """Return the squared error to the corner of a simplex that a label names."""
    return squared(x, simplex[y.long() - 1], average)


@expresses(nn.ClassSimplexCriterion)
def _to_corner(criterion: Any, conversion: Conversion) -> torch.nn.Module:
    return Operation(to_corner, constants={'simplex': tensor(criterion.simplex)}, average=bool(criterion.sizeAverage))


def binary(x: torch.Tensor, y: torch.Tensor, weight: torch.Tensor | None, average: bool) -> torch.Tensor:
    """Return the cross entropy of probabilities; Torch7 adds 1e-12 to what it takes the logarithm of."""
    y = y.reshape(x.shape)
    terms = -((x + 1e-12).log() * y + (1 - x + 1e-12).log() * (1 - y))
    return _reduced(terms if weight is None else weight * terms, average)


def binary_of_scores(x: torch.Tensor, y: torch.Tensor, weight: torch.Tensor | None, average: bool) -> torch.Tensor:
    """Return the cross entropy of sigmoid(x)."""
    return F.binary_cross_entropy_with_logits(x, y.reshape(x.shape), weight, reduction=_word(average))


@expresses(nn.BCECriterion, nn.MultiLabelSoftMarginCriterion)
def _binary(criterion: Any, conversion: Conversion) -> torch.nn.Module:
    function = binary if isinstance(criterion, nn.BCECriterion) else binary_of_scores
    return Operation(function, constants=_weights(criterion), average=bool(criterion.sizeAverage))


def likelihood(
    x: torch.Tensor, y: torch.Tensor, weight: torch.Tensor | None, average: bool, ignored: int
) -> torch.Tensor:
    """Return minus the log probability of the labels."""
    return F.nll_loss(x, y.long() - 1, weight, ignore_index=ignored - 1, reduction=_word(average))


@expresses(nn.ClassNLLCriterion, nn.SpatialClassNLLCriterion)
def _likelihood(criterion: Any, conversion: Conversion) -> torch.nn.Module:
    options: dict[str, Any] = {'average': bool(criterion.sizeAverage), 'ignored': criterion.ignoreIndex or -100}
    return Operation(likelihood, constants=_weights(criterion), **options)


def cross_entropy(
    x: torch.Tensor, y: torch.Tensor, weight: torch.Tensor | None, average: bool, ignored: int
) -> torch.Tensor:
    """Return the same of scores, without their dimensions of size 1."""
    return likelihood(F.log_softmax(x.squeeze(), -1), y.squeeze(), weight, average, ignored)


@expresses(nn.CrossEntropyCriterion)
def _cross_entropy(criterion: Any, conversion: Conversion) -> torch.nn.Module:
    options: dict[str, Any] = {'average': bool(criterion.sizeAverage), 'ignored': criterion.nll.ignoreIndex}
    return Operation(cross_entropy, constants=_weights(criterion.nll), **options)


def multi_margin(
    x: torch.Tensor, y: torch.Tensor, weight: torch.Tensor | None, average: bool, p: int, margin: float
) -> torch.Tensor:
    """Return the margins between a label and the other classes."""
    return F.multi_margin_loss(x, y.long() - 1, p, margin, weight, reduction=_word(average))


@expresses(nn.MultiMarginCriterion)
def _multi_margin(criterion: Any, conversion: Conversion) -> torch.nn.Module:
    options: dict[str, Any] = {'average': bool(criterion.sizeAverage), 'p': criterion.p, 'margin': criterion.margin}
    return Operation(multi_margin, constants=_weights(criterion), **options)


def _weights(criterion: Any) -> dict[str, torch.Tensor | None]:
    return {'weight': None if criterion.weights is None else tensor(criterion.weights)}


def margin_of(x: torch.Tensor, y: torch.Tensor, margin: float, average: bool) -> torch.Tensor:
    """Return that of max(0, margin - x y)."""
    return _reduced((margin - x * y).clamp(min=0), average)


def hinge(x: torch.Tensor, y: torch.Tensor, margin: float, average: bool) -> torch.Tensor:
    """Return that of x where y = 1, and of max(0, margin - x) where y = -1."""
    return F.hinge_embedding_loss(x, y.reshape(x.shape), margin, reduction=_word(average))


def cosine(x: list[torch.Tensor], y: torch.Tensor, margin: float, average: bool) -> torch.Tensor:
    """Return that of 1 - cos where y = 1, and of max(0, cos - margin) where y = -1."""
    first, second = (part.reshape(-1, part.shape[-1]) for part in x)
    return F.cosine_embedding_loss(first, second, y.reshape(-1), margin, reduction=_word(average))


def ranking(x: list[torch.Tensor], y: torch.Tensor, margin: float, average: bool) -> torch.Tensor:
    """Return that of max(0, margin - y (x_1 - x_2)), averaged over the rows."""
    terms = (margin - y.reshape(x[0].shape) * (x[0] - x[1])).clamp(min=0)
    return terms.sum() / len(y.reshape(-1) if y.ndim == 0 else y) if average else terms.sum()


def near_or_far(x: list[torch.Tensor], y: torch.Tensor, margin: float, average: bool) -> torch.Tensor:
    """Return the distance d where y = 1, and max(0, margin - d) where y = -1."""
    distance = (x[0] - x[1]).abs().sum()
    return distance if y.reshape(()) == 1 else (margin - distance).clamp(min=0)


_WITH_MARGIN = {nn.MarginCriterion: margin_of, nn.HingeEmbeddingCriterion: hinge, nn.CosineEmbeddingCriterion: cosine}
_WITH_MARGIN |= {nn.MarginRankingCriterion: ranking, nn.L1HingeEmbeddingCriterion: near_or_far}


@expresses(*_WITH_MARGIN)
def _with_margin(criterion: Any, conversion: Conversion) -> torch.nn.Module:
    options = {'margin': criterion.margin, 'average': bool(criterion.sizeAverage)}
    return Operation(_WITH_MARGIN[type(criterion)], **options)


def distance_ratio(x: list[torch.Tensor], y: None = None, average: bool = True) -> torch.Tensor:
    """Return that of -log(exp(-x_1) / (exp(-x_1) + exp(-x_2)))."""
    return _reduced(F.softplus(x[0] - x[1]), average)


@expresses(nn.DistanceRatioCriterion)
def _distance_ratio(criterion: Any, conversion: Conversion) -> torch.nn.Module:
    return Operation(distance_ratio, average=bool(criterion.sizeAverage))


def cost(x: torch.Tensor, y: None = None) -> torch.Tensor:
    """Return the sum of |x|."""
    return x.abs().sum()


@expresses(nn.L1Cost)
def _cost(criterion: Any, conversion: Conversion) -> torch.nn.Module:
    return Operation(cost)


@expresses(nn.MultiCriterion)
class MultiCriterion(torch.nn.ModuleList):
    """The weighted sum of several losses of the same input."""

    def __init__(self, criterion: Any, conversion: Conversion) -> None:
        super().__init__([conversion.module(below) for below in criterion.criterions])
        self.weights = list(criterion.weights)

    def forward(self, x: Any, y: Any = None) -> Any:
        """Return the loss."""
        return sum(weight * loss(x, y) for weight, loss in zip(self.weights, self, strict=True))


@expresses(nn.ParallelCriterion)
class ParallelCriterion(MultiCriterion):
    """The weighted sum of several losses, each of an input of its own."""

    def __init__(self, criterion: Any, conversion: Conversion) -> None:
        super().__init__(criterion, conversion)
        self.repeats = bool(criterion.repeatTarget)

    def forward(self, x: Any, y: Any = None) -> Any:
        """Return the loss."""
        targets = [y] * len(self) if self.repeats else y
        parts = zip(self.weights, self, x, targets, strict=False)
        return sum(weight * loss(given, target) for weight, loss, given, target in parts)


@expresses(nn.ModuleCriterion)
class ModuleCriterion(torch.nn.Module):
    """The loss of what modules make of input and target."""

    def __init__(self, criterion: Any, conversion: Conversion) -> None:
        super().__init__()
        for name in ('criterion', 'inputModule', 'targetModule'):
            below = getattr(criterion, name)
            self.add_module(name, None if below is None else conversion.module(below))

    def forward(self, x: Any, y: Any = None) -> Any:
        """Return the loss."""
        x = x if self.inputModule is None else self.inputModule(x)
        return self.criterion(x, y if self.targetModule is None else self.targetModule(y))


@expresses(nn.CriterionTable)
class CriterionTable(torch.nn.Module):
    """The loss of a list of input and target."""

    def __init__(self, module: Any, conversion: Conversion) -> None:
        super().__init__()
        self.criterion = conversion.module(module.criterion)

    def forward(self, x: list[Any]) -> Any:
        """Return the loss."""
        return self.criterion(*x)
