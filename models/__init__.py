"""The paper's networks, as functions that return an nn.Sequential."""

from nnlite.models.convnet import convnet
from nnlite.models.resnet import resnet
from nnlite.models.three_ways import resnet18_finetune, resnet18_skip_first, resnet18_upsampled

__all__ = ['convnet', 'resnet', 'resnet18_finetune', 'resnet18_skip_first', 'resnet18_upsampled']
