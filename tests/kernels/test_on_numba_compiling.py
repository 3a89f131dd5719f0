"""Compiled code is kept for the next process, and who waits for it is told so, once."""

import os
import subprocess
import sys

import pytest

import nnlite

pytest.importorskip('numba')
pytest.importorskip('nnlite.kernels.on_numba', exc_type=nnlite.DeviceError)
compiling = pytest.importorskip('nnlite.kernels.on_numba.compiling')

# Two calls, of kernels that take little time to compile.
PROGRAM = """
import sys
import numpy as np
import nnlite
from nnlite.kernels import family, setquiet
nnlite.setkernels('numba')
setquiet('quiet' in sys.argv)
x, y = np.float32([-1, 2]), np.float64([-1, 2])
for vector in (x, y):
    family().SGD_step(vector, vector.copy(), vector.copy(), 0.5, 0, 0, False, 0)
print(x, y)
"""


def stderr_of(folder, *args):
    """Return what a process with compiled code in this folder says."""
    environment = {**os.environ, 'NUMBA_CACHE_DIR': str(folder)}
    line = [sys.executable, '-c', PROGRAM, *args]
    done = subprocess.run(line, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0 and done.stdout == '[-0.5  1. ] [-0.5  1. ]\n', done
    return done.stderr


def test_a_process_that_compiles_says_so_once_and_the_next_has_nothing_to_say(tmp_path):
    told = stderr_of(tmp_path)
    assert told.startswith('nnlite: compiling kernels for this CPU') and told.count('\n') == 1
    assert told.endswith('once; `nnlite warmup` does it beforehand\n')
    assert stderr_of(tmp_path) == ''


def test_no_folder_to_write_to_is_no_error_and_said(tmp_path, monkeypatch):
    (tmp_path / 'file').touch()
    # All that numba might take instead must be as impossible: the folder beside the source is skipped here.
    monkeypatch.setattr(compiling._CompiledCode, '_locator_classes', [compiling._InChosen])
    monkeypatch.setattr('numba.config.CACHE_DIR', str(tmp_path / 'file' / 'folder'))
    assert compiling.folder() is None
    assert compiling.compiled(_twice)(2) == 4


def test_a_folder_that_cannot_be_written_to_any_more_is_no_error(tmp_path, monkeypatch):
    monkeypatch.setattr('numba.config.CACHE_DIR', str(tmp_path / 'folder'))
    twice = compiling.compiled(_twice)
    for folder in (tmp_path / 'folder').iterdir():
        folder.rmdir()
    (tmp_path / 'folder').rmdir()
    (tmp_path / 'folder').touch()
    assert twice(2) == 4


def test_quiet_says_nothing(tmp_path):
    assert stderr_of(tmp_path, 'quiet') == ''


def test_threads_sleep_while_there_is_nothing_to_do(monkeypatch):
    seen = []
    monkeypatch.delenv('OMP_WAIT_POLICY', raising=False)
    monkeypatch.setattr('numba.set_num_threads', lambda threads: seen.append(os.environ['OMP_WAIT_POLICY']))
    compiling._begin_threads.__wrapped__()
    assert seen == ['PASSIVE'] and 'OMP_WAIT_POLICY' not in os.environ
    monkeypatch.setenv('OMP_WAIT_POLICY', 'ACTIVE')
    compiling._begin_threads.__wrapped__()
    assert seen[1] == os.environ['OMP_WAIT_POLICY'] == 'ACTIVE'


def _twice(x):
    return x + x
