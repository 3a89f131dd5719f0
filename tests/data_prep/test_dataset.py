"""The HDF5 layout: what is written is read again, and files that lie are refused before their arrays are read."""

import itertools
import os
import subprocess
import sys
import tracemalloc
import zlib

import h5py
import numpy as np
import pytest

from nnlite.data_prep.dataset import open_dataset
from nnlite.data_prep.samples import save_samples
from nnlite.data_prep.writer import write_dataset
from nnlite.errors import DataError, FileFormatError, ShapeError


def pictures(count, seed, size=8):
    return np.random.default_rng(seed).integers(0, 256, (count, 3, size, size), dtype=np.uint8)


def write(path, count=90, **options):
    images, labels = pictures(count, 1), np.arange(count) % 3
    with write_dataset(path, (3, 8, 8), ['a', 'b', 'c'], quiet=True, **options) as writer:
        writer.append('train', images[:50], labels[:50])
        writer.append('train', images[50:], labels[50:])
        writer.append('val', images[:6], labels[:6])
        writer.append('test', images[:4], files=['1.png', 'katze/bär.png', '3', '\udcff.png'])
    return images, labels


@pytest.fixture
def path(tmp_path):
    write(tmp_path / 'set.h5')
    return tmp_path / 'set.h5'


def test_what_is_written_is_read_again(tmp_path):
    images, labels = write(tmp_path / 'set.h5', names=['apple', 'bär', 'cat'], source='here')
    with open_dataset(tmp_path / 'set.h5') as data:
        assert data.sizes == {'train': 90, 'val': 6, 'test': 4}
        assert data.shape == (3, 8, 8)
        assert (data.classes, data.names) == (['a', 'b', 'c'], ['apple', 'bär', 'cat'])
        assert (data.source, data.made_by.split()[0], len(data.source_sha256)) == ('here', 'nnlite', 64)
        assert np.array_equal(data.images('train'), images)
        assert np.array_equal(data.labels('train'), labels)
        some = [3, 4, 5, 89, 0, 0, 7]
        assert np.array_equal(data.images('train', some), images[some])
        assert np.allclose(data.mean, (images / 255).mean((0, 2, 3)), rtol=1e-12)
        assert np.allclose(data.std, (images / 255).std((0, 2, 3)), rtol=1e-12)
        with pytest.raises(DataError, match='no labels'):
            data.labels('test')
        assert data.files('test') == ['1.png', 'katze/bär.png', '3', r"'\udcff.png'"] and data.files('val') is None
        assert [data.has_labels(split) for split in data.sizes] == [True, True, False]
        for read in (data.images, data.files, data.has_labels):
            with pytest.raises(DataError, match='one of train, val, test'):
                read('validation')
        with pytest.raises(DataError, match='below 90'):
            data.images('train', [90])


def test_h5py_alone_finds_the_layout_of_the_design(path):
    with h5py.File(path) as file:
        assert file['train/images'].dtype == np.uint8 and file['train/images'].shape == (90, 3, 8, 8)
        assert file['train/images'].chunks is not None
        assert file['val/labels'][:].tolist() == [0, 1, 2, 0, 1, 2]
        assert file['test/files'].asstr()[:3].tolist() == ['1.png', 'katze/bär.png', '3']
        assert set(file.attrs) == {'classes', 'names', 'mean', 'std', 'source', 'source_sha256', 'made_by'}


def test_the_pieces_that_images_come_in_do_not_show(tmp_path):
    images, labels = pictures(60, 2), np.arange(60) % 2
    for name, cuts in (('one', [0, 60]), ('many', [0, 1, 7, 40, 60])):
        with write_dataset(tmp_path / name, (3, 8, 8), ['a', 'b'], quiet=True) as writer:
            for first, last in itertools.pairwise(cuts):
                writer.append('train', images[first:last], labels[first:last])
    with open_dataset(tmp_path / 'one') as one, open_dataset(tmp_path / 'many') as many:
        assert np.array_equal(one.images('train'), many.images('train'))
        assert np.array_equal(one.mean, many.mean) and np.array_equal(one.std, many.std)


def test_a_failed_write_leaves_nothing_new(path):
    before = path.read_bytes()
    with pytest.raises(KeyboardInterrupt), write_dataset(path, (3, 8, 8), ['a'], quiet=True) as writer:
        writer.append('train', pictures(5, 3), [0] * 5)
        raise KeyboardInterrupt
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == [path.name]


@pytest.mark.skipif(os.name != 'posix', reason='there are no locks on Windows')
def test_what_a_killed_program_has_left_of_the_same_file_is_removed(tmp_path):
    (tmp_path / '.set.h5.0123cdef.part').write_bytes(b'half of it')
    write(tmp_path / 'set.h5')
    assert os.listdir(tmp_path) == ['set.h5']


@pytest.mark.skipif(sys.platform == 'win32', reason='Windows has no limit on the size of a file')
@pytest.mark.parametrize('limit', [0, 10, 1000, 70_000, 400_000, 1_900_000])
def test_a_full_disk_is_one_clear_error(tmp_path, limit):
    """In a process of its own, whose files may not grow beyond a limit: HDF5 by itself crashes that process."""
    script = f"""
import resource, numpy as np
from nnlite.data_prep.writer import write_dataset
resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))
with write_dataset({str(tmp_path / 'x.h5')!r}, (3, 32, 32), ['a'], quiet=True) as writer:
    for _ in range(6):
        writer.append('train', np.zeros((100, 3, 32, 32), np.uint8), np.zeros(100))
"""
    done = subprocess.run([sys.executable, '-c', script], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith('OSError: [Errno 27]')
    assert 'h5py' not in done.stderr
    assert not os.listdir(tmp_path)


def test_a_class_without_training_images_is_an_error(tmp_path):
    with (
        pytest.raises(DataError, match='none of b'),
        write_dataset(tmp_path / 'x.h5', (3, 8, 8), ['a', 'b'], quiet=True) as writer,
    ):
        writer.append('train', pictures(5, 3), [0] * 5)
    assert not os.listdir(tmp_path)


def test_images_of_another_shape_are_an_error(tmp_path):
    with (
        pytest.raises(ShapeError, match=r'\(N, 3, 8, 8\)'),
        write_dataset(tmp_path / 'x.h5', (3, 8, 8), ['a'], quiet=True) as writer,
    ):
        writer.append('train', pictures(5, 3, size=9), [0] * 5)


def test_a_written_file_is_as_open_to_others_as_any(path):
    umask = os.umask(0)
    os.umask(umask)
    assert path.stat().st_mode & 0o777 == 0o666 & ~umask


def test_other_files_are_refused(tmp_path):
    (tmp_path / 'text.h5').write_text('hello')
    with pytest.raises(FileFormatError, match='expected an HDF5 file'):
        open_dataset(tmp_path / 'text.h5')
    with h5py.File(tmp_path / 'empty.h5', 'w'):
        pass
    with pytest.raises(FileFormatError, match="an attribute 'classes'"):
        open_dataset(tmp_path / 'empty.h5')
    with pytest.raises(FileNotFoundError):
        open_dataset(tmp_path / 'absent.h5')


def relink(path, name, link):
    with h5py.File(path, 'a') as file:
        del file[name]
        file[name] = link


def rewrite(path, name, **options):
    with h5py.File(path, 'a') as file:
        old = file[name][()]
        del file[name]
        file.create_dataset(name, **{'data': old, **options})


def external_storage(path):
    with h5py.File(path, 'a') as file:
        del file['train/images']
        file.create_dataset('train/images', (90, 3, 8, 8), 'u1', external=[('/etc/passwd', 0, h5py.h5f.UNLIMITED)])


def virtual(path):
    with h5py.File(path, 'a') as file:
        del file['train/images']
        layout = h5py.VirtualLayout((90, 3, 8, 8), 'u1')
        layout[:4] = h5py.VirtualSource('other.h5', 'secret', (4, 3, 8, 8))
        file.create_virtual_dataset('train/images', layout)


def sparse(path):
    with h5py.File(path, 'a') as file:
        del file['train/images']
        file.create_dataset('train/images', (10**12, 3, 8, 8), 'u1', chunks=(1000, 3, 8, 8))


def bomb(path):
    with h5py.File(path, 'a') as file:
        del file['train/images']
        file.create_dataset('train/images', (90, 3, 8, 8), 'u1', chunks=(2**20, 3, 8, 8), maxshape=(None, 3, 8, 8))


def heap(size):
    """Return what gives the first object in a file's first heap of texts another size."""

    def change(path):
        content = bytearray(path.read_bytes())
        content[(at := content.index(b'GCOL') + 24) : at + 8] = size.to_bytes(8, 'little')
        path.write_bytes(content)

    return change


def short_chunk(path):
    with h5py.File(path, 'a') as file:
        for name, count in (('images', 80_000), ('labels', 80_000)):
            del file[f'train/{name}']
            form = (count, 3, 8, 8) if name == 'images' else (count,)
            file.create_dataset(f'train/{name}', form, 'u1', chunks=form, compression='gzip')
            file[f'train/{name}'].id.write_direct_chunk((0,) * len(form), zlib.compress(b'x') + bytes(40_000))


def attribute(path, name, value):
    with h5py.File(path, 'a') as file:
        file.attrs[name] = value


LIES = {
    'external link': (lambda path: relink(path, 'train/images', h5py.ExternalLink('o.h5', '/x')), 'a link'),
    'soft link': (lambda path: relink(path, 'val/images', h5py.SoftLink('/train/images')), 'a link'),
    'linked group': (lambda path: relink(path, 'train', h5py.ExternalLink('o.h5', '/train')), 'a link'),
    'external storage': (external_storage, 'other files'),
    'virtual': (virtual, 'other files'),
    'sparse': (sparse, 'chunks'),
    'huge chunks': (bomb, 'chunks of at most'),
    'a chunk that ends too early': (short_chunk, 'expected chunks of 15360000 bytes'),  # HDF5 would read on behind it
    'lzf': (lambda path: rewrite(path, 'train/images', chunks=(9, 3, 8, 8), compression='lzf'), 'filters'),
    'floats': (lambda path: rewrite(path, 'train/images', dtype='f4'), 'uint8'),
    'grey': (lambda path: rewrite(path, 'train/images', data=np.zeros((90, 1, 8, 8), 'u1')), 'uint8'),
    'another size': (lambda path: rewrite(path, 'val/images', data=np.zeros((6, 3, 9, 9), 'u1')), 'of the others'),
    'no width': (lambda path: rewrite(path, 'train/images', data=np.zeros((90, 3, 8, 0), 'u1')), 'uint8'),
    'label beyond': (lambda path: rewrite(path, 'val/labels', data=np.full(6, 3)), 'from 0 to 2'),
    'files of any length': (
        lambda path: rewrite(path, 'test/files', data=list('abcd'), dtype=h5py.string_dtype()),
        'strings of one length',
    ),
    'long names': (lambda path: rewrite(path, 'test/files', data=np.full(4, b'a', 'S20000')), 'at most 16384'),
    'names too few': (lambda path: rewrite(path, 'test/files', data=np.full(3, b'a')), r'of \(4,\) strings'),
    'numbers for names': (lambda path: rewrite(path, 'test/files', data=np.arange(4)), 'strings of one length'),
    'names elsewhere': (lambda path: relink(path, 'test/files', h5py.ExternalLink('o.h5', '/x')), 'a link'),
    'label below': (lambda path: rewrite(path, 'val/labels', data=np.full(6, -1)), 'from 0 to 2'),
    'fewer labels': (lambda path: rewrite(path, 'val/labels', data=np.zeros(5, int)), r'\(6,\) integers'),
    'string labels': (lambda path: rewrite(path, 'val/labels', data=['a'] * 6), 'integers'),
    'no train': (lambda path: relink(path, 'train', np.zeros(3)), 'group'),
    'images a group': (lambda path: relink(path, 'val/images', h5py.SoftLink('/')), 'a link'),
    'no std': (lambda path: attribute(path, 'std', [1.0, 0.0, 1.0]), 'std above 0'),
    'nan mean': (lambda path: attribute(path, 'mean', [1.0, np.nan, 1.0]), 'finite'),
    'long mean': (lambda path: attribute(path, 'mean', np.zeros(4)), '3 numbers'),
    'numbers for classes': (lambda path: attribute(path, 'classes', np.arange(3)), 'strings'),
    'twice the same class': (lambda path: attribute(path, 'classes', ['a', 'b', 'a']), 'distinct'),
    'fewer names': (lambda path: attribute(path, 'names', ['a', 'b']), 'a name each'),
    'a heap that ends nowhere': (heap(2**64 - 16), 'sizes in the heap'),  # HDF5 would never come back
    'a heap that is too large': (heap(5000), 'sizes in the heap'),
    'number for source': (lambda path: attribute(path, 'source', 3), 'a string'),
}


@pytest.mark.parametrize('lie', LIES)
def test_a_file_that_lies_is_refused(path, lie):
    change, words = LIES[lie]
    change(path)
    with pytest.raises(FileFormatError, match=words) as caught:
        open_dataset(path)
    assert str(path) in str(caught.value)


def test_compressed_images_are_read_too(path):
    with open_dataset(path) as data:
        images = data.images('train')
    rewrite(path, 'train/images', chunks=(9, 3, 8, 8), compression='gzip', shuffle=True, fletcher32=True)
    with open_dataset(path) as data:
        assert np.array_equal(data.images('train'), images)


@pytest.mark.parametrize('seed', range(40))
def test_a_damaged_file_is_refused_or_read(path, seed):
    """Whatever byte is wrong, or where the file ends, the answer is one clear error or an array of the right shape."""
    generator = np.random.default_rng(seed)
    content = bytearray(path.read_bytes())
    if seed % 4 == 0:
        del content[generator.integers(len(content)) :]
    else:
        # The attributes and headers are a small part of the file; three times of four the damage is made there.
        end = len(content) if seed % 4 == 1 else 4000
        for place in generator.integers(0, end, 8):
            content[place] = generator.integers(256)
    path.write_bytes(content)
    try:
        with open_dataset(path) as data:
            for split, size in data.sizes.items():
                assert data.images(split).shape == (size, *data.shape)
                assert len(data.files(split) or range(size)) == size
    except FileFormatError as error:
        assert str(path) in str(error)


def test_the_samples_of_large_images_take_little_memory(tmp_path):
    images = pictures(20, 1, size=600)
    with write_dataset(tmp_path / 'large.h5', (3, 600, 600), ['a', 'b'], quiet=True) as writer:
        writer.append('train', images, np.arange(20) % 2)
    tracemalloc.start()
    try:
        path = save_samples(tmp_path / 'large.h5')
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 6 * images.nbytes
    assert path.stat().st_size > 10_000
