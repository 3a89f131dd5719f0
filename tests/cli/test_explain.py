import numpy as np
from PIL import Image

import nnlite
from nnlite import models
from nnlite.cli import main


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

    def look(net, images, title, classes, label):
        seen.append((images, classes))
        return 'page'

    monkeypatch.setattr('nnlite.cli.explain.explain_model', look)
    args = ['explain', str(tmp_path / 'net.t7'), '--input', str(tmp_path / 'picture.png'), '--out']
    assert main([*args, str(tmp_path / 'page.html')]) == 0
    (images, classes), *_ = seen
    assert classes == ['cat', 'dog']
    expected = ((pixels / 255 - pictures['mean']) / pictures['std']).transpose(2, 0, 1)[None]
    np.testing.assert_allclose(images, expected, atol=1e-5)


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
        (['--label', '11'], '11'),
    ):
        assert main(['explain', str(tmp_path / 'net.t7'), *more, '--out', str(tmp_path / 'x.html')]) == 2
        assert said in capsys.readouterr().err
        assert not (tmp_path / 'x.html').exists()
    assert main(['explain', '--depth', '4', '--out', str(tmp_path / 'x.html')]) == 2
