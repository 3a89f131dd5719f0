"""Kernels on NumPy: always there, the ones to read, and the reference that every other family is held against."""

from nnlite.kernels.on_numpy.convolution import (
    SpatialConvolution_accGradParameters,
    SpatialConvolution_updateGradInput,
    SpatialConvolution_updateOutput,
)
from nnlite.kernels.on_numpy.linear import Linear_accGradParameters, Linear_updateGradInput, Linear_updateOutput
from nnlite.kernels.on_numpy.loss import (
    ClassNLLCriterion_updateGradInput,
    ClassNLLCriterion_updateOutput,
    MSECriterion_updateGradInput,
    MSECriterion_updateOutput,
)
from nnlite.kernels.on_numpy.normalization import BatchNormalization_backward, BatchNormalization_updateOutput
from nnlite.kernels.on_numpy.pooling import (
    SpatialAdaptiveAveragePooling_updateGradInput,
    SpatialAdaptiveAveragePooling_updateOutput,
    SpatialAveragePooling_updateGradInput,
    SpatialAveragePooling_updateOutput,
    SpatialMaxPooling_updateGradInput,
    SpatialMaxPooling_updateOutput,
)
from nnlite.kernels.on_numpy.softmax import (
    LogSoftMax_updateGradInput,
    LogSoftMax_updateOutput,
    SoftMax_updateGradInput,
    SoftMax_updateOutput,
)
from nnlite.kernels.on_numpy.transfer import (
    Sigmoid_updateGradInput,
    Sigmoid_updateOutput,
    Tanh_updateGradInput,
    Threshold_updateGradInput,
    Threshold_updateOutput,
)
from nnlite.kernels.on_numpy.upsampling import (
    SpatialUpSamplingNearest_updateGradInput,
    SpatialUpSamplingNearest_updateOutput,
)

__all__ = [
    'BatchNormalization_backward',
    'BatchNormalization_updateOutput',
    'ClassNLLCriterion_updateGradInput',
    'ClassNLLCriterion_updateOutput',
    'Linear_accGradParameters',
    'Linear_updateGradInput',
    'Linear_updateOutput',
    'LogSoftMax_updateGradInput',
    'LogSoftMax_updateOutput',
    'MSECriterion_updateGradInput',
    'MSECriterion_updateOutput',
    'Sigmoid_updateGradInput',
    'Sigmoid_updateOutput',
    'SoftMax_updateGradInput',
    'SoftMax_updateOutput',
    'SpatialAdaptiveAveragePooling_updateGradInput',
    'SpatialAdaptiveAveragePooling_updateOutput',
    'SpatialAveragePooling_updateGradInput',
    'SpatialAveragePooling_updateOutput',
    'SpatialConvolution_accGradParameters',
    'SpatialConvolution_updateGradInput',
    'SpatialConvolution_updateOutput',
    'SpatialMaxPooling_updateGradInput',
    'SpatialMaxPooling_updateOutput',
    'SpatialUpSamplingNearest_updateGradInput',
    'SpatialUpSamplingNearest_updateOutput',
    'Tanh_updateGradInput',
    'Threshold_updateGradInput',
    'Threshold_updateOutput',
]
