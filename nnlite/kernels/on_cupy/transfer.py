"""Transfer functions on a GPU: one pass each, where NumPy's lines would take several.

Arrays may lie in any order: those that lie otherwise than the result are brought into its order first.
"""

import numpy as np

from nnlite.kernels import on_numpy
from nnlite.kernels.on_cupy.launching import THREADS, Source, blocks
from nnlite.kernels.on_cupy.memory import is_aligned, placed_like, written
from nnlite.tensor.devices import is_array

BLOCKS = 2112  # at most, with which an H100 is full: threads go on from one number to another
_RECTIFIERS = ['Threshold', 'ThresholdInPlace', 'ThresholdBack', 'ThresholdBackInPlace', 'Add', 'AddReLU']
_OTHERS = [
    *['Sigmoid', 'HardTanh', 'HardTanhInPlace', 'HardShrink', 'SoftPlus', 'LogSigmoid', 'SoftSign', 'ELU', 'LeakyReLU'],
    *['SigmoidBack', 'TanhBack', 'AbsBack', 'SqrtBack', 'HardTanhBack', 'ShrinkBack', 'SoftPlusBack', 'SoftSignBack'],
    *['ELUBack', 'LeakyReLUBack', 'LeakyReLUBackInPlace'],
]
# Most networks have none of the others: those are compiled when there is one.
SOURCES = [
    Source('transfer.cu', *[f'transfer<{name}, {{T}}>' for name in names]) for names in (_RECTIFIERS, _OTHERS)
]  # fmt: skip


def Threshold_updateOutput(input, output, threshold, value):
    """Output = input where input > threshold, else value. Output may be the input.

    As in THNN, what is no number becomes the value, but stays in place, where only input <= threshold is overwritten.
    """
    _run('ThresholdInPlace' if output is input else 'Threshold', output, (input,), threshold, value)


def Threshold_updateGradInput(reference, gradOutput, gradInput, threshold):
    """GradInput = gradOutput where the reference (the input, or an in-place module's output) > threshold, else 0."""
    name = 'ThresholdBackInPlace' if gradInput is gradOutput else 'ThresholdBack'
    _run(name, gradInput, (reference, gradOutput), threshold)


def CAddReLU_updateOutput(first, second, output):
    """Output = max(0, first + second), of arrays of one shape; output may be one of them; NaN stays."""
    _run('AddReLU', output, (first, second))


def CAdd_updateOutput(first, second, output):
    """Output = first + second, of arrays of one shape; output may be one of them."""
    _run('Add', output, (first, second))


def Sigmoid_updateOutput(input, output):
    """Output = 1 / (1 + exp(-input)). Output may be the input."""
    _run('Sigmoid', output, (input,))


def Sigmoid_updateGradInput(output, gradOutput, gradInput):
    """GradInput = gradOutput * (1 - output) * output."""
    _run('SigmoidBack', gradInput, (output, gradOutput))


def Tanh_updateGradInput(output, gradOutput, gradInput):
    """GradInput = gradOutput * (1 - output^2)."""
    _run('TanhBack', gradInput, (output, gradOutput))


def Abs_updateGradInput(input, gradOutput, gradInput):
    """GradInput = gradOutput where input >= 0, else -gradOutput."""
    _run('AbsBack', gradInput, (input, gradOutput))


def Sqrt_updateGradInput(output, gradOutput, gradInput):
    """GradInput = gradOutput / (2 * output), and 0 where the output is 0."""
    _run('SqrtBack', gradInput, (output, gradOutput))


def HardTanh_updateOutput(input, output, least, most):
    """Output = input within the bounds, else the nearer of them. Output may be the input.

    As in THNN, what is no number becomes the upper bound, but stays in place, unless it is in a vector.
    """
    _run('HardTanhInPlace' if output is input and input.ndim > 1 else 'HardTanh', output, (input,), least, most)


def HardTanh_updateGradInput(input, gradOutput, gradInput, least, most):
    """GradInput = gradOutput where the input lies between the bounds, else 0; gradInput may be gradOutput."""
    _run('HardTanhBack', gradInput, (input, gradOutput), least, most)


def HardShrink_updateOutput(input, output, bound):
    """Output = input where it is farther from 0 than the bound, else 0."""
    _run('HardShrink', output, (input,), bound)


def Shrink_updateGradInput(input, gradOutput, gradInput, bound):
    """GradInput = gradOutput where the input is farther from 0 than the bound, else 0."""
    _run('ShrinkBack', gradInput, (input, gradOutput), bound)


def SoftPlus_updateOutput(input, output, beta, threshold):
    """Output = log(1 + exp(beta * input)) / beta, and the input itself where beta * input > threshold."""
    _run('SoftPlus', output, (input,), beta, threshold)


def SoftPlus_updateGradInput(output, gradOutput, gradInput, beta, threshold):
    """GradInput = gradOutput * (1 - exp(-beta * output)), and gradOutput itself where beta * output > threshold."""
    _run('SoftPlusBack', gradInput, (output, gradOutput), beta, threshold)


def LogSigmoid_updateOutput(input, output):
    """Output = min(input, 0) - log(1 + exp(-|input|)), which is log(1 / (1 + exp(-input))) and never overflows."""
    _run('LogSigmoid', output, (input,))


def SoftSign_updateOutput(input, output):
    """Output = input / (1 + |input|)."""
    _run('SoftSign', output, (input,))


def SoftSign_updateGradInput(input, gradOutput, gradInput):
    """GradInput = gradOutput / (1 + |input|)^2."""
    _run('SoftSignBack', gradInput, (input, gradOutput))


def ELU_updateOutput(input, output, alpha):
    """Output = input where input > 0, else alpha * (exp(input) - 1). Output may be the input."""
    _run('ELU', output, (input,), alpha)


def ELU_updateGradInput(output, gradOutput, gradInput, alpha):
    """GradInput = gradOutput * (output + alpha) where output <= 0, else gradOutput. GradInput may be gradOutput.

    As in THNN, what is no number is not <= 0.
    """
    _run('ELUBack', gradInput, (output, gradOutput), alpha)


def LeakyReLU_updateOutput(input, output, slope):
    """Output = input where input > 0, else slope * input. Output may be the input.

    The slope is a number, or an array that goes with the input: then the lines are NumPy's.
    """
    if is_array(slope):
        on_numpy.LeakyReLU_updateOutput(input, output, slope)
    else:
        _run('LeakyReLU', output, (input,), slope)


def LeakyReLU_updateGradInput(reference, gradOutput, gradInput, slope):
    """GradInput = gradOutput where the reference (the input, or an in-place module's output) > 0, else slope times it.

    GradInput may be gradOutput; the slope is as in LeakyReLU_updateOutput. As in THNN, what is no number is not > 0,
    but in place slope is for what is <= 0.
    """
    if is_array(slope):
        on_numpy.LeakyReLU_updateGradInput(reference, gradOutput, gradInput, slope)
    else:
        name = 'LeakyReLUBackInPlace' if gradInput is gradOutput else 'LeakyReLUBack'
        _run(name, gradInput, (reference, gradOutput), slope)


def _run(name, result, arrays, p=0, q=0):
    """Write the function of that name of one or two arrays, with its parameters, into a result of their shape."""
    source = SOURCES[name not in _RECTIFIERS]
    with written(result, 'transfer') as to:
        first, second = (*placed_like(to, arrays, 'transfer'), None)[:2]
        wide = is_aligned(first, to) and (second is None or is_aligned(second))
        source.launch(
            f'transfer<{name}, {{T}}>', to.dtype, min(blocks(to.nbytes, THREADS * 16), BLOCKS), THREADS, first, second,
            to, float(p), float(q), wide, np.int64(to.size),
        )  # fmt: skip
