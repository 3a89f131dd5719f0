"""`nnlite warmup`: afterwards nothing is left to compile, and it says where the code is."""

import re
import subprocess
import sys

import pytest

import nnlite
from nnlite import kernels, models
from nnlite.cli import main, warmup
from nnlite.kernels import getquiet
from nnlite.tensor.devices import why_no_gpu


@pytest.fixture
def has_numba():
    before = nnlite.getkernels()
    try:
        nnlite.setkernels('numba')
    except nnlite.DeviceError as error:
        pytest.skip(error.message)
    nnlite.setkernels(before)


@pytest.mark.usefixtures('has_numba')
def test_afterwards_a_network_trains_without_compiling(capsys, shapes, tmp_path, monkeypatch):
    chosen = nnlite.getkernels()
    assert main(['warmup', '--quiet']) == 0
    first = re.fullmatch(r'(\d+ kernels compiled in|nothing to compile).* (are|kept) in (.+?)( \(.+)?\n', out(capsys))
    assert main(['warmup']) == 0
    second = re.fullmatch(r'nothing to compile: the kernels are in (.+) \([\d.]+ s\)\n', out(capsys))
    assert second[1] == first[3]
    assert nnlite.getkernels() == chosen and not getquiet()
    monkeypatch.setenv('NNLITE_KERNELS', 'numba')
    for dropout, how in (('0', '--device=cpu'), ('0.5', '--no-optimize')):
        line = [sys.executable, '-m', 'nnlite', 'train', '--net', 'resnet', '--depth', '8', '--data', shapes, how]
        line += ['--dropout', dropout, '--batch', '16', '--epochs', '1', '--save', str(tmp_path / how)]
        done = subprocess.run(line, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0 and 'kernels numba' in done.stdout and 'compiling' not in done.stderr, done


@pytest.mark.usefixtures('has_numba')
def test_no_folder_to_write_to_is_said(capsys, monkeypatch):
    from nnlite.kernels.on_numba import compiling

    counts = iter([3, 20])
    monkeypatch.setattr(warmup, 'NETWORKS', ())
    monkeypatch.setattr(compiling, 'count_compiled', lambda: next(counts))
    monkeypatch.setattr(compiling, 'folder', lambda: None)
    assert main(['warmup']) == 0
    assert out(capsys).startswith('17 kernels compiled in 0 s, and lost: no folder can be written to')


def test_without_numba_it_says_what_to_do(capsys, monkeypatch):
    monkeypatch.setitem(kernels.FAMILIES, 'numba', 'nnlite_has_no_such_package')
    assert main(['warmup']) == 2
    assert "not installed\n  hint: pip install 'nnlite[fast]'" in capsys.readouterr().err


@pytest.mark.skipif(why_no_gpu()[0] is None, reason='there is a GPU')
def test_without_a_gpu_it_is_one_sentence(capsys):
    assert main(['warmup', '--device', 'cuda']) == 2
    assert re.fullmatch(
        r'nnlite: expected a GPU for the device cuda, got none: .+\n  hint: .+\n', capsys.readouterr().err
    )  # fmt: skip


def test_kernels_on_cuda(capsys, monkeypatch, tmp_path, cupy):
    monkeypatch.setenv('CUPY_CACHE_DIR', str(tmp_path))
    monkeypatch.setattr(warmup, 'NETWORKS', (lambda: models.convnet(7, 'cifar10', classes=4, widths=(2, 2, 2)),))
    monkeypatch.setattr(warmup._Images, 'batchSize', 1)
    monkeypatch.setattr(warmup._Images, 'size', 2)
    assert main(['warmup', '--device', 'cuda']) == 0
    assert str(tmp_path) in out(capsys)


def test_quiet_is_for_kernels_too(tmp_path):
    line = ['prep', 'shapes', '--size', '16', '--train', '10', '--val', '0', '--out', str(tmp_path / 'shapes.h5')]
    assert main([*line, '--quiet']) == 0 and getquiet()
    assert main(['devices']) == 0 and not getquiet()


def out(capsys):
    return capsys.readouterr().out
