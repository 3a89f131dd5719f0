"""What the README shows, runs."""

import re
import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import nnlite
from nnlite import interop, models
from nnlite.cli import parser

README = (Path(__file__).parents[1] / 'README.md').read_text(encoding='utf-8')
BLOCKS = re.findall(r'```python\n(.*?)```', README, re.DOTALL)


def test_the_twenty_lines_learn():
    code = BLOCKS[0]
    assert len([line for line in code.splitlines() if line.strip()]) <= 24
    losses = []
    exec(code + '    losses.append(loss)\n', {'losses': losses})
    assert len(losses) == 20
    assert losses[-1] < 0.75 * losses[0]


def test_the_files_open_and_are_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    golden = Path(__file__).parent / 'golden' / 'serial'
    shutil.copyfile(golden / 'module_used.t7', 'model.t7')
    shutil.copyfile(golden / 'several_objects.t7', 'several.t7')
    names = {}
    exec(BLOCKS[1], names)
    assert len(names['rest']) == 3
    assert repr(nnlite.load('model_ascii.t7')) == repr(names['net'])


def test_networks_go_on_and_come_back(tmp_path, monkeypatch):
    for package in ('torch', 'onnx', 'safetensors', 'sklearn'):
        pytest.importorskip(package, reason=f'pip install {package}')
    monkeypatch.chdir(tmp_path)
    nnlite.manualSeed(1)
    pixels = np.random.default_rng(1).integers(0, 256, (5, 6, 3), np.uint8)
    Image.fromarray(pixels).save('cat.jpg')
    weights = interop.state_dict(models.resnet(18, 'imagenet', 'B', widths=(2, 3, 4, 5)))
    interop.write_weights('resnet18.safetensors', weights, {})
    X = np.random.default_rng(2).standard_normal((30, 4))
    names = {'net': models.resnet(8, 'cifar10', widths=(2, 2, 2)), 'X': X, 'y': X[:, 0] > 0}
    exec(BLOCKS[2], names)
    assert len(names['twin'].state_dict()) >= len(names['arrays']) and Path('model.onnx').stat().st_size > 1000
    np.testing.assert_array_equal(interop.state_dict(names['resnet'])['fc.weight'], weights['fc.weight'])
    assert names['x'].shape == (3, 5, 6)


@pytest.mark.parametrize('line', re.findall(r'^nnlite .*$', README, re.MULTILINE))
def test_every_command_is_one(line):
    args = shlex.split(line, comments=True)[1:]
    assert callable(parser().parse_args(args).run)


def test_every_file_that_it_names_is_there():
    for name in re.findall(r'\((docs/[\w.]+)\)', README) + [
        'examples/' + n for n in re.findall(r'^\| `(\w+\.py)`', README, re.M)
    ]:
        assert (Path(__file__).parents[1] / name).is_file(), name
