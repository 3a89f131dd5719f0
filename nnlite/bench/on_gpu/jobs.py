"""What is done, in the order of importance: whoever stops half-way has the first half."""

import json
from dataclasses import asdict, dataclass

from nnlite.bench.cases import Network, to_json
from nnlite.bench.contestants import CHANNELS_LAST

NNLITE, NO_GRAPH = 'nnlite', 'nnlite without graph'
EAGER, EAGER_LAST = 'PyTorch', 'PyTorch' + CHANNELS_LAST
# torch.compile's modes 'reduce-overhead', which has CUDA graphs, and 'max-autotune', which also tries kernels for each
# convolution: that takes minutes, if it ends.
COMPILED, TUNED = 'PyTorch compiled', 'PyTorch compiled, max-autotune'
TF32, FLOAT32 = 'TF32', 'float32'

STEPS, LAYERS, FLOORS, TRAINING = 'steps', 'layers', 'floors', 'training'


def is_nnlite(contestant: str) -> bool:
    """Return whether a contestant is nnlite."""
    return contestant in (NNLITE, NO_GRAPH)


@dataclass(frozen=True)
class Job:
    """What one process does.

    Args:
        what: 'steps' of a network, all 'layers', the 'floors', or 'training' to some accuracy.
        contestant: who computes.
        device: on which GPU, as 'cuda:0'.
        precision: 'TF32', products of numbers rounded to 10 bits, or 'float32', exact ones; sums are float32 in both.
        case: of steps, the network (to_json); of training, the file of the data set.
        rounds, seconds: as of clock.samples.
        epochs: of training.
        limit: seconds after which the process is ended.
    """

    what: str
    contestant: str
    device: str
    precision: str = TF32
    case: str = ''
    rounds: int = 7
    seconds: float = 0.2
    epochs: int = 0
    limit: float = 120

    def __str__(self) -> str:
        """Return it in words."""
        name, batch = self.name_and_batch
        of = f' of {name}' + (f', batch {batch}' if batch else '') if name else ''
        return f'{self.what}{of}: {self.contestant}, {self.precision}'

    @property
    def name_and_batch(self) -> tuple[str, int]:
        """The name of the network whose steps are measured, and its batch; else what the case is, and 0."""
        if self.what != STEPS:
            return self.case, 0
        _, fields = json.loads(self.case)
        return f'{fields["network"]}-{fields["depth"]}', fields['batch']

    def to_json(self) -> str:
        """Return it as text, for another process."""
        return json.dumps(asdict(self))


def measurements(
    cases: list[Network],
    device: str,
    with_pytorch: bool,
    layers: bool = True,
    precise: bool = False,
    compiling: float = 150,
    rounds: int = 7,
    seconds: float = 0.2,
) -> list[Job]:
    """Return the jobs that measure these networks, and single layers.

    First come the networks of the first one's kind, then layers, then the twins, each network with all contestants but
    the one that tries kernels: it comes at the end, for it may take all the time that there is.

    Args:
        cases: the networks, the most important first.
        device: the GPU.
        with_pytorch: whether PyTorch is measured.
        layers: whether single layers are.
        precise: whether, at last, all is measured with exact float32 too.
        compiling: the limit of jobs that compile and try kernels, in seconds.
        rounds, seconds: of all jobs.
    """

    def of(case: Network, contestant: str, precision: str = TF32) -> Job:
        limit = compiling if contestant == TUNED else 120
        return Job(STEPS, contestant, device, precision, to_json(case), rounds, seconds, limit=limit)

    theirs = [EAGER, EAGER_LAST] if with_pytorch else []
    all_but_tuned = [NNLITE, *theirs, *([COMPILED] if with_pytorch else []), NO_GRAPH]
    first = [case for case in cases if case.network == cases[0].network]
    twins = [case for case in cases if case.network != cases[0].network]

    jobs = [of(case, contestant) for case in first for contestant in all_but_tuned]
    if layers:
        whose = [NNLITE, *theirs[1:]]
        jobs += [Job(FLOORS, whose[-1], device, seconds=seconds)]
        jobs += [Job(LAYERS, contestant, device, rounds=rounds, seconds=seconds) for contestant in whose]
    jobs += [of(case, contestant) for case in twins for contestant in all_but_tuned]
    if with_pytorch:
        jobs += [of(case, TUNED) for case in (*first, *twins)]
    if precise:
        jobs += [of(case, contestant, FLOAT32) for case in cases for contestant in (NNLITE, *theirs)]
    return jobs
