"""The command `nnlite prep`, as its user calls it."""

import argparse
import io
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nnlite.cli import main, prep
from nnlite.data_prep import open_dataset


def call(*words):
    parser = argparse.ArgumentParser()
    prep.add_arguments(parser)
    return prep.run(parser.parse_args([str(word) for word in words]))


def picture(seed, size=8):
    file = io.BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 256, (size, size, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(file, 'PNG')
    return file.getvalue()


@pytest.fixture
def folder(tmp_path):
    for name in 'ab':
        (tmp_path / 'in' / name).mkdir(parents=True)
        for number in range(10):
            (tmp_path / 'in' / name / f'{number}.png').write_bytes(picture(number))
    return tmp_path / 'in'


def test_shapes(tmp_path, capsys):
    out = tmp_path / 'shapes.h5'
    assert call('shapes', '--size', 16, '--train', 20, '--val', 10, '--seed', 5, '--workers', 1, '--out', out) == 0
    assert capsys.readouterr() == (f'{out}: 20 train, 10 val\n', '')
    with open_dataset(out) as data:
        assert (data.shape, data.source) == ((3, 16, 16), 'nnlite shapes: size 16, 20 train, 10 val, seed 5')


def test_a_folder(folder, tmp_path, capsys):
    (folder / 'about.txt').write_text('hi')
    assert call('folder', folder, '--val', 0.2, '--size', 4, '--out', tmp_path / 'x.h5') == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[1] == 'other files, left alone: about.txt' and not err
    assert call('folder', folder, '--val', 0.2, '--quiet', '--out', tmp_path / 'x.h5') == 0
    assert capsys.readouterr() == ('', '')


def test_broken_pictures_are_counted_and_named_and_the_status_says_so(folder, tmp_path, capsys):
    for number in range(1, 5):
        (folder / 'a' / f'{number}.png').write_bytes(picture(number)[:60])
    assert call('folder', folder, '--val', 0.2, '--quiet', '--out', tmp_path / 'x.h5') == 1
    err = capsys.readouterr().err
    assert err.startswith('nnlite: 4 broken pictures are left out:\n  a/1.png: ')
    with open_dataset(tmp_path / 'x.h5') as data:
        assert sum(data.sizes.values()) == 16


def test_names_of_broken_pictures_do_not_flood_the_terminal(folder, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(prep, 'NAMED', 2)
    for number in range(1, 5):
        (folder / 'a' / f'{number}.png').write_bytes(b'')
    call('folder', folder, '--val', 0.2, '--quiet', '--out', tmp_path / 'x.h5')
    assert capsys.readouterr().err.splitlines()[-1] == '  and 2 more'


@pytest.mark.parametrize('words', [[], ['folder'], ['shapes'], ['folder', 'x', '--out', 'y', '--size', 'big']])
def test_wrong_usage_is_told(words, capsys):
    with pytest.raises(SystemExit) as caught:
        call(*words)
    assert caught.value.code == 2 and capsys.readouterr().err


@pytest.mark.parametrize('kind', ['folder', 'tiny-imagenet', 'cifar10', 'shapes'])
def test_the_help_of_each_kind_shows_an_example(kind, capsys):
    with pytest.raises(SystemExit) as caught:
        call(kind, '--help')
    assert caught.value.code == 0
    assert f'nnlite prep {kind} ' in capsys.readouterr().out


def test_matplotlib_stays_as_it_was(folder, tmp_path):
    """In a process of its own: no pyplot, no backend, no figure of ours is left behind."""
    script = f"""
import sys
from nnlite.data_prep import image_folder
image_folder.prepare({str(folder)!r}, {str(tmp_path / 'x.h5')!r}, val=0.2, quiet=True)
assert 'matplotlib.pyplot' not in sys.modules
"""
    subprocess.run([sys.executable, '-c', script], check=True)
    with Image.open(tmp_path / 'x-samples.png') as samples:
        assert samples.format == 'PNG' and min(samples.size) > 200


def test_what_a_terminal_cannot_show_is_written_otherwise(tmp_path):
    for name in ('\u732b/1.png', '\u732b/2.png', '\u732b/\u732b.txt'):
        path = tmp_path / 'pictures' / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture(1))
    line = ['prep', 'folder', str(tmp_path / 'pictures'), '--val', '0.5', '--out', str(tmp_path / 'cats.h5')]
    done = subprocess.run(
        [sys.executable, '-m', 'nnlite', *line],
        env={**os.environ, 'PYTHONIOENCODING': 'ascii'},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert '\\u732b.txt' in done.stdout
    # matplotlib's font lacks the letter; that is no news to whoever makes a data set.
    assert done.stderr == ''


def test_names_do_not_command_the_terminal(folder, tmp_path, capsys):
    (folder / 'a' / '\x1b[31m.png').write_bytes(b'broken')
    (folder / 'a\nb.txt').touch()
    assert call('folder', folder, '--val', 0.2, '--out', tmp_path / 'x.h5') == 1
    told = ''.join(capsys.readouterr())
    assert r"'a/\x1b[31m.png: not a JPEG or PNG'" in told and r"'a\nb.txt'" in told and '\x1b' not in told
    (folder / 'b' / '\x1b[2J.png').write_bytes(picture(1, size=9))
    assert main(['prep', 'folder', str(folder), '--val', '0.2', '--out', str(tmp_path / 'x.h5')]) == 2
    assert r'b/\x1b[2J.png' in (err := capsys.readouterr().err) and '\x1b' not in err


def test_the_source_is_not_written_over(folder, tmp_path, capsys):
    archive = shutil.make_archive(tmp_path / 'pictures', 'zip', folder)
    before = Path(archive).read_bytes()
    for kind in (['folder', archive, '--val', '0.2'], ['cifar10', archive]):
        assert main(['prep', *kind, '--out', archive]) == 2
        assert 'expected another name than that of the source' in capsys.readouterr().err
    assert Path(archive).read_bytes() == before
