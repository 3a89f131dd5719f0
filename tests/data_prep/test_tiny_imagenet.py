"""Tiny ImageNet: a small one in exactly its layout, and some of the real one."""

import os
import zipfile
from pathlib import Path

import numpy as np
import pytest

from nnlite.data_prep import open_dataset, tiny_imagenet
from nnlite.errors import DataError, FileFormatError

WNIDS = ['n03', 'n01', 'n02']


@pytest.fixture
def files(picture):
    files = {
        'wnids.txt': b'n03\nn01\nn02\n',
        'words.txt': b'n01\tgoldfish, Carassius auratus\nn02\tslug\nn03\toboe, hautboy\nn04\telse\n',
        'val/val_annotations.txt': b''.join(
            b'val_%d.JPEG\t%s\t0\t0\t9\t9\n' % (n, b'n0%d' % (n % 3 + 1)) for n in range(6)
        ),
    }
    for number, wnid in enumerate(WNIDS):
        files[f'train/{wnid}/{wnid}_boxes.txt'] = b'n01_0.JPEG\t0\t0\t9\t9\n'
        for n in range(4):
            mode = 'L' if n == 3 else 'RGB'
            files[f'train/{wnid}/images/{wnid}_{n}.JPEG'] = picture(10 * number + n, kind='JPEG', mode=mode)
    for n in range(6):
        files[f'val/images/val_{n}.JPEG'] = picture(100 + n, kind='JPEG')
    for n in range(5):
        files[f'test/images/test_{n}.JPEG'] = picture(200 + n, kind='JPEG')
    return files


def zipped(path, files, root='tiny-imagenet-200/'):
    with zipfile.ZipFile(path, 'w') as out:
        for name, content in files.items():
            out.writestr(root + name, content)
    return path


def prepare(source, out):
    return tiny_imagenet.prepare(source, out, workers=1, quiet=True)


def test_the_layout_of_the_original(tmp_path, files, fill):
    report = prepare(zipped(tmp_path / 'x.zip', files), tmp_path / 'out.h5')
    assert report.sizes == {'train': 12, 'val': 6, 'test': 5} and not report.broken
    with open_dataset(tmp_path / 'out.h5') as data:
        assert data.classes == WNIDS
        assert data.names == ['oboe, hautboy', 'goldfish, Carassius auratus', 'slug']
        assert sorted(data.labels('train').tolist()) == [0] * 4 + [1] * 4 + [2] * 4
        # Annotated as n01 n02 n03 in turn, which are the classes 1 2 0.
        assert data.labels('val').tolist() == [1, 2, 0, 1, 2, 0]
        grey = data.images('train')[3]
        assert data.files('test') == [f'test_{n}.JPEG' for n in range(5)]
        assert data.files('train')[3] == 'n01/images/n01_3.JPEG'
        assert (grey[0] == grey[1]).all() and (grey[0] == grey[2]).all()
        with pytest.raises(DataError, match='no labels'):
            data.labels('test')
        images = data.images('train')
    prepare(fill(tmp_path / 'folder', files), tmp_path / 'folder.h5')
    with open_dataset(tmp_path / 'folder.h5') as data:
        assert np.array_equal(data.images('train'), images)


def test_broken_and_missing_pictures_are_named(tmp_path, files):
    files['train/n01/images/n01_2.JPEG'] = b'no picture'
    del files['val/images/val_4.JPEG']
    report = prepare(zipped(tmp_path / 'x.zip', files), tmp_path / 'out.h5')
    assert report.sizes == {'train': 11, 'val': 5, 'test': 5}
    assert report.broken == [
        'tiny-imagenet-200/val/images/val_4.JPEG: annotated, but not there',
        'tiny-imagenet-200/train/n01/images/n01_2.JPEG: not a JPEG or PNG',
    ]


@pytest.mark.parametrize('name', ['wnids.txt', 'words.txt', 'val/val_annotations.txt'])
def test_a_missing_text_is_named(tmp_path, files, name):
    del files[name]
    with pytest.raises(DataError, match=name):
        prepare(zipped(tmp_path / 'x.zip', files), tmp_path / 'out.h5')
    assert os.listdir(tmp_path) == ['x.zip']


@pytest.mark.parametrize(
    ('name', 'content', 'words'),
    [
        ('wnids.txt', b'n01\nn02\n', "a class of wnids.txt, got 'n03'"),
        ('wnids.txt', b'n01\nn01\n', 'distinct'),
        ('wnids.txt', b'', 'distinct'),
        ('wnids.txt', b'n01\nn02\nn03\nn04\n', 'none of n04'),
        ('val/val_annotations.txt', b'val_0.JPEG\tn01\n', "val_annotations.txt, got 'val_1.JPEG'"),
        ('val/val_annotations.txt', b'val_0.JPEG n01\n', 'fields between tabs'),
        ('train/n01.JPEG', b'', 'no picture here'),
    ],
)
def test_texts_that_do_not_fit_are_errors(tmp_path, files, name, content, words):
    with pytest.raises(DataError, match=words):
        prepare(zipped(tmp_path / 'x.zip', files | {name: content}), tmp_path / 'out.h5')


def test_a_text_that_is_none_is_an_error(tmp_path, files):
    with pytest.raises(FileFormatError, match='expected text'):
        prepare(zipped(tmp_path / 'x.zip', files | {'words.txt': b'\xff\xfe'}), tmp_path / 'out.h5')


def test_two_classes_of_the_real_one(tmp_path):
    folder = os.environ.get('NNLITE_DATA')
    if not folder or not Path(folder, 'tiny-imagenet-20.zip').exists():
        pytest.skip('NNLITE_DATA names no folder with tiny-imagenet-20.zip')
    with zipfile.ZipFile(Path(folder, 'tiny-imagenet-20.zip')) as real:
        wnids = real.read('tiny-imagenet-20/wnids.txt').decode().split()[:2]
        root = 'tiny-imagenet-20/'
        lines = real.read(f'{root}val/val_annotations.txt').decode().splitlines(keepends=True)
        lines = [line for line in lines if line.split('\t')[1] in wnids]
        names = [name for name in real.namelist() if name.endswith('.JPEG') and any(wnid in name for wnid in wnids)]
        some = {name.removeprefix(root): real.read(name) for name in names}
        some |= {
            f'val/images/{name}': real.read(f'{root}val/images/{name}') for name in (x.split('\t')[0] for x in lines)
        }
        some['words.txt'] = real.read(f'{root}words.txt')
    some |= {'wnids.txt': '\n'.join(wnids).encode(), 'val/val_annotations.txt': ''.join(lines).encode()}
    report = prepare(zipped(tmp_path / 'x.zip', some), tmp_path / 'out.h5')
    assert report.sizes == {'train': 1000, 'val': 100} and not report.broken
    with open_dataset(tmp_path / 'out.h5') as data:
        assert data.shape == (3, 64, 64) and data.names == ['Egyptian cat', 'parking meter']
