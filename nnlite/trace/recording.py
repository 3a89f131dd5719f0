"""A recording: the steps of one network, in memory and in HDF5."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from nnlite.errors import FileFormatError
from nnlite.hdf5_arrays import expect_whole_chunks
from nnlite.hdf5_heaps import expect_sound_heaps
from nnlite.trace.frame import Frame
from nnlite.trace.statistics import BINS, QUANTITIES, STATISTICS
from nnlite.trace.tree import Node
from nnlite.whole_file import whole_file

FORMAT, VERSION = 'nnlite trace', 1
MOST_NODES, MOST_STEPS = 100_000, 1_000_000
MOST_NUMBERS = 1 << 28  # in all data sets together: 2 GB
MOST_TEXT = 1 << 26  # bytes
BLOCK = 64  # texts that are read at a time: HDF5 may have one long text many times
_FIELDS = ('path', 'name', 'kind', 'parent', 'index', 'parameters')
_PER_NODE = len(QUANTITIES) * (len(STATISTICS) + BINS) + 3  # numbers of a node in a step


class Trace:
    """What the modules of a network did in some steps, as plain arrays.

    Attributes:
        nodes: the places in the network's tree.
        steps: (S), the numbers of the steps, rising.
        loss: (S).
        columns: by (quantity, statistic) arrays (S, nodes), NaN where there is nothing; by (quantity, 'histogram')
            counts (S, nodes, BINS); by ('forward', 'seconds'), ('backward', 'seconds') and ('results', 'bytes').
        shapes: of each node's output, in the last step.
    """

    def __init__(
        self,
        nodes: list[Node],
        steps: np.ndarray,
        loss: np.ndarray,
        columns: dict[tuple[str, str], np.ndarray],
        shapes: list[Any],
    ) -> None:
        self.nodes, self.steps, self.loss, self.columns, self.shapes = nodes, steps, loss, columns, shapes

    @classmethod
    def of(cls, frames: list[Frame]) -> 'Trace':
        """Return the recording of some frames of one network.

        Raises:
            ValueError: there are none, or they are not of one network.
        """
        if not frames:
            raise ValueError('expected a frame at least, got none')
        frames = sorted(frames, key=lambda frame: frame.step)
        nodes = frames[0].nodes
        if any(frame.nodes != nodes for frame in frames):
            raise ValueError('expected frames of one network, got some of others')
        columns = {}
        for quantity in QUANTITIES:
            rows = [frame.statistics[quantity] for frame in frames]
            for name in STATISTICS:
                columns[quantity, name] = np.array(
                    [[np.nan if found is None else getattr(found, name) for found in row] for row in rows], np.float64
                )
            none = np.zeros(BINS, np.int64)
            columns[quantity, 'histogram'] = np.array(
                [[none if found is None else found.histogram for found in row] for row in rows], np.int64
            )
        for way in ('forward', 'backward'):
            columns[way, 'seconds'] = np.array([frame.seconds[way] for frame in frames])
        columns['results', 'bytes'] = np.array([frame.bytes for frame in frames])
        steps, loss = (np.array([getattr(frame, name) for frame in frames]) for name in ('step', 'loss'))
        return cls(nodes, steps.astype(np.int64), loss.astype(np.float64), columns, frames[-1].shapes)

    def column(self, quantity: str, name: str) -> np.ndarray:
        """Return one of the columns, (S, nodes) or, of histograms, (S, nodes, BINS).

        Raises:
            KeyError: there is none of these names.
        """
        return self.columns[quantity, name]

    def __len__(self) -> int:
        return len(self.steps)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it to a file, HDF5, which is whole or not there."""
        import h5py

        # In memory first: HDF5 brings the whole process down where a disk is full.
        with h5py.File(str(path), 'w', driver='core', backing_store=False) as file:
            file.attrs['format'], file.attrs['version'] = FORMAT, VERSION
            for name in _FIELDS:
                fields = [getattr(node, name) for node in self.nodes]
                dtype = h5py.string_dtype() if isinstance(fields[0], str) else np.int64
                file.create_dataset(f'nodes/{name}', data=fields, dtype=dtype)
            shapes = [json.dumps(shape) for shape in self.shapes]
            file.create_dataset('nodes/shape', data=shapes, dtype=h5py.string_dtype())
            file.create_dataset('steps', data=self.steps)
            file.create_dataset('loss', data=self.loss)
            for (quantity, name), values in self.columns.items():
                file.create_dataset(f'{quantity}/{name}', data=values, compression='gzip', shuffle=True)
            file.flush()
            image = file.id.get_file_image()
        with whole_file(path) as target:
            target.write(image)


def load(path: str | os.PathLike[str]) -> Trace:
    """Read a recording from a file, or from all that are in a folder, which are joined by their steps.

    Raises:
        FileFormatError: a file is none of a recording, or damaged, or would take more than 2 GB of memory, alone or
            with the others of the folder; or these are of several networks.
        FileNotFoundError: there is nothing.
    """
    place = Path(path)
    if not place.is_dir():
        return _read(place)
    files = sorted(place.glob('*.h5'))
    if not files:
        within = sorted({file.parent for file in place.glob('*/*.h5')})
        hint = f'{within[0]} has some' if within else None
        raise FileFormatError('expected recordings, *.h5, got none', where=str(place), hint=hint)
    parts: list[tuple[Path, Trace]] = []
    numbers = 0
    for file in files:
        parts.append((file, _read(file)))
        numbers += len(parts[-1][1]) * len(parts[-1][1].nodes) * _PER_NODE
        if numbers > MOST_NUMBERS:
            raise FileFormatError(
                f'expected recordings of at most {MOST_NUMBERS:,} numbers, got more in the first {len(parts)} files',
                where=str(place),
                hint='move some into a folder of their own',
            )
    return _joined(parts)


def _joined(parts: list[tuple[Path, Trace]]) -> Trace:
    first, nodes = parts[0][0], parts[0][1].nodes
    for file, part in parts:
        if part.nodes != nodes:
            raise FileFormatError(f'expected a recording of the network of {first.name}, got one of another', str(file))
    traces = [part for _, part in parts]
    steps = np.concatenate([part.steps for part in traces])
    order = np.argsort(steps, kind='stable')
    columns = {key: np.concatenate([part.columns[key] for part in traces])[order] for key in traces[0].columns}
    loss = np.concatenate([part.loss for part in traces])[order]
    return Trace(nodes, steps[order], loss, columns, traces[-1].shapes)


def _read(path: Path) -> Trace:
    import h5py

    if not path.exists():
        raise FileNotFoundError(2, 'No such file or folder', str(path))
    try:
        expect_sound_heaps(path)
        with h5py.File(path, 'r') as file:
            return _read_from(file, str(path))
    except FileFormatError:
        raise
    except (OSError, KeyError, ValueError, TypeError, RuntimeError, AttributeError) as error:
        raise FileFormatError(f'expected a recording, got {_why(error)}', where=str(path)) from error


def _read_from(file: Any, where: str) -> Trace:
    import h5py

    if file.attrs.get('format') != FORMAT:
        raise FileFormatError("expected a recording of nnlite's, got another HDF5 file", where=where)
    if file.attrs['version'] != VERSION:
        raise FileFormatError(f'expected version {VERSION}, got {file.attrs["version"]}', where=where)

    def own(name: str) -> Any:
        """Return the array of this name that lies in this very file: what leads out of it could lead anywhere."""
        for place in filter(None, (name.rpartition('/')[0], name)):
            link = file.get(place, getlink=True)
            if not isinstance(link, h5py.HardLink):
                got = 'nothing' if link is None else 'a link'
                raise FileFormatError(f'expected {place} in the file itself, got {got}', where=where)
        data = file[name]
        if not isinstance(data, h5py.Dataset) or data.is_virtual or data.external:
            raise FileFormatError(f'expected {name} to be an array in the file itself, got another', where=where)
        return data

    count, steps = len(own('nodes/path')), len(own('steps'))
    if not (0 < count <= MOST_NODES and 0 < steps <= MOST_STEPS):
        raise FileFormatError(f'expected some nodes and steps, got {count} and {steps}', where=where)
    if count * steps * _PER_NODE > MOST_NUMBERS:
        got = f'{steps} steps of {count} nodes'
        raise FileFormatError(f'expected a recording of at most {MOST_NUMBERS:,} numbers, got {got}', where=where)

    def read(name: str, shape: tuple[int, ...], kind: str) -> np.ndarray:
        data = own(name)
        if data.shape != shape or data.dtype.kind != kind:
            raise FileFormatError(f'expected {name} of shape {shape}, got {data.shape} {data.dtype}', where=where)
        expect_whole_chunks(data, where)
        return data[()]

    def read_texts(name: str) -> list[str]:
        data, texts, size = own(f'nodes/{name}'), [], 0
        if data.shape != (count,) or h5py.check_string_dtype(data.dtype) is None:
            raise FileFormatError(f'expected {count} texts in nodes/{name}, got {data.shape} {data.dtype}', where=where)
        if data.chunks is not None:  # which nothing could measure: h5py does not say how many bytes they should have
            raise FileFormatError(f'expected the texts in nodes/{name} in one piece, got chunks', where=where)
        for first in range(0, count, BLOCK):
            texts += [text.decode() for text in data[first : first + BLOCK]]
            size += sum(map(len, texts[first:]))
            if size > MOST_TEXT:
                raise FileFormatError(f'expected at most {MOST_TEXT:,} bytes of text, got more', where=where)
        return texts

    texts = {name: read_texts(name) for name in ('path', 'name', 'kind')}
    numbers = {name: read(f'nodes/{name}', (count,), 'i').tolist() for name in _FIELDS[3:]}
    nodes = [Node(*fields) for fields in zip(*texts.values(), *numbers.values(), strict=True)]
    if any(not min(number - 1, 0) <= node.parent < number for number, node in enumerate(nodes)):
        raise FileFormatError('expected each node below one before it, got another order', where=where)
    shapes = [_tupled(json.loads(text)) for text in read_texts('shape')]
    columns: dict[tuple[str, str], np.ndarray] = {}
    for quantity in QUANTITIES:
        for name in STATISTICS:
            columns[quantity, name] = read(f'{quantity}/{name}', (steps, count), 'f')
        columns[quantity, 'histogram'] = read(f'{quantity}/histogram', (steps, count, BINS), 'i')
    for way in ('forward', 'backward'):
        columns[way, 'seconds'] = read(f'{way}/seconds', (steps, count), 'f')
    columns['results', 'bytes'] = read('results/bytes', (steps, count), 'i')
    return Trace(nodes, read('steps', (steps,), 'i'), read('loss', (steps,), 'f'), columns, shapes)


def _tupled(shape: Any) -> Any:
    """Return a shape as it was: JSON knows lists alone. None is that of a module that did not run.

    Raises:
        ValueError: it is no shape, nor a table of shapes.
    """
    if shape is None:
        return None
    if not isinstance(shape, list):
        raise ValueError(f'a shape that is none, {shape!r:.60}')
    if all(type(side) is int for side in shape):
        return tuple(shape)
    return [_tupled(part) for part in shape]


def _why(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
