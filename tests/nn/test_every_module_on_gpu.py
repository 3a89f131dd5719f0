"""The rules that every module keeps on a GPU, or, where there is none, on NumPy in its place."""

import numpy as np
import pytest
from copies import LAYOUTS
from on_gpu import alike, brought_home, here, moved, run_there, there
from row import BOTH
from runs import Run, forward, gradient_for, gradients_of, in_pytorch, run
from table import MODULES, every
from trees import assert_close, copied, leaves, mapped

import nnlite
from nnlite.tensor.devices import is_on_gpu

pytestmark = pytest.mark.gpu

every_row = every(MODULES)
in_both_modes = pytest.mark.parametrize('mode', BOTH)


@pytest.fixture(autouse=True)
def precise():
    """Keep the convolutions to kernels that round as float32 does."""
    nnlite.setprecise(True)
    yield
    nnlite.setprecise(False)


@every_row
@in_both_modes
@pytest.mark.parametrize(('dtype', 'tolerance'), [(np.float64, 1e-10), (np.float32, 1e-4)], ids=['double', 'float'])
def test_agrees_with_pytorch(row, mode, dtype, tolerance, cupy):
    module, input = moved(row.module(mode, dtype), dtype), row.given(dtype)
    ours = run_there(cupy, module, input)
    theirs = in_pytorch(row, brought_home(module), input, gradient_for(ours.output))
    for name in ('output', 'gradParams') if row.sparse else ('output', 'gradInput', 'gradParams'):
        assert_close(getattr(ours, name), getattr(theirs, name), tolerance, name)


@every_row
@in_both_modes
def test_results_stay_there_and_two_runs_are_alike(row, mode, cupy):
    module, input = moved(row.module(mode, np.float32), np.float32), row.given(np.float32)
    once = run_there(cupy, module, input)
    once.assert_equal(run_there(cupy, module, input))
    assert all(is_on_gpu(array) for _, _, array in module.arrays() if array.dtype.kind == 'f') or 'DontCast' in row.text
    assert all(map(is_on_gpu, leaves(module.output))) or 'DontCast' in row.text


@every_row
def test_backward_is_its_two_halves_and_adds_up(row, cupy):
    module, input = moved(row.module(), np.float64), row.given()
    whole = run_there(cupy, module, input)
    module.zeroGradParameters()
    given = there(cupy, input)
    output = forward(module, given)
    kept = here(output)
    gradOutput = there(cupy, gradient_for(kept)) if 'DontCast' not in row.text else gradient_for(kept)
    gradInput = here(module.updateGradInput(given, gradOutput))
    module.accGradParameters(given, gradOutput)
    whole.assert_equal(Run(kept, gradInput, here(gradients_of(module))))
    if row.accumulates and 'inplace' not in vars(module):
        forward(module, given)
        module.accGradParameters(given, gradOutput)
        assert_close(here(gradients_of(module)), [2 * gradient for gradient in whole.gradParams], 1e-13, 'gradParams')


@every_row
@pytest.mark.parametrize('layout', ['channels-last', 'with holes', 'backwards'])
def test_memory_layout_does_not_matter(row, layout, cupy):
    module, input = moved(row.module(), np.float64), row.given()
    plain = run_there(cupy, module, input)
    module.zeroGradParameters()
    given = mapped(LAYOUTS[layout], there(cupy, input))
    output = forward(module, given)
    kept = here(output)
    gradInput = module.backward(given, mapped(LAYOUTS[layout], alike(cupy, gradient_for(kept), output)))
    Run(kept, here(gradInput), here(gradients_of(module))).assert_close(plain, 1e-12)


@every(MODULES, lambda row: row.batch)
@in_both_modes
def test_smaller_batch_after_a_bigger_one(row, mode, cupy):
    module, input = moved(row.module(mode), np.float64), row.given()
    smaller = mapped(lambda array: array[:-1], input)
    expected = run_there(cupy, moved(row.module(mode), np.float64), smaller)
    run_there(cupy, module, input)
    expected.assert_equal(run_there(cupy, module, smaller))


@every_row
def test_there_and_back(row, cupy, tmp_path):
    module, input = row.module(dtype=np.float32), row.given(np.float32)
    parameters = copied(module.parameters()[0])
    nnlite.save(tmp_path / 'host.t7', module)
    moved(module, np.float32)
    assert all(below.type() == 'torch.CudaTensor' for below in module.listModules()) or 'DontCast' in row.text
    assert_close(here(module.parameters()[0]), parameters, 0, 'parameters')
    nnlite.save(tmp_path / 'gpu.t7', module)
    assert (tmp_path / 'gpu.t7').read_bytes() == (tmp_path / 'host.t7').read_bytes()
    twin = module.clone()
    assert twin.type() == module.type() and repr(twin) == repr(module)
    run_there(cupy, twin, input).assert_equal(run_there(cupy, module, input))
    parameters = here(module.parameters()[0])  # nn.LookupTable may have shrunk some on the way
    assert module.float() is module and module.type() == 'torch.FloatTensor'
    assert not any(is_on_gpu(array) for _, _, array in module.arrays())
    assert_close(module.parameters()[0], parameters, 0, 'parameters')
    run(module, input)


@every(MODULES, lambda row: not row.anything)
def test_input_on_the_host_is_refused(row, cupy):
    module, input = moved(row.module(), np.float64), row.given()
    with pytest.raises(nnlite.DeviceError) as caught:
        module.forward(input)
    assert 'on the GPU, got one on the host' in caught.value.message
    assert 'cupy.asarray(' in caught.value.hint and '.double()' in caught.value.hint, caught.value
    with pytest.raises(nnlite.DeviceError) as caught:
        row.module().forward(there(cupy, input))
    assert 'on the host, got one on the GPU' in caught.value.message
    assert 'cupy.asnumpy(' in caught.value.hint and '.cudaDouble()' in caught.value.hint, caught.value
