"""The learning rate over the epochs."""

# fb.resnet.torch divides the rate by 10 after 80 and after 121 of its 164 epochs on CIFAR-10.
STEPS, EPOCHS = (80, 121), 164


def step_schedule(epoch: int, epochs: int, learningRate: float) -> float:
    """Return the learning rate of an epoch, counted from 1: a tenth after half of `epochs`, a hundredth after 3/4.

    Source: fb.resnet.torch, train.lua, whose steps for CIFAR-10 are scaled to the number of epochs.

    >>> [epoch for epoch in range(2, 165) if step_schedule(epoch, 164, 1) < step_schedule(epoch - 1, 164, 1)]
    [81, 122]
    >>> [round(step_schedule(epoch, 8, 0.1), 4) for epoch in range(1, 9)]
    [0.1, 0.1, 0.1, 0.1, 0.01, 0.01, 0.001, 0.001]
    """
    return learningRate * 0.1 ** sum((epoch - 1) * EPOCHS >= step * epochs for step in STEPS)
