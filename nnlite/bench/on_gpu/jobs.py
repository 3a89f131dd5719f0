"""What is done, in the order of importance: whoever stops half-way has the first half."""

import json
from dataclasses import asdict, dataclass

from nnlite.bench.cases import Network, to_json
from nnlite.bench.contestants import CHANNELS_LAST

NNLITE, NO_GRAPH = 'nnlite', 'nnlite without graph'
EAGER, EAGER_LAST, COMPILED = 'PyTorch', 'PyTorch' + CHANNELS_LAST, 'PyTorch compiled'
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

    The first network of each depth is measured with all contestants. Then come those that need no compiler, of the
    first kind of network; layers; the twins; and compiled ones of what is left.

    Args:
        cases: the networks, the most important first.
        device: the GPU.
        with_pytorch: whether PyTorch is measured.
        layers: whether single layers are.
        precise: whether, at last, all is measured with exact float32 too.
        compiling: the limit of jobs that compile, in seconds.
        rounds, seconds: of all jobs.
    """

    def of(case: Network, contestant: str, precision: str = TF32) -> Job:
        limit = compiling if contestant == COMPILED else 120
        return Job(STEPS, contestant, device, precision, to_json(case), rounds, seconds, limit=limit)

    theirs = [EAGER, EAGER_LAST] if with_pytorch else []
    plain = {case: [of(case, contestant) for contestant in (NNLITE, *theirs, NO_GRAPH)] for case in cases}
    compiled = {case: [of(case, COMPILED)] if with_pytorch else [] for case in cases}
    kind = cases[0].network
    first = list({case.dataset: case for case in reversed(cases) if case.network == kind}.values())[::-1]
    same = [case for case in cases if case.network == kind and case not in first]
    twins = [case for case in cases if case.network != kind]

    jobs = [job for case in first for job in (*plain[case], *compiled[case])]
    jobs += [job for case in same for job in plain[case]]
    if layers:
        whose = [NNLITE, *theirs[1:]]
        jobs += [Job(FLOORS, whose[-1], device, seconds=seconds)]
        jobs += [Job(LAYERS, contestant, device, rounds=rounds, seconds=seconds) for contestant in whose]
    jobs += [job for case in twins for job in plain[case]]
    jobs += [job for case in (*same, *twins) for job in compiled[case]]
    if precise:
        jobs += [of(case, contestant, FLOAT32) for case in cases for contestant in (NNLITE, *theirs)]
    return jobs
