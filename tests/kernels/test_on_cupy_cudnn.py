"""cuDNN as a way of convolution: what is asked of it, and when it is not.

That its numbers are NumPy's is tested with the other ways', in test_on_cupy_convolution.py. Without a GPU NumPy
computes in the package's place, and looks at what it is given (tests/cuda_on_host/fake_cudnn.py).
"""

import os
import subprocess
import sys
import threading

import numpy as np
import pytest
from against_numpy import agree, maps, normal, to_gpu

import nnlite
from nnlite.bench.cases import Layer
from nnlite.bench.on_gpu import ours
from nnlite.cli import main
from nnlite.kernels import on_cupy
from nnlite.kernels.on_cupy import convolution
from nnlite.kernels.on_cupy import cudnn as way
from nnlite.kernels.on_cupy.geometry import Geometry

SHAPE, OUT, KERNELS = (2, 8, 7, 6), (2, 12, 4, 3), (12, 8, 3, 3)
STEPS = (2, 2), (1, 1), (1, 1)
GEOMETRY = Geometry.of(SHAPE, OUT, KERNELS[2:], *STEPS)
FLOAT = np.dtype('float32')


@pytest.fixture
def fake(cudnn):
    if cudnn.__name__ != 'fake_cudnn':
        pytest.skip('cuDNN does not say what it was asked for')
    return cudnn


@pytest.fixture
def arrays(cupy):
    """Input, output, weight."""
    rng = np.random.default_rng(1)
    given = normal(rng, SHAPE, FLOAT), maps(OUT, FLOAT), rng.standard_normal(KERNELS).astype(FLOAT)
    return [to_gpu(cupy, array) for array in given]


def test_each_pass_is_built_once_for_each_shape(fake, arrays):
    for _ in range(2):
        on_cupy.Convolution_updateOutput(*arrays, None, *STEPS)
    assert [graph.operation for graph in fake.built] == ['conv_fprop', 'conv_dgrad', 'conv_wgrad']
    on_cupy.Convolution_updateOutput(*(array[:1] for array in arrays[:2]), arrays[2], None, *STEPS)
    assert [graph.image.dim[0] for graph in fake.built] == [2] * 3 + [1] * 3
    assert len({graph.handle for graph in fake.built}) == 1


@pytest.mark.parametrize('sides', [1, 2, 3])
def test_only_volumes_have_three_sides(fake, sides):
    deep = 5 if sides == 3 else 4
    # The last window looks at the padding before the map alone.
    for size, kernel, stride, padding, dims in ((6, 3, 1, 1, deep), (1, 1, 1, 0, 4), (1, 1, 3, 1, deep)):
        shapes = (1, 4, *[size] * sides), (1, 8, *[size] * sides)
        fake.built.clear()
        assert way.takes(FLOAT, Geometry.of(*shapes, *([number] * sides for number in (kernel, stride, padding, 1))))
        assert {len(graph.image.dim) for graph in fake.built} == {dims}


@pytest.mark.parametrize('precise', [False, True])
@pytest.mark.parametrize('dtype', ['float32', 'float16'])
def test_which_plans_are_left(fake, dtype, precise):
    """The fake's come in an order in which each that is not to be taken is before one that may be."""
    nnlite.setprecise(precise)
    assert way.takes(np.dtype(dtype), GEOMETRY)
    expected = None if precise and dtype == 'float32' else 'TENSOR_CORE'
    assert [graph.plan for graph in fake.built] == [expected] * 3


def test_products_are_of_tf32_unless_they_are_to_be_precise(cudnn, arrays):
    found = []
    for precise in (True, False):
        nnlite.setprecise(precise)
        on_cupy.Convolution_updateOutput(*arrays, None, *STEPS)
        found.append(arrays[1].get())
    np.testing.assert_allclose(*found, rtol=1e-2, atol=5e-2)
    assert cudnn.__name__ == 'cudnn' or (found[0] != found[1]).any()


@pytest.mark.parametrize('dtype', ['float32', 'float16'])
def test_what_comes_after_the_sums(cupy, cudnn, dtype):
    nnlite.setprecise(True)
    rng = np.random.default_rng(2)
    input, residual, gradOutput, added = (normal(rng, shape, dtype) for shape in (SHAPE, OUT, OUT, SHAPE))
    weight, bias = (rng.standard_normal(shape).astype(dtype) for shape in (KERNELS, KERNELS[:1]))
    for term in (residual, None):
        agree(cupy, 'ConvolutionReLU_updateOutput', [input, term, maps(OUT, dtype), weight, bias], [2], *STEPS)
    agree(cupy, 'ConvolutionAdd_updateGradInput', [gradOutput, added, maps(SHAPE, dtype), weight], [2], *STEPS)
    output = to_gpu(cupy, maps(OUT, dtype))
    given = to_gpu(cupy, input), output, to_gpu(cupy, weight), None
    assert on_cupy.ConvolutionMoments_updateOutput(*given, *STEPS) is None


def test_weights_that_begin_anywhere(cupy, cudnn):
    """As those of a kernel of one tap do, in the memory of all parameters: they lie channels-last without a copy."""
    nnlite.setprecise(True)
    rng = np.random.default_rng(3)
    input, output, weight = normal(rng, SHAPE, FLOAT), maps((2, 12, 7, 6), FLOAT), rng.standard_normal((12, 8, 1, 1))
    parameters = cupy.asarray(np.concatenate([[0], weight.ravel()]).astype(FLOAT))
    result = to_gpu(cupy, output)
    options = (1, 1), (0, 0), (1, 1)
    on_cupy.Convolution_updateOutput(
        to_gpu(cupy, input), result, parameters[1:].reshape(weight.shape), None, *options
    )  # fmt: skip
    expected = np.einsum('nchw,kc->nkhw', input.astype(float), weight[..., 0, 0])
    np.testing.assert_allclose(result.get(), expected, rtol=1e-5, atol=1e-5)


def test_captured_on_the_stream_that_is_current(cupy, cudnn, arrays):
    input, output, _ = arrays
    nnlite.setprecise(True)
    on_cupy.Convolution_updateOutput(*arrays, None, *STEPS)  # takes what memory it needs
    expected = output.get()
    with cupy.cuda.Stream(non_blocking=True) as stream:
        on_cupy.Convolution_updateOutput(*arrays, None, *STEPS)
        taken = cupy.get_default_memory_pool().used_bytes()
        stream.begin_capture()
        on_cupy.Convolution_updateOutput(*arrays, None, *STEPS)
        graph = stream.end_capture()
        assert cupy.get_default_memory_pool().used_bytes() == taken
        output.fill(0)
        np.multiply(input, 2, out=input)
        graph.launch()
        stream.synchronize()
    np.testing.assert_allclose(output.get(), 2 * expected, rtol=1e-5, atol=1e-5)


def test_each_thread_has_a_handle(fake, arrays):
    failed = []

    def run():
        try:
            on_cupy.Convolution_updateOutput(*arrays, None, *STEPS)
        except BaseException as error:
            failed.append(error)

    run()
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert not failed and len({graph.handle for graph in fake.built}) == 2


# When it is not asked


def test_never_unless_it_is_asked_for(cudnn, arrays):
    convolution.setway(None)
    ways, _ = convolution._possible(tuple(convolution.WAYS), FLOAT, GEOMETRY, 0)
    assert 'cudnn' not in ways and way.takes(FLOAT, GEOMETRY)


@pytest.mark.parametrize('operation', ['conv_fprop', 'conv_dgrad', 'conv_wgrad'])
def test_what_it_refuses_goes_another_way(cupy, fake, monkeypatch, operation):
    monkeypatch.setattr(fake, 'refused', {operation})
    assert not way.takes(FLOAT, GEOMETRY)
    rng = np.random.default_rng(4)
    input, gradOutput = normal(rng, SHAPE, FLOAT), normal(rng, OUT, FLOAT)
    weight = rng.standard_normal(KERNELS).astype(FLOAT)
    nnlite.setprecise(True)
    agree(cupy, 'Convolution_updateOutput', [input, maps(OUT, FLOAT), weight, None], [1], *STEPS)
    agree(cupy, 'Convolution_updateGradInput', [gradOutput, maps(SHAPE, FLOAT), weight], [1], *STEPS)
    agree(cupy, 'Convolution_accGradParameters', [input, gradOutput, weight, None], [2], *STEPS, 0.5)
    assert operation not in {graph.operation for graph in fake.built}


def test_what_it_is_not_for(cudnn):
    assert not way.takes(np.dtype('float64'), GEOMETRY)
    assert not way.takes(FLOAT, GEOMETRY.part(0))


@pytest.fixture
def missing(monkeypatch):
    """No package of that name."""
    monkeypatch.setitem(sys.modules, 'cudnn', None)
    way.why_not.cache_clear()
    yield
    way.why_not.cache_clear()


def test_a_package_that_is_missing_is_said(missing):
    before = convolution.getway()
    with pytest.raises(nnlite.DeviceError) as caught:
        convolution.setway('cudnn')
    assert caught.value.message == 'expected cuDNN for convolutions, got none: nvidia-cudnn-frontend is not installed'
    assert "pip install 'nnlite[cudnn]'" in caught.value.hint and 'nvidia-cudnn-cu12' in caught.value.hint
    assert convolution.getway() == before and not way.takes(FLOAT, GEOMETRY)


def test_a_library_that_cannot_be_loaded_is_said(fake, monkeypatch):
    def fail():
        raise RuntimeError('Unable to find symbol cudnnGetVersion\nand more')

    monkeypatch.setattr(fake, 'backend_version', fail)
    way.why_not.cache_clear()
    with pytest.raises(nnlite.DeviceError) as caught:
        convolution.setway('cudnn')
    assert caught.value.message.endswith('got none: it cannot be loaded: Unable to find symbol cudnnGetVersion')


def test_a_library_for_another_driver_is_said(fake, monkeypatch, arrays):
    def fail():
        raise RuntimeError('cudnnHandle Create failed')

    monkeypatch.setattr(fake, 'create_handle', fail)
    with pytest.raises(nnlite.DeviceError, match='cuDNN cannot be used: cudnnHandle Create failed') as caught:
        on_cupy.Convolution_updateOutput(*arrays, None, *STEPS)
    assert 'nvidia-cudnn-cu12' in caught.value.hint


@pytest.mark.parametrize(('name', 'said'), [('cudnn', 'pip install'), ('fft', 'expected a way of convolution')])
def test_a_way_chosen_from_outside_that_is_not_there_is_said(name, said):
    code = 'import sys; sys.modules["cudnn"] = None; import nnlite.kernels.on_cupy'
    environment = os.environ | {'NNLITE_CUDA_CONVOLUTION': name}
    done = subprocess.run([sys.executable, '-c', code], env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 1 and 'in NNLITE_CUDA_CONVOLUTION' in done.stderr and said in done.stderr


def test_devices_says_whether_it_is_there(cupy, monkeypatch, capsys, cudnn):
    def said():
        assert main(['devices']) == 0
        return next(line for line in capsys.readouterr().out.splitlines() if line.startswith('cuDNN'))

    assert said().startswith(f'cuDNN  {cudnn.backend_version_string()}; ')
    monkeypatch.setattr(way, 'why_not', lambda: 'nvidia-cudnn-frontend is not installed')
    assert said().startswith('cuDNN  not there: nvidia-cudnn-frontend is not installed; ')


def test_a_benchmark_has_its_time_beside_the_others(cudnn):
    convolution.setway(None)
    records = list(ours.times_of(Layer('small', 2, 4, 8, 6, 1), rounds=1, seconds=0))
    for record in records:
        assert record['ways']['cudnn'] > 0 and record['way'] != 'cudnn'
    assert len(records) == 3
