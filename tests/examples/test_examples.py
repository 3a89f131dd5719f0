"""Every example runs, and what its head comment promises is what it prints; at small settings where that takes long."""

import importlib.util
import re
import runpy
import sys
from pathlib import Path

import pytest

import nnlite
from nnlite import data_prep
from nnlite.tensor.devices import why_no_gpu

EXAMPLES = Path(__file__).parents[2] / 'examples'


def example(name):
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f'{name}.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def promised(module):
    """Return the lines of output in an example's head comment: the indented ones after the command."""
    indented = re.findall(r'^    (.*)$', module.__doc__, re.MULTILINE)
    return [line.strip() for line in indented if not line.startswith(('python ', 'nnlite prep'))]


def printed(capsys):
    return [line.strip() for line in capsys.readouterr().out.splitlines()]


@pytest.fixture(scope='module')
def shapes(tmp_path_factory):
    path = tmp_path_factory.mktemp('shapes') / 'shapes.h5'
    data_prep.shapes.prepare(path, size=16, train=200, val=50, seed=1, workers=1, quiet=True)
    return str(path)


def test_every_example_is_short_and_has_a_test():
    tested = set(re.findall(r"example\('(\w+)'\)", Path(__file__).read_text(encoding='utf-8')))
    for path in EXAMPLES.glob('*.py'):
        assert len(path.read_text(encoding='utf-8').splitlines()) <= 60, path
        assert path.stem in tested, path


def test_residual_backward_is_the_branchs_plus_the_shortcuts(capsys):
    module = example('residual_backward')
    assert module.main() == 0
    assert printed(capsys) == promised(module)


def test_gradient_by_depth_grows_gently_in_the_resnet_alone(tmp_path, capsys):
    module = example('gradient_by_depth')
    picture = tmp_path / 'picture.png'
    module.main(picture=str(picture))
    assert picture.read_bytes().startswith(b'\x89PNG')
    assert printed(capsys) == promised(module)


def test_training_loop_prints_its_first_epochs_to_the_digit(tmp_path, capsys):
    path = str(tmp_path / 'shapes.h5')
    data_prep.shapes.prepare(path, size=16, train=3000, val=600, seed=1, workers=1, quiet=True)
    module = example('training_loop')
    module.main(path, epochs=1)
    assert printed(capsys) == promised(module)[:1]


def test_beside_pytorch_gives_the_same_numbers(capsys):
    module = example('beside_pytorch')
    ours, theirs = module.main()
    assert ours == pytest.approx(theirs, abs=1e-12)
    assert printed(capsys) == promised(module)


def test_shallow_pair_compares_twins(shapes, capsys):
    results = example('shallow_pair').main(shapes, epochs=1, limit=100, depths=(7,), widths=(4, 8, 8))
    assert set(results) == {(7, 'resnet'), (7, 'convnet')}
    assert len(printed(capsys)) == 3


def test_on_the_gpu_has_the_losses_of_the_cpu(cupy, capsys):
    on_cpu, on_gpu = example('on_the_gpu').main(steps=3, batch=4, pixels=8)
    assert on_gpu == pytest.approx(on_cpu, abs=1e-9)
    assert len(printed(capsys)) == 3


@pytest.mark.skipif(why_no_gpu()[0] is None, reason='there is a GPU')
def test_on_the_gpu_says_in_a_line_that_there_is_none(capsys):
    assert example('on_the_gpu').main() is None
    [line] = printed(capsys)
    assert line.startswith('expected a GPU to compute on, got none: ')


def test_unravelled_adds_up(tmp_path, capsys):
    module = example('unravelled')
    errors = module.main(picture=str(tmp_path / 'picture.png'))
    assert max(errors) < 1e-12
    assert (tmp_path / 'picture.png').read_bytes().startswith(b'\x89PNG')
    assert printed(capsys) == promised(module)


def test_new_layer_is_right_and_learns(capsys):
    module = example('new_layer')
    module.main()
    assert printed(capsys) == promised(module)


def test_dying_relu_kills_units_at_the_large_rate_alone(capsys):
    module = example('dying_relu')
    module.main()
    lines = printed(capsys)
    assert len(lines) == 12 and set(promised(module)) < set(lines)


def test_run_a_t7_prints_the_five_highest(tmp_path, capsys):
    module = example('run_a_t7')
    scores = module.main(*module.example_files(str(tmp_path)))
    lines = printed(capsys)
    assert len(scores) == 10 and len([line for line in lines if line.startswith('class')]) == 5
    assert f'"{lines[-1]}"' in module.__doc__


def test_run_a_t7_says_that_there_is_no_network(tmp_path):
    path = str(tmp_path / 'table.t7')
    nnlite.save(path, {'weight': 1})
    with pytest.raises(nnlite.DataError, match='expected a network, got NoneType'):
        example('run_a_t7').main(path, 'none.png')


@pytest.mark.parametrize('name', ['run_a_t7', 'shallow_pair', 'three_ways'])
def test_a_file_that_is_missing_is_said_in_a_line(name, monkeypatch, tmp_path):
    missing = str(tmp_path / 'missing')
    monkeypatch.setattr(sys, 'argv', [name, missing, *[missing] * (name == 'run_a_t7')])
    with pytest.raises(SystemExit, match=re.escape(f"No such file or directory: '{missing}'")):
        runpy.run_path(str(EXAMPLES / f'{name}.py'), run_name='__main__')


def test_overfitting_shrinks_with_the_remedies(shapes, capsys):
    module = example('overfitting')
    results = module.main(shapes, epochs=25, limit=40, widths=(8, 16, 16), remedies=('nothing', 'all three'))
    gaps = {name: row['train_top1'] - row['val_top1'] for name, row in results.items()}
    assert results['nothing']['train_top1'] > 80 and gaps['nothing'] > gaps['all three'] + 20
    assert printed(capsys)[0] == promised(module)[0]


def test_three_ways_all_train(tmp_path, capsys):
    path = str(tmp_path / 'shapes.h5')
    data_prep.shapes.prepare(path, size=64, train=40, val=20, seed=1, workers=1, quiet=True)
    results = example('three_ways').main(path, epochs=1, limit=8, ways=('skip-first', 'finetune'))
    assert set(results) == {'skip-first', 'finetune'}
    assert len(printed(capsys)) == 2


def test_deep_sweep_compares_twins(shapes, tmp_path, capsys):
    picture = tmp_path / 'picture.png'
    results = example('deep_sweep').main(shapes, depths=(8,), epochs=1, widths=(4, 8, 8), picture=str(picture))
    assert set(results) == {('ResNet', 8), ('plain twin', 8)}
    assert picture.read_bytes().startswith(b'\x89PNG') and len(printed(capsys)) == 2
