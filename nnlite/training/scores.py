"""What a network's scores say of classes: its last layer tells how they become probabilities."""

from typing import Any

import numpy as np

from nnlite import nn


def probabilities(net: Any, scores: np.ndarray) -> np.ndarray:
    """Return the probabilities (N, C) for scores: exp(score) over their sum; what ends in SoftMax gives them itself.

    For log-probabilities, as of LogSoftMax, that is exp(score).

    >>> scores = np.log([[1.0, 3.0]])
    >>> probabilities(nn.Linear(4, 2), scores), probabilities(nn.SoftMax(), np.exp(scores) / 4)
    (array([[0.25, 0.75]]), array([[0.25, 0.75]]))
    """
    if gives_probabilities(net):
        return scores
    with np.errstate(invalid='ignore'):
        powers = np.exp(scores - scores.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)


def loss_of(net: Any) -> nn.Criterion:
    """Return the criterion whose loss is -log of the right class's probability, for the scores that a network gives.

    >>> loss_of(nn.Linear(4, 2)), loss_of(nn.LogSoftMax())
    (nn.CrossEntropyCriterion, nn.ClassNLLCriterion)
    >>> round(loss_of(nn.SoftMax()).forward(np.float32([[0.25, 0.75]]), np.array([2])), 4)
    0.2877
    """
    if gives_probabilities(net):
        return nn.ModuleCriterion(nn.ClassNLLCriterion(), nn.Log()).type(net.type())
    is_log = type(last_layer(net)) is nn.LogSoftMax
    return (nn.ClassNLLCriterion() if is_log else nn.CrossEntropyCriterion()).type(net.type())


def gives_probabilities(net: Any) -> bool:
    """Return whether a network's output is probabilities: it ends in SoftMax."""
    return type(last_layer(net)) is nn.SoftMax  # of which LogSoftMax is a kind


def last_layer(net: Any) -> Any:
    """Return the layer whose output is the network's, as far as there is one.

    >>> last_layer(nn.Sequential().add(nn.Linear(2, 3)).add(nn.DataParallelTable(1).add(nn.SoftMax())))
    nn.SoftMax
    """
    if isinstance(net, nn.gModule):
        node = net.nodes[-1]
        while node['module'] is None and len(node['sources']) == 1:
            node = net.nodes[node['sources'][0]]
        return net if node['module'] is None else last_layer(net.modules[node['module']])
    if isinstance(net, nn.Sequential | nn.Decorator) and net.modules:
        return last_layer(net.modules[-1])
    return net
