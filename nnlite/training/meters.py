"""Sums over an epoch: loss and accuracies."""

import numpy as np


class Meters:
    """Loss, top-1 and top-5 accuracy over the images seen so far.

    A label is among the top k when fewer than k classes score higher; of equal scores the class that comes first is
    the higher one, so a network that says the same of all classes is right once in as many as there are.

    >>> meters = Meters()
    >>> meters.add(0.5, np.array([[3.0, 1, 2], [3, 1, 2]]), np.array([1, 3]))
    >>> meters.images, meters.loss, meters.top1, meters.top5
    (2, 0.5, 50.0, 100.0)

    `loss` is the mean in nats, `top1` and `top5` are percentages. The sums are whole numbers and float64: they make a
    table (`state`) from which `Meters(**state)` goes on exactly.

    Source: fb.resnet.torch, train.lua, computeScore.
    """

    def __init__(self, images: int = 0, loss_sum: float = 0.0, correct1: int = 0, correct5: int = 0) -> None:
        self.images, self.loss_sum, self.correct1, self.correct5 = images, loss_sum, correct1, correct5

    def add(self, loss: float, output: np.ndarray, labels: np.ndarray) -> None:
        """Count a batch: its mean loss, its scores (N, C), its labels (N,) from 1 to C."""
        labels = labels.reshape(-1, 1) - 1
        own = np.take_along_axis(output, labels, axis=1)
        higher = (output > own) | ((output == own) & (np.arange(output.shape[1]) < labels))
        rank = higher.sum(axis=1)
        self.images += len(output)
        self.loss_sum += float(loss) * len(output)
        self.correct1 += int((rank < 1).sum())
        self.correct5 += int((rank < 5).sum())

    def enter(self, losses: list[float], images: list[int], correct1: int, correct5: int) -> None:
        """Count batches that were counted elsewhere: each one's mean loss and images, and the labels of all."""
        for loss, count in zip(losses, images, strict=True):
            self.images += count
            self.loss_sum += loss * count
        self.correct1 += correct1
        self.correct5 += correct5

    @property
    def loss(self) -> float:
        return self.loss_sum / self.images

    @property
    def top1(self) -> float:
        return 100 * self.correct1 / self.images

    @property
    def top5(self) -> float:
        return 100 * self.correct5 / self.images

    @property
    def state(self) -> dict[str, float]:
        """The sums, as the arguments that make these meters again."""
        return dict(vars(self))
