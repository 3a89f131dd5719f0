"""CIFAR-10: small archives in the original's layout, and servers that lie, stall and break off."""

import hashlib
import http.server
import io
import tarfile
import threading
import time

import numpy as np
import pytest

from nnlite.data_prep import cifar10, open_dataset
from nnlite.data_prep.download import download
from nnlite.errors import DataError, FileFormatError


def batch(seed, count=20):
    generator = np.random.default_rng(seed)
    records = generator.integers(0, 256, (count, cifar10.RECORD), dtype=np.uint8)
    records[:, 0] = np.arange(count) % 10
    return records


def archive(path, batches):
    with tarfile.open(path, 'w:gz') as out:
        for name, content in {'batches.meta.txt': b'airplane\n', **batches}.items():
            info = tarfile.TarInfo(f'cifar-10-batches-bin/{name}')
            info.size = len(content)
            out.addfile(info, io.BytesIO(content))
    return path


@pytest.fixture
def batches():
    files = [*(f'data_batch_{number}.bin' for number in range(1, 6)), 'test_batch.bin']
    return {file: batch(seed).tobytes() for seed, file in enumerate(files)}


def md5(path):
    return hashlib.md5(path.read_bytes()).hexdigest()


def test_the_binary_archive(tmp_path, batches):
    path = archive(tmp_path / 'x.tar.gz', batches)
    report = cifar10.prepare(tmp_path / 'out.h5', path, quiet=True, md5=md5(path))
    assert report.sizes == {'train': 100, 'val': 20}
    with open_dataset(tmp_path / 'out.h5') as data:
        assert data.classes[:2] == ['airplane', 'automobile'] and len(data.classes) == 10
        assert np.array_equal(data.images('train', range(20, 40)).reshape(20, -1), batch(1)[:, 1:])
        assert data.labels('val').tolist() == list(range(10)) * 2
        assert data.source_sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_another_file_is_refused_by_its_checksum(tmp_path, batches):
    path = archive(tmp_path / 'x.tar.gz', batches)
    with pytest.raises(FileFormatError, match=cifar10.MD5):
        cifar10.prepare(tmp_path / 'out.h5', path, quiet=True)
    assert not (tmp_path / 'out.h5').exists()


def test_the_python_archive_is_told_apart(tmp_path):
    path = tmp_path / 'cifar-10-python.tar.gz'
    with tarfile.open(path, 'w:gz') as out:
        out.addfile(tarfile.TarInfo('cifar-10-batches-py/data_batch_4'))
    with pytest.raises(FileFormatError, match='expected the binary version of CIFAR-10') as caught:
        cifar10.prepare(tmp_path / 'out.h5', path, quiet=True)
    assert 'cifar-10-binary.tar.gz' in str(caught.value)


@pytest.mark.parametrize(
    ('file', 'content', 'words'),
    [
        ('test_batch.bin', batch(1).tobytes()[:-1], 'records of 3073 bytes'),
        ('data_batch_3.bin', b'', 'records of 3073 bytes'),
        ('data_batch_3.bin', b'\x0a' + bytes(3072), 'labels from 0 to 9, got 10'),
    ],
)
def test_batches_that_do_not_fit_are_errors(tmp_path, batches, file, content, words):
    path = archive(tmp_path / 'x.tar.gz', batches | {file: content})
    with pytest.raises(FileFormatError, match=words) as caught:
        cifar10.prepare(tmp_path / 'out.h5', path, quiet=True, md5=md5(path))
    assert file in str(caught.value)
    assert not (tmp_path / 'out.h5').exists()


CONTENT = np.random.default_rng(1).integers(0, 256, 300_000, dtype=np.uint8).tobytes()


class Server(http.server.BaseHTTPRequestHandler):
    """Serves CONTENT as `server.behaviour` says, and notes the ranges that were asked for."""

    def log_message(self, *args):
        pass

    def do_GET(self):  # http.server's own name
        self.server.ranges.append(self.headers['Range'])
        behaviour = self.server.behaviour
        start = int(self.headers['Range'][6:-1]) if self.headers['Range'] and behaviour != 'no ranges' else 0
        if behaviour == 'absent':
            return self.send_error(404)
        content = CONTENT[start:]
        if behaviour == 'lies':
            content = bytes(len(content))
        if behaviour == 'endless':
            content = content * 5
        self.send_response(206 if start else 200)
        if behaviour != 'endless':
            self.send_header('Content-Length', str(len(content)))
        self.end_headers()
        breaking = behaviour in ('breaks off', 'no ranges') and len(self.server.ranges) < 3
        if breaking or behaviour == 'always breaks off':
            self.wfile.write(content[:100_000])
        elif behaviour == 'stalls' and len(self.server.ranges) < 2:
            self.wfile.write(content[:100_000])
            self.wfile.flush()
            time.sleep(1)
        else:
            self.wfile.write(content)


@pytest.fixture
def server():
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Server)
    server.behaviour, server.ranges = 'serves', []
    server.url = f'http://127.0.0.1:{server.server_port}/cifar-10-binary.tar.gz'
    thread = threading.Thread(target=server.serve_forever, kwargs={'poll_interval': 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def fetch(server, path, timeout=5.0):
    return download(server.url, path, len(CONTENT), hashlib.md5(CONTENT).hexdigest(), quiet=True, timeout=timeout)


def test_a_download_is_fetched_once(server, tmp_path):
    path = tmp_path / 'cache' / 'file'
    for _ in range(2):
        assert fetch(server, path) == path
    assert path.read_bytes() == CONTENT
    assert server.ranges == [None]
    assert [file.name for file in path.parent.iterdir()] == ['file']


def test_a_connection_that_breaks_off_is_taken_up_where_it_ended(server, tmp_path):
    server.behaviour = 'breaks off'
    assert fetch(server, tmp_path / 'file').read_bytes() == CONTENT
    assert server.ranges == [None, 'bytes=100000-', 'bytes=200000-']


def test_a_server_without_ranges_begins_anew(server, tmp_path):
    server.behaviour = 'no ranges'
    assert fetch(server, tmp_path / 'file').read_bytes() == CONTENT


def test_a_silent_connection_is_given_up_and_taken_up(server, tmp_path):
    server.behaviour = 'stalls'
    assert fetch(server, tmp_path / 'file', timeout=1.0).read_bytes() == CONTENT
    assert server.ranges == [None, 'bytes=100000-']


def test_a_later_call_goes_on_where_the_first_gave_up(server, tmp_path, monkeypatch):
    monkeypatch.setattr('nnlite.data_prep.download.TRIES', 2)
    server.behaviour = 'always breaks off'
    with pytest.raises(DataError, match='broke off after 200000 of 300000') as caught:
        fetch(server, tmp_path / 'file')
    assert server.url in str(caught.value) and 'by other means' in str(caught.value)
    assert [file.name for file in tmp_path.iterdir()] == ['file.part']
    server.behaviour = 'serves'
    assert fetch(server, tmp_path / 'file').read_bytes() == CONTENT
    assert server.ranges[-1] == 'bytes=200000-'


@pytest.mark.parametrize(
    ('behaviour', 'words'), [('lies', 'MD5'), ('absent', '404'), ('endless', '300000 bytes, got more')]
)
def test_a_server_that_sends_something_else_leaves_nothing(server, tmp_path, behaviour, words):
    server.behaviour = behaviour
    with pytest.raises(DataError, match=words):
        fetch(server, tmp_path / 'file')
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) == 0


def test_a_server_that_is_not_there_is_one_clear_error(tmp_path):
    with pytest.raises(DataError, match='download failed'):
        download('http://127.0.0.1:9/file', tmp_path / 'file', 9, '', quiet=True)


def test_without_an_archive_it_is_downloaded_into_the_cache(server, tmp_path, batches, monkeypatch):
    monkeypatch.setenv('NNLITE_CACHE', str(tmp_path / 'cache'))
    monkeypatch.setattr(cifar10, 'URL', server.url)
    monkeypatch.setattr(cifar10, 'BYTES', len(CONTENT))
    with pytest.raises(FileFormatError, match='damaged, or not one'):
        cifar10.prepare(tmp_path / 'out.h5', quiet=True, md5=hashlib.md5(CONTENT).hexdigest())
    assert (tmp_path / 'cache' / 'cifar-10-binary.tar.gz').read_bytes() == CONTENT
