"""How the networks are trained while they are measured."""

from typing import Any

# SGD as fb.resnet.torch has it, but for a rate at which even a network that sees one batch for ever stays finite.
RECIPE: dict[str, Any] = dict(learningRate=0.01, momentum=0.9, weightDecay=1e-4, nesterov=True)
