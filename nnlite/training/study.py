"""A study: a ResNet and its plain twin, trained under the same seeds and in the same order of images, case by case."""

import contextlib
import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import nnlite
from nnlite import nn
from nnlite.data_prep import Loader, open_dataset, shapes
from nnlite.errors import DataError, Error, FileFormatError
from nnlite.file_lock import locked_folder
from nnlite.models.three_ways import THREE_WAYS
from nnlite.training.checkpoint import check_arguments, contents
from nnlite.training.curves import draw_study
from nnlite.training.device import choose
from nnlite.training.environment import differences, environment
from nnlite.training.network import load_network, network, topology_of
from nnlite.training.progress import header
from nnlite.training.records import EPOCH_COLUMNS, read_records, write_records
from nnlite.training.studies import Case, Study, study_of
from nnlite.training.table import table_of
from nnlite.training.trainer import Trainer
from nnlite.whole_file import whole_file

RESULTS, CURVES, TABLE, RECORD = 'results.csv', 'curves.png', 'table.md', 'study.json'
RUN_COLUMNS = ('study', 'network', 'variant', 'depth', 'parameters', 'seed')
COLUMNS = (*RUN_COLUMNS, *(name for name in EPOCH_COLUMNS if name != 'train_top5'))

MOMENTUM, WEIGHT_DECAY = 0.9, 1e-4
FINE_TUNING_RATE = 0.01  # a tenth of fb.resnet.torch's rate: parameters that were trained already need no large steps


@dataclass(frozen=True)
class Run:
    """One training of a study."""

    network: str
    case: Case
    seed: int

    @property
    def key(self) -> tuple[str, str, int, int]:
        """What tells its rows from others': network, variant, depth, seed."""
        return self.network, self.case.variant, self.case.depth, self.seed

    def __str__(self) -> str:
        variant = '' if self.case.variant == 'plain' else f', {self.case.variant}'
        return f'{self.network} of {self.case.depth} layers{variant}, seed {self.seed}'


def runs_of(study: Study, seeds: int) -> Iterator[Run]:
    """Yield a study's runs: all with the first seed, then all with the next; twins one after the other."""
    for seed in range(1, seeds + 1):
        for case in study.cases:
            for name in study.networks:
                yield Run(name, case, seed)


@contextlib.contextmanager
def threads_of(study: Study) -> Iterator[None]:
    """Compute with the threads that a study asks for, and with those of before afterwards."""
    before = nnlite.getnumthreads()
    nnlite.setnumthreads(study.threads or before)
    try:
        yield
    finally:
        nnlite.setnumthreads(before)


class StudyFolder:
    """A study in its folder: results.csv, curves.png, table.md and study.json.

    The same call again goes on where a study was stopped: what is finished is not repeated, and the run that was under
    way goes on from its checkpoint, which lies in `running/` as long as it takes. More seeds may be asked for later.

    Args:
        name: the study's; see nnlite.training.studies.
        out: its folder.
        data: the data set, as `nnlite prep` writes it; None draws the study's own shapes, if it has some.
        epochs: of each run; the study's own by default.
        limit: at most so many training, and validation, images.
        seeds: how many seeds each network is trained with: 1, 2, ...
        pretrained: a .t7 file with ImageNet's ResNet-18, for the study three-ways.
        workers: threads that make batches ready; the result does not depend on it.
        quiet: no bars and lines.
        optimize, device: as in nnlite.training.Trainer.

    Raises:
        Error: there is no such study; it needs data; the folder holds something else, or a study of other arguments;
            or another process writes to it.
    """

    def __init__(
        self,
        name: str,
        out: str | os.PathLike[str],
        data: str | None = None,
        epochs: int | None = None,
        limit: int | None = None,
        seeds: int = 1,
        pretrained: str | None = None,
        workers: int = 1,
        quiet: bool = False,
        optimize: bool = True,
        device: str = 'cpu',
    ) -> None:
        self.name, self.study = name, study_of(name)
        if data is None and self.study.shapes is None:
            raise Error(
                f'expected data for the study {name}, got none',
                hint=f'`nnlite prep` makes it from pictures; then  nnlite study {name} --data FILE.h5',
            )
        if pretrained is not None and self.study.dataset != 'imagenet':
            raise Error(f'expected no pretrained network for the study {name}: its networks begin from their seeds')
        for what, value in (('epochs', epochs), ('limit', limit), ('seeds', seeds), ('workers', workers)):
            if value is not None and value < 1:
                raise Error(f'expected {what} of 1 or more, got {value}')
        self.epochs = self.study.epochs if epochs is None else epochs
        self.limit, self.seeds, self.workers, self.quiet = limit, seeds, workers, quiet
        self.optimize, self.device = optimize, choose(device)
        self.pretrained = None if pretrained is None else load_network(pretrained)[0]
        self.path = Path(out)
        self.record = self._new_record(pretrained)
        facts = None if data is None else data_facts(data)  # before anything is made, in case the file is not good
        self.path.mkdir(parents=True, exist_ok=True)
        with locked_folder(self.path):
            self._open(data, facts)

    def run(self) -> None:
        """Train what is not trained yet, and write the table and the picture.

        Raises:
            Error: another study, or this one once more, writes to the folder at the same time.
            NotFiniteError: a loss or gradient became NaN or Inf.
            KeyboardInterrupt: Ctrl-C; the same call again goes on.
        """
        runs = list(runs_of(self.study, self.seeds))
        with locked_folder(self.path):
            self._run(runs)

    def _run(self, runs: list[Run]) -> None:
        with threads_of(self.study):
            self._say(header(self.device))
            for number, run in enumerate(runs, 1):
                if not self._is_finished(run):
                    self._say(f'run {number} of {len(runs)}: {run}')
                    self._train(run)
                    self._draw()
        self._draw()
        shutil.rmtree(self.path / 'running', ignore_errors=True)

    def _train(self, run: Run) -> None:
        started = time.monotonic()
        case, study = run.case, self.study
        train = Loader(
            self.data, 'train', study.batchSize, run.seed, case.augment, self.workers, self.limit, device=self.device
        )
        val = Loader(self.data, 'val', study.batchSize, limit=self.limit, device=self.device)
        if self.device != 'cpu' and train.place.startswith('stay'):
            self._say(f'the training images {train.place}')
        nnlite.manualSeed(run.seed)
        net = self._build(run, train)
        parameters = sum(weight.size for weight in net.parameters()[0])
        kept = [row for row in self._rows() if key_of(row) != run.key]

        def add_rows(history: list[dict[str, Any]]) -> None:
            this = dict(zip(RUN_COLUMNS, (self.name, *run.key[:3], parameters, run.seed), strict=True))
            write_records(self.path / RESULTS, COLUMNS, [*kept, *({**this, **row} for row in history)])

        folder = self.path / 'running' / '-'.join(map(str, run.key)).replace(' ', '-')
        trainer = Trainer(
            net,
            nn.CrossEntropyCriterion(),
            train,
            val,
            save=folder,
            resume=True,
            learningRate=study.learningRate if self.pretrained is None else FINE_TUNING_RATE,
            momentum=MOMENTUM,
            weightDecay=WEIGHT_DECAY,
            arguments={**asdict(case), 'network': run.network, 'seed': run.seed, 'parameters': parameters},
            curves=False,
            after_epoch=add_rows,
            quiet=self.quiet,
            optimize=self.optimize,
            device=self.device,
        )
        try:
            trainer.run(self.epochs)
        finally:
            train.close()
            val.close()
            self.record['seconds'] = round(self.record['seconds'] + time.monotonic() - started, 1)
            self._write_record()
        shutil.rmtree(folder)

    def _build(self, run: Run, train: Loader) -> Any:
        classes, study, case = len(train.classes), self.study, run.case
        if case.variant in THREE_WAYS:
            return THREE_WAYS[case.variant](classes, self.pretrained)
        dataset = study.dataset or topology_of(train.shape)
        return network(run.network, case.depth, dataset, classes, dropout=case.dropout, widths=study.widths)

    def _open(self, data: str | None, facts: dict[str, Any] | None) -> None:
        """Take up the study that is in the folder, or begin one there."""
        there = contents(self.path)
        if there and RECORD not in there:
            raise Error(
                f'expected an empty folder or one with {RECORD}, got {", ".join(there[:5])}',
                where=str(self.path),
                hint='choose another folder with --out',
            )
        if there:
            self._take_up()
        else:
            self._write_record()
        self.data = data or self._shapes()
        facts = facts or data_facts(self.data)
        check_arguments(self.record.get('data', facts), facts, str(self.path))
        self.record['data'] = facts
        self._write_record()

    def _new_record(self, pretrained: str | None) -> dict[str, Any]:
        """Return all that is needed to repeat the study, as study.json has it."""
        arguments = {
            **{name: value for name, value in asdict(self.study).items() if name not in ('title', 'paper')},
            'epochs': self.epochs,
            'limit': self.limit,
            'momentum': MOMENTUM,
            'weightDecay': WEIGHT_DECAY,
            'pretrained_sha256': None if pretrained is None else sha256_of(pretrained),
            **({} if self.optimize else {'optimize': False}),
        }
        with threads_of(self.study):
            record = {
                'study': self.name,
                'arguments': arguments,
                'seeds': self.seeds,
                'environment': environment(self.device),
                'seconds': 0,
            }
        return json.loads(json.dumps(record))  # tuples become lists here, as they do in the file

    def _take_up(self) -> None:
        before = read_record(self.path / RECORD)
        now = self.record
        check_arguments(
            {'study': before['study'], **before['arguments']},
            {'study': now['study'], **now['arguments']},
            str(self.path),
        )
        for line in differences(before['environment'], now['environment']):
            self._say(f'going on in another environment, so not to the same bits: {line}')
        self.record = {**before, 'seeds': max(self.seeds, before['seeds'])}
        if before['environment'] != now['environment']:
            self.record['continued_in'] = [*before.get('continued_in', []), now['environment']]

    def _shapes(self) -> str:
        path = self.path / 'shapes.h5'
        if not path.exists():
            assert self.study.shapes is not None
            size, train, val = self.study.shapes
            shapes.prepare(path, size, train, val, quiet=self.quiet)
        return str(path)

    def _rows(self) -> list[dict[str, Any]]:
        path = self.path / RESULTS
        rows = read_records(path, COLUMNS) if path.exists() else []
        for number, row in enumerate(rows, 2):
            if row.keys() != set(COLUMNS):
                missing = ', '.join(name for name in COLUMNS if name not in row)
                raise FileFormatError(
                    f'line {number}: expected a value in each column, got none of {missing}', str(path)
                )
        return rows

    def _is_finished(self, run: Run) -> bool:
        return any(key_of(row) == run.key and row['epoch'] == self.epochs for row in self._rows())

    def _draw(self) -> None:
        """Make the table and the picture, of results.csv and nothing else."""
        rows = self._rows()
        title = f'{self.name}: {self.study.title}'
        draw_study(self.path / CURVES, self.study, rows, title)
        with whole_file(self.path / TABLE) as file:
            file.write(table_of(title, self.study, rows, self.record).encode())

    def _write_record(self) -> None:
        with whole_file(self.path / RECORD) as file:
            file.write((json.dumps(self.record, indent=2) + '\n').encode())

    def _say(self, line: str) -> None:
        if not self.quiet:
            print(line, flush=True)


def key_of(row: dict[str, Any]) -> tuple[str, str, int, int]:
    """Return Run.key of the run that a row of results.csv belongs to."""
    return row['network'], row['variant'], row['depth'], row['seed']


def read_record(path: Path) -> dict[str, Any]:
    """Return the content of a study.json.

    Raises:
        FileFormatError: it is not one.
    """
    try:
        record = json.loads(path.read_text(encoding='utf-8'))
    except (ValueError, RecursionError) as error:
        raise FileFormatError(f'expected JSON, got something else: {error}', where=str(path)) from None
    parts = {'study': str, 'arguments': dict, 'seeds': int, 'environment': dict, 'seconds': int | float}
    if (
        not isinstance(record, dict)
        or not all(isinstance(record.get(name), kind) for name, kind in parts.items())
        or not isinstance(record.get('data', {}), dict)
        or not isinstance(record.get('continued_in', []), list)
        or not {'kernels', 'threads', 'device'} <= record['environment'].keys()
    ):
        raise FileFormatError(f'expected the record of a study, with {", ".join(parts)}', where=str(path))
    return record


def data_facts(path: str) -> dict[str, Any]:
    """Return what tells a data set from others: its checksum, origin, sizes and classes.

    Raises:
        DataError: it has no validation images.
    """
    with open_dataset(path) as dataset:
        if not dataset.sizes.get('val'):
            raise DataError('expected validation images in the data set, got none', where=path)
        return {
            'sha256': sha256_of(path),
            'source': dataset.source,
            'source_sha256': dataset.source_sha256,
            'made_by': dataset.made_by,
            'images': dict(dataset.sizes),
            'shape': list(dataset.shape),
            'classes': list(dataset.classes),
        }


def sha256_of(path: str) -> str:
    """Return the checksum of a file."""
    with open(path, 'rb') as file:
        return hashlib.file_digest(file, 'sha256').hexdigest()
