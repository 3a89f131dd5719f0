"""Archives: the same files whatever they are packed in, and a clear error for each that lies."""

import io
import stat
import tarfile
import zipfile

import numpy as np
import pytest

from nnlite.data_prep import archive
from nnlite.errors import FileFormatError

FILES = {'a/1.txt': b'one', 'a/2.txt': b'two' * 3000, 'b/c/3.txt': b'', 'top.txt': b'top'}


def tar(path, mode, files=FILES, **header):
    with tarfile.open(path, mode) as out:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            for key, value in header.items():
                setattr(info, key, value)
            out.addfile(info, io.BytesIO(content))
    return path


def zipped(path, files=FILES):
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as out:
        for name, content in files.items():
            out.writestr(name, content)
    return path


def contents(path):
    return {name: read() for name, read in archive.members(path)}


def test_the_same_files_from_a_folder_a_zip_and_every_tar(tmp_path, fill):
    assert contents(fill(tmp_path / 'folder', FILES)) == FILES
    assert contents(zipped(tmp_path / 'x.zip')) == FILES
    for mode in ('w', 'w:gz', 'w:xz', 'w:bz2'):
        # Its content says what it is, not its name.
        assert contents(tar(tmp_path / 'archive', mode)) == FILES


def test_folders_and_zips_come_in_order(tmp_path, fill):
    backwards = dict(reversed(FILES.items()))
    assert list(contents(zipped(tmp_path / 'x.zip', backwards))) == list(FILES)
    assert list(contents(tar(tmp_path / 'x.tar', 'w', backwards))) == list(backwards)


def test_the_checksum_is_the_files(tmp_path):
    path = tmp_path / 'x'
    path.write_bytes(b'abc')
    assert archive.checksum(path) == 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
    assert archive.checksum(tmp_path) is None


@pytest.mark.parametrize('name', ['../up.txt', '/etc/passwd', 'a/../../b', 'C:/x', 'a\\..\\b'])
@pytest.mark.parametrize('pack', [lambda path, files: tar(path, 'w:gz', files), zipped])
def test_paths_that_lead_outside_are_refused(tmp_path, pack, name):
    with pytest.raises(FileFormatError, match='inside the archive'):
        contents(pack(tmp_path / 'x', {'fine.txt': b'', name: b'evil'}))


@pytest.mark.parametrize('kind', [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_in_a_tar_are_refused(tmp_path, kind):
    with pytest.raises(FileFormatError, match='link or a device'):
        contents(tar(tmp_path / 'x.tar', 'w', {'a.jpg': b''}, type=kind, linkname='/etc/passwd'))


def test_links_in_a_zip_are_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / 'x.zip', 'w') as out:
        info = zipfile.ZipInfo('a.jpg')
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        out.writestr(info, '/etc/passwd')
    with pytest.raises(FileFormatError, match='a link'):
        contents(tmp_path / 'x.zip')


def test_a_sparse_member_is_refused(tmp_path):
    with pytest.raises(FileFormatError):
        contents(tar(tmp_path / 'x.tar', 'w', {'a.jpg': bytes(512)}, type=tarfile.GNUTYPE_SPARSE))


def test_a_member_that_is_too_large_is_refused_before_it_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, 'MAX_MEMBER', 5000)
    for path in (zipped(tmp_path / 'x.zip'), tar(tmp_path / 'x.tar', 'w')):
        with pytest.raises(FileFormatError, match=r'at most 5000 bytes, got 9000 in a/2\.txt'):
            contents(path)


def test_more_files_than_allowed_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, 'MAX_MEMBERS', 3)
    with pytest.raises(FileFormatError, match='at most 3 files'):
        contents(zipped(tmp_path / 'x.zip'))


@pytest.mark.parametrize('pack', [lambda path, files: tar(path, 'w:xz', files), zipped])
def test_a_bomb_is_refused(tmp_path, pack, monkeypatch):
    monkeypatch.setattr(archive, 'SLACK', 0)
    with pytest.raises(FileFormatError, match='in an archive of this size'):
        contents(pack(tmp_path / 'x', {f'{i}.txt': bytes(1 << 20) for i in range(9)}))


def test_a_header_that_claims_to_be_huge_is_not_read(tmp_path):
    """A PAX header of 2**33 bytes: tarfile alone would read it all into memory."""
    info = tarfile.TarInfo('pax')
    info.type, info.size = tarfile.XHDTYPE, 1 << 33
    (tmp_path / 'x.tar').write_bytes(info.tobuf(tarfile.GNU_FORMAT) + bytes(10240))
    with pytest.raises(FileFormatError, match='headers and files of at most'):
        contents(tmp_path / 'x.tar')


def test_one_name_twice_is_refused(tmp_path):
    with tarfile.open(tmp_path / 'x.tar', 'w') as out:
        for _ in range(2):
            out.addfile(tarfile.TarInfo('a.txt'))
    with pytest.raises(FileFormatError, match=r'got a\.txt twice'):
        contents(tmp_path / 'x.tar')


def test_an_encrypted_zip_is_refused(tmp_path):
    content = bytearray(zipped(tmp_path / 'x.zip', {'a.txt': b'abc'}).read_bytes())
    for signature, flags in ((b'PK\x03\x04', 6), (b'PK\x01\x02', 8)):
        content[content.index(signature) + flags] |= 1
    (tmp_path / 'x.zip').write_bytes(content)
    with pytest.raises(FileFormatError, match='encrypted'):
        contents(tmp_path / 'x.zip')


@pytest.mark.parametrize('mode', ['w', 'w:gz', 'w:xz', 'w:bz2'])
def test_a_tar_that_ends_early_is_an_error_wherever_it_ends(tmp_path, mode):
    """tarfile by itself takes a cut between two members, or garbage there, for the end of the archive."""
    whole = tar(tmp_path / 'x', mode).read_bytes()
    short = tmp_path / 'short'
    # A plain tar's last 512 * 2 bytes and padding are zeros, which may be missing in part.
    for length in {1, 300, 512, 513, 1000, 1024, len(whole) // 2, 512 * 5, *range(0, min(len(whole), 11_000), 512)}:
        if length < (len(whole) if mode != 'w' else 512 * 24):
            short.write_bytes(whole[:length])
            with pytest.raises(FileFormatError):
                contents(short)


@pytest.mark.parametrize('seed', range(40))
@pytest.mark.parametrize('mode', ['w', 'w:gz', 'w:xz', 'zip'])
def test_damage_is_an_error_or_no_harm(tmp_path, mode, seed):
    path = zipped(tmp_path / 'x') if mode == 'zip' else tar(tmp_path / 'x', mode)
    generator = np.random.default_rng(seed)
    content = bytearray(path.read_bytes())
    for place in generator.integers(0, len(content), 3):
        content[place] = generator.integers(256)
    path.write_bytes(content)
    try:
        assert all(isinstance(content, bytes) for content in contents(path).values())
    except FileFormatError as error:
        assert str(path) in str(error)


def test_other_files_are_refused(tmp_path):
    (tmp_path / 'x.zip').write_bytes(b'hello' * 999)
    with pytest.raises(FileFormatError, match='damaged, or not one'):
        contents(tmp_path / 'x.zip')
    with pytest.raises(FileNotFoundError):
        contents(tmp_path / 'absent.zip')
