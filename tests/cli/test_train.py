import re
import signal
import subprocess
import sys

import numpy as np
import pytest

import nnlite
from nnlite.cli import main
from nnlite.tensor.devices import why_no_gpu

NET = ['--depth', '7', '--widths', '2', '3', '4', '--dropout', '0.5', '--batch', '16', '--seed', '3']


def train(shapes, *more, epochs=2):
    return main(['train', *NET, '--epochs', str(epochs), '--data', shapes, *map(str, more)])


def learnt(folder):
    return [array.tobytes() for _, _, array in nnlite.load(folder / 'latest.t7')['model'].arrays()]


def test_it_says_what_it_does_and_leaves_the_run(shapes, tmp_path, capfd):
    assert train(shapes, '--save', tmp_path / 'run') == 0
    out, err = capfd.readouterr()
    assert 'resnet of 7 layers (cifar10): ' in out
    assert '48 training images, 20 validation images' in out
    assert f'kernels {nnlite.getkernels()}, threads {nnlite.getnumthreads()}' in out
    assert out.count('val: loss') == 2
    assert err == ''
    assert sorted(path.name for path in (tmp_path / 'run').iterdir()) == [
        'best.t7', 'curves.png', 'latest.t7', 'log.csv',
    ]  # fmt: skip


def test_quiet_says_nothing(shapes, tmp_path, capfd):
    assert train(shapes, '--save', tmp_path / 'run', '--quiet', epochs=1) == 0
    assert capfd.readouterr() == ('', '')


def test_a_seed_decides_the_result_and_workers_do_not(shapes, tmp_path):
    for name, more in (('one', []), ('two', ['--workers', '3']), ('three', ['--seed', '4'])):
        assert train(shapes, '--save', tmp_path / name, '--quiet', *more, epochs=1) == 0
    assert learnt(tmp_path / 'one') == learnt(tmp_path / 'two')
    assert learnt(tmp_path / 'one') != learnt(tmp_path / 'three')


def test_without_data_it_says_how_to_make_some(tmp_path, capsys):
    assert main(['train', '--save', str(tmp_path / 'run')]) == 2
    said = capsys.readouterr().err
    assert 'expected a data set' in said and 'nnlite prep shapes' in said
    assert not (tmp_path / 'run').exists()


@pytest.mark.parametrize(
    'more, said',
    [
        ([], 'expected a folder'),
        (['--save', 'a', '--resume', 'b'], 'expected one folder'),
        (['--save', 'a', '--epochs', '0'], 'expected 1 epoch or more'),
        (['--save', 'a', '--depth', '5'], 'depth of 7 or more'),
        (['--save', 'a', '--batch', '0'], 'batchSize of 1 or more'),
        (['--save', 'a', '--limit', '0'], 'limit of 1 or more'),
        (['--save', 'a', '--lr', 'nan'], 'learning rate'),
        (['--save', 'a', '--dropout', '2'], 'ropout'),
    ],
)
def test_bad_arguments_are_2_and_leave_nothing(shapes, tmp_path, monkeypatch, capsys, more, said):
    monkeypatch.chdir(tmp_path)
    assert train(shapes, *more) == 2 if '--epochs' not in more else main(['train', '--data', shapes, *more]) == 2
    assert said in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_resuming_needs_the_same_arguments(shapes, tmp_path, capsys):
    assert train(shapes, '--save', tmp_path / 'run', '--quiet', epochs=1) == 0
    assert train(shapes, '--save', tmp_path / 'run', '--quiet', epochs=1) == 2
    assert '--resume' in capsys.readouterr().err
    assert train(shapes, '--resume', tmp_path / 'run', '--quiet', '--dropout', '0.1', epochs=2) == 2
    said = capsys.readouterr().err
    assert 'dropout: 0.5 before, 0.1 now' in said and 'epochs: 1 before, 2 now' in said
    assert train(shapes, '--resume', tmp_path / 'run', '--quiet', epochs=1) == 0


def test_ctrl_c_is_130_and_resume_goes_on_to_the_same_bits(shapes, tmp_path):
    assert train(shapes, '--save', tmp_path / 'whole', '--quiet', epochs=8) == 0
    line = [sys.executable, '-u', '-m', 'nnlite', 'train', *NET, '--epochs', '8', '--data', shapes]
    with subprocess.Popen([*line, '--save', str(tmp_path / 'run')], stdout=subprocess.PIPE, text=True) as process:
        for said in process.stdout:
            if said.startswith('epoch'):
                process.send_signal(signal.SIGINT)
                break
        process.stdout.read()
    assert process.returncode == 130
    checkpoint = nnlite.load(tmp_path / 'run' / 'latest.t7')
    assert 1 < checkpoint['epoch'] <= 8
    assert train(shapes, '--resume', tmp_path / 'run', '--quiet', epochs=8) == 0
    assert learnt(tmp_path / 'run') == learnt(tmp_path / 'whole')


def test_a_run_that_diverges_is_1_and_names_the_module(shapes, tmp_path, capsys):
    assert train(shapes, '--save', tmp_path / 'run', '--quiet', '--lr', '1e30') == 1
    said = capsys.readouterr().err
    assert 'in Sequential[' in said and 'SpatialConvolution(' in said and 'learning rate' in said
    model = nnlite.load(tmp_path / 'run' / 'latest.t7')['model']
    assert all(np.isfinite(array).all() for _, _, array in model.arrays())


def test_pretrained_parameters_are_begun_with(shapes, tmp_path, capsys):
    assert train(shapes, '--save', tmp_path / 'first', '--quiet', epochs=1) == 0
    file = tmp_path / 'first' / 'latest.t7'
    more = ('--quiet', '--lr', '1e-12', '--weight-decay', '0', '--pretrained', file)
    assert train(shapes, '--save', tmp_path / 'second', *more, epochs=1) == 0
    before, after = (nnlite.load(path / 'latest.t7')['model'] for path in (tmp_path / 'first', tmp_path / 'second'))
    for old, new in zip(before.parameters()[0], after.parameters()[0], strict=True):
        np.testing.assert_allclose(old, new, atol=1e-6)
    assert train(shapes, '--save', tmp_path / 'third', '--depth', '9', *more, epochs=1) == 2
    assert 'expected a network' in capsys.readouterr().err


def test_a_network_of_other_classes_keeps_all_but_its_classifier(shapes, tmp_path):
    assert train(shapes, '--save', tmp_path / 'first', '--quiet', epochs=1) == 0
    checkpoint = nnlite.load(tmp_path / 'first' / 'latest.t7')
    checkpoint['classes'] = [f'other {name}' for name in checkpoint['classes']]
    nnlite.save(tmp_path / 'other.t7', checkpoint)
    more = ('--quiet', '--lr', '1e-12', '--weight-decay', '0', '--pretrained', tmp_path / 'other.t7')
    assert train(shapes, '--save', tmp_path / 'second', *more, epochs=1) == 0
    new = nnlite.load(tmp_path / 'second' / 'latest.t7')['model'].parameters()[0]
    same = [np.allclose(a, b, atol=1e-6) for a, b in zip(checkpoint['model'].parameters()[0], new, strict=True)]
    assert same[:-2] == [True] * (len(same) - 2) and not same[-2]


def test_data_without_validation_images_will_do(tmp_path, capsys):
    line = ['prep', 'shapes', '--size', '16', '--train', '20', '--val', '0', '--out', str(tmp_path / 'd.h5'), '--quiet']
    assert main(line) == 0
    assert train(str(tmp_path / 'd.h5'), '--save', tmp_path / 'run', epochs=1) == 0
    assert 'val' not in capsys.readouterr().out
    assert sorted(path.name for path in (tmp_path / 'run').iterdir()) == ['curves.png', 'latest.t7', 'log.csv']
    assert main(['test', str(tmp_path / 'run'), '--data', str(tmp_path / 'd.h5')]) == 2
    assert 'val' in capsys.readouterr().err


def test_a_gpu_trains_tests_and_goes_on(shapes, tmp_path, capfd, cupy):
    more = ('--dropout', '0', '--device', 'cuda', '--limit', '20', '--no-graph')
    assert train(shapes, '--save', tmp_path / 'run', *more, epochs=1) == 0
    out = capfd.readouterr().out
    assert 'kernels cupy, ' in out and 'device cuda:0 (' in out and 'GPU memory: ' in out
    assert 'the training images lie on the GPU' in out
    assert nnlite.load(tmp_path / 'run' / 'latest.t7')['environment']['kernels'] == 'cupy'
    assert train(shapes, '--resume', tmp_path / 'run', *more, '--quiet', epochs=1) == 0
    results = []
    for device in ('cuda', 'cpu'):
        assert main(['test', str(tmp_path / 'run'), '--data', shapes, '--quiet', '--device', device]) == 0
        results.append([float(word) for word in re.findall(r'[\d.]+', capfd.readouterr().out)])
    assert results[0] == pytest.approx(results[1], abs=1e-3)


@pytest.mark.skipif(why_no_gpu()[0] is None, reason='there is a GPU')
def test_a_gpu_that_is_not_there_is_2_and_leaves_nothing(shapes, tmp_path, capsys):
    for command in (['train', '--save', str(tmp_path / 'run')], ['test', 'x.t7'], ['study', 'quick', '--out', 'x']):
        assert main([*command, '--data', shapes, '--device', 'cuda:3']) == 2
        said = capsys.readouterr().err
        assert said.startswith('nnlite: expected a GPU for the device cuda:3, got none: ') and '--device cpu' in said
    assert list(tmp_path.iterdir()) == []


def test_a_device_of_no_name_is_2(shapes, tmp_path, capsys):
    assert train(shapes, '--save', tmp_path / 'run', '--device', 'gpu') == 2
    assert "expected a device of auto, cpu, cuda or cuda:N, got 'gpu'" in capsys.readouterr().err
