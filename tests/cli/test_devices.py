"""`nnlite devices`: what is there is said, and what is not, with what to do about it."""

import re

import pytest
from PIL import Image

import nnlite
from nnlite import kernels, nn
from nnlite.bench.machine import cores
from nnlite.cli import main
from nnlite.kernels import on_numpy
from nnlite.tensor.devices import why_no_gpu


def lines(capsys):
    assert main(['devices']) == 0
    out = re.sub(r'\n +', ' ', capsys.readouterr().out)
    return dict(line.split(maxsplit=1) for line in out.splitlines())


def test_each_has_its_line(capsys):
    chosen = nnlite.getkernels()
    nnlite.setkernels('auto')
    best = nnlite.getkernels()
    nnlite.setkernels(chosen)
    said = lines(capsys)
    assert said.keys() - {'cupy', 'cuDNN'} == {'CPU', *kernels.FAMILIES, 'GPU', 'auto'}
    assert f'{cores()} cores' in said['CPU']
    assert f'all {len(on_numpy.__all__)} kernels' in said['numpy']
    assert said['GPU'].startswith('none: ' if why_no_gpu()[0] else 'cuda:0: ')
    assert said['auto'] == f'{best}; chosen now: {chosen}'
    assert nnlite.getkernels() == chosen


def test_a_family_says_which_kernels_are_its_own(capsys):
    pytest.importorskip('numba')
    own, _, numpys = lines(capsys)['numba'].partition(', NumPy')
    count = int(re.search(r'with (\d+) kernels of its own', own)[1])
    names = numpys.partition(': ')[2].split(', ')
    assert 'Convolution_updateOutput' in names and len(names) == count
    assert f"'s {len(on_numpy.__all__) - count} others" in numpys


def test_a_family_that_is_not_there_says_what_to_do(capsys, monkeypatch):
    chosen = nnlite.getkernels()
    nnlite.setkernels('numpy')
    with monkeypatch.context() as without:
        without.setitem(kernels.FAMILIES, 'numba', 'nnlite_has_no_such_package')
        said = lines(capsys)
    nnlite.setkernels(chosen)
    assert "not installed; pip install 'nnlite[fast]'" in said['numba']
    assert said['auto'] == 'numpy; chosen now: numpy'


def test_a_gpu_has_its_line_and_its_kernels_theirs(capsys, cupy):
    said = lines(capsys)
    assert re.match(r'cuda:0: .+, compute capability \d+\.\d, .+ of .+ free', said['GPU'])
    assert said['cupy'].startswith(f'{cupy.__version__}, CUDA ')
    count, others = re.search(r"with (\d+) kernels in CUDA, NumPy's lines for \d+ others: (.+)", said['cupy']).groups()
    assert int(count) + len(others.split(', ')) == len(on_numpy.__all__)
    assert [name for name in others.split(', ') if 'Convolution' in name] == ['ConvolutionReLUTwice_updateOutput']


def test_too_little_memory_of_a_gpu_is_said(capsys, cupy, tmp_path):
    nnlite.save(tmp_path / 'net.t7', nn.Sequential().add(nn.View(-1)).add(nn.Linear(12, 1000)))
    Image.new('RGB', (2, 2)).save(tmp_path / 'picture.png')
    pool = cupy.get_default_memory_pool()
    pool.free_all_blocks()
    pool.set_limit(size=pool.total_bytes() + 1000)
    try:
        ready = ['--size', '2', '--mean', '0', '0', '0', '--std', '1', '1', '1', '--device', 'cuda']
        assert main(['classify', str(tmp_path / 'net.t7'), str(tmp_path / 'picture.png'), *ready]) == 2
    finally:
        pool.set_limit(size=0)
    said = capsys.readouterr().err
    assert said.startswith('nnlite: expected memory on the GPU, got too little: Out of memory allocating ')
    assert 'a smaller --batch needs less' in said
