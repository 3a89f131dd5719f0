"""Logger: its text as Torch writes it, its picture as PIL sees it, and what it refuses."""

import re
import sys

import numpy as np
import pytest
from PIL import Image

import nnlite
from nnlite import optim
from nnlite.optim.Logger import _smooth


@pytest.fixture
def logger(tmp_path):
    return optim.Logger(tmp_path / 'logs' / 'train.log').setNames(['loss', 'accuracy'])


def text_of(logger):
    with open(logger.file, newline='') as file:
        return file.read()


def test_the_text_is_torchs(logger):
    logger.add([1.5, 12])
    logger.add({'accuracy': -3e-100, 'loss': np.float32(0.25)})
    logger.add(['diverged', float('nan')])
    lines = [
        'loss\taccuracy\t',
        ' 1.5000e+00\t 1.2000e+01\t',
        ' 2.5000e-01\t-3.0000e-100\t',
        'diverged\t        nan\t',
    ]
    assert text_of(logger) == ''.join(f'{line}\n' for line in lines)
    assert logger.symbols['loss'] == [1.5, 0.25, 'diverged']


def test_each_line_can_be_read_at_once(logger):
    for count in range(1, 4):
        logger.add([count, count])
        assert text_of(logger).count('\n') == count + 1


def test_names_come_from_the_first_line(tmp_path):
    by_name = optim.Logger(tmp_path / 'a')
    by_name.add({'loss': 1, 'time': 2})
    by_number = optim.Logger(tmp_path / 'b')
    by_number.add([1, 2])
    assert text_of(by_name) == 'loss\ttime\t\n 1.0000e+00\t 2.0000e+00\t\n'
    assert text_of(by_number) == '1\t2\t\n 1.0000e+00\t 2.0000e+00\t\n'


def test_a_file_is_made_anew_or_with_a_time_in_its_name(tmp_path):
    path = tmp_path / 'train.log'
    path.write_text('old')
    stamped = optim.Logger(path, timestamp=True)
    assert path.read_text() == 'old'
    assert re.fullmatch(r'train\.log-\d{4}(_\d\d){2}_\d\d(-\d\d){2}', stamped.file.rpartition('/')[2])
    optim.Logger(path)
    assert path.read_text() == ''


def test_display_is_accepted_as_scripts_of_torch_call_it(logger):
    assert logger.display(False) is None


def test_without_a_file_lines_are_printed(capsys):
    logger = optim.Logger()
    logger.add([1])
    assert capsys.readouterr().out.splitlines()[1:] == ['1\t', ' 1.0000e+00\t']
    with pytest.raises(nnlite.Error, match='a file to draw beside'):
        logger.plot()


def test_the_picture_shows_the_curves(logger):
    for step in range(1, 30):
        logger.add([1 / step, step])
    logger.style({'loss': '-', 'accuracy': ['+', '-']})

    def colours():
        logger.plot()
        with Image.open(logger.pngfile) as picture:
            assert picture.format == 'PNG'
            picture.load()
            found = picture.convert('RGB').getcolors(1 << 20)
        return {colour for count, colour in found if count > 20}

    blue, orange = (31, 119, 180), (255, 127, 14)  # matplotlib's first two colours
    assert {blue, orange} <= colours()
    logger.style(['-', 'k:'])
    assert orange not in colours()


@pytest.mark.parametrize('style', ('.', '+', '-', '+-', '~', '|', 'r--'))
def test_every_style_draws_something(logger, style):
    for step in range(1, 30):
        logger.add([step, 30 - step])
    pictures = []
    for styles in ([], '-'), (style, '-'):
        logger.style(styles).plot()
        pictures.append(np.asarray(Image.open(logger.pngfile)))
    assert (pictures[0] != pictures[1]).any()


def test_a_logarithmic_axis(logger):
    for step in range(1, 30):
        logger.add([10.0**step, 'text'])
    pictures = []
    for state in False, True:
        logger.setlogscale(state)
        logger.plot()
        pictures.append(np.asarray(Image.open(logger.pngfile)))
    assert (pictures[0] != pictures[1]).any()


def test_one_value_is_no_curve(logger, tmp_path):
    logger.add([1, 2])
    logger.plot()
    assert [path.name for path in (tmp_path / 'logs').iterdir()] == ['train.log']


def test_a_failed_plot_leaves_the_old_picture(logger, tmp_path):
    logger.add([1, 2])
    logger.add([2, 3])
    logger.plot()
    before = (tmp_path / 'logs' / 'train.log.png').read_bytes()
    logger.style(['no such style', '-'])
    with pytest.raises(nnlite.Error, match="matplotlib's, got 'no such style'"):
        logger.plot()
    assert (tmp_path / 'logs' / 'train.log.png').read_bytes() == before
    assert {path.name for path in (tmp_path / 'logs').iterdir()} == {'train.log', 'train.log.png'}


def test_the_smoothed_line_meets_the_values_and_keeps_what_is_straight():
    values = np.random.default_rng(1).normal(size=9)
    steps, curve = _smooth(values)
    for step, value in enumerate(values, 1):
        assert curve[np.flatnonzero(steps == step)] == pytest.approx(value, abs=1e-12)
    steps, curve = _smooth(3 - 2 * np.arange(1.0, 9.0))
    np.testing.assert_allclose(curve, 3 - 2 * steps, atol=1e-12)


def test_drawing_leaves_the_importers_matplotlib_alone(logger):
    logger.add([1, 2])
    logger.add([2, 3])
    pyplot_was_there = 'matplotlib.pyplot' in sys.modules
    logger.plot()
    assert ('matplotlib.pyplot' in sys.modules) == pyplot_was_there


@pytest.mark.parametrize(
    'call, message',
    [
        (lambda logger: logger.setNames(['a']), 'once, they are loss, accuracy'),
        (lambda logger: logger.add([1]), 'expected 2, one for each column, got 1'),
        (lambda logger: logger.add({'loss': 1}), 'columns loss, accuracy, got loss'),
        (lambda logger: logger.add({'loss': 1, 'acuracy': 2}), 'got loss, acuracy'),
        (lambda logger: logger.add([1, None]), 'a string for accuracy, got NoneType'),
        (lambda logger: logger.add([True, 1]), 'a string for loss, got bool'),
        (lambda logger: logger.style({'los': '-'}), 'columns loss, accuracy, got los'),
        (lambda logger: logger.style([1, 2]), 'list of styles for loss, got 1'),
        (lambda logger: logger.plot('los'), 'columns loss, accuracy, got los'),
        (lambda logger: (logger.add(['a', 1]), logger.plot('loss')), 'got strings in column loss'),
    ],
)
def test_what_does_not_fit_is_refused(logger, call, message):
    with pytest.raises(nnlite.Error, match=message) as caught:
        call(logger)
    assert caught.value.where == logger.name


def test_a_line_that_is_refused_is_not_written(logger):
    before = text_of(logger)
    with pytest.raises(nnlite.Error):
        logger.add([1, None])
    assert text_of(logger) == before
    assert logger.symbols == {'loss': [], 'accuracy': []}


@pytest.mark.parametrize('names', ([], ['a', 'a']))
def test_names_are_different(tmp_path, names):
    with pytest.raises(nnlite.Error, match='different names'):
        optim.Logger(tmp_path / 'log').setNames(names)
