import re

import pytest

import nnlite
from nnlite import nn
from nnlite.cli import main


@pytest.fixture(scope='module')
def run(shapes, tmp_path_factory):
    folder = tmp_path_factory.mktemp('run') / 'run'
    line = ['train', '--depth', '7', '--widths', '2', '3', '4', '--batch', '16', '--epochs', '2', '--quiet']
    assert main([*line, '--data', shapes, '--save', str(folder)]) == 0
    return folder


def test_it_finds_what_training_found(run, shapes, capsys):
    assert main(['test', str(run), '--data', shapes]) == 0
    out = capsys.readouterr().out
    loss, top1, top5 = map(float, re.search(r'20 images: loss (\S+), top-1 (\S+) %, top-5 (\S+) %', out).groups())
    last = nnlite.load(run / 'latest.t7')['history'][-1]
    assert (loss, top1, top5) == pytest.approx((last['val_loss'], last['val_top1'], last['val_top5']), abs=1e-2)
    rows = [line.split() for line in out.splitlines()[-10:]]
    assert [row[0] for row in rows] == nnlite.load(run / 'latest.t7')['classes']
    assert sum(float(row[2]) for row in rows) / 10 == pytest.approx(top1, abs=0.1)
    assert 'kernels' in out


def test_a_file_and_a_bare_network_do_too(run, shapes, tmp_path, capsys):
    nnlite.save(tmp_path / 'bare.t7', nnlite.load(run / 'best.t7')['model'])
    for path in (run / 'best.t7', tmp_path / 'bare.t7'):
        assert main(['test', str(path), '--data', shapes, '--quiet']) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first == second
    assert first.startswith('20 images: loss')


def test_a_last_batch_of_one_through_a_view_that_drops_its_dimension(shapes, tmp_path, capsys):
    nnlite.manualSeed(1)
    nnlite.save(tmp_path / 'net.t7', nn.Sequential().add(nn.View(768)).add(nn.Linear(768, 10)).float())
    for batch in ('20', '19', '1'):
        assert main(['test', str(tmp_path / 'net.t7'), '--data', shapes, '--batch', batch]) == 0
    out = capsys.readouterr().out
    found = re.findall(r'20 images: loss (\S+), top-1 (\S+) %, top-5 (\S+) %', out)
    assert len(found) == 3 and len(set(found)) == 1


def test_other_classes_are_refused(run, shapes, tmp_path, capsys):
    checkpoint = nnlite.load(run / 'latest.t7')
    checkpoint['classes'] = checkpoint['classes'][::-1]
    nnlite.save(tmp_path / 'other.t7', checkpoint)
    assert main(['test', str(tmp_path / 'other.t7'), '--data', shapes]) == 2
    assert 'expected class 1 to be' in capsys.readouterr().err


def test_images_of_another_size_are_refused_if_the_file_knows_the_size(run, tmp_path, capsys):
    other = str(tmp_path / 'other.h5')
    main(['prep', 'shapes', '--size', '32', '--train', '10', '--val', '10', '--out', other, '--quiet'])
    assert main(['test', str(run), '--data', other]) == 2
    said = capsys.readouterr().err
    assert 'expected images 16x16, as the network learnt from, got 32x32' in said and '--size 16' in said
    nnlite.save(tmp_path / 'bare.t7', nnlite.load(run / 'best.t7')['model'])
    assert main(['test', str(tmp_path / 'bare.t7'), '--data', other, '--quiet']) == 0


def test_what_is_no_network_is_named(run, shapes, tmp_path, capsys):
    nnlite.save(tmp_path / 'numbers.t7', [1, 2, 3])
    (tmp_path / 'text.t7').write_text('hello')
    for path, said in (
        (tmp_path / 'numbers.t7', 'expected a network or a checkpoint'),
        (tmp_path / 'text.t7', 'text.t7'),
    ):
        assert main(['test', str(path), '--data', shapes]) == 2
        assert said in capsys.readouterr().err
    assert main(['test', str(run)]) == 2
    assert 'nnlite prep' in capsys.readouterr().err


@pytest.mark.parametrize('classes', [5, 'abc', [1, 2], {'a': 1}])
def test_classes_that_are_no_names_are_refused(run, shapes, tmp_path, capsys, classes):
    nnlite.save(tmp_path / 'odd.t7', {'model': nnlite.load(run / 'best.t7')['model'], 'classes': classes})
    assert main(['test', str(tmp_path / 'odd.t7'), '--data', shapes]) == 2
    assert 'expected the names of classes' in capsys.readouterr().err
