"""The checks before the times: the tests with the marker `gpu`, where there are tests to run."""

import contextlib
import importlib.util
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

MARKS = ('cupy', 'mark.gpu')  # which files with such tests have in their text
FIRST = ('tests/training/test_on_gpu.py', 'tests/kernels/test_on_cupy_tensor_cores.py', 'tests/kernels/')

_BROKEN = re.compile(r'^ERROR ([^\s:]+\.py)\b(?!::)', re.MULTILINE)  # a file that cannot be imported
_OUTCOME = re.compile(r'^(\S+::.+?) (PASSED|FAILED|ERROR|SKIPPED|XFAIL|XPASS)\b', re.MULTILINE)


def files(folder: Path) -> list[Path]:
    """Return the files of tests below a folder that has `tests`, those that say the most first."""
    found = [path for path in sorted(folder.glob('tests/**/test_*.py')) if _is_for_gpus(path)]

    def rank(path: Path) -> int:
        name = path.relative_to(folder).as_posix()
        return next((place for place, start in enumerate(FIRST) if name.startswith(start)), len(FIRST))

    return sorted(found, key=rank)


def _is_for_gpus(path: Path) -> bool:
    text = path.read_text(encoding='utf-8')
    return 'cuda_on_host' not in path.parts and any(mark in text for mark in MARKS)


def check(folder: Path, seconds: float, log: Path) -> dict[str, Any] | None:
    """Run the tests, and return what they came to; None if there are none here, or no pytest.

    Args:
        folder: the checkout.
        seconds: after which they are stopped, and those that have ended count.
        log: the file that gets what pytest prints.
    """
    there = files(folder)
    if not there or importlib.util.find_spec('pytest') is None:
        return None
    line = [sys.executable, '-m', 'pytest', '-v', '--tb=short', '-m', 'gpu and not slow', '-p', 'no:cacheprovider']
    line += ['--continue-on-collection-errors', *map(str, there)]
    started = time.monotonic()
    with open(log, 'w') as file:
        process = subprocess.Popen(line, cwd=folder, stdout=file, stderr=subprocess.STDOUT, start_new_session=True)
        try:
            process.wait(seconds)
            ended = True
        except subprocess.TimeoutExpired:
            ended = False
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    text = log.read_text(errors='replace')
    outcomes = [*_OUTCOME.findall(text), *((file, 'ERROR') for file in dict.fromkeys(_BROKEN.findall(text)))]
    return {
        'files': len(there),
        'counts': dict(Counter(outcome.lower() for _, outcome in outcomes)),
        'failed': [test for test, outcome in outcomes if outcome in ('FAILED', 'ERROR')],
        'ended': ended,
        'seconds': time.monotonic() - started,
    }
