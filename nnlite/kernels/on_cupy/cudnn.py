"""Convolution by NVIDIA's cuDNN: a ruler for the kernels that lie beside this file.

Nothing goes this way unless somebody asks for it: by `setway('cudnn')`, by NNLITE_CUDA_CONVOLUTION=cudnn, or for the
table of single layers of a benchmark. It needs the packages of the extra `cudnn`.

Each pass is a graph of cuDNN's with one operation in it, built once for each shape, number and device. Which of its
kernels do the work (its `plan`) is cuDNN's own guess; of those whose sums are in another order each time none is taken.
"""

import dataclasses
import functools
import math
import threading

import numpy as np

from nnlite.errors import DeviceError
from nnlite.kernels import getprecise
from nnlite.kernels.on_cupy.finish import Finish, add_scaled
from nnlite.kernels.on_cupy.memory import is_aligned
from nnlite.kernels.on_numpy.scratch import channels_last, scratch
from nnlite.tensor.devices import gpu

PASSES = 'forward', 'back', 'weight_gradient'
TYPES = {np.dtype('float32'): 'FLOAT', np.dtype('float16'): 'HALF'}  # of the numbers, as cuDNN calls them
# What is said of a plan that is not to be taken: two runs are to give the same bits, sums are float32's, and numbers
# are at least TF32's; those of float32 are exact where `setprecise` asks for that.
NEVER = 'NONDETERMINISTIC', 'REDUCED_PRECISION_REDUCTION', 'DOWN_CONVERT_INPUTS'
INEXACT = 'TENSOR_CORE', 'WINOGRAD', 'FFT'


@functools.cache
def why_not():
    """Return why there is no cuDNN, or None where there is one."""
    try:
        import cudnn

        cudnn.backend_version()
    except ModuleNotFoundError as error:
        return f'{"nvidia-cudnn-frontend" if error.name == "cudnn" else error.name} is not installed'
    except (ImportError, OSError, RuntimeError) as error:
        return f'it cannot be loaded: {_first_line(error)}'
    return None


def library():
    """Return cuDNN's package.

    Raises:
        DeviceError: it is not installed, or cannot be loaded; the message says which.
    """
    if why_not() is not None:
        raise DeviceError(f'expected cuDNN for convolutions, got none: {why_not()}', hint=_HINT)
    import cudnn

    return cudnn


_HINT = "pip install 'nnlite[cudnn]' with CUDA 13; with CUDA 12 pip install nvidia-cudnn-frontend nvidia-cudnn-cu12"


def _first_line(error):
    return str(error).strip().partition('\n')[0]


def takes(dtype, geometry):
    """Return whether this way is for such numbers and sizes: cuDNN is there, and has a plan for each pass."""
    return (
        why_not() is None
        and dtype in TYPES
        and geometry.images > 0
        and all(_plan(name, dtype, geometry) is not None for name in PASSES)
    )


def forward(input, output, weight, finish, geometry):
    """Output (N, *out, outputs) = input (N, *space, planes) * weight (outputs, planes, *kernel), finished."""
    _run('forward', input, _kernels(weight), output, geometry)
    finish.apply(output)


def back(gradOutput, gradInput, weight, added, geometry):
    """GradInput (N, *space, planes) = what gradOutput (N, *out, outputs) hands back to the windows [+ added]."""
    _run('back', gradOutput, _kernels(weight), gradInput, geometry)
    Finish(residual=added).apply(gradInput)


def weight_gradient(input, gradOutput, gradWeight, scale, geometry):
    """GradWeight (outputs, planes, *kernel) += scale * the sum over pixels of gradOutput times the input's windows."""
    total = scratch('gradWeight', (geometry.outputs, geometry.column), input.dtype)
    _run('weight_gradient', input, gradOutput, total, geometry)
    add_scaled(total, gradWeight, scale)


def _kernels(weight):
    """Return the weights as (outputs, *kernel, planes), beginning where cuDNN may read 16 bytes at a time."""
    kernels = channels_last(weight, 'weight')
    if is_aligned(kernels):
        return kernels
    copy = scratch('aligned weight', kernels.shape, kernels.dtype)
    np.copyto(copy, kernels)
    return copy


def _run(name, first, second, result, geometry):
    """Launch a pass on the current stream."""
    graph, size, handle = _plan(name, result.dtype, geometry)
    workspace = scratch('cuDNN', (size,), np.uint8)
    library().set_stream(handle, gpu().cuda.get_current_stream().ptr)
    arrays = enumerate((first, second, result), 1)
    # As bare addresses: to hand over an array, CuPy would have streams wait for each other.
    graph.execute({number: array.data.ptr for number, array in arrays}, workspace.data.ptr, handle)


def _plan(name, dtype, geometry):
    """Return (graph, bytes that it works in, handle) of a pass, or None where cuDNN has no plan for it."""
    # Two threads may not use a handle at a time: each has its own.
    return _built(name, dtype, geometry, getprecise(), gpu().cuda.Device().id, threading.get_ident())


@functools.cache  # for good: a CUDA graph may hold what a plan has launched
def _built(name, dtype, geometry, precise, device, thread):
    try:
        handle = _handle(device, thread)
        graph = described(name, dtype, geometry, precise, handle=handle)
        graph.check_support()
        graph.build_plans()
    except library().cudnnGraphNotSupportedError:
        return None
    except RuntimeError as error:  # as that of a cuDNN for another CUDA
        raise DeviceError(f'cuDNN cannot be used: {_first_line(error)}', hint=_HINT) from error
    return graph, graph.get_workspace_size(), handle


@functools.cache
def _handle(device, thread):
    return library().create_handle()


def described(name, dtype, geometry, precise, **where):
    """Return the graph of a pass with all plans that may be taken; its arrays are 1 and 2, and 3 what is written.

    Args:
        name: one of PASSES.
        dtype, geometry: of the maps.
        precise: whether the products of float32 are to be exact.
        where: what cuDNN wants to know of the GPU, such as its `handle`.
    """
    cudnn = library()
    number, single = getattr(cudnn.data_type, TYPES[dtype]), cudnn.data_type.FLOAT
    graph = cudnn.pygraph(io_data_type=number, intermediate_data_type=single, compute_data_type=single, **where)
    sides = [list(sizes[_first_side(geometry) :]) for sizes in dataclasses.astuple(geometry)[3:]]
    space, out, kernel, stride, padding, dilation = sides
    maps = _lying(geometry.images, geometry.planes, space)
    results = _lying(geometry.images, geometry.outputs, out)
    weights = _lying(geometry.outputs, geometry.planes, kernel)
    operation, *read, written = {
        'forward': (graph.conv_fprop, maps, weights, results),
        'back': (graph.conv_dgrad, results, weights, maps),
        'weight_gradient': (graph.conv_wgrad, maps, results, weights),
    }[name]
    tensors = [graph.tensor(**lies, uid=uid) for uid, lies in enumerate(read, 1)]
    result = operation(*tensors, stride=stride, padding=padding, dilation=dilation)
    result.set_dim(written['dim']).set_stride(written['stride']).set_data_type(number).set_output(True).set_uid(3)
    graph.validate()
    graph.build_operation_graph()
    graph.create_execution_plans([cudnn.heur_mode.A, cudnn.heur_mode.FALLBACK])
    notes = NEVER + INEXACT if precise and dtype == np.float32 else NEVER
    graph.deselect_numeric_notes([getattr(cudnn.numerical_note, note) for note in notes])
    return graph


def _first_side(geometry):
    """Return 0 of maps with three sides; 1 of others, which are images to cuDNN."""
    return int((geometry.space[0], geometry.out[0], geometry.kernel[0], geometry.padding[0]) == (1, 1, 1, 0))


def _lying(outer, planes, sides):
    """Return what cuDNN is told of memory (outer, *sides, planes) in C order: an array (outer, planes, *sides)."""
    steps = [planes * math.prod(sides[place:]) for place in range(len(sides) + 1)]
    return {'dim': [outer, planes, *sides], 'stride': [steps[0], 1, *steps[1:]]}
