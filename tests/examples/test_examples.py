"""Every example runs, at small settings, and what its head comment promises is what it prints."""

import importlib.util
import re
from pathlib import Path

import pytest

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
    from nnlite import data_prep

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
    norms = module.main(depth=44, batch=4, picture=str(picture))
    growth = {name: values[0] / values[-1] for name, values in norms.items()}
    assert growth['plain twin'] > 10 * growth['ResNet'] > 10
    assert picture.read_bytes().startswith(b'\x89PNG')
    assert len(printed(capsys)) == 2


def test_training_loop_learns(shapes, capsys):
    history = example('training_loop').main(path=shapes, epochs=3, widths=(4, 8, 8))
    assert history[-1][0] < history[0][0]
    assert len(printed(capsys)) == 3


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
    norms, error = module.main(depth=20, batch=2, picture=str(tmp_path / 'picture.png'), widths=(4, 8, 8))
    assert len(norms) == 10 and error < 1e-4
    assert (tmp_path / 'picture.png').read_bytes().startswith(b'\x89PNG')
    assert len(printed(capsys)) == len(promised(module))


def test_new_layer_is_right_and_learns(capsys):
    module = example('new_layer')
    losses = module.main()
    assert losses[-1] < 0.2 * losses[0]
    assert printed(capsys)[:2] == promised(module)[:2]


def test_dying_relu_kills_units_at_the_large_rate_alone(capsys):
    results = example('dying_relu').main(steps=20)
    dead = {name: rows[-1][1].max() for name, rows in results.items()}
    assert dead['ReLU, rate 3'] > 30 and dead['ReLU, rate 0.5'] < 5 and dead['LeakyReLU, rate 3'] == 0
    assert len(printed(capsys)) == 12


def test_run_a_t7_prints_the_five_highest(capsys):
    scores = example('run_a_t7').main()
    lines = printed(capsys)
    assert len(scores) == 10 and len([line for line in lines if line.startswith('class')]) == 5


def test_overfitting_has_a_gap(shapes, capsys):
    results = example('overfitting').main(
        shapes, epochs=2, limit=40, widths=(4, 8, 8), remedies=('nothing', 'all three')
    )
    assert set(results) == {'nothing', 'all three'}
    assert len(printed(capsys)) == 3


def test_three_ways_all_train(tmp_path, capsys):
    from nnlite import data_prep

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
