"""What happens inside a network: a forward and a backward pass, recorded module by module, and what follows from it.

>>> import nnlite
>>> from nnlite import models, nn, trace
>>> nnlite.manualSeed(1)
>>> net = models.resnet(8, 'cifar10', widths=(4, 4, 4))
>>> frame = trace.record(net, nn.CrossEntropyCriterion(), nnlite.randn(2, 3, 32, 32), [1, 2])
>>> frame.trace().column('gradInput', 'norm').shape == (1, len(frame.nodes))
True
"""

from nnlite.trace.analysis import dead_units, gradient_norms, path_lengths
from nnlite.trace.drawing import to_dot, to_svg
from nnlite.trace.every import Every
from nnlite.trace.frame import Frame
from nnlite.trace.recorder import record
from nnlite.trace.recording import Trace, load
from nnlite.trace.statistics import QUANTITIES, STATISTICS, Statistics, statistics_of
from nnlite.trace.tree import Node, tree_of

__all__ = [
    'QUANTITIES',
    'STATISTICS',
    'Every',
    'Frame',
    'Node',
    'Statistics',
    'Trace',
    'dead_units',
    'gradient_norms',
    'load',
    'path_lengths',
    'record',
    'statistics_of',
    'to_dot',
    'to_svg',
    'tree_of',
]
