"""Arrays of HDF5 files: chunks that h5py writes are whole; shorter ones, behind which it would read on, are told."""

import zlib

import h5py
import numpy as np
import pytest

import nnlite
from nnlite.hdf5_arrays import expect_whole_chunks

NOISE = np.random.default_rng(1).integers(0, 256, (90, 40), np.uint8)


@pytest.fixture
def file(tmp_path):
    with h5py.File(tmp_path / 'chunks.h5', 'w') as file:
        yield file


@pytest.mark.parametrize('libver', ['earliest', 'v110', 'latest'])
@pytest.mark.parametrize('gzip', [None, 'gzip'])
@pytest.mark.parametrize('shuffle', [False, True])
@pytest.mark.parametrize('fletcher32', [False, True])
def test_what_h5py_writes_is_whole(tmp_path, libver, gzip, shuffle, fletcher32):
    options = {'chunks': (7, 40), 'compression': gzip, 'shuffle': shuffle, 'fletcher32': fletcher32}
    with h5py.File(tmp_path / 'whole.h5', 'w', libver=libver) as file:
        for name, values in (('noise', NOISE), ('numbers', np.arange(3600.0).reshape(90, 40)), ('none', NOISE[:0])):
            file.create_dataset(name, data=values, maxshape=(None, 40), **options)
            expect_whole_chunks(file[name], 'here')
        expect_whole_chunks(file.create_dataset('plain', data=NOISE), 'here')
        texts = file.create_dataset('texts', data=np.array([b'a', b'bc', b'']), **{**options, 'chunks': (2,)})
        expect_whole_chunks(texts, 'here')


@pytest.mark.parametrize(
    ('content', 'mask', 'options'),
    [
        (zlib.compress(b'x') + bytes(99), 0, {'compression': 'gzip'}),
        (zlib.compress(bytes(3601)), 0, {'compression': 'gzip'}),
        (zlib.compress(bytes(3600))[:-20], 0, {'compression': 'gzip'}),
        (b'no gzip', 0, {'compression': 'gzip'}),
        (bytes(99), 1, {'compression': 'gzip'}),
        (bytes(99), 0, {}),
        (bytes(3600), 0, {'fletcher32': True}),
        (b'abc', 0, {'compression': 'gzip', 'fletcher32': True}),
    ],
    ids=['short', 'long', 'cut', 'none', 'not compressed', 'no filter', 'no checksum', 'less than a checksum'],
)
def test_a_chunk_of_another_size(file, content, mask, options):
    dataset = file.create_dataset('x', (90, 40), 'u1', chunks=(90, 40), **options)
    dataset.id.write_direct_chunk((0, 0), content, mask)
    with pytest.raises(nnlite.FileFormatError, match=r'in here\n.*chunks of 3600 bytes in /x, got another'):
        expect_whole_chunks(dataset, 'here')


def test_a_chunk_that_gzip_was_left_out_of(tmp_path):
    with h5py.File(tmp_path / 'left-out.h5', 'w') as file:
        dataset = file.create_dataset('x', (90, 40), 'u1', chunks=(90, 40), compression='gzip')
        dataset.id.write_direct_chunk((0, 0), NOISE.tobytes(), 1)
    with h5py.File(tmp_path / 'left-out.h5') as file:
        expect_whole_chunks(file['x'], 'here')
        assert np.array_equal(file['x'], NOISE)


def test_another_filter(file):
    with pytest.raises(nnlite.FileFormatError, match='by gzip'):
        expect_whole_chunks(file.create_dataset('x', data=NOISE, compression='lzf'), 'here')
