"""A file is whole or absent."""

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

import nnlite
from nnlite import whole_file as module
from nnlite.whole_file import remove_unfinished, whole_file


def test_error_keeps_what_was_there(tmp_path):
    path = tmp_path / 'file'
    path.write_bytes(b'old')
    with pytest.raises(KeyboardInterrupt), whole_file(path) as file:
        file.write(b'half of the ne')
        raise KeyboardInterrupt
    assert path.read_bytes() == b'old' and list(tmp_path.iterdir()) == [path]


def test_new_contents_come_at_once(tmp_path):
    path = tmp_path / 'file'
    path.write_bytes(b'old')
    with whole_file(path) as file:
        file.write(b'new')
        file.flush()
        assert path.read_bytes() == b'old'
    assert path.read_bytes() == b'new' and list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(os.name != 'posix', reason='permissions and links are those of POSIX')
def test_permissions_and_links(tmp_path):
    (tmp_path / 'link').symlink_to('file')
    with whole_file(tmp_path / 'link') as file:
        file.write(b'new')
    assert (tmp_path / 'link').is_symlink() and (tmp_path / 'file').read_bytes() == b'new'
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE((tmp_path / 'file').stat().st_mode) == 0o666 & ~umask


def test_what_is_not_a_file_is_left_alone(tmp_path):
    for place in (tmp_path, os.devnull):
        with pytest.raises(nnlite.Error, match='expected the name of a file'), whole_file(place):
            pass
    assert not list(tmp_path.iterdir())


def test_folder_that_is_missing(tmp_path):
    with pytest.raises(FileNotFoundError):
        nnlite.save(tmp_path / 'nowhere' / 'file.t7', 1)


@pytest.mark.skipif(os.name != 'posix', reason='limits and signals are those of POSIX')
def test_full_disk_leaves_the_old_file(tmp_path):
    """A limit on the size of files stands for the full disk: the write fails half-way."""
    nnlite.save(tmp_path / 'file.t7', 'old')
    program = """
import resource, signal, sys
import numpy as np, nnlite
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
try:
    nnlite.save(sys.argv[1], np.zeros(1_000_000))
except OSError as error:
    print('OSError')
"""
    run = subprocess.run([sys.executable, '-c', program, tmp_path / 'file.t7'], capture_output=True, text=True)
    assert run.stdout == 'OSError\n', run.stderr
    assert nnlite.load(tmp_path / 'file.t7') == 'old' and len(list(tmp_path.iterdir())) == 1


@pytest.mark.skipif(os.name != 'posix', reason='limits and signals are those of POSIX')
def test_kill_leaves_a_whole_file(tmp_path):
    program = """
import itertools, sys
import numpy as np, nnlite
for number in itertools.count():
    nnlite.save(sys.argv[1], [number, np.full(300_000, number)])
    print(number, flush=True)
"""
    run = subprocess.Popen([sys.executable, '-c', program, tmp_path / 'file.t7'], stdout=subprocess.PIPE, text=True)
    assert [run.stdout.readline() for _ in range(3)] == ['0\n', '1\n', '2\n']
    run.send_signal(signal.SIGKILL)
    run.wait()
    number, array = nnlite.load(tmp_path / 'file.t7')
    assert number >= 2 and array.size == 300_000 and (array == number).all()


@pytest.mark.skipif(os.name != 'posix', reason='there are no locks on Windows')
def test_what_a_killed_program_left_is_removed_unless_it_is_being_written(tmp_path):
    program = """
import sys, time
from nnlite.whole_file import whole_file
with whole_file(sys.argv[1]) as file:
    print(file.name, flush=True)
    time.sleep(600)
"""
    path = tmp_path / '[odd] name'
    run = subprocess.Popen([sys.executable, '-c', program, path], stdout=subprocess.PIPE, text=True)
    part = Path(run.stdout.readline().rstrip())
    others = [tmp_path / name for name in ('.[odd] name.part', '.[odd] name.1234567.part', '.o name.12345678.part')]
    for other in others:
        other.touch()
    with whole_file(path) as mine:
        remove_unfinished(path)
        assert part.exists() and Path(mine.name).exists()
    run.send_signal(signal.SIGKILL)
    run.communicate()
    remove_unfinished(path)
    assert sorted(tmp_path.iterdir()) == sorted([path, *others])


def test_a_file_that_was_removed_before_it_was_locked_is_begun_again(tmp_path, monkeypatch):
    names = []

    def late(handle):
        if not names:
            names.extend(tmp_path.iterdir())
            names[0].unlink()
        return True

    monkeypatch.setattr(module, 'lock', late)
    with whole_file(tmp_path / 'file') as file:
        file.write(b'new')
    assert names and (tmp_path / 'file').read_bytes() == b'new'


def test_a_missing_folder_is_named_with_the_file_that_was_asked_for(tmp_path):
    path = tmp_path / 'nowhere' / 'file'
    with pytest.raises(FileNotFoundError) as caught, whole_file(path):
        pass
    assert caught.value.filename == str(path)


@pytest.mark.skipif(not os.path.exists('/dev/full'), reason='needs a device that is always full')
def test_a_full_disk_is_told_with_the_name_of_the_file(tmp_path):
    with (
        pytest.raises(OSError) as raised,
        whole_file(tmp_path / 'file'),
        open('/dev/full', 'wb', buffering=0) as full,
    ):
        full.write(b'more than there is room for')
    assert raised.value.filename == str(tmp_path / 'file')
    assert not list(tmp_path.iterdir())
