"""Arrays of other packages in the same memory."""

import numpy as np
import pytest
import torch

import nnlite
from nnlite import nn
from nnlite.interop import from_dlpack


def test_pytorch_and_numpy_share_memory_both_ways():
    tensor = torch.zeros(2, 3)
    array = from_dlpack(tensor)
    assert type(array) is np.ndarray
    array[0, 1] = 5
    assert tensor[0, 1] == 5
    weight = nn.Linear(3, 2).weight
    theirs = torch.from_dlpack(weight)
    theirs[1, 2] = 7
    assert weight[1, 2] == 7
    assert from_dlpack(theirs).ctypes.data == weight.ctypes.data
    assert from_dlpack(tensor.T).strides == array.T.strides


def test_what_cannot_be_shared_is_said():
    with pytest.raises(nnlite.DtypeError, match=r'(?s)shared.*tensor\.detach\(\)'):
        from_dlpack(torch.zeros(2, requires_grad=True))
    with pytest.raises(nnlite.DeviceError, match='expected a tensor that has memory'):
        from_dlpack(torch.zeros(2, device='meta'))
    with pytest.raises(nnlite.DtypeError, match='expected a tensor that speaks DLPack, got list'):
        from_dlpack([1, 2])

    class Elsewhere:
        def __dlpack_device__(self):
            return 8, 0

    with pytest.raises(nnlite.DeviceError, match='DLPack device 8'):
        from_dlpack(Elsewhere())


def test_the_package_says_what_it_has():
    from nnlite import interop

    assert interop.NetClassifier.__name__ == 'NetClassifier'
    with pytest.raises(AttributeError, match='to_torch, write_onnx'):
        interop.from_torch  # noqa: B018 it is the asking that raises


def test_jax_shares_memory():
    jax = pytest.importorskip('jax')
    array = jax.numpy.arange(6.0)
    ours = from_dlpack(array)
    assert ours.ctypes.data == array.unsafe_buffer_pointer()
    assert jax.dlpack.from_dlpack(np.ones(2, np.float32)).sum() == 2


@pytest.mark.gpu
def test_cupy_shares_memory():
    cupy = pytest.importorskip('cupy')
    if nnlite.tensor.devices.why_no_gpu()[0]:
        pytest.skip('no GPU')
    tensor = torch.zeros(3, device='cuda')
    array = from_dlpack(tensor)
    assert type(array) is cupy.ndarray
    array[1] = 4
    cupy.cuda.get_current_stream().synchronize()
    assert tensor[1].item() == 4
