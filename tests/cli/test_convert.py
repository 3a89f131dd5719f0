import os
import shutil
import sys
from unittest.mock import Mock

import h5py
import numpy as np
import onnx
import pytest
import torch
from golden_files import FOLDER
from safetensors.numpy import load_file, save_file

import nnlite
from nnlite import interop, models, nn
from nnlite.cli import main
from nnlite.interop import conversion, from_state_dict, state_dict
from nnlite.interop.example_input import find_shape
from nnlite.interop.onnx import rules as onnx_rules

NETS = FOLDER / 'nets'
CHECKPOINT = {'classes': ['one', 'two'], 'names': ['a one', 'a two']}
CHECKPOINT['pictures'] = {'size': [8, 8], 'mean': [0.1, 0.2, 0.3], 'std': [1, 1, 0.5]}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def net():
    nnlite.manualSeed(1)
    model = models.resnet(8, 'cifar10', 'B', 0.5, classes=2, widths=(4, 5, 6))
    for number, norm in enumerate(model.findModules('nn.SpatialBatchNormalization')[0]):
        norm.running_mean += 0.1 * number
    return model


def same(arrays, others):
    return arrays.keys() == others.keys() and all(np.array_equal(arrays[name], others[name]) for name in arrays)


def left(folder):
    return sorted(path.name for path in folder.iterdir())


def test_every_direction(folder, net, capsys):
    nnlite.save('net.t7', {'model': net, **CHECKPOINT})
    arrays = state_dict(net)
    for source, target in [
        ('net.t7', 'a.t7'), ('a.t7', 'b.safetensors'), ('b.safetensors', 'c.h5'), ('c.h5', 'd.safetensors'),
        ('d.safetensors', 'e.t7'), ('e.t7', 'f.pt'), ('c.h5', 'g.pt'), ('b.safetensors', 'h.onnx'), ('e.t7', 'i.onnx'),
    ]:  # fmt: skip
        assert main(['convert', source, target]) == 0
        said = capsys.readouterr().out
        assert said.startswith(f'{target}: ')
        assert 'largest difference ' in said
        assert ('run in PyTorch' in said) == target.endswith(('safetensors', 'h5', 'pt'))
        assert ('run by onnxruntime' in said) == target.endswith('onnx')
    last = nnlite.load('e.t7')
    assert {name: last[name] for name in CHECKPOINT} == CHECKPOINT
    assert repr(last['model']) == repr(net)
    assert same(state_dict(last['model']), arrays)
    assert same(load_file('d.safetensors'), arrays)
    assert same({name: tensor.numpy() for name, tensor in torch.load('g.pt', weights_only=True).items()}, arrays)
    with h5py.File('c.h5') as file:
        assert same({name: file[name][()] for name in file}, arrays)
    names = {node.name for node in onnx.load('i.onnx').graph.node}
    assert any('ConcatTable[1]' in name for name in names)
    assert not [name for name in left(folder) if name.startswith('.')]


def test_networks_of_torch7_with_and_without_like(folder, capsys):
    shutil.copy(NETS / 'resnetB_float_final.t7', 'net.t7')
    assert main(['convert', 'net.t7', 'net.safetensors']) == 0
    assert 'is read with --like' in capsys.readouterr().out
    assert main(['convert', 'net.safetensors', 'again.t7', '--like', str(NETS / 'resnetB_float_initial.t7')]) == 0
    assert same(state_dict(nnlite.load('again.t7')), state_dict(nnlite.load('net.t7')))
    nnlite.save('other.t7', nn.Sequential().add(nn.Linear(3, 2)))
    assert main(['convert', 'net.safetensors', 'x.t7', '--like', 'other.t7']) == 2
    assert 'missing: 0.weight, 0.bias' in capsys.readouterr().err
    assert main(['convert', 'net.t7', 'x.t7', '--like', 'other.t7']) == 2
    assert 'expected --like for weights' in capsys.readouterr().err
    assert 'x.t7' not in left(folder)


def test_torchvisions_weights_train_here(folder, shapes, net, capsys):
    """Weights with names of PyTorch's begin a run, but for the classifier, whose classes are others."""
    save_file(state_dict(net), 'theirs.safetensors')
    line = ['train', '--depth', '8', '--shortcut', 'B', '--widths', '4', '5', '6', '--dropout', '0', '--data', shapes]
    line += ['--pretrained', 'theirs.safetensors', '--epochs', '1', '--limit', '8', '--lr', '1e-9', '--quiet']
    assert main([*line, '--save', 'run']) == 0
    trained = state_dict(nnlite.load('run/latest.t7')['model'])
    for name, array in state_dict(net).items():
        if name.endswith('weight') and not name.startswith('fc'):
            assert np.allclose(trained[name], array, atol=1e-6)
    assert main([*line, '--shortcut', 'A', '--save', 'other']) == 2
    assert 'the file is of --net resnet --depth 8 --shortcut B --dropout 0 --widths 4 5 6' in capsys.readouterr().err
    torch.save({}, 'theirs.pt')
    assert main([*line, '--pretrained', 'theirs.pt', '--save', 'other']) == 2
    assert 'safetensors.torch.save_file' in capsys.readouterr().err


def test_the_three_ways_begin_with_torchvisions_weights(folder):
    theirs = state_dict(models.resnet(18, 'imagenet', 'B', classes=5))
    save_file({**theirs, 'bn1.num_batches_tracked': np.array(3)}, 'resnet18.safetensors')
    pretrained = from_state_dict('resnet18.safetensors')
    for make in (models.resnet18_upsampled, models.resnet18_finetune):
        made = state_dict(make(4, pretrained))
        assert all(np.array_equal(made[name], theirs[name]) for name in made if not name.startswith('fc'))


INPUTS = [
    pytest.param(lambda: nn.Sequential().add(nn.Linear(7, 2)), 'input (2, 7)', id='vectors'),
    pytest.param(lambda: nn.Sequential().add(nn.View(12)).add(nn.Linear(12, 2)), 'input (2, 3, 2, 2)', id='in a row'),
    pytest.param(lambda: nn.Sequential().add(nn.TemporalConvolution(3, 2, 40)), 'input (2, 64, 3)', id='frames'),
    pytest.param(lambda: nn.Sequential().add(nn.SpatialConvolutionMM(2, 3, 5, 5)).add(nn.View(3 * 24 * 24))
                 .add(nn.Linear(3 * 24 * 24, 2)), 'input (2, 2, 28, 28)', id='pictures of 28 pixels'),
    pytest.param(lambda: nn.Sequential().add(nn.LookupTable(9, 3)).add(nn.Mean(2)), 'input (2, 32)', id='words'),
    pytest.param(lambda: nn.Euclidean(5, 2), 'input (2, 5)', id='distances'),
    pytest.param(lambda: nn.Cosine(5, 2), 'input (2, 5)', id='cosines'),
    pytest.param(lambda: nn.SparseLinear(9, 2), 'input (2, 32, 2)', id='entries'),
    pytest.param(lambda: nn.SpatialConvolutionLocal(2, 3, 7, 5, 3, 3), 'input (2, 2, 5, 7)', id='one size'),
]  # fmt: skip


@pytest.mark.parametrize(('make', 'said'), INPUTS)
def test_an_input_is_looked_for(make, said, folder, capsys):
    nnlite.save('net.t7', make())
    assert main(['convert', 'net.t7', 'net.h5']) == 0
    assert said in capsys.readouterr().out
    assert main(['convert', 'net.t7', 'net.onnx']) == 0


def test_an_input_is_given_where_none_is_found(folder, capsys):
    table = nn.ParallelTable().add(nn.Linear(3, 2)).add(nn.Linear(3, 2))
    nnlite.save('table.t7', nn.Sequential().add(table).add(nn.CAddTable()))
    assert main(['convert', 'table.t7', 'table.h5']) == 2
    assert '--no-run compares' in capsys.readouterr().err
    assert main(['convert', 'table.t7', 'table.onnx', '--no-run']) == 2
    assert '--no-run' not in capsys.readouterr().err
    assert main(['convert', 'table.t7', 'table.h5', '--no-run']) == 0
    assert 'not run: of the numbers: largest difference 0' in capsys.readouterr().out
    for target in ('table.h5', 'table.onnx', 'again.t7'):
        assert main(['convert', 'table.t7', target, '--shape', '3', '--shape', '3']) == 0
        assert 'largest difference' in capsys.readouterr().out
    nnlite.save('net.t7', nn.Sequential().add(nn.Reshape(12)).add(nn.Linear(12, 2)))
    assert main(['convert', 'net.t7', 'net.h5', '--shape', '3', '2', '2']) == 0
    assert 'input (2, 3, 2, 2)' in capsys.readouterr().out
    assert main(['convert', 'net.t7', 'net.h5', '--size', '2']) == 0
    assert main(['convert', 'net.t7', 'no.h5', '--size', '3']) == 2
    assert main(['convert', 'net.t7', 'no.h5', '--shape', '0']) == 2
    assert not (folder / 'no.h5').exists()


def test_a_network_for_one_size_of_the_batch(folder, capsys):
    nnlite.save('net.t7', nn.Sequential().add(nn.Linear(4, 6)).add(nn.View(3, 12)))
    assert main(['convert', 'net.t7', 'net.onnx', '--batch', '6']) == 0
    assert 'for inputs (6, 4)' in capsys.readouterr().out
    assert [dim.dim_value for dim in onnx.load('net.onnx').graph.input[0].type.tensor_type.shape.dim] == [6, 4]
    nnlite.save('two.t7', nn.Sequential().add(nn.Linear(4, 6)).add(nn.View(2, 6)))
    assert main(['convert', 'two.t7', 'two.onnx']) == 2
    assert '--batch N' in capsys.readouterr().err
    assert main(['convert', 'net.t7', 'net.onnx', '--batch', '0']) == 2


def test_too_large_inputs_are_refused_not_made(folder, monkeypatch, capsys):
    net = nn.VolumetricConvolution(3, 2, 1, 1, 1)
    assert find_shape(net) == (3, 16, 112, 112)
    nnlite.save('net.t7', nn.Sequential().add(net).add(nn.View(2 * 99).setNumInputDims(4)).add(nn.Linear(2 * 99, 2)))
    assert main(['convert', 'net.t7', 'net.onnx']) == 2
    assert '224' not in capsys.readouterr().err
    assert main(['convert', 'net.t7', 'net.onnx', '--shape', *['65536'] * 4]) == 2
    assert 'at most 134,217,728 numbers' in capsys.readouterr().err
    monkeypatch.setattr('nnlite.cli.convert.convert_network', Mock(side_effect=MemoryError))
    assert main(['convert', 'net.t7', 'net.onnx']) == 2
    assert '--shape 3 32 32' in capsys.readouterr().err


@pytest.mark.parametrize('target', ['net.t7', 'net.h5', 'net.safetensors', 'net.pt', 'net.onnx'])
def test_numbers_that_are_none_are_said(target, folder):
    net = nn.Sequential().add(nn.Linear(3, 2)).add(nn.MulConstant(2))
    net.get(1).weight[0, 0] = np.nan
    said = '\n'.join(conversion.convert_network(net, target))
    count = 10 if target.endswith('onnx') else 4  # of five samples, or of two
    told = said.count(f'{count // 2} of {count} numbers are NaN or Inf in both')
    assert told == said.count('largest difference') > 0
    assert 'NaN or Inf in 0.weight: 1 of ' in said
    net.get(1).weight[1] = -np.inf
    net.get(1).bias[1] = np.nan
    said = '\n'.join(conversion.convert_network(net, target))
    assert f'nothing was compared: of the {count} numbers that come out none is finite' in said
    assert 'largest difference' not in said


def test_an_onnx_file_is_compared_with_the_network_in_its_own_type(folder, recwarn):
    net = nn.Sequential().add(nn.Linear(2, 1, False)).add(nn.MulConstant(1e8)).double()
    net.get(1).weight[...] = 1 + 1e-9, -1  # float32 has no such number
    nnlite.save('net.t7', net)
    assert interop.write_onnx(net, 'net.onnx', (2,)) is None
    assert interop.check_onnx(net, 'net.onnx', (2,)) > 0.01
    interop.write_onnx(net.clone().type('torch.HalfTensor'), 'half.onnx', (2,))
    net.get(1).weight[0, 0] = 1e300
    with pytest.raises(nnlite.Error, match=r'in 0.weight\n.*float32'):
        interop.write_onnx(net, 'large.onnx', (2,))
    assert not recwarn.list


@pytest.mark.parametrize('random', [nn.Dropout(0.5, False, False, True), nn.SpatialFractionalMaxPooling(2, 2, 4, 4)])
def test_networks_that_draw_in_evaluation_draw_the_same(random, folder):
    net = nn.Sequential().add(nn.SpatialConvolution(3, 4, 3, 3)).add(random)
    state = nnlite.getRNGState()
    assert conversion.convert_network(net, 'net.t7', (3, 9, 9))[1].endswith('largest difference 0')
    read, theirs = conversion.convert_network(net, 'net.safetensors', (3, 9, 9))[-2:]
    assert read.endswith('largest difference 0')
    assert theirs.startswith('not run in PyTorch, which draws other random numbers')
    assert (nnlite.getRNGState() == state).all()


def test_what_the_file_says_and_the_network_does_not(folder):
    net = models.resnet(8, 'cifar10', 'A-subsample', classes=3, widths=(2, 3, 4))
    said = conversion.convert_network(net, 'net.SAFETENSORS', beside={'classes': ['a', 'b']})
    assert 'it names 2 classes, and the network gives 3 scores' in said
    assert any('akamaster' in line for line in said)
    assert not any('akamaster' in line for line in conversion.convert_network(from_state_dict('net.SAFETENSORS').add(
        nn.Identity()), 'net.h5'))  # fmt: skip


def test_in_and_out_are_looked_at_first(folder, net, monkeypatch, capsys):
    (folder / 'run').mkdir()
    nnlite.save('run/latest.t7', net)
    assert main(['convert', 'run', 'net.H5']) == 0
    monkeypatch.setattr(conversion, 'find_shape', None)
    for target in ('run', 'x' * 300 + '.t7'):
        (folder / 'run.t7').mkdir(exist_ok=True)
        assert main(['convert', 'run', target if target != 'run' else 'run.t7']) == 2
        said = capsys.readouterr().err
        assert '.part' not in said
        assert ('expected the name of a file' in said) or ('too long' in said and 'xxx.t7' in said)
    torch.save({'state_dict': {}}, 'net.th')
    for line in (['net.th', 'x.t7'], ['net.th', 'x.t7', '--like', 'run']):
        assert main(['convert', *line]) == 2
        assert 'got a pickle of PyTorch' in capsys.readouterr().err
    os.mkfifo('pipe.t7')
    assert main(['convert', 'pipe.t7', 'x.t7']) == 2
    with pytest.raises(SystemExit):
        main(['convert', 'run', 'x.t7', '--shape', '3', '--size', '4'])


def test_what_cannot_be_is_named_before_anything_is_written(folder, capsys):
    inner = nn.Sequential().add(nn.SpatialConvolution(3, 2, 1, 1)).add(nn.SpatialFractionalMaxPooling(2, 2, 4, 4))
    nnlite.save('net.t7', nn.Sequential().add(nn.ReLU()).add(inner))
    assert main(['convert', 'net.t7', 'net.onnx']) == 2
    said = capsys.readouterr().err
    assert 'Sequential[2]' in said
    assert 'SpatialFractionalMaxPooling' in said
    nnlite.save('empty.t7', nn.ReLU())
    assert main(['convert', 'empty.t7', 'empty.h5', '--shape', '3']) == 2
    assert main(['convert', 'net.t7', 'net.txt']) == 2
    assert 'expected a name that ends in .t7' in capsys.readouterr().err
    assert main(['convert', 'net.onnx', 'net.t7']) == 2
    assert 'only written' in capsys.readouterr().err
    assert main(['convert', 'net.t7', 'none/net.h5']) == 2
    assert 'expected a folder' in capsys.readouterr().err
    (folder / 'bad.safetensors').write_bytes(b'x' * 20)
    assert main(['convert', 'bad.safetensors', 'net2.t7']) == 2
    assert 'damaged' in capsys.readouterr().err
    assert left(folder) == ['bad.safetensors', 'empty.t7', 'net.t7']


def test_a_class_that_pytorch_has_not_is_named_and_the_rest_compared(folder):
    class Twice(nn.MulConstant):
        pass

    net = nn.Sequential().add(nn.Linear(3, 2)).add(nn.Sequential().add(Twice(2)))
    lines = conversion.convert_network(net, 'net.safetensors')
    assert 'largest difference 0' in lines[-2]
    assert lines[-1] == 'not run in PyTorch, which cannot express 1.0 (nn.Twice)'


def test_a_difference_is_an_error_and_leaves_what_was_there(folder, net, monkeypatch, capsys):
    nnlite.save('net.t7', net)
    (folder / 'net.h5').write_text('as it was')
    read = conversion.read_weights

    def worse(path):
        weights = read(path)
        weights.arrays['fc.bias'] = weights.arrays['fc.bias'] + np.float32(2e-4)
        return weights

    monkeypatch.setattr(conversion, 'read_weights', worse)
    assert main(['convert', 'net.t7', 'net.h5']) == 2
    assert 'at most 0.0001, got 0.0002' in capsys.readouterr().err
    assert (folder / 'net.h5').read_text() == 'as it was'
    assert left(folder) == ['net.h5', 'net.t7']


def test_a_network_that_relies_on_working_in_place_is_found_out(folder, capsys):
    """The second branch sees what the first one has made of their input; PyTorch's modules do not work in place."""
    fork = nn.ConcatTable().add(nn.ReLU(True)).add(nn.Identity())
    nnlite.save('net.t7', nn.Sequential().add(nn.Linear(3, 4)).add(fork).add(nn.CAddTable()))
    assert main(['convert', 'net.t7', 'net.safetensors']) == 2
    assert 'in place' in capsys.readouterr().err
    assert left(folder) == ['net.t7']


@pytest.mark.parametrize(('package', 'target', 'status', 'said'), [
    ('safetensors', 'net.safetensors', 2, "pip install 'nnlite[convert]'"),
    ('torch', 'net.pt', 2, 'pip install torch'),
    ('torch', 'net.h5', 0, 'not run in PyTorch: it is not installed'),
    ('onnx', 'net.onnx', 2, 'nnlite[convert]'),
    ('onnxruntime', 'net.onnx', 0, 'not run: onnxruntime is not installed'),
])  # fmt: skip
def test_what_is_not_installed_is_said(package, target, status, said, folder, net, monkeypatch, capsys):
    nnlite.save('net.t7', net)
    monkeypatch.setitem(sys.modules, package, None)
    assert main(['convert', 'net.t7', target]) == status
    assert said in ''.join(capsys.readouterr())
    assert (folder / target).exists() == (status == 0)


class Four(nn.Module):
    """The first four samples: of two and of three, which a file is made with, that is all."""

    def updateOutput(self, input):
        self.output = input[:4]
        return self.output


def test_a_file_for_any_batch_is_run_on_another_one_and_no_temporary_name_told(folder, monkeypatch):
    monkeypatch.setitem(onnx_rules.LAYERS, Four, lambda graph, module, x, out: graph.node('Identity', x))
    with pytest.raises(nnlite.FileFormatError) as caught:
        conversion.convert_network(Four(), 'net.onnx', (3,))
    assert str(caught.value).startswith('in net.onnx\n  expected an output (4, 3), as the network gives, got (5, 3)\n')
    assert '--batch N' in caught.value.hint
    assert left(folder) == []
    conversion.convert_network(Four(), 'net.onnx', (3,), batch=2)


@pytest.mark.parametrize('target', ['other.t7', 'other.onnx'])
def test_an_input_that_the_network_cannot_take_is_one_error(target, folder, capsys):
    nnlite.save('net.t7', nn.OneHot(4))
    assert main(['convert', 'net.t7', target, '--shape', '2', '3', '--shape', '3']) == 2
    assert 'expected an input that' in capsys.readouterr().err
    assert left(folder) == ['net.t7']


def test_modules_too_deep_in_one_another_are_one_error(folder, capsys):
    net = nn.Linear(3, 3)
    for _ in range(1500):
        net = nn.Sequential().add(net)
    nnlite.save('net.t7', net)
    assert main(['convert', 'net.t7', 'net.onnx']) == 2
    assert 'at most 100 modules in one another' in capsys.readouterr().err
    assert left(folder) == ['net.t7']
    cyclic = nn.Sequential()
    cyclic.modules.append(cyclic)
    nnlite.save('net.t7', cyclic)
    assert main(['classify', 'net.t7', 'picture.png']) == 2
    assert 'net.t7' in capsys.readouterr().err


@pytest.mark.parametrize('target', ['other.h5', 'other.safetensors', 'other.pt'])
def test_weights_of_any_network_go_on_as_they_are(target, folder, capsys):
    arrays = {'encoder.w': np.arange(6.0).reshape(2, 3), 'decoder.b': np.float16([1, np.nan])}
    interop.write_weights('any.safetensors', arrays, {'classes': '["a"]'})
    assert main(['convert', 'any.safetensors', target]) == 0
    assert 'not run' in (said := capsys.readouterr().out) and '--like' in said
    if target == 'other.pt':
        found = {name: tensor.numpy() for name, tensor in torch.load(target, weights_only=True).items()}
    else:
        weights = interop.read_weights(target)
        found = weights.arrays
        assert weights.facts == {'classes': '["a"]'}
    assert {name: array.dtype for name, array in found.items()} == {n: array.dtype for n, array in arrays.items()}
    assert all(np.array_equal(found[name], array, equal_nan=True) for name, array in arrays.items())
    assert main(['convert', 'any.safetensors', 'net.t7']) == 2
    assert 'NET.t7' in capsys.readouterr().err
    assert left(folder) == sorted(['any.safetensors', target])


def test_sizes_that_are_none_are_not_tried():
    net = nn.SpatialConvolution(3, 2, 3, 3)
    net.nInputPlane = 1.5
    with pytest.raises(nnlite.Error, match=r"shape of the network's input.*\(1\.5, 32, 32\)"):
        find_shape(net)
