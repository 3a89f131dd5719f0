"""Which of several ways is the fastest: measured once for each shape and kept on disk (Torch: cudnn.benchmark).

In ~/.cache/nnlite, or in $XDG_CACHE_HOME/nnlite: milliseconds of each way, by the device,
the numbers and the shape. With NNLITE_CUDA_BENCHMARK=0 nothing is measured and nothing read.
"""

import contextlib
import functools
import json
import os
from pathlib import Path

from nnlite.errors import Error
from nnlite.tensor.devices import gpu
from nnlite.whole_file import whole_file

ROUNDS = 5  # of which the fastest counts
REPEATS = 5  # in a round


def fastest(key, ways, default):
    """Return the name of the fastest way.

    Args:
        key: says in words what is done: the same words, the same way.
        ways: functions without arguments by the names of the ways; each does all of the work.
        default: the name of the way where none has been measured, nor can be: work is only being recorded (captured).
    """
    if os.environ.get('NNLITE_CUDA_BENCHMARK') == '0':
        return default
    cuda = gpu().cuda
    key = f'{_device(cuda.Device().id)}: {key}'
    times = _table().get(key)
    if times is None or set(times) != set(ways):
        if cuda.get_current_stream().is_capturing():
            return default
        times = {name: _milliseconds(cuda, way) for name, way in ways.items()}
        _keep(key, times)
    return min(times, key=times.get)


def path():
    """Return where the table is kept."""
    folder = os.environ.get('XDG_CACHE_HOME') or Path.home() / '.cache'
    return Path(folder) / 'nnlite' / 'convolutions.json'


def _milliseconds(cuda, way):
    """Return how long a way takes in a CUDA graph: launched one by one, small kernels would wait for Python."""
    way()  # compiles, and takes the memory it needs
    cuda.get_current_stream().synchronize()
    rounds = [(cuda.Event(), cuda.Event()) for _ in range(ROUNDS)]
    with cuda.Stream(non_blocking=True) as stream:
        stream.begin_capture()
        try:
            for _ in range(REPEATS):
                way()
        finally:
            graph = stream.end_capture()
        for start, stop in rounds:
            start.record()
            graph.launch()
            stop.record()
        stream.synchronize()
    return min(cuda.get_elapsed_time(start, stop) for start, stop in rounds) / REPEATS


@functools.cache
def _device(number):
    return gpu().cuda.runtime.getDeviceProperties(number)['name'].decode()


@functools.cache
def _table():
    return _read()


def _read():
    """Return what is on disk; a table that is missing or spoiled is one without entries."""
    try:
        table = json.loads(path().read_text())
        return {key: {name: float(time) for name, time in times.items()} for key, times in table.items()}
    except (OSError, RuntimeError, ValueError, AttributeError, TypeError):  # RuntimeError: nobody knows a home
        return {}


def _keep(key, times):
    """Add an entry to the table, and to that on disk if it can be written; other processes add theirs."""
    _table()[key] = times
    with contextlib.suppress(OSError, RuntimeError, Error):
        path().parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps({**_read(), key: times}, indent=1, sort_keys=True)
        with whole_file(path()) as file:
            file.write(text.encode())
