import warnings

import numpy as np
import pytest
from PIL import Image

import nnlite
from nnlite import models, nn
from nnlite.cli import main
from nnlite.cli.explain import _ready


def test_a_model_and_a_picture(tmp_path, capsys):
    nnlite.manualSeed(1)
    net = models.resnet(8, 'cifar10', classes=3, widths=(2, 2, 2))
    nnlite.save(tmp_path / 'net.t7', {'model': net, 'classes': ['one', 'two', 'three']})
    Image.fromarray(np.random.default_rng(1).integers(0, 255, (20, 30, 3), np.uint8)).save(tmp_path / 'picture.png')
    page = tmp_path / 'page.html'
    args = ['explain', str(tmp_path / 'net.t7'), '--input', str(tmp_path / 'picture.png'), '--size', '16']
    assert main([*args, '--label', '2', '--out', str(page)]) == 0
    assert 'net.t7, ' in capsys.readouterr().out
    assert 'two (the gradient is for this one)' in page.read_text(encoding='utf-8')


def test_the_picture_is_made_ready_as_in_training(tmp_path, monkeypatch):
    pictures = {'size': [12, 16], 'mean': [0.4, 0.5, 0.6], 'std': [0.2, 0.25, 0.3]}
    net = models.resnet(8, 'cifar10', classes=2, widths=(2, 2, 2))
    content = {'model': net, 'classes': ['n1', 'n2'], 'names': ['cat', 'dog'], 'pictures': pictures}
    nnlite.save(tmp_path / 'net.t7', content)
    pixels = np.random.default_rng(1).integers(0, 255, (12, 16, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / 'picture.png')
    seen = []

    def look(net, images, title, classes, label, note):
        seen.append((images, classes))
        return note

    monkeypatch.setattr('nnlite.cli.explain.explain_model', look)
    args = ['explain', str(tmp_path / 'net.t7'), '--input', str(tmp_path / 'picture.png'), '--out']
    assert main([*args, str(tmp_path / 'page.html')]) == 0
    assert (tmp_path / 'page.html').read_text() == 'picture.png, made ready as in training'
    (images, classes), *_ = seen
    assert classes == ['cat', 'dog']
    expected = ((pixels / 255 - pictures['mean']) / pictures['std']).transpose(2, 0, 1)[None]
    np.testing.assert_allclose(images, expected, atol=1e-5)


def test_of_a_run_the_last_network(tmp_path, capsys):
    (tmp_path / 'run').mkdir()
    net = models.resnet(8, 'cifar10', classes=2, widths=(2, 2, 2)).double()
    net.get(1).gradWeight.fill(1e300)  # a file of Torch's may have anything there, which is no float
    nnlite.save(tmp_path / 'run' / 'latest.t7', net)
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        assert main(['explain', str(tmp_path / 'run'), '--out', str(tmp_path / 'x.html')]) == 0
    assert '<h1>run</h1>' in (tmp_path / 'x.html').read_text(encoding='utf-8')
    assert main(['explain', str(tmp_path), '--out', str(tmp_path / 'x.html')]) == 2
    assert 'latest.t7' in capsys.readouterr().err


def test_the_lesson(tmp_path, capsys):
    assert main(['explain', '--depth', '8', '--out', str(tmp_path / 'lesson.html')]) == 0
    assert 'the block, by hand, and the deep pair' in capsys.readouterr().out
    text = (tmp_path / 'lesson.html').read_text(encoding='utf-8')
    assert text.startswith('<!doctype html>')
    assert '<h1>The block, by hand</h1>' in text and 'A residual network of 8 layers' in text


def test_what_is_wrong_is_one_message(tmp_path, capsys):
    nnlite.save(tmp_path / 'net.t7', models.resnet(8, 'cifar10', widths=(2, 2, 2)))
    (tmp_path / 'no.png').write_text('no picture')
    for more, said in (
        (['--input', str(tmp_path / 'no.png')], 'no.png\n  not a JPEG or PNG'),
        (['--input', str(tmp_path / 'none.png')], 'none.png'),
        (['--size', '0'], 'expected a size'),
        (['--label', '11'], 'in --label\n  expected a class from 1 to 10, got 11'),
        (['--label', '0'], 'in --label'),
        (['--depth', '8'], 'in --depth\n  expected none'),
    ):
        assert main(['explain', str(tmp_path / 'net.t7'), *more, '--out', str(tmp_path / 'x.html')]) == 2
        assert said in capsys.readouterr().err
        assert not (tmp_path / 'x.html').exists()
    for depth in ('6', '1000000000'):
        assert main(['explain', '--depth', depth, '--out', str(tmp_path / 'x.html')]) == 2
        assert 'in --depth\n  expected 7 to 200 layers, got' in capsys.readouterr().err
    for option, value in (('--input', 'no.png'), ('--size', '16'), ('--label', '1')):
        assert main(['explain', option, value, '--out', str(tmp_path / 'x.html')]) == 2
        assert f'in {option}\n  expected none' in capsys.readouterr().err


def flat(planes, side):
    return nn.Sequential().add(nn.Linear(planes * side * side, 3))


def viewed():
    return nn.Sequential().add(nn.View(-1).setNumInputDims(3)).add(nn.Linear(3 * 16 * 16, 3))


def imagenet():
    net = nn.Sequential().add(nn.SpatialConvolution(3, 2, 7, 7, 2, 2, 3, 3)).add(nn.SpatialAdaptiveAveragePooling(1, 1))
    return net.add(nn.View(2)).add(nn.Linear(2, 3))


def of_16_pixels():
    return nn.Sequential().add(nn.SpatialConvolution(1, 2, 3, 3, 2, 2, 1, 1)).add(nn.View(128)).add(nn.Linear(128, 3))


NETS = {
    'colours in a row': (lambda: flat(3, 32), '1 x 3072, a drawn shape, the numbers of 3 x 32 x 32 in a row'),
    'grey in a row': (lambda: flat(1, 28), '1 x 784, a drawn shape, the numbers of 1 x 28 x 28 in a row'),
    'a view of colours': (viewed, '1 x 3 x 16 x 16, a drawn shape; a size that goes through'),
    'numbers': (lambda: nn.Linear(5, 3), '1 x 5, random numbers'),
    'words': (lambda: nn.Sequential().add(nn.LookupTable(9, 4)).add(nn.Mean(2)), '1 x 32, random numbers'),
    'grey maps': (of_16_pixels, '1 x 1 x 16 x 16, a drawn shape; a size that goes through'),
    'maps': (lambda: nn.SpatialConvolution(3, 2, 3, 3), '1 x 3 x 32 x 32, a drawn shape'),
    'many planes': (lambda: nn.SpatialConvolution(7, 2, 3, 3), '1 x 7 x 32 x 32, random numbers'),
    'clones': (
        lambda: (
            nn.Sequential()
            .add(nn.Reshape(2, 1536))
            .add(nn.SplitTable(2))
            .add(nn.MapTable(nn.Linear(1536, 3)))
            .add(nn.JoinTable(2))
        ),
        '1 x 3 x 32 x 32, a drawn shape',
    ),
    'ImageNet': (imagenet, '1 x 3 x 224 x 224, a drawn shape'),
}


@pytest.mark.parametrize('name', NETS)
def test_networks_whose_file_says_no_size(name, tmp_path):
    make, said = NETS[name]
    nnlite.manualSeed(1)
    nnlite.save(tmp_path / 'net.t7', make())
    assert main(['explain', str(tmp_path / 'net.t7'), '--out', str(tmp_path / 'x.html')]) == 0
    text = (tmp_path / 'x.html').read_text(encoding='utf-8')
    assert f'Input: {said}' in text and 'The network runs in evaluation.' in text


def test_a_grey_picture_is_as_bright_as_its_colours(tmp_path):
    pixels = np.random.default_rng(1).integers(0, 255, (8, 8, 3), np.uint8)
    expected = np.asarray(Image.fromarray(pixels).convert('L'), float)
    [[found]] = _ready(pixels, 1, 8)
    np.testing.assert_allclose(found, (expected - expected.mean()) / expected.std(), atol=0.02)


def test_what_does_not_fit_a_network_is_one_message(tmp_path, capsys):
    Image.new('RGB', (9, 9)).save(tmp_path / 'picture.png')
    picture = ['--input', str(tmp_path / 'picture.png')]
    table = nn.ParallelTable().add(nn.Linear(2, 2)).add(nn.Linear(2, 2))
    for net, more, said in (
        (nn.Linear(5, 3), picture, 'in --input\n  expected none: the network takes 5 numbers'),
        (flat(1, 28), ['--size', '32'], 'in --size\n  expected 28'),
        (nn.SpatialConvolution(3, 2, 9, 9), ['--size', '6'], "expected the shape of the network's input"),
        (table, [], 'a table perhaps, nnlite.explain.explain_model'),
        (nn.MSECriterion(), [], 'got MSECriterion'),
        ({'module': nn.Linear(2, 2), 'input': 3}, [], "got a table without a network under 'model': 'module', 'input'"),
    ):
        nnlite.save(tmp_path / 'net.t7', net)
        assert main(['explain', str(tmp_path / 'net.t7'), *more, '--out', str(tmp_path / 'x.html')]) == 2
        assert said in capsys.readouterr().err
