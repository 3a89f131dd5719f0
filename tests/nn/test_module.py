"""What every Module has from Module.lua, looked at from close by."""

import numpy as np
import pytest
from trees import drawn

import nnlite
from nnlite import nn


def net():
    nnlite.manualSeed(1)
    inner = nn.Sequential().add(nn.Linear(3, 3)).add(nn.ReLU())
    return nn.Sequential().add(nn.Linear(4, 3)).add(inner).add(nn.Linear(3, 2)).double()


def test_default_type_is_that_of_new_modules():
    assert nn.Linear(2, 2).type() == 'torch.FloatTensor'
    nnlite.setdefaulttensortype('torch.DoubleTensor')
    try:
        assert nn.Linear(2, 2).weight.dtype == np.float64
    finally:
        nnlite.setdefaulttensortype('torch.FloatTensor')


def test_half_computes_in_half():
    linear = nn.Linear(4, 2).half()
    assert linear.forward(np.ones((3, 4), np.float16)).dtype == np.float16


@pytest.mark.parametrize('convert', [lambda m: m.cuda(), lambda m: m.type('torch.CudaTensor')])
def test_gpu_that_is_not_there_is_said_to_be_missing(convert):
    linear = nn.Linear(4, 2)
    with pytest.raises(nnlite.DeviceError, match='expected a GPU'):
        convert(linear)
    assert linear.type() == 'torch.FloatTensor'


def test_unknown_type_is_refused():
    for name in ('torch.IntTensor', 'float', 'torch.FloatStorage'):
        with pytest.raises(nnlite.DtypeError, match=f'got .{name}'):
            nn.Linear(2, 2).type(name)


def test_zero_update_and_reset():
    linear = nn.Linear(3, 2)
    kept = linear.weight.copy()
    linear.gradWeight.fill(2)
    linear.updateParameters(0.5)
    np.testing.assert_array_equal(linear.weight, kept - 1)
    linear.zeroGradParameters()
    assert not linear.gradWeight.any()
    nnlite.manualSeed(4)
    linear.reset(0.1)
    assert linear is linear.reset(0.1)
    assert 0 < np.abs(linear.weight).max() <= 0.1 * np.sqrt(3)
    for module in (linear, nn.SpatialConvolution(2, 2, 1, 1)):
        assert not module.reset(0).weight.any(), '0 is a number, and true in Lua'


def test_training_and_evaluate_reach_every_module():
    model = net()
    assert model.evaluate() is model and not any(m.train for m in model.listModules())
    assert model.training() is model and all(m.train for m in model.listModules())


def test_apply_visits_the_whole_tree_from_the_top():
    model, seen = net(), []
    assert model.apply(lambda m: seen.append(m)) is model
    assert seen == model.listModules()
    assert [type(m).__name__ for m in seen] == ['Sequential', 'Linear', 'Sequential', 'Linear', 'ReLU', 'Linear']


def test_findModules_gives_modules_and_what_holds_them():
    model = net()
    linears, holders = model.findModules('nn.Linear')
    assert linears == [model.get(1), model.get(2).get(1), model.get(3)]
    assert holders == [model, model.get(2), model]
    assert model.findModules('nn.Tanh') == ([], [])


def test_replace_builds_another_tree():
    model = net()
    new = model.replace(lambda m: nn.Tanh() if isinstance(m, nn.ReLU) else m)
    assert new is model and model.findModules('nn.ReLU')[0] == []
    assert [type(m).__name__ for m in model.get(2)] == ['Linear', 'Tanh']


@pytest.mark.parametrize('nothing', [None, nn.ReLU, 'ReLU'])
def test_replaced_by_a_module_only(nothing):
    with pytest.raises(nnlite.Error, match='expected the callback to return a module, got') as caught:
        net().replace(lambda m: nothing if isinstance(m, nn.ReLU) else m)
    assert 'the module itself' in caught.value.hint


def test_backward_before_forward_is_said():
    with pytest.raises(nnlite.ShapeError) as caught:
        net().backward(np.ones((2, 4)), np.ones((2, 2)))
    assert caught.value.hint == 'run forward first: there is no output yet'


def test_first_layer_without_gradInput_gives_none():
    for first in (nn.Linear(4, 3), nn.SpatialConvolution(2, 3, 1, 1), nn.SpatialBatchNormalization(2)):
        x = drawn((3, 4) if isinstance(first, nn.Linear) else (3, 2, 2, 2), 1, np.float32)
        expected = first.backward(x, np.ones_like(first.forward(x))) is not None and first.gradWeight.copy()
        first.zeroGradParameters()
        first.gradInput = None
        assert first.backward(x, np.ones_like(first.forward(x))) is None
        np.testing.assert_array_equal(first.gradWeight, expected)
        assert first.clone().gradInput is None, 'that nobody asks for it stays so in a copy'


# Sharing


def test_share_makes_one_parameter_of_two():
    one, two = nn.Linear(3, 2), nn.Linear(3, 2)
    assert two.share(one, 'weight', 'gradWeight') is two
    one.weight[0, 0] = 9
    assert two.weight[0, 0] == 9 and not np.shares_memory(one.bias, two.bias)


def test_shared_linear_steps_without_its_gradient():
    """Linear.lua has the step add up by itself, shared or not: what is in gradWeight stays there."""
    linear = nn.Linear(3, 2).double()
    linear.clone('weight', 'gradWeight')
    linear.gradWeight.fill(7)
    before, x = linear.weight.copy(), drawn((4, 3), 1)
    linear.forward(x)
    linear.backwardUpdate(x, np.ones((4, 2)), 0.1)
    np.testing.assert_allclose(linear.weight, before - 0.1 * np.tile(x.sum(0), (2, 1)), rtol=1e-12)
    assert (linear.gradWeight == 7).all()


def test_shared_parameters_step_once_for_both():
    """accUpdateGradParameters of shared ones collects the gradient first, as Torch's does."""
    shared = nn.SpatialConvolution(3, 2, 1, 1).double()
    net = nn.Sequential().add(shared)
    twin = shared.clone('weight', 'bias', 'gradWeight', 'gradBias')
    expected = shared.weight.copy()
    x = drawn((4, 3, 1, 1), 1)
    out = twin.forward(x)
    twin.gradWeight.fill(7)
    twin.accUpdateGradParameters(x, np.ones_like(out), 0.1)
    np.testing.assert_allclose(shared.weight, expected - 0.1 * np.tile(x.sum(0), (2, 1, 1, 1)), rtol=1e-12)
    np.testing.assert_allclose(shared.gradWeight, np.tile(x.sum(0), (2, 1, 1, 1)), rtol=1e-12)
    assert net.get(1).weight is shared.weight


def test_transposed_sharing_survives_getParameters_type_clone_and_file(tmp_path):
    """A decoder whose weight is the encoder's turned: one memory, two shapes."""
    encoder, decoder = nn.Linear(3, 2), nn.Linear(2, 3)
    decoder.weight, decoder.gradWeight = encoder.weight.T, encoder.gradWeight.T
    model = nn.Sequential().add(encoder).add(decoder)
    flat, _ = model.getParameters()
    assert flat.size == 6 + 2 + 3
    nnlite.save(tmp_path / 'net.t7', model)
    for twin in (model, model.clone(), model.double(), nnlite.load(tmp_path / 'net.t7')):
        twin.get(1).weight[0, 2] = 7
        assert twin.get(2).weight[2, 0] == 7


def test_shared_but_for_the_gradient_is_refused():
    model = nn.Sequential().add(nn.Linear(3, 3)).add(nn.Linear(3, 3))
    model.get(2).share(model.get(1), 'weight')
    with pytest.raises(nnlite.Error, match='shared alike') as caught:
        model.getParameters()
    assert "'gradWeight'" in caught.value.hint


def test_getParameters_again_moves_the_views():
    model = net()
    first, _ = model.getParameters()
    second, grads = model.getParameters()
    np.testing.assert_array_equal(first, second)
    second[:] = 0
    assert not any(weight.any() for weight in model.parameters()[0]) and first.any()
    model.forward(drawn((2, 4), 1))
    grads.fill(1)
    model.zeroGradParameters()
    assert not grads.any()


def test_flatten_makes_one_vector_of_a_list():
    one, other = np.ones((2, 2)), np.zeros(3)
    arrays = [one, other, one.T]
    flat = nn.Module.flatten(arrays)
    assert flat.tolist() == [1, 1, 1, 1, 0, 0, 0]
    flat[1] = 5
    assert arrays[0][0, 1] == arrays[2][1, 0] == 5 != one[0, 1] and np.shares_memory(arrays[1], flat)
    assert nn.Module.flatten([]).size == 0


def test_getParameters_wants_one_type():
    net = nn.Sequential().add(nn.Linear(2, 2)).add(nn.DontCast(nn.Linear(2, 2).double(), True))
    with pytest.raises(nnlite.DtypeError, match=r'expected parameters of one type, got .*Double.* and .*Float'):
        net.getParameters()
    params, _ = net.get(2).getParameters()
    assert params.dtype == np.float64 and np.shares_memory(params, net.get(2).get(1).weight)


def test_getParameters_of_a_part_takes_the_part_with_it():
    model = net()
    flat, _ = model.get(2).getParameters()
    flat += 1
    assert np.shares_memory(model.get(2).get(1).weight, flat)
    whole, _ = model.getParameters()
    assert whole.size == 12 + 3 + 9 + 3 + 6 + 2


def test_results_are_written_again_into_the_same_memory():
    linear = nn.Linear(3, 2)
    first = linear.forward(np.ones((4, 3), np.float32))
    kept = first.copy()
    second = linear.forward(np.zeros((4, 3), np.float32))
    assert np.shares_memory(first, second) and not np.array_equal(first, kept)


def test_outputs_of_maps_lie_channels_last():
    x = drawn((2, 3, 4, 5), 1, np.float32)
    for module in (
        nn.SpatialConvolution(3, 4, 3, 3),
        nn.ReLU(),
        nn.SpatialMaxPooling(2, 2),
        nn.Sigmoid(),
        nn.SoftMax(),
    ):
        output = module.forward(x)
        assert np.moveaxis(output, 1, -1).flags.c_contiguous
        assert np.moveaxis(module.backward(x, np.ones_like(output)), 1, -1).flags.c_contiguous


# What a constructor refuses


@pytest.mark.parametrize(
    'make',
    [
        lambda: nn.Dropout(1),
        lambda: nn.Dropout(-0.1),
        lambda: nn.Threshold(0, 1, True),
        lambda: nn.SpatialUpSamplingNearest(0.5),
        lambda: nn.SpatialUpSamplingNearest(1.5),
        lambda: nn.BatchNormalization(0),
        lambda: nn.View(-1, -1),
        lambda: nn.View(-2),
        lambda: nn.SpatialMaxPooling(2, 2, 1, 1, 2, 2).forward(np.ones((1, 1, 4, 4), np.float32)),
        lambda: nn.Concat(0).add(nn.Identity()).forward(np.ones((2, 2), np.float32)),
        lambda: nn.Concat(2).add(nn.Linear(2, 2)).add(nn.View(1, 4)).forward(np.ones((2, 2), np.float32)),
        lambda: nn.JoinTable(3).forward([np.ones((2, 2), np.float32)]),
        lambda: nn.SpatialMaxPooling(2, 2, 0, 2).forward(np.ones((1, 1, 4, 4), np.float32)),
        lambda: nn.SpatialAveragePooling(2, 2, 1, 0).forward(np.ones((1, 1, 4, 4), np.float32)),
        lambda: nn.SpatialConvolution(1, 1, 2, 2, 0, 1).forward(np.ones((1, 1, 4, 4), np.float32)),
        lambda: nn.SpatialConvolution(1, 1, 2, 2, 1, 1, -1).forward(np.ones((1, 1, 4, 4), np.float32)),
        lambda: nn.Padding(1, -1, None, 0, 0).forward(np.ones(2, np.float32)),
        lambda: nn.SelectTable(0).forward([np.ones(2, np.float32)]),
    ],
)
def test_nonsense_is_refused(make):
    with pytest.raises(nnlite.Error, match=r'expected.*, got '):
        make()


def test_multiplication_in_place_gives_the_input_back_on_the_way_back():
    x, gradOutput = np.float32([1, -2, 3]), np.float32([1, 1, 1])
    times = nn.MulConstant(4, True)
    assert times.forward(x) is x and x.tolist() == [4, -8, 12]
    times.backward(x, gradOutput)
    assert x.tolist() == [1, -2, 3] and gradOutput.tolist() == [4, 4, 4]


def test_dropout_keeps_the_mean():
    nnlite.manualSeed(1)
    dropout, x = nn.Dropout(0.3), np.ones((100, 1000), np.float32)
    y = dropout.forward(x)
    assert abs(y.mean() - 1) < 5 * np.sqrt(0.3 / 0.7 / x.size)  # five standard errors
    assert set(np.unique(y)) == {0, np.float32(1 / np.float32(0.7))}
    np.testing.assert_array_equal(dropout.backward(x, x), y)
    dropout.setp(0.5)
    assert repr(dropout) == 'nn.Dropout(0.500000)'


def test_stochastic_inference_drops_in_evaluation_too():
    dropout = nn.Dropout(0.5, False, False, True).evaluate()
    assert (dropout.forward(np.ones(1000, np.float32)) == 0).any()


def test_sizes_may_be_numpys_numbers():
    x = np.ones((2, 3, 4), np.float32)
    assert nn.View(np.int64(12)).forward(x).shape == nn.Reshape(np.int64(12)).forward(x).shape == (2, 12)


# Files from before a class had all of its fields: Torch takes what is absent for nil


def read(module, *absent, **fields):
    old = type(module).__new__(type(module))
    old.read({name: value for name, value in module.write().items() if name not in absent} | fields)
    return old


def test_old_dropout_has_no_choices():
    dropout = read(nn.Dropout(0.25), 'v2', 'stochastic_inference', 'inplace')
    assert dropout.evaluate().forward(np.float32([4])).tolist() == [3], 'the first version scaled in evaluation'
    assert read(nn.Dropout(0.25), 'stochastic_inference').evaluate().forward(np.float32([4])).tolist() == [4]


def test_old_multiplication_is_not_in_place():
    x = np.float32([2])
    assert read(nn.MulConstant(3), 'inplace').forward(x).tolist() == [6] and x.tolist() == [2]


@pytest.mark.parametrize('gradient', [True, False])
def test_old_convolution_has_one_padding_and_rows_of_weights(gradient):
    convolution, x = nn.SpatialConvolution(2, 3, 3, 3, 1, 1, 1, 1), drawn((1, 2, 4, 4), 1, np.float32)
    rows = {'weight': convolution.weight.reshape(3, 18), 'gradWeight': convolution.gradWeight.reshape(3, 18)}
    absent = ('padW', 'padH') if gradient else ('padW', 'padH', 'gradWeight')
    old = read(convolution, *absent, padding=1, **{name: rows[name] for name in rows if name not in absent})
    np.testing.assert_array_equal(old.forward(x), convolution.forward(x))
    assert 'padding' not in old.write() and np.shares_memory(old.weight, convolution.weight)


def test_weights_that_are_not_of_the_kernel_are_refused(kernels):
    """A file says both: no window may reach beyond the memory of the map."""
    convolution = read(nn.SpatialConvolution(1, 1, 1, 1), weight=np.zeros((1, 1, 300, 300), np.float32))
    x = np.ones((1, 1, 2, 2), np.float32)
    with pytest.raises(nnlite.ShapeError, match=r'expected weight \(1, 1, 1, 1\), got \(1, 1, 300, 300\)'):
        convolution.forward(x)
    convolution = nn.SpatialConvolution(1, 1, 1, 1)
    convolution.gradWeight = np.zeros((1, 1, 300, 300), np.float32)
    refused = {'numpy': 'expected maps of at least', 'numba': 'expected no more windows'}[kernels]
    with pytest.raises(nnlite.ShapeError, match=refused):
        convolution.backward(x, convolution.forward(x))


# The classes of cudnn, as fb.resnet.torch's published networks have them, keep other fields


def test_relu_of_cudnn():
    relu = read(nn.ReLU(), 'threshold', 'val', mode='CUDNN_ACTIVATION_RELU')
    assert relu.forward(np.float32([-1, 2])).tolist() == [0, 2]


@pytest.mark.parametrize(('mode', 'corner'), [('INCLUDE', 1 / 4), ('EXCLUDE', 1)])
def test_average_pooling_of_cudnn_is_a_mean(mode, corner):
    fields = {'mode': f'CUDNN_POOLING_AVERAGE_COUNT_{mode}_PADDING', 'iSize': nnlite.Storage()}
    pool = read(nn.SpatialAveragePooling(2, 2, 1, 1, 1, 1), 'divide', 'count_include_pad', **fields)
    pooled = pool.forward(np.ones((1, 1, 2, 2), np.float32))[0, 0]
    assert (pooled[0, 0], pooled[1, 1]) == (corner, 1)
    assert not fields.keys() & pool.write().keys(), 'a file of ours has the fields of nn'
    summing = read(nn.SpatialAveragePooling(2, 2), 'divide')
    assert summing.forward(np.ones((1, 1, 2, 2), np.float32)).item() == 4, "nn's own class gave sums at first"
