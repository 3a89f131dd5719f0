"""A folder is one process's, until it ends."""

import errno
import os
import signal
import subprocess
import sys
from contextlib import contextmanager

import pytest

from nnlite import Error, file_lock
from nnlite.file_lock import LOCK, locked_folder

PROGRAM = """
import sys, time
from pathlib import Path
from nnlite.file_lock import locked_folder
with locked_folder(Path(sys.argv[1])):
    print('locked', flush=True)
    time.sleep(600)
"""


@contextmanager
def holder(folder):
    """Have another process lock the folder; kill it at the end."""
    process = subprocess.Popen([sys.executable, '-c', PROGRAM, str(folder)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline() == 'locked\n'
        yield process.pid
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()


@pytest.mark.skipif(os.name != 'posix', reason='there are no locks on Windows')
def test_it_is_locked_until_its_process_is_killed(tmp_path):
    with holder(tmp_path) as number:
        with pytest.raises(Error, match=f'that process {number} of .* writes to') as caught, locked_folder(tmp_path):
            pass
        assert caught.value.where == str(tmp_path) and 'another folder' in caught.value.hint
    assert (tmp_path / LOCK).exists()
    for _ in range(2):
        with locked_folder(tmp_path):
            assert (tmp_path / LOCK).exists()
        assert not (tmp_path / LOCK).exists()


def test_a_lock_that_was_removed_meanwhile_counts_for_nothing(tmp_path, monkeypatch):
    """It was another's when it was opened, who had ended before it was locked; a third may have made a new one."""
    (tmp_path / LOCK).touch()
    lock = file_lock.lock

    def late(handle):
        monkeypatch.undo()
        (tmp_path / LOCK).unlink()
        return lock(handle)

    monkeypatch.setattr(file_lock, 'lock', late)
    with locked_folder(tmp_path), pytest.raises(Error, match='expected a folder'), locked_folder(tmp_path):
        pass


@pytest.mark.skipif(os.name != 'posix', reason='there are no locks on Windows')
@pytest.mark.parametrize('code', [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, None])
def test_where_there_are_no_locks_nobody_is_kept_out(tmp_path, monkeypatch, code):
    def fail(*args):
        raise OSError(code, 'no locks here')

    if code is None:
        monkeypatch.setattr(file_lock, 'fcntl', None)
    else:
        monkeypatch.setattr(file_lock.fcntl, 'flock', fail)
    with locked_folder(tmp_path), locked_folder(tmp_path):
        assert not list(tmp_path.iterdir())


@pytest.mark.skipif(os.name != 'posix', reason='links are those of POSIX')
def test_nothing_is_written_through_a_link(tmp_path):
    (tmp_path / 'mine').write_text('all I have')
    (tmp_path / 'folder').mkdir()
    (tmp_path / 'folder' / LOCK).symlink_to(tmp_path / 'mine')
    with locked_folder(tmp_path / 'folder'):
        pass
    assert (tmp_path / 'mine').read_text() == 'all I have'
