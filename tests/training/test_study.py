import csv
import json
from dataclasses import replace

import numpy as np
import pytest

import nnlite
from nnlite import models
from nnlite.data_prep import open_dataset
from nnlite.errors import Error, FileFormatError
from nnlite.file_lock import locked_folder
from nnlite.training import studies
from nnlite.training import study as study_module
from nnlite.training.records import read_records
from nnlite.training.studies import Case, Study
from nnlite.training.study import COLUMNS, StudyFolder

LEFT = ['curves.png', 'results.csv', 'study.json', 'table.md']
TIMES = ('seconds', 'images_per_second')


@pytest.fixture(autouse=True)
def tiny_study(monkeypatch):
    """A study that takes a moment: one plain case, one with both remedies."""
    tiny = Study(
        title='a test',
        cases=(Case(7), Case(9, 'both', dropout=0.5, augment='stochastic')),
        paper=('Something.',),
        epochs=2,
        dataset='cifar10',
        widths=(2, 3, 4),
        batchSize=16,
        threads=1,
        shapes=(16, 20, 10),
    )
    monkeypatch.setitem(studies.STUDIES, 'tiny', tiny)


@pytest.fixture
def undrawn(monkeypatch):
    """Drawing takes longer than these trainings: leave it to the tests that look at it."""
    monkeypatch.setattr(study_module, 'draw_study', lambda path, *_: path.touch())


def results(folder):
    rows = read_records(folder / 'results.csv', COLUMNS)
    return [{name: value for name, value in row.items() if name not in TIMES} for row in rows]


def study(folder, data, **options):
    return StudyFolder('tiny', folder, data, quiet=True, **options)


def test_it_leaves_the_four_files_and_a_row_for_each_epoch(small_data, tmp_path):
    threads = nnlite.getnumthreads()
    study(tmp_path, small_data).run()
    assert sorted(path.name for path in tmp_path.iterdir()) == LEFT
    rows = results(tmp_path)
    assert [(r['network'], r['depth'], r['variant'], r['seed'], r['epoch']) for r in rows] == [
        (network, depth, variant, 1, epoch)
        for depth, variant in ((7, 'plain'), (9, 'both'))
        for network in ('resnet', 'convnet')
        for epoch in (1, 2)
    ]
    assert {row['study'] for row in rows} == {'tiny'}
    assert nnlite.getnumthreads() == threads
    with open(tmp_path / 'results.csv') as file:
        assert next(csv.reader(file)) == [
            'study', 'network', 'variant', 'depth', 'parameters', 'seed', 'epoch', 'learning_rate', 'train_loss',
            'train_top1', 'val_loss', 'val_top1', 'val_top5', 'seconds', 'images_per_second',
        ]  # fmt: skip


def test_two_at_once_in_one_folder_are_refused(small_data, tmp_path):
    again = study(tmp_path, small_data)
    with locked_folder(tmp_path):
        for begin in (again.run, lambda: study(tmp_path, small_data)):
            with pytest.raises(Error, match='expected a folder that nobody writes to'):
                begin()


def test_twins_have_as_many_parameters_and_begin_alike_in_the_same_order_of_images(small_data, tmp_path, monkeypatch):
    begun = []

    class Watching(study_module.Trainer):
        def step(self, images, labels):
            begun.append((self.params.tobytes(), images.tobytes()))
            raise KeyboardInterrupt

    monkeypatch.setattr(study_module, 'Trainer', Watching)
    folder = study(tmp_path, small_data)
    for run in study_module.runs_of(folder.study, 1):
        with pytest.raises(KeyboardInterrupt):
            folder._train(run)
    resnet, convnet, resnet9, convnet9 = begun
    assert resnet == convnet
    assert resnet9 == convnet9
    assert resnet != resnet9


def test_the_record_has_what_it_takes_to_repeat_it(small_data, tmp_path, undrawn):
    study(tmp_path, small_data, limit=30).run()
    record = json.loads((tmp_path / 'study.json').read_text())
    with open_dataset(small_data) as dataset:
        assert record['data']['source_sha256'] == dataset.source_sha256
        assert record['data']['classes'] == dataset.classes
    assert record['arguments']['limit'] == 30
    assert record['arguments']['epochs'] == 2
    assert record['environment']['numpy'] == np.__version__
    assert record['environment']['threads'] == 1  # the study's own, whatever is set outside
    assert record['environment']['kernels'] == nnlite.getkernels()
    assert record['seconds'] > 0


def test_stopped_and_called_again_it_goes_on_where_it_was(small_data, tmp_path, monkeypatch, undrawn):
    whole, parts = tmp_path / 'whole', tmp_path / 'parts'
    study(whole, small_data).run()
    steps = []

    class Stopping(study_module.Trainer):
        """Is interrupted in its 8th step: the second run, epoch 1, batch 2."""

        def step(self, images, labels):
            steps.append(self.epoch)
            if len(steps) % 8 == 0:
                self._interrupt.asked = True
            return super().step(images, labels)

    monkeypatch.setattr(study_module, 'Trainer', Stopping)
    stops = 0
    while True:
        try:
            study(parts, small_data).run()
            break
        except KeyboardInterrupt:
            stops += 1
    assert stops == 3
    assert len(steps) == 4 * 2 * 3, 'a step was taken twice'
    assert results(parts) == results(whole)
    assert sorted(path.name for path in parts.iterdir()) == LEFT
    steps.clear()
    study(parts, small_data).run()
    assert steps == [], 'a finished study trained again'


def test_a_crash_between_epochs_leaves_no_line_twice(small_data, tmp_path, monkeypatch, undrawn):
    study(tmp_path / 'whole', small_data).run()
    crashes = iter([True, False, True, True, False, True])

    class Crash(BaseException):
        pass

    class Crashing(study_module.Trainer):
        def _report(self):
            if self.history and next(crashes, False):
                raise Crash  # after the checkpoint, before the results: as bad a moment as any
            super()._report()

    monkeypatch.setattr(study_module, 'Trainer', Crashing)
    count = 0
    while True:
        try:
            study(tmp_path / 'parts', small_data).run()
            break
        except Crash:
            count += 1
    assert count == 4
    assert results(tmp_path / 'parts') == results(tmp_path / 'whole')


def test_more_seeds_may_be_asked_for_later(small_data, tmp_path, undrawn):
    study(tmp_path, small_data).run()
    first = results(tmp_path)
    study(tmp_path, small_data, seeds=2).run()
    assert results(tmp_path)[: len(first)] == first
    assert [row['seed'] for row in results(tmp_path)] == [1] * len(first) + [2] * len(first)
    assert '2 seeds' in (tmp_path / 'table.md').read_text()


def test_other_arguments_are_an_error_that_lists_them(small_data, tmp_path):
    study(tmp_path, small_data)
    with pytest.raises(Error, match=r'(?s)epochs: 2 before, 3 now.*limit: None before, 10 now'):
        study(tmp_path, small_data, epochs=3, limit=10)
    with pytest.raises(Error, match='sha256'):
        study(tmp_path, None)  # draws other shapes


def test_a_folder_that_is_no_studys_is_refused(small_data, tmp_path):
    (tmp_path / 'thesis.tex').write_text('')
    with pytest.raises(Error, match=r'got thesis\.tex'):
        study(tmp_path, small_data)


@pytest.mark.parametrize('text', ['', '[]', '{"study": 1}', '{' * 100_000, '\xff'])
def test_a_damaged_record_is_one_clear_error(small_data, tmp_path, text):
    (tmp_path / 'study.json').write_bytes(text.encode('latin-1'))
    with pytest.raises(FileFormatError, match='expected'):
        study(tmp_path, small_data)


def test_a_data_file_that_is_no_good_leaves_nothing_behind(tmp_path):
    (tmp_path / 'bad.h5').write_text('not HDF5')
    with pytest.raises(FileFormatError, match='HDF5'):
        study(tmp_path / 'out', str(tmp_path / 'bad.h5'))
    with pytest.raises(OSError):
        study(tmp_path / 'out', str(tmp_path / 'none.h5'))
    assert not (tmp_path / 'out').exists()


def test_without_data_it_draws_its_own_or_says_what_to_do(tmp_path):
    own = study(tmp_path, None, epochs=1)
    with open_dataset(own.data) as dataset:
        assert dataset.sizes == {'train': 20, 'val': 10}
    with pytest.raises(Error, match=r'expected data for the study tiny-depth(?s:.*)nnlite prep'):
        StudyFolder('tiny-depth', tmp_path / 'other')
    with pytest.raises(Error, match='expected a study of quick'):
        StudyFolder('slow', tmp_path / 'other')


def test_quick_is_the_papers_comparison_and_all_studies_can_be_built():
    for name, plan in studies.STUDIES.items():
        for case in plan.cases:
            if name == 'three-ways':
                assert case.variant in study_module.THREE_WAYS
            else:
                assert models.topology.blocks_of(case.depth, plan.dataset or 'tiny-imagenet')
    assert [case.depth for case in studies.STUDIES['cifar-shallow'].cases] == [7, 9]
    assert [case.depth for case in studies.STUDIES['tiny-depth'].cases] == [12, 14, 16, 18, 20, 21]


@pytest.mark.slow
def test_three_ways_begin_with_the_pretrained_parameters(small_data, tmp_path, monkeypatch):
    nnlite.manualSeed(5)
    pretrained = models.resnet(18, 'imagenet', classes=7)
    nnlite.save(tmp_path / 'resnet18.t7', pretrained)
    built = {}
    build = StudyFolder._build

    def remembering(self, run, train):
        built[run.case.variant] = build(self, run, train)
        built[run.case.variant + ' at first'] = built[run.case.variant].modules[-4].get(1).parameters()[0][0].copy()
        return built[run.case.variant]

    monkeypatch.setattr(StudyFolder, '_build', remembering)
    StudyFolder(
        'three-ways',
        tmp_path / 'out',
        small_data,
        epochs=1,
        limit=10,
        pretrained=str(tmp_path / 'resnet18.t7'),
        quiet=True,
    ).run()
    ours = pretrained.modules[-4].get(1).parameters()[0][0]
    for variant in ('upsampled', 'skip-first', 'finetune'):
        np.testing.assert_array_equal(built[variant + ' at first'], ours)
    rows = read_records(tmp_path / 'out' / 'results.csv', COLUMNS)
    assert {row['learning_rate'] for row in rows} == {0.01}
    assert {row['network'] for row in rows} == {'resnet'}


@pytest.mark.parametrize('column', COLUMNS)
def test_a_table_with_a_hole_is_one_clear_error(small_data, tmp_path, undrawn, column):
    (tmp_path / 'out').mkdir()
    folder = study(tmp_path / 'out', small_data)
    row = ['tiny', 'resnet', 'plain', *'7115', *'1' * (len(COLUMNS) - 7)]
    row[COLUMNS.index(column)] = ''
    (tmp_path / 'out' / 'results.csv').write_text(f'{",".join(COLUMNS)}\n{",".join(row)}\n')
    with pytest.raises(FileFormatError, match=f'line 2: expected a value in each column, got none of {column}'):
        folder.run()


@pytest.mark.parametrize('part', [{'data': [1]}, {'continued_in': 5}, {'environment': {}}])
def test_a_record_with_foreign_parts_is_refused(small_data, tmp_path, part):
    study(tmp_path / 'out', small_data)
    path = tmp_path / 'out' / 'study.json'
    path.write_text(json.dumps({**json.loads(path.read_text()), **part}))
    with pytest.raises(FileFormatError, match='expected the record of a study'):
        study(tmp_path / 'out', small_data)


def test_a_study_on_a_gpu_says_so(cupy, small_data, tmp_path, monkeypatch, undrawn):
    monkeypatch.setenv('NNLITE_CUDA_BENCHMARK', '0')
    monkeypatch.setitem(
        studies.STUDIES, 'tiny', replace(studies.STUDIES['tiny'], cases=(Case(7),), networks=('resnet',), epochs=1)
    )
    study(tmp_path, small_data, limit=4, device='cuda').run()
    assert len(results(tmp_path)) == 1
    assert json.loads((tmp_path / 'study.json').read_text())['environment']['kernels'] == 'cupy'
    assert 'kernels cupy' in (tmp_path / 'table.md').read_text()
