"""cuDNN's place taken by NumPy: of nvidia-cudnn-frontend what nnlite asks of it, and as strict as that is.

A graph computes by an implementation of its own on the memory that its tensors are said to lie in. All of that memory
has to be an array's of fake_cupy.
"""

import ctypes
import enum
import itertools
import threading

import fake_cupy
import numpy as np

data_type = enum.Enum('data_type', 'FLOAT HALF')
heur_mode = enum.Enum('heur_mode', 'A FALLBACK')
numerical_note = enum.Enum(
    'numerical_note', 'DOWN_CONVERT_INPUTS FFT NONDETERMINISTIC REDUCED_PRECISION_REDUCTION TENSOR_CORE WINOGRAD'
)
DTYPES = {data_type.FLOAT: np.float32, data_type.HALF: np.float16}
# In the order in which they are proposed, the one that is never to be taken first.
PLANS = [
    'NONDETERMINISTIC',
    'DOWN_CONVERT_INPUTS',
    'REDUCED_PRECISION_REDUCTION',
    'TENSOR_CORE',
    'WINOGRAD',
    'FFT',
    None,
]
STAGES = 'described', 'validated', 'lowered', 'planned', 'supported', 'built'
WORKSPACE = 1000  # bytes

built = []  # all graphs that were built
refused = set()  # names of operations that there are no plans for


class cudnnGraphNotSupportedError(Exception):
    pass


class Handle:
    def __init__(self):
        self.thread, self.device, self.stream = threading.get_ident(), fake_cupy.cuda.Device().id, 0


def backend_version():
    return 92801


def backend_version_string():
    return '9.28.1'


def create_handle():
    return Handle()


def set_stream(handle, stream):
    assert type(handle) is Handle and type(stream) is int
    handle.stream = stream


class Tensor:
    def __init__(self, dim=None, stride=None, number=None, uid=None):
        self.dim, self.stride, self.number, self.uid, self.is_output = dim, stride, number, uid, False

    def set_dim(self, dim):
        self.dim = dim
        return self

    def set_stride(self, stride):
        self.stride = stride
        return self

    def set_data_type(self, number):
        self.number = number
        return self

    def set_uid(self, uid):
        self.uid = uid
        return self

    def set_output(self, is_output):
        self.is_output = is_output
        return self

    def at(self, pointer):
        """Return the array that lies so from a place in memory on, and hold whose it is."""
        dtype = np.dtype(DTYPES[self.number])
        last = sum((size - 1) * step for size, step in zip(self.dim, self.stride, strict=True))
        memory = owned(pointer, (last + 1) * dtype.itemsize)
        return np.ndarray(self.dim, dtype, memory, 0, [step * dtype.itemsize for step in self.stride])


def owned(pointer, size):
    """Return memory that is an array's, as bytes."""
    assert type(pointer) is int and pointer % 16 == 0, 'a place that 16 bytes cannot be read from at a time'
    assert any(piece.ptr <= pointer and pointer + size <= piece.ptr + piece._asked for piece in fake_cupy._alive), (
        'memory that is no array'
    )
    return (ctypes.c_char * size).from_address(pointer)


class pygraph:
    def __init__(self, *, io_data_type, intermediate_data_type, compute_data_type, handle):
        assert intermediate_data_type is compute_data_type is data_type.FLOAT and type(handle) is Handle
        self.io, self.handle, self.stage, self.barred = io_data_type, handle, 'described', set()
        self.operation = None

    def tensor(self, *, dim, stride, uid):
        return Tensor(dim, stride, self.io, uid)

    def conv_fprop(self, image, weight, *, stride, padding, dilation):
        result = Tensor()
        return self._operation('conv_fprop', [image, weight, result], stride, padding, dilation)

    def conv_dgrad(self, loss, filter, *, stride, padding, dilation):
        result = Tensor()
        return self._operation('conv_dgrad', [result, filter, loss], stride, padding, dilation)

    def conv_wgrad(self, image, loss, *, stride, padding, dilation):
        result = Tensor()
        return self._operation('conv_wgrad', [image, result, loss], stride, padding, dilation)

    def _operation(self, name, tensors, *sides):
        assert self.operation is None and self.stage == 'described'
        self.operation, self.sides = name, sides
        self.image, self.filter, self.loss = tensors
        self.result = tensors[{'conv_fprop': 2, 'conv_dgrad': 0, 'conv_wgrad': 1}[name]]
        return self.result

    def _step(self, stage):
        assert STAGES.index(self.stage) == STAGES.index(stage) - 1, f'{stage} after {self.stage}'
        self.stage = stage

    def validate(self):
        self._step('validated')
        tensors = self.image, self.filter, self.loss
        assert self.result.is_output and [tensor for tensor in tensors if tensor.is_output] == [self.result]
        assert len({tensor.uid for tensor in tensors}) == 3
        for tensor in tensors:
            assert tensor.number is self.io and min(tensor.dim) > 0 and len(tensor.dim) in (4, 5)
            assert all(type(number) is int for number in (*tensor.dim, *tensor.stride))
            assert len(tensor.dim) == len(tensor.stride) and tensor.stride[1] == 1
        x, w, y = (tensor.dim for tensor in tensors)
        assert (x[0], x[1], w[0]) == (y[0], w[1], y[1])
        for size, taps, out, stride, padding, dilation in zip(x[2:], w[2:], y[2:], *self.sides, strict=True):
            assert out == (size + 2 * padding - (taps - 1) * dilation - 1) // stride + 1

    def build_operation_graph(self):
        self._step('lowered')

    def create_execution_plans(self, modes):
        assert modes == [heur_mode.A, heur_mode.FALLBACK]
        self._step('planned')

    def deselect_numeric_notes(self, notes):
        assert self.stage == 'planned', 'there are no plans to leave out yet'
        self.barred |= {numerical_note(note).name for note in notes}

    def check_support(self):
        self._step('supported')
        if self.operation in refused:
            raise cudnnGraphNotSupportedError('no plan')

    def build_plans(self):
        self._step('built')
        assert not fake_cupy._stream().is_capturing()
        self.plan = next(plan for plan in PLANS if plan not in self.barred)
        built.append(self)

    def get_workspace_size(self):
        assert self.stage == 'built'
        return WORKSPACE

    def execute(self, tensor_dict, workspace, handle):
        assert self.stage == 'built' and handle.thread == threading.get_ident()
        assert handle.stream == fake_cupy._stream().ptr and handle.device == fake_cupy.cuda.Device().id
        tensors = self.image, self.filter, self.loss
        assert set(tensor_dict) == {tensor.uid for tensor in tensors}
        arrays = [tensor.at(tensor_dict[tensor.uid]) for tensor in tensors]
        spare = np.frombuffer(owned(workspace, WORKSPACE), np.uint8)
        fake_cupy._launch(lambda: self._compute(arrays, spare))

    def _compute(self, arrays, spare):
        spare[:] = 255
        x, w, y = arrays
        result = {'conv_fprop': y, 'conv_dgrad': x, 'conv_wgrad': w}[self.operation]
        x, w, y = (np.float64(self._read(array)) if array is not result else None for array in arrays)
        stride, padding, dilation = self.sides
        sides = list(zip(self.image.dim[2:], padding, strict=True))
        inner = tuple(slice(pad, pad + size) for size, pad in sides)
        wide = np.zeros((*self.image.dim[:2], *(size + 2 * pad for size, pad in sides)))
        if x is not None:
            wide[..., *inner] = x
        total = np.zeros(result.shape)
        for tap in itertools.product(*map(range, self.filter.dim[2:])):
            seen = tuple(
                slice(place * gap, place * gap + (out - 1) * step + 1, step)
                for place, gap, out, step in zip(tap, dilation, self.loss.dim[2:], stride, strict=True)
            )
            if self.operation == 'conv_fprop':
                total += np.einsum('nc...,kc->nk...', wide[..., *seen], w[..., *tap])
            elif self.operation == 'conv_wgrad':
                total[..., *tap] = np.einsum('nc...,nk...->kc...', wide[..., *seen], y).sum(tuple(range(2, x.ndim)))
            else:
                wide[..., *seen] += np.einsum('nk...,kc->nc...', y, w[..., *tap])
        result[...] = wide[..., *inner] if self.operation == 'conv_dgrad' else total

    def _read(self, array):
        """Return numbers as the plan reads them: cut to TF32's ten bits on tensor cores."""
        assert self.plan in (None, 'TENSOR_CORE')
        if self.plan is None or array.dtype != np.float32:
            return array
        return (np.ascontiguousarray(array).view(np.uint32) & np.uint32(0xFFFFE000)).view(np.float32)
