"""Heaps of HDF5 files: those that h5py writes are sound; one that HDF5 would walk through for ever is told."""

import h5py
import pytest

import nnlite
from nnlite.hdf5_heaps import expect_sound_heaps


@pytest.fixture
def path(tmp_path):
    """A file with several heaps, in which some texts are no longer used."""
    with h5py.File(tmp_path / 'texts.h5', 'w') as file:
        texts = file.create_dataset('texts', (500,), h5py.string_dtype())
        for length in (30, 9, 0, 5000):
            texts[:] = [f'{number}' * length for number in range(500)]
        file.attrs['classes'] = ['a', 'ä' * 9, '']
    return tmp_path / 'texts.h5'


def test_what_h5py_writes_is_sound(path):
    expect_sound_heaps(path)
    assert path.read_bytes().count(b'GCOL\1') > 3


def test_pixels_that_look_like_a_heap_are_none(path):
    path.write_bytes(path.read_bytes() + b'GCOL and other pixels, GCOL\1 and more, GCOL\1 or')
    expect_sound_heaps(path)


def test_an_empty_file_has_none(tmp_path):
    (tmp_path / 'empty').touch()
    expect_sound_heaps(tmp_path / 'empty')


@pytest.mark.parametrize(
    ('place', 'value'),
    [(8, 2**63), (8, 1 << 30), (24, 2**64 - 16), (24, 2**64 - 1), (24, 1 << 20)],
    ids=['heap too large', 'heap beyond the file', 'back to its beginning', 'nothing', 'beyond the heap'],
)
def test_sizes_that_lead_nowhere(path, place, value):
    content = bytearray(path.read_bytes())
    begin = content.index(b'GCOL\1')
    content[begin + place : begin + place + 8] = value.to_bytes(8, 'little')
    path.write_bytes(content)
    with pytest.raises(nnlite.FileFormatError, match=f'sizes in the heap at byte {begin}'):
        expect_sound_heaps(path)


def test_free_space_that_takes_nothing(path):
    content = bytearray(path.read_bytes())
    begin = content.index(b'GCOL\1')
    content[begin + 16 : begin + 18] = bytes(2)
    content[begin + 24 : begin + 32] = bytes(8)
    path.write_bytes(content)
    with pytest.raises(nnlite.FileFormatError, match='sizes in the heap'):
        expect_sound_heaps(path)


def test_a_file_that_ends_in_the_head_of_a_heap(path):
    path.write_bytes(b'GCOL\1\0\0\0\0')
    with pytest.raises(nnlite.FileFormatError, match='at byte 0'):
        expect_sound_heaps(path)


def test_reserved_bytes_do_not_hide_a_heap(path):
    content = bytearray(path.read_bytes())
    begin = content.index(b'GCOL\1')
    content[begin + 5 : begin + 8] = b'\0\1\0'
    path.write_bytes(content)
    expect_sound_heaps(path)
    content[begin + 24 : begin + 32] = (2**64 - 16).to_bytes(8, 'little')
    path.write_bytes(content)
    with pytest.raises(nnlite.FileFormatError, match=f'sizes in the heap at byte {begin}'):
        expect_sound_heaps(path)
