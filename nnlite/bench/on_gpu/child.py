"""The process of one job: it imports what it needs, waits for its turn, and answers in lines of JSON.

    python -m nnlite.bench.on_gpu.child JOB

Its first line is {"ready": true}; an empty line on its standard input lets it begin. Then come the records of what was
measured, {"note": ...} for a layer that failed, and {"done": true}, or {"error": ...} if the whole job did.
"""

import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Iterator
from typing import Any

import nnlite
from nnlite.bench.cases import Network, from_json
from nnlite.bench.contestants import CHANNELS_LAST
from nnlite.bench.on_gpu.cases import TIMED, Timed
from nnlite.bench.on_gpu.clock import samples
from nnlite.bench.on_gpu.jobs import COMPILED, FLOAT32, FLOORS, LAYERS, NNLITE, STEPS, TRAINING, TUNED, Job, is_nnlite
from nnlite.bench.on_gpu.training import train
from nnlite.errors import Error


def main(job: Job) -> None:
    """Get ready, and answer what the job comes to."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one who asks
    answers = os.fdopen(os.dup(1), 'w')
    os.dup2(2, 1)  # whatever libraries print is not an answer

    def answer(content: dict[str, Any]) -> None:
        answers.write(json.dumps(content) + '\n')
        answers.flush()

    try:
        _import(job)
        answer({'ready': True})
        sys.stdin.readline()
        _settle(job)
        if job.what == TRAINING:
            train(job.case, job.epochs, job.device, lambda rows: answer(rows[-1]))
        else:
            for record in _RECORDS[job.what](job):
                answer(record)
        answer({'done': True})
    except Error as error:
        answer({'error': str(error)})
    except Exception as error:
        traceback.print_exc()
        answer({'error': f'{type(error).__name__}: {error}'})


def _import(job: Job) -> None:
    """Load what takes long, and needs no GPU."""
    if is_nnlite(job.contestant):
        if job.what == FLOORS:
            os.environ['CUPY_TF32'] = '1'  # for products of CuPy's own
        import cupy  # noqa: F401

        import nnlite.bench.on_gpu.ours
        import nnlite.kernels.on_cupy
    else:
        import nnlite.bench.on_gpu.in_torch  # noqa: F401


def _settle(job: Job) -> None:
    """Take the GPU, and the precision."""
    precise = job.precision == FLOAT32
    if is_nnlite(job.contestant):
        from nnlite.training.device import choose

        choose(job.device)
        nnlite.setprecise(precise)
    else:
        import torch

        from nnlite.bench.on_gpu import in_torch

        if job.device != 'cpu':
            torch.cuda.set_device(job.device)
        in_torch.settle(precise)


def _steps_of(job: Job) -> Any:
    case = from_json(job.case)
    assert isinstance(case, Network)
    if is_nnlite(job.contestant):
        from nnlite.bench.on_gpu import ours

        return ours.Steps(case, graph=job.contestant == NNLITE)
    from nnlite.bench.on_gpu import in_torch

    modes = {TUNED: in_torch.MODES, COMPILED: in_torch.MODES[1:]}.get(job.contestant, ())
    return in_torch.Steps(case, bool(modes) or job.contestant.endswith(CHANNELS_LAST), modes, job.device)


def steps(job: Job) -> Iterator[dict[str, Any]]:
    """Yield for training and for evaluation the times of a step, how long it took to get there, and memory."""
    with _steps_of(job) as network:
        for name in ('training', 'evaluation'):
            started = time.perf_counter()
            step = network.step(name)
            for _ in range(4):  # in which all is compiled, chosen and captured
                step()
            network.wait()
            warm = time.perf_counter() - started
            network.settled()
            times = samples(step, network.wait, job.rounds, job.seconds)
            used, held = network.memory()
            yield {
                'step': name,
                'times': times,
                'warm': warm,
                'used': used,
                'held': held,
                'loss': network.first_loss,
                'notes': network.notes,
            }


def layers(job: Job) -> Iterator[dict[str, Any]]:
    """Yield for each pass of each layer its times; those of a layer that fails are left out, with a note."""
    for case in TIMED:
        try:
            for record in _times_of(case, job):
                yield {'layer': case.name, 'kind': case.kind, 'batch': case.batch, **record}
        except Exception as error:
            yield {'note': f'{case.kind} {case.name}: {job.contestant}: {type(error).__name__}: {error}'}


def _times_of(case: Timed, job: Job) -> Iterator[dict[str, Any]]:
    if is_nnlite(job.contestant):
        from nnlite.bench.on_gpu import ours

        return ours.times_of(case, job.rounds, job.seconds)
    from nnlite.bench.on_gpu import in_torch

    return in_torch.times_of(case, job.rounds, job.seconds, job.device)


def floors(job: Job) -> Iterator[dict[str, Any]]:
    """Yield what the GPU does at its best, in a second."""
    if is_nnlite(job.contestant):
        from nnlite.bench.on_gpu import ours

        yield ours.floors(job.seconds)
    else:
        from nnlite.bench.on_gpu import in_torch

        yield in_torch.floors(job.seconds, job.device)


_RECORDS = {STEPS: steps, LAYERS: layers, FLOORS: floors}


if __name__ == '__main__':
    main(Job(**json.loads(sys.argv[1])))
