"""What a measurement was taken on: the processor, its vectors, the memory of a process."""

import os
import platform
from pathlib import Path

from numpy._core._multiarray_umath import __cpu_features__

# float32 in a register, by the name that NumPy has for the instructions; the widest first
VECTORS = {'AVX512F': ('AVX-512', 16), 'AVX2': ('AVX2', 8), 'ASIMD': ('NEON', 4), 'SSE2': ('SSE2', 4)}

PROCESS = Path('/proc/self/status')
SYSTEM = Path('/proc/stat')
TICKS = 100  # of that file, in a second
IDLE, WAITING = 3, 4  # its columns of time in which nobody computes; from the eighth on times are there twice


def processor() -> str:
    """Return the name of the processor."""
    cpuinfo = Path('/proc/cpuinfo')
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith('model name'):
                return line.partition(':')[2].strip()
    return platform.processor() or platform.machine()


def cores() -> int:
    """Return how many cores this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count() or 1


def vectors() -> str:
    """Return the widest vectors of the processor, and how many float32 one holds."""
    for feature, (name, lanes) in VECTORS.items():
        if __cpu_features__.get(feature):
            return f'{name} ({lanes} float32 at a time)'
    return 'no vectors that NumPy knows'


def seconds_at_work() -> float | None:
    """Return how long all cores together have computed for anyone, or None on a system without /proc."""
    if not SYSTEM.exists():
        return None
    ticks = SYSTEM.read_text().split('\n', 1)[0].split()[1:9]
    return sum(int(tick) for column, tick in enumerate(ticks) if column not in (IDLE, WAITING)) / TICKS


def memory_now() -> int | None:
    """Return the bytes of memory that this process has, or None on a system without /proc."""
    return _memory('VmRSS:')


def most_memory() -> int | None:
    """Return the most bytes of memory that this process ever had, or None on a system without /proc."""
    return _memory('VmHWM:')


def _memory(field: str) -> int | None:
    if not PROCESS.exists():
        return None
    fields = dict(line.split(maxsplit=1) for line in PROCESS.read_text().splitlines() if line.endswith(' kB'))
    return 1024 * int(fields[field].split()[0])
