"""The folder of a benchmark on a GPU: what is measured is in it as soon as it is there."""

import importlib.util
import json
import os
import platform
import shutil
import subprocess
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import nnlite
from nnlite.bench.cases import Network
from nnlite.bench.machine import cores, processor
from nnlite.bench.on_gpu.checks import check
from nnlite.bench.on_gpu.jobs import Job
from nnlite.bench.on_gpu.processes import answers
from nnlite.bench.on_gpu.report import Record, draw_steps, sections
from nnlite.training.device import gpu_facts
from nnlite.whole_file import whole_file

CHECKOUT = Path(nnlite.__file__).parents[1]
PACKAGES = ('nnlite', 'numpy', 'torch', 'triton')


class GPUFolder:
    """gpu.md has the tables, gpu.json every number, gpu.png a picture, gpu.log and checks.log what was printed.

    Args:
        path: the folder; it is made if it is not there.
        device: the GPU, as 'cuda:0'.
        quiet: print nothing.
    """

    def __init__(self, path: str | os.PathLike[str], device: str, quiet: bool = False) -> None:
        self.path, self.quiet = Path(path), quiet
        self.path.mkdir(parents=True, exist_ok=True)
        self.machine = _machine(device)
        self.checks: Record | None = None
        self.records: list[Record] = []

    def check(self, seconds: float) -> None:
        """Run the tests, for so long at most."""
        self._say(f'checks: pytest -m gpu, for {seconds:.0f} s at most')
        self.checks = check(CHECKOUT, seconds, self.path / 'checks.log')
        if self.checks is None:
            self._say('checks: there are no tests here, or no pytest')
        else:
            self._say(f'checks: {self.checks["counts"]}, {self.checks["seconds"]:.0f} s')
        self._write()

    def measure(self, jobs: list[Job], deadline: float, cases: list[Network]) -> None:
        """Do the jobs, and print the tables.

        Args:
            jobs: in order.
            deadline: when nothing more is begun, and what runs is ended, as of time.monotonic.
            cases: the networks among them, for the picture.
        """
        try:
            for job, answer in answers(jobs, deadline, self.path / 'gpu.log'):
                name, batch = job.name_and_batch
                fields = dict(what=job.what, contestant=job.contestant, precision=job.precision, name=name, batch=batch)
                self.records.append({**fields, 'job': str(job), **answer})
                self._say(f'{job}: {_told(answer)}')
                self._write()
        finally:
            draw_steps(self.path / 'gpu.png', cases, self.records)
        self._say('\n' + '\n'.join(self._lines()))

    def _say(self, line: str) -> None:
        if not self.quiet:
            print(line, flush=True)

    def _lines(self) -> list[str]:
        return sections(self.machine, self.checks, self.records)

    def _write(self) -> None:
        content = {'machine': self.machine, 'checks': self.checks, 'records': self.records}
        for name, text in (('gpu.md', '\n'.join(self._lines())), ('gpu.json', json.dumps(content, indent=1))):
            with whole_file(self.path / name) as file:
                file.write(text.encode())


def _told(answer: dict[str, Any]) -> str:
    """Return an answer in a few words."""
    shown = {
        key: f'{value:.4g}' if isinstance(value, float) else value
        for key, value in answer.items()
        if not isinstance(value, (list, dict))
    }
    if 'times' in answer:
        shown['ms'] = f'{1e3 * sorted(answer["times"])[len(answer["times"]) // 2]:.4g}'
    return ', '.join(f'{key} {value}' for key, value in shown.items())


def _machine(device: str) -> dict[str, str]:
    """Return what it is measured on, by name."""
    facts = gpu_facts(device)
    return {
        'GPU': f'{facts["name"]} (capability {facts["capability"]}, {facts["total"] / 2**30:.0f} GiB)',
        'driver': _driver() or f'for CUDA {facts["driver"]}',
        'CUDA': facts['runtime'],
        'CuPy': facts['cupy'],
        **dict(_versions()),
        'Python': platform.python_version(),
        'processor': f'{processor()}, {cores()} cores',
    }


def _driver() -> str | None:
    """Return the driver's version and the clocks, as nvidia-smi says them."""
    if shutil.which('nvidia-smi') is None:
        return None
    line = ['nvidia-smi', '--query-gpu=driver_version,clocks.max.sm,power.limit', '--format=csv,noheader']
    result = subprocess.run(line, capture_output=True, text=True, check=False)
    return result.stdout.split('\n', 1)[0].strip() or None


def _versions() -> Iterator[tuple[str, str]]:
    for package in PACKAGES:
        if importlib.util.find_spec(package) is not None:
            try:
                yield package, version(package)
            except PackageNotFoundError:  # a checkout that is not installed
                yield package, getattr(nnlite, '__version__', '?') if package == 'nnlite' else '?'
