"""Networks as ONNX files: onnxruntime computes what nnlite does, for every row of the table of all modules."""

import math

import numpy as np
import pytest
from golden_files import FOLDER
from table import BASES, MODULES, every
from trees import assert_close, copied, leaves, mapped

import nnlite
from nnlite import Error, FileFormatError, models, nn
from nnlite.interop.onnx import CANNOT, CONTAINERS, LAYERS, OPSET, check_onnx, rules, write_onnx

onnx = pytest.importorskip('onnx')
onnxruntime = pytest.importorskip('onnxruntime')

# Uses that cannot be written, of classes that can: (text of the row, a word of the reason).
USES = {
    'nn.SpatialDropout(0.300000)': 'stochasticInference',
    'nn.VolumetricDropout(0.300000)': 'stochasticInference',
}


def reason(row, given):
    """Return a word of the reason why a row cannot be written, or None if it can."""
    if any(type(module) in CANNOT for module in row.module().listModules()):
        return 'at random'
    if row.text == 'nn.IndexLinear' and len(given) == 3:
        return 'sizes of its samples'
    return USES.get(row.text)


def first(tree):
    return mapped(lambda array: array[:1], tree)


def run(path, given):
    """Return what the file gives for an input, or for a table of them, in the types that it asks for."""
    session = onnxruntime.InferenceSession(path, providers=['CPUExecutionProvider'])
    types = {'tensor(float)': np.float32, 'tensor(double)': np.float64, 'tensor(int64)': np.int64, 'tensor(bool)': bool}
    inputs = session.get_inputs()
    fed = {p.name: array.astype(types[p.type]) for p, array in zip(inputs, leaves(given), strict=True)}
    return session.run(None, fed)


def check(module, given, fixed, path):
    """Write a module for inputs like these; what runs it gives what the module gives, which is returned."""
    write_onnx(module, path, mapped(lambda array: array.shape[not fixed :], given), fixed)
    onnx.checker.check_model(onnx.load(path), full_check=True)
    output = module.forward(copied(given))
    assert_close(run(path, given), output, 1e-5)
    return output


@every(MODULES)
def test_onnxruntime_gives_the_same(row, tmp_path):
    module, given, path = row.module('evaluate', np.float32), row.given(np.float32), tmp_path / 'row.onnx'
    why = reason(row, given)
    if why:
        with pytest.raises(Error, match=why):
            check(module, given, not row.batch, path)
        assert not path.exists()
        return
    output = check(module, given, not row.batch, path)
    if row.batch and 'evaluate' in row.independent:  # the batch is of any size
        assert_close(run(path, first(given)), leaves(first(output)), 1e-5)


@every(MODULES, lambda row: row.single)
def test_onnxruntime_gives_the_same_without_a_batch(row, tmp_path):
    if not reason(row, row.input):
        single = mapped(lambda array: array[0], row.given(np.float32))
        check(row.module('evaluate', np.float32), single, True, tmp_path / 'row.onnx')


def test_every_class_can_be_written_or_is_named():
    classes = {getattr(nn, name) for name in nn.__all__ if name not in BASES}
    modules = {cls for cls in classes if issubclass(cls, nn.Module)}
    assert modules == {*LAYERS, *CONTAINERS, *CANNOT}


NETS = {
    'ResNet-20': (lambda: models.resnet(20, 'cifar10', dropout=0.2), (3, 32, 32)),
    'ResNet-14 with convolutions': (lambda: models.resnet(14, 'tiny-imagenet', 'B'), (3, 35, 31)),
    'plain net': (lambda: models.convnet(9, 'cifar10'), (3, 32, 32)),
    'ResNet-18': (lambda: models.resnet(18, 'imagenet', widths=(8, 16, 24, 32)), (3, 64, 64)),
    'ResNet-50': (lambda: models.resnet(50, 'imagenet', 'B', widths=(4, 8, 8, 16)), (3, 64, 64)),
}


@pytest.mark.parametrize('name', NETS)
def test_networks_are_the_same(name, tmp_path):
    make, shape = NETS[name]
    nnlite.manualSeed(1)
    net = make()
    for norm in net.findModules('nn.SpatialBatchNormalization')[0]:
        norm.running_mean[:] = np.linspace(-0.1, 0.1, len(norm.running_mean))
        norm.running_var[:] = np.linspace(0.7, 1.2, len(norm.running_var))
    write_onnx(net, tmp_path / 'net.onnx', shape)
    onnx.checker.check_model(onnx.load(tmp_path / 'net.onnx'), full_check=True)
    x = np.random.default_rng(2).standard_normal((3, *shape), np.float32)
    difference = check_onnx(net, tmp_path / 'net.onnx', shape)
    output = net.evaluate().forward(x)
    assert difference < 1e-5 * max(1, np.abs(output).max())
    assert_close(run(tmp_path / 'net.onnx', x), output, 1e-5)


@pytest.mark.parametrize('path', sorted(FOLDER.glob('nets/*_final.t7')), ids=lambda path: path.stem)
def test_golden_networks_are_the_same(path, tmp_path):
    net, record = nnlite.load(path), nnlite.load(path.with_name(path.name.replace('final', 'data')))
    images = record['eval_input']
    write_onnx(net, tmp_path / 'net.onnx', images.shape[1:])
    [output] = run(tmp_path / 'net.onnx', images)
    assert_close(output, record['eval_output'], 1e-5)
    assert check_onnx(net, tmp_path / 'net.onnx', images.shape[1:]) < 1e-5


def test_a_fused_network_is_written_as_the_plain_one(tmp_path):
    from nnlite import optnet

    net = models.resnet(8, 'cifar10')
    write_onnx(net, tmp_path / 'plain.onnx', (3, 16, 16))
    write_onnx(optnet.fuse(net.clone()), tmp_path / 'fused.onnx', (3, 16, 16))
    assert (tmp_path / 'plain.onnx').read_bytes() == (tmp_path / 'fused.onnx').read_bytes()


def test_names_are_those_of_errors_and_of_the_state_dict(tmp_path):
    net = models.resnet(8, 'cifar10')
    write_onnx(net, tmp_path / 'net.onnx', (3, 32, 32))
    file = onnx.load(tmp_path / 'net.onnx')
    names = [node.name for node in file.graph.node]
    assert len(set(names)) == len(names)
    assert names[:4] == [
        'Sequential[1]', 'Sequential[2]', 'Sequential[3]',
        'Sequential[4] > Sequential[1] > Sequential[1] > ConcatTable[1] > Sequential[1]',
    ]  # fmt: skip
    arrays = {array.name: onnx.numpy_helper.to_array(array) for array in file.graph.initializer}
    np.testing.assert_array_equal(arrays['layer1.0.conv1.weight'], net.get(4).get(1).get(1).get(1).get(1).weight)
    assert [part.name for part in (*file.graph.input, *file.graph.output)] == ['input', 'output']
    assert file.graph.input[0].type.tensor_type.shape.dim[0].dim_param == 'N'
    assert file.producer_name == 'nnlite' and 'evaluation' in file.doc_string
    assert file.opset_import[0].version == OPSET


def test_a_shared_weight_is_written_once(tmp_path):
    write_onnx(nn.MapTable(nn.Linear(5, 3)), tmp_path / 'net.onnx', [(5,), (5,), (5,)])
    file = onnx.load(tmp_path / 'net.onnx')
    assert [array.name for array in file.graph.initializer] == ['0.weight', '0.bias']
    assert [part.name for part in file.graph.input] == ['input[0]', 'input[1]', 'input[2]']


def test_indices_are_whole_numbers(tmp_path):
    net = nn.Sequential().add(nn.LookupTable(7, 3)).add(nn.Mean(1, 2))
    write_onnx(net, tmp_path / 'net.onnx', (4,))
    assert check_onnx(net, tmp_path / 'net.onnx', (4,)) < 1e-6
    [part] = onnx.load(tmp_path / 'net.onnx').graph.input
    assert part.type.tensor_type.elem_type == onnx.TensorProto.INT64


def test_one_array_can_be_several_outputs(tmp_path):
    net = nn.ConcatTable().add(nn.Identity()).add(nn.Sequential().add(nn.Tanh()).add(nn.Replicate(2, 2)))
    twice = nn.Sequential().add(net).add(nn.ConcatTable().add(nn.Identity()).add(nn.SelectTable(2)))
    check(twice, np.random.default_rng(1).standard_normal((4, 3), np.float32), False, tmp_path / 'net.onnx')


def test_indices_that_are_an_output_too_stay_as_they_are(tmp_path):
    net = nn.ConcatTable().add(nn.LookupTable(7, 3)).add(nn.Identity())
    check(net, np.float32([[7, 1], [2, 2], [3, 5]]), False, tmp_path / 'net.onnx')


def test_how_many_are_selected_is_known_only_when_it_runs(tmp_path):
    net = nn.Sequential().add(nn.MaskedSelect()).add(nn.View(1, -1)).add(nn.Tanh())
    array, mask = np.random.default_rng(1).standard_normal((4, 3), np.float32), np.eye(4, 3, dtype=np.uint8)
    check(net, [array, mask], True, tmp_path / 'net.onnx')


@pytest.mark.parametrize('pooling', [nn.SpatialMaxPooling(3, 2, 3, 2), nn.VolumetricMaxPooling(2, 3, 2)], ids=repr)
def test_what_undoes_a_pooling_whose_windows_hang_over_the_border(pooling, tmp_path):
    undone = nn.SpatialMaxUnpooling if len(pooling.sides) == 2 else nn.VolumetricMaxUnpooling
    net = nn.Sequential().add(pooling.ceil()).add(undone(pooling))
    shape = (2, 2, *(5, 7, 8)[-len(pooling.sides) :])
    check(net, np.random.default_rng(1).standard_normal(shape, np.float32), False, tmp_path / 'net.onnx')


def test_dilated_windows_that_hang_over_the_border(tmp_path):
    for net in (
        nn.SpatialDilatedMaxPooling(3, 3, 3, 1, 1, 0, 2, 3),
        nn.VolumetricDilatedMaxPooling(*2 * (2, 1, 3), 0, 0, 1, 3, 2, 2),
    ):
        x = np.random.default_rng(1).standard_normal((2, 2, 7, 8, 10)[: len(net.sides) + 2], np.float32)
        check(net.ceil(), x, False, tmp_path / 'net.onnx')


def test_windows_beyond_the_map_are_refused(tmp_path):
    beyond = nn.SpatialAveragePooling(1, 1, 3, 3).ceil()
    with pytest.raises(Error, match=r'beyond the border: use floor\(\)'):
        write_onnx(beyond, tmp_path / 'net.onnx', (1, 5, 5))
    write_onnx(beyond.floor(), tmp_path / 'net.onnx', (1, 5, 5))


def test_the_network_stays_as_it_is(tmp_path):
    nnlite.manualSeed(3)
    norm = nn.BatchNormalization(4)
    net = nn.Sequential().add(nn.Linear(4, 4)).add(nn.Dropout(0.5)).add(norm).add(nn.Unsqueeze(1)).double()
    output = net.forward(np.ones((3, 4)))
    before, running, stream = output.copy(), norm.running_mean.copy(), nnlite.getRNGState()
    write_onnx(net, tmp_path / 'net.onnx', (4,))
    assert check_onnx(net, tmp_path / 'net.onnx', (4,)) < 1e-5
    assert net.output is output and net.type() == 'torch.DoubleTensor'
    np.testing.assert_array_equal(output, before)
    np.testing.assert_array_equal(norm.running_mean, running)
    assert all(module.train for module in net.listModules())
    np.testing.assert_array_equal(nnlite.getRNGState(), stream)


class Unknown(nn.Module):
    def updateOutput(self, input):
        self.output = input * 2
        return self.output


def test_all_that_cannot_be_written_is_named_before_anything_is_written(tmp_path):
    net = nn.Sequential().add(Unknown()).add(nn.Concat(2).add(nn.Dropout(0.5, False, False, True)).add(Unknown()))
    (tmp_path / 'net.onnx').write_text('what was there')
    with pytest.raises(Error) as caught:
        write_onnx(net, tmp_path / 'net.onnx', (4,))
    lines = str(caught.value).splitlines()
    assert lines[1:4] == [
        '    Sequential[1] > Unknown: there is no rule for this class',
        '    Sequential[2] > Concat[1] > Dropout(0.500000): it draws random numbers in evaluation too '
        '(stochasticInference)',
        '    Sequential[2] > Concat[2] > Unknown: there is no rule for this class',
    ]
    assert (tmp_path / 'net.onnx').read_text() == 'what was there'


def test_a_loss_is_refused(tmp_path):
    loss = nn.CriterionTable(nn.MSECriterion())
    with pytest.raises(Error, match=r'CriterionTable.*: it is a loss'):
        write_onnx(loss, tmp_path / 'net.onnx', [(3,), (3,)])


def test_a_class_can_be_taught(tmp_path, monkeypatch):
    monkeypatch.setattr(rules, 'LAYERS', LAYERS)
    monkeypatch.setitem(LAYERS, Unknown, lambda graph, module, x, out: graph.node('Mul', x, 2.0))
    check(nn.Sequential().add(Unknown()), np.ones((3, 4), np.float32), False, tmp_path / 'net.onnx')


@pytest.mark.parametrize(
    ('module', 'why'),
    [
        (nn.Reshape(2, 6, False), 'fixes the size'),
        (nn.View(4, 3), 'fixes the size'),
        (nn.SplitTable(1), 'takes the batch apart'),
        (nn.CMul(2, 6), 'fixes the size'),
        (nn.Parallel(1, 1).add(nn.Identity()), 'takes the batch apart'),
        (nn.TemporalDynamicKMaxPooling(2, 0.5), 'takes the batch apart'),
        (nn.FeatureLPPooling(2, 2, 2, False), 'takes the batch apart'),
    ],
    ids=repr,
)
def test_what_fixes_the_batch_is_written_for_one(module, why, tmp_path):
    net = nn.Sequential().add(nn.Identity()).add(module)
    with pytest.raises(Error, match=rf'(?s)Sequential\[2\] > .*{why}.*hint: .*fixed=True'):
        write_onnx(net, tmp_path / 'net.onnx', (6,))


def test_a_fixed_batch(tmp_path):
    net = nn.Reshape(2, 6, False)
    write_onnx(net, tmp_path / 'net.onnx', (2, 6), fixed=True)
    assert check_onnx(net, tmp_path / 'net.onnx', (2, 6), fixed=True) == 0


def test_a_view_of_the_batch_keeps_it(tmp_path):
    net = nn.Sequential().add(nn.View(12)).add(nn.Linear(12, 5))
    write_onnx(net, tmp_path / 'net.onnx', (3, 2, 2))
    for count in (1, 2, 5):
        x = np.random.default_rng(count).standard_normal((count, 3, 2, 2), np.float32)
        [output] = run(tmp_path / 'net.onnx', x)
        assert_close(output, net.forward(x).reshape(count, 5), 1e-5)


def test_wrong_shapes_are_named(tmp_path):
    net = (
        nn.Sequential().add(nn.SpatialConvolution(3, 4, 3, 3)).add(nn.View(-1).setNumInputDims(3)).add(nn.Linear(9, 2))
    )
    with pytest.raises(nnlite.ShapeError, match=r'Sequential\[3\] > Linear'):
        write_onnx(net, tmp_path / 'net.onnx', (3, 8, 8))
    for shape in ((3, 0, 8), (3, 8.5), [], 'shape', [(3,), ('a',)]):
        with pytest.raises(Error, match='shape'):
            write_onnx(net, tmp_path / 'net.onnx', shape)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize('module', [nn.SplitTable(2), nn.Dropout(0.5, True), nn.Convert('bchw', 'bf')], ids=repr)
def test_a_table_where_none_is_due_is_named(module, tmp_path):
    net = nn.Sequential().add(nn.Identity()).add(module.evaluate())
    with pytest.raises(nnlite.ShapeError, match=rf'(?s)Sequential\[2\] > {type(module).__name__}.*\(2, 3\), \(2, 4\)'):
        write_onnx(net, tmp_path / 'net.onnx', [(3,), (4,)])


def test_too_large_a_network_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr('nnlite.interop.onnx.write.MOST', 100)
    with pytest.raises(Error, match=r'(?s)net.onnx.*2 GB'):
        write_onnx(nn.Linear(5, 6), tmp_path / 'net.onnx', (5,))


def test_a_damaged_file_is_one_clear_error(tmp_path, capfd):
    net, path = nn.Sequential().add(nn.Linear(5, 6)).add(nn.Tanh()), tmp_path / 'net.onnx'
    write_onnx(net, path, (5,))
    content = path.read_bytes()
    half, no_text = content[: len(content) // 2], content.replace(b'Gemm', b'Ge\xffm')
    for damaged in (b'', b'no model', half, half[::-1], no_text):
        path.write_bytes(damaged)
        with pytest.raises(FileFormatError, match=r'net\.onnx'):
            check_onnx(net, path, (5,))
    assert capfd.readouterr() == ('', '')


def test_another_networks_file_is_refused(tmp_path):
    write_onnx(nn.Linear(5, 6), tmp_path / 'net.onnx', (5,))
    with pytest.raises(FileFormatError, match='expected an output'):
        check_onnx(nn.Linear(5, 7), tmp_path / 'net.onnx', (5,))
    with pytest.raises(FileFormatError, match='inputs and outputs'):
        check_onnx(nn.CAddTable(), tmp_path / 'net.onnx', [(5,), (5,)])
    other = nn.Linear(5, 6)
    other.weight[0, 0] = math.nan
    assert check_onnx(other, tmp_path / 'net.onnx', (5,)) == math.inf


def test_without_the_packages(tmp_path, monkeypatch):
    write_onnx(nn.Linear(5, 6), tmp_path / 'net.onnx', (5,))
    monkeypatch.setitem(__import__('sys').modules, 'onnx', None)
    monkeypatch.setitem(__import__('sys').modules, 'onnxruntime', None)
    assert check_onnx(nn.Linear(5, 6), tmp_path / 'net.onnx', (5,)) is None
    with pytest.raises(Error, match=r'(?s)package onnx.*pip install nnlite\[convert\]'):
        write_onnx(nn.Linear(5, 6), tmp_path / 'other.onnx', (5,))
    assert not (tmp_path / 'other.onnx').exists()
