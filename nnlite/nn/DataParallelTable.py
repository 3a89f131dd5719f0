"""A network that several GPUs ran at once, in a file of Torch's."""

from nnlite.errors import Error
from nnlite.nn.Container import Container
from nnlite.nn.Decorator import Decorator


class DataParallelTable(Decorator):
    """y = f(x), where f is the module inside, of which each GPU had a replica: here it runs on one device.

    Torch spread each batch over the GPUs and added up their gradients, which gives the same numbers. `get(1)` is f.

    Args:
        dimension: the dimension of the input, from 1, that was spread.
        flattenParams: whether Torch was to keep the parameters of each replica in one vector.
        usenccl: whether Torch was to use NVIDIA's library for that.

    Shapes: those of the module inside.

    >>> import numpy as np
    >>> from nnlite import nn
    >>> net = nn.DataParallelTable(1).add(nn.Linear(4, 3))
    >>> net.forward(np.zeros((8, 4), np.float32)).shape
    (8, 3)

    Source: torch/cunn, DataParallelTable.lua.
    """

    cleared = ('output', 'gradInput', 'inputGpu', 'outputGpu', 'gradOutputGpu', 'gradInputGpu')
    foreign = ('impl', 'flattenedParams', 'buffer', 'maxUsedGpu')
    gpuAssignments = ()

    def __init__(self, dimension, flattenParams=False, usenccl=False):
        Container.__init__(self)  # what it wraps comes by `add`
        self.dimension, self.flattenParams, self.usenccl = dimension, bool(flattenParams), bool(usenccl)
        self.typeStr, self.needsSync, self.gpuAssignments = 'torch.CudaTensor', False, []
        self.inputGpu, self.outputGpu, self.gradOutputGpu, self.gradInputGpu = [], [], [], []

    def add(self, module, gpus=1):
        """Set the module, and note on which GPU it was, or the list of those; return this one."""
        self.gpuAssignments += [gpus] if isinstance(gpus, int) else gpus
        return self if self.modules else self.insert(module)

    def read(self, fields, version=1):
        super().read(fields, version)
        self.modules = self.modules[:1]  # the replicas of an old file are copies
        if not self.modules:
            raise Error('expected a module inside, got none', where='DataParallelTable')

    def __repr__(self):
        inside = self.modules[0] if self.modules else 'nothing'
        return f'DataParallelTable: {len(self.gpuAssignments)} x {inside}'
