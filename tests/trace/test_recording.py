"""Recordings as files: what was written is read, and what is none, or damaged, is one clear error."""

import zlib

import h5py
import numpy as np
import pytest

import nnlite
from nnlite import nn, trace


def frames(steps=(0, 5, 10), width=6):
    nnlite.manualSeed(1)
    fork = nn.ConcatTable().add(nn.Linear(width, width)).add(nn.Identity())
    net = nn.Sequential().add(nn.Linear(4, width)).add(fork).add(nn.CAddTable()).add(nn.ReLU()).add(nn.Linear(width, 3))
    batch = nnlite.randn(5, 4), [1, 2, 3, 1, 2]
    return [trace.record(net, nn.CrossEntropyCriterion(), *batch, step=step) for step in steps]


def assert_same(one, other):
    assert one.nodes == other.nodes and one.shapes == other.shapes
    np.testing.assert_array_equal(one.steps, other.steps)
    np.testing.assert_array_equal(one.loss, other.loss)
    assert one.columns.keys() == other.columns.keys()
    for key, values in one.columns.items():
        assert values.dtype == other.columns[key].dtype
        np.testing.assert_array_equal(values, other.columns[key], str(key))


def test_what_was_saved_is_loaded(tmp_path):
    whole = trace.Trace.of(frames())
    assert len(whole) == 3 and whole.column('output', 'histogram').shape == (3, len(whole.nodes), 32)
    whole.save(tmp_path / 'run.h5')
    assert_same(trace.load(tmp_path / 'run.h5'), whole)
    assert [path.name for path in tmp_path.iterdir()] == ['run.h5']


def test_files_of_a_folder_are_joined_by_their_steps(tmp_path):
    some = frames()
    for name, frame in zip('cab', some, strict=True):
        frame.trace().save(tmp_path / f'{name}.h5')
    found = trace.load(tmp_path)
    np.testing.assert_array_equal(found.steps, [0, 5, 10])
    np.testing.assert_array_equal(found.column('gradWeight', 'norm'), trace.Trace.of(some).column('gradWeight', 'norm'))


def test_files_of_several_networks_are_not(tmp_path):
    frames([0])[0].trace().save(tmp_path / 'a.h5')
    frames([1], width=7)[0].trace().save(tmp_path / 'b.h5')
    with pytest.raises(nnlite.FileFormatError, match='got one of another'):
        trace.load(tmp_path)
    with pytest.raises(ValueError, match='of one network'):
        trace.Trace.of([*frames([0]), *frames([1], width=7)])
    with pytest.raises(ValueError, match='got none'):
        trace.Trace.of([])


def test_what_is_not_there(tmp_path):
    with pytest.raises(nnlite.FileFormatError, match='got none'):
        trace.load(tmp_path)
    with pytest.raises(FileNotFoundError):
        trace.load(tmp_path / 'no.h5')


def spoiled(name, change):
    """Return a function that changes a data set or an attribute of a file."""

    def spoil(path):
        with h5py.File(path, 'a') as file:
            if name in file.attrs:
                file.attrs[name] = change
            else:
                values = file[name][()]
                del file[name]
                if change is not None:
                    file[name] = change(values)

    return spoil


SHAPES = ['{', '{"a": 1}', '[NaN, "x"]', '3', '[true]', '[' * 100_000]


def endless(path):
    """Let a text say a size that sends HDF5 back to it."""
    content = bytearray(path.read_bytes())
    content[(at := content.index(b'GCOL\1') + 24) : at + 8] = (2**64 - 16).to_bytes(8, 'little')
    path.write_bytes(content)


def rechunked(name, **options):
    """Return a function that stores a data set in chunks, or claims it to be of one that ends too early."""

    def spoil(path):
        with h5py.File(path, 'a') as file:
            old = file[name]
            shape, dtype = old.shape, old.dtype
            del file[name]
            file.create_dataset(name, shape, dtype, chunks=shape, **options)
            if options:
                file[name].id.write_direct_chunk((0,) * len(shape), zlib.compress(b'x'))

    return spoil


def elsewhere(name, thing=None):
    """Return a function that puts a link to the same thing in another file, or an array whose bytes lie there."""

    def spoil(path):
        other = path.with_name('other.h5')
        other.write_bytes(path.read_bytes())
        with h5py.File(path, 'a') as file:
            shape, dtype = getattr(file[name], 'shape', None), getattr(file[name], 'dtype', None)
            del file[name]
            if thing == 'bytes':
                file.create_dataset(name, shape, dtype, external=[(str(other), 0, h5py.h5f.UNLIMITED)])
            elif thing == 'virtual':
                layout = h5py.VirtualLayout(shape, dtype)
                layout[:] = h5py.VirtualSource(str(other), name, shape)
                file.create_virtual_dataset(name, layout)
            else:
                file[name] = h5py.ExternalLink(str(other), name)

    return spoil


def cut(path):
    path.write_bytes(path.read_bytes()[:5000])


@pytest.mark.parametrize(
    'spoil',
    [
        spoiled('format', 'something else'),
        spoiled('version', 2),
        spoiled('steps', None),
        spoiled('output/norm', None),
        spoiled('output/norm', lambda values: values[:, :-1]),
        spoiled('output/norm', lambda values: values.astype(int)),
        spoiled('steps', lambda values: values[:0]),
        spoiled('steps', lambda values: values[:-1]),
        spoiled('nodes/parent', lambda values: values + 100),
        spoiled('nodes/parent', lambda values: values * 0 - 1),
        *[spoiled('nodes/shape', lambda values, shape=shape: [shape] * len(values)) for shape in SHAPES],
        spoiled('nodes/name', lambda values: np.arange(len(values))),
        spoiled('output/histogram', lambda values: values[..., :5]),
        rechunked('loss', compression='gzip'),  # HDF5 would read on behind it
        rechunked('nodes/kind'),
        *[elsewhere(name) for name in ('loss', 'steps', 'nodes', 'nodes/kind', 'output/norm')],
        elsewhere('loss', 'bytes'),
        elsewhere('output/norm', 'virtual'),
        cut,
        endless,
        lambda path: path.write_bytes(b'no HDF5 at all'),
    ],
)
def test_a_file_that_is_none_or_damaged(tmp_path, spoil):
    path = tmp_path / 'run.h5'
    trace.Trace.of(frames()).save(path)
    spoil(path)
    with pytest.raises(nnlite.FileFormatError, match=r'run\.h5'):
        trace.load(path)


def test_a_file_that_cannot_be_written_leaves_the_old_one(tmp_path, monkeypatch):
    path = tmp_path / 'run.h5'
    trace.Trace.of(frames()).save(path)
    before = path.read_bytes()
    monkeypatch.setattr('os.fsync', lambda handle: (_ for _ in ()).throw(OSError(28, 'No space left on device')))
    with pytest.raises(OSError, match='No space left'):
        trace.Trace.of(frames([1])).save(path)
    assert path.read_bytes() == before and [each.name for each in tmp_path.iterdir()] == ['run.h5']


def large(path, count, steps):
    """Write a small file of very many numbers, none of which is in it."""
    with h5py.File(path, 'w') as file:
        file.attrs['format'], file.attrs['version'] = 'nnlite trace', 1
        for name in ('path', 'name', 'kind', 'shape'):
            file.create_dataset(f'nodes/{name}', data=['[]'] * count, dtype=h5py.string_dtype())
        file['nodes/parent'] = np.arange(count) - 1
        for name in ('index', 'parameters'):
            file.create_dataset(f'nodes/{name}', (count,), 'i8')
        file.create_dataset('steps', (steps,), 'i8')
        file.create_dataset('loss', (steps,), 'f8')
        for quantity in trace.QUANTITIES:
            for name in trace.STATISTICS:
                file.create_dataset(f'{quantity}/{name}', (steps, count), 'f8')
            file.create_dataset(f'{quantity}/histogram', (steps, count, 32), 'i8')
        for name in ('forward/seconds', 'backward/seconds'):
            file.create_dataset(name, (steps, count), 'f8')
        file.create_dataset('results/bytes', (steps, count), 'i8')


def test_what_would_take_too_much_memory(tmp_path, monkeypatch):
    large(tmp_path / 'run.h5', 100, 20_000)
    with pytest.raises(nnlite.FileFormatError, match=r'run\.h5\n  expected a recording of at most 268,435,456 numbers'):
        trace.load(tmp_path / 'run.h5')
    monkeypatch.setattr('nnlite.trace.recording.MOST_NUMBERS', 100_000)
    for name in 'ab':
        large(tmp_path / f'{name}.h5', 5, 100)
    assert len(trace.load(tmp_path / 'a.h5')) == 100
    with pytest.raises(nnlite.FileFormatError, match='got more in the first 2 files'):
        trace.load(tmp_path)


def test_one_long_text_many_times(tmp_path, monkeypatch):
    path = tmp_path / 'run.h5'
    trace.Trace.of(frames()).save(path)
    spoiled('nodes/name', lambda values: ['x' * 100_000] * len(values))(path)
    monkeypatch.setattr('nnlite.trace.recording.MOST_TEXT', 500_000)
    with pytest.raises(nnlite.FileFormatError, match='bytes of text'):
        trace.load(path)
