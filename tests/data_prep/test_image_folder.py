"""Pictures in folders by class: every order they may lie in, however they are packed."""

import io
import multiprocessing
import os
import re
import sys
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nnlite.data_prep import image_folder, open_dataset
from nnlite.errors import DataError, FileFormatError


def build(picture, names):
    return {name: picture(seed) for seed, name in enumerate(names)}


def splits(path):
    with open_dataset(path) as data:
        return {
            split: (data.images(split), data.labels(split).tolist() if split != 'test' else None)
            for split in data.sizes
        }, data.classes


TREE = [
    *(f'train/{kind}/{number}.png' for kind in ('cat', 'dog', 'eel') for number in range(4)),
    *(f'val/{kind}/{number}.png' for kind in ('cat', 'dog', 'eel') for number in range(2)),
]
ALONE = [f'{kind}/{number:02}.png' for kind, count in (('a', 20), ('b', 10), ('c', 2)) for number in range(count)]


def prepare(source, out, **options):
    return image_folder.prepare(source, out, quiet=True, workers=1, **options)


def pack(folder, path):
    files = [file for file in sorted(folder.rglob('*')) if file.is_file()]
    if path.suffix == '.zip':
        with zipfile.ZipFile(path, 'w') as out:
            for file in files:
                out.write(file, file.relative_to(folder))
    else:
        with tarfile.open(path, 'w:xz') as out:
            for file in files:
                out.add(file, file.relative_to(folder))
    return path


def test_train_and_val_folders(tmp_path, fill, picture, pixels):
    source = fill(tmp_path / 'in', build(picture, TREE))
    report = prepare(source, tmp_path / 'out.h5')
    assert (report.sizes, report.broken, report.ignored) == ({'train': 12, 'val': 6}, [], [])
    found, classes = splits(tmp_path / 'out.h5')
    assert classes == ['cat', 'dog', 'eel']
    for split, first in (('train', 0), ('val', 12)):
        images, labels = found[split]
        assert labels == sorted(labels) == [label for label in range(3) for _ in range(len(labels) // 3)]
        for number, image in enumerate(images):
            assert np.array_equal(image.transpose(1, 2, 0), pixels(first + number))
    assert sorted(os.listdir(tmp_path)) == ['in', 'out-samples.png', 'out.h5']


@pytest.mark.parametrize('suffix', ['.zip', '.tar.xz'])
@pytest.mark.parametrize('above', ['', 'pictures/', 'one/two/'])
def test_archives_and_folders_above_give_the_same(tmp_path, fill, picture, suffix, above):
    prepare(fill(tmp_path / 'in', build(picture, TREE)), tmp_path / 'plain.h5')
    nested = fill(tmp_path / 'nested', {above + name: content for name, content in build(picture, TREE).items()})
    prepare(pack(nested, tmp_path / f'x{suffix}'), tmp_path / 'packed.h5')
    (one, classes), (other, same) = splits(tmp_path / 'plain.h5'), splits(tmp_path / 'packed.h5')
    assert classes == same
    for split in one:
        assert np.array_equal(one[split][0], other[split][0]) and one[split][1] == other[split][1]


def test_test_stands_in_for_val(tmp_path, fill, picture):
    source = fill(tmp_path / 'in', build(picture, [name.replace('val', 'test') for name in TREE]))
    assert prepare(source, tmp_path / 'out.h5').sizes == {'train': 12, 'val': 6}


def test_test_beside_val_stays_test(tmp_path, fill, picture):
    names = [*TREE, 'test/images/1.png', 'test/images/2.png']
    assert prepare(fill(tmp_path / 'in', build(picture, names)), tmp_path / 'out.h5').sizes == {
        'train': 12,
        'val': 6,
        'test': 2,
    }
    with open_dataset(tmp_path / 'out.h5') as data, pytest.raises(DataError, match='no labels'):
        data.labels('test')


def test_a_labelled_test_beside_val_keeps_its_labels(tmp_path, fill, picture):
    source = fill(tmp_path / 'in', build(picture, [*TREE, 'test/dog/1.png']))
    prepare(source, tmp_path / 'out.h5')
    with open_dataset(tmp_path / 'out.h5') as data:
        assert data.labels('test').tolist() == [1]


@pytest.mark.parametrize('above', ['', 'train/', 'somewhere/'])
def test_a_part_of_each_class_for_validation(tmp_path, fill, picture, above):
    source = fill(tmp_path / 'in', build(picture, [above + name for name in ALONE]))
    report = prepare(source, tmp_path / 'out.h5', val=0.1)
    assert report.sizes == {'train': 28, 'val': 4}
    found, _ = splits(tmp_path / 'out.h5')
    assert sorted(found['val'][1]) == [0, 0, 1, 2]


def test_the_seed_decides_which(tmp_path, fill, picture):
    source = fill(tmp_path / 'in', build(picture, ALONE))
    chosen = []
    for seed in (1, 1, 2):
        prepare(source, tmp_path / 'out.h5', val=0.3, seed=seed)
        chosen.append(splits(tmp_path / 'out.h5')[0]['val'][0].tobytes())
    assert chosen[0] == chosen[1] != chosen[2]


def test_one_picture_of_a_class_is_for_training():
    _, places = image_folder.arrange(['a/1.png', 'b/1.png', 'b/2.png'], 0.5, 1, 'here')
    assert places['a/1.png'] == ('train', 0)
    assert sorted(places[f'b/{n}.png'][0] for n in (1, 2)) == ['train', 'val']


def test_workers_do_not_show(tmp_path, fill, picture, monkeypatch):
    monkeypatch.setattr('nnlite.data_prep.convert.TASK', 5)
    source = fill(tmp_path / 'in', build(picture, TREE))
    for workers in (1, 3):
        image_folder.prepare(source, tmp_path / f'{workers}.h5', workers=workers, quiet=True)
    (one, _), (three, _) = splits(tmp_path / '1.h5'), splits(tmp_path / '3.h5')
    assert all(np.array_equal(one[split][0], three[split][0]) for split in one)
    assert not multiprocessing.active_children()


def test_broken_pictures_are_named_and_left_out(tmp_path, fill, picture):
    files = build(picture, TREE)
    files['train/cat/1.png'] = files['train/cat/1.png'][:50]
    files['val/dog/0.png'] = b''
    files['train/eel/extra.gif'] = picture(1, kind='GIF')
    files |= {'train/eel/notes.txt': b'hi', 'README.md': b'hi', 'train/.DS_Store': b'x', '__MACOSX/train/._a.png': b'x'}
    report = prepare(fill(tmp_path / 'in', files), tmp_path / 'out.h5')
    assert report.sizes == {'train': 11, 'val': 5}
    assert [line.split(':')[0] for line in report.broken] == ['train/cat/1.png', 'train/eel/extra.gif', 'val/dog/0.png']
    assert report.ignored == ['README.md', 'train/eel/notes.txt']
    assert splits(tmp_path / 'out.h5')[0]['train'][1] == [0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2]
    with open_dataset(tmp_path / 'out.h5') as data:
        assert data.files('train')[:4] == ['cat/0.png', 'cat/2.png', 'cat/3.png', 'dog/0.png']


def test_unequal_sizes_are_an_error_without_size(tmp_path, fill, picture):
    files = build(picture, TREE) | {'train/dog/2.png': picture(1, 9, 8)}
    source = fill(tmp_path / 'in', files)
    with pytest.raises(DataError, match='all pictures 8x8 as the first, got 8x9') as caught:
        prepare(source, tmp_path / 'out.h5')
    assert 'train/dog/2.png' in str(caught.value) and '--size' in str(caught.value)
    assert os.listdir(tmp_path) == ['in']
    assert prepare(source, tmp_path / 'out.h5', size=6).sizes == {'train': 12, 'val': 6}
    assert splits(tmp_path / 'out.h5')[0]['train'][0].shape == (12, 3, 6, 6)


@pytest.mark.parametrize(
    ('names', 'options', 'words'),
    [
        ([], {}, 'got none'),
        (['notes.txt'], {}, 'got none'),
        (ALONE, {}, '--val 0.1 takes a tenth'),
        (ALONE, {'val': 1.0}, 'from 0 to below 1'),
        (ALONE, {'val': 0.1, 'size': 0}, 'size from 1'),
        (TREE, {'val': 0.1}, 'no --val'),
        ([*TREE, 'val/fox/1.png'], {}, 'got fox'),
        ([*TREE, 'val/1.png'], {}, 'got val/1.png'),
        ([*TREE, 'train/dog/deep/1.png'], {}, 'got train/dog/deep/1.png'),
        ([*TREE, 'other/dog/1.png'], {}, 'got other/dog/1.png'),
        ([*ALONE, 'loose.png'], {'val': 0.1}, 'got loose.png'),
    ],
)
def test_other_orders_are_errors(tmp_path, fill, picture, names, options, words):
    source = fill(tmp_path / 'in', build(picture, names))
    source.mkdir(exist_ok=True)
    with pytest.raises(DataError, match=words):
        prepare(source, tmp_path / 'out.h5', **options)
    assert os.listdir(tmp_path) == ['in']


def test_tiny_imagenet_is_sent_where_it_belongs(tmp_path, fill, picture):
    files = build(picture, ['train/n01/images/n01_1.JPEG', 'val/images/val_1.JPEG']) | {'wnids.txt': b'n01'}
    with pytest.raises(DataError, match='nnlite prep tiny-imagenet'):
        prepare(fill(tmp_path / 'in', files), tmp_path / 'out.h5')


def test_a_class_whose_pictures_are_all_broken_is_an_error(tmp_path, fill, picture):
    files = build(picture, TREE) | {f'train/dog/{number}.png': b'' for number in range(4)}
    with pytest.raises(DataError, match='none of dog'):
        prepare(fill(tmp_path / 'in', files), tmp_path / 'out.h5')


def real(name):
    folder = os.environ.get('NNLITE_DATA')
    if not folder or not Path(folder, name).exists():
        pytest.skip(f'NNLITE_DATA names no folder with {name}')
    return Path(folder, name)


def test_the_beginning_of_the_real_cifar_archive(tmp_path):
    """Of each class's folder in the real archive a few pictures, re-packed: pixels as Pillow decodes them."""
    some = tmp_path / 'some.tar'
    kept = {}
    with tarfile.open(real('cifar10-images.tar.xz')) as archive, tarfile.open(some, 'w') as out:
        for info in archive:
            if info.isfile() and info.name.startswith('cifar10-images/train/') and int(info.name[-8:-4]) < 20:
                kept[info.name] = archive.extractfile(info).read()
                out.addfile(info, io.BytesIO(kept[info.name]))
            if len(kept) == 60:
                break
    report = prepare(some, tmp_path / 'out.h5', val=0.25)
    assert report.sizes == {'train': 45, 'val': 15} and not report.broken
    found, classes = splits(tmp_path / 'out.h5')
    assert classes == ['airplane', 'automobile', 'bird']
    due = {np.asarray(Image.open(io.BytesIO(content))).transpose(2, 0, 1).tobytes() for content in kept.values()}
    assert {image.tobytes() for split in found for image in found[split][0]} == due


@pytest.mark.slow
def test_the_whole_real_cifar_archive(tmp_path):
    report = image_folder.prepare(real('cifar10-images.tar.xz'), tmp_path / 'out.h5', quiet=True)
    assert report.sizes == {'train': 50_000, 'val': 10_000} and not report.broken
    with open_dataset(tmp_path / 'out.h5') as data:
        assert np.bincount(data.labels('train')).tolist() == [5000] * 10
        # The mean and spread that everyone uses for CIFAR-10's own pixels; JPEG hardly moves them.
        assert np.allclose(data.mean, [0.4914, 0.4822, 0.4465], atol=2e-3)
        assert np.allclose(data.std, [0.2470, 0.2435, 0.2616], atol=4e-3)


def test_a_damaged_archive_leaves_nothing(tmp_path, fill, picture):
    archive = pack(fill(tmp_path / 'in', build(picture, TREE)), tmp_path / 'x.tar.xz')
    archive.write_bytes(archive.read_bytes()[:-200])
    with pytest.raises(FileFormatError, match='damaged'):
        prepare(archive, tmp_path / 'out.h5')
    assert sorted(os.listdir(tmp_path)) == ['in', 'x.tar.xz']


def test_a_seed_below_0_is_an_error(tmp_path, fill, picture):
    fill(tmp_path / 'in', build(picture, ALONE))
    with pytest.raises(DataError, match='expected a seed of 0 or more, got -1'):
        prepare(tmp_path / 'in', tmp_path / 'out.h5', val=0.5, seed=-1)


@pytest.mark.skipif(sys.platform != 'linux', reason='elsewhere file names are text')
def test_a_class_whose_name_is_no_text_is_an_error_that_shows_it(tmp_path, picture):
    for name in (b'cat', b'd\xf6g'):
        os.makedirs(os.fsencode(tmp_path / 'in') + b'/' + name)
        for number in (b'1', b'2'):
            with open(os.fsencode(tmp_path / 'in') + b'/' + name + b'/' + number + b'.png', 'wb') as file:
                file.write(picture(1))
    with pytest.raises(DataError, match=re.escape(r"expected classes named in UTF-8, got 'd\udcf6g'")):
        prepare(tmp_path / 'in', tmp_path / 'out.h5', val=0.5)
    assert not (tmp_path / 'out.h5').exists()


@pytest.mark.skipif(sys.platform != 'linux', reason='elsewhere file names are text')
def test_a_source_whose_name_is_no_text_is_read(tmp_path, fill, picture):
    fill(tmp_path / 'in', build(picture, ALONE))
    source = os.fsdecode(os.fsencode(tmp_path) + b'/\xff')
    os.rename(tmp_path / 'in', source)
    assert prepare(source, tmp_path / 'out.h5', val=0.5).sizes == {'train': 16, 'val': 16}
