"""Torch7's files, and some of the kinds that other packages wrote, changed as a damaged or hostile one may be."""

import io
import re
import struct

import numpy as np
from golden_files import PART

import nnlite
from nnlite import TorchObject, nn
from nnlite.nn.graph import Node
from nnlite.serialization.ascii_sink import AsciiSink
from nnlite.serialization.binary_sink import BinarySink
from nnlite.serialization.t7_writer import T7Writer
from nnlite.serialization.twins import TWINS

EXTREMES = (-(2**31), -1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 255, 2**16, 2**30, 2**31 - 1)
DOUBLES = (-1e9, -1, -0.0, 0.5, 3, 70, 1e6, 1e9, 2.0**53, 1e300, float('inf'), float('nan'))
NAME = re.compile(rb'(?:nn|nngraph|graph|torch|golden|optim)\.[A-Za-z]+')
NUMBER = re.compile(rb'-?\d+')


class OtherSink(BinarySink):
    """Writes what a big-endian machine with longs of four bytes would."""

    def writeInt(self, number):
        return struct.pack('>i', number)

    def writeDouble(self, number):
        return struct.pack('>d', number)

    def writeLong(self, *numbers):
        return struct.pack(f'>{len(numbers)}i', *numbers)

    def writeArray(self, array):
        kept = np.dtype('i4') if array.dtype == np.int64 else array.dtype
        return array.astype(kept.newbyteorder('>')).data


def dumped(values, sink):
    """Return the bytes of a file of some values."""
    writer, file = T7Writer(sink), io.BytesIO()
    for value in values:
        writer.add(value)
    writer.write(file)
    return file.getvalue()


def originals():
    """Return the contents of files of every form and kind."""
    found = [path.read_bytes() for path in sorted((PART / 'serial').glob('*.t7'))]
    return found + [dumped([value], sink()) for value in _made() for sink in (BinarySink, AsciiSink, OtherSink)]


def _made():
    nnlite.manualSeed(1)
    x, y = Node(), Node()
    one, two = Node(nn.ConcatTable().add(nn.Linear(2, 2)).add(nn.Tanh()), x).split(2)
    graph = nn.gModule([x, y], [Node(nn.CAddTable(), one, y), two])
    weight = np.ones((4, 1, 2, 2), np.float32)
    sizes = {'nInputPlane': 2, 'nOutputPlane': 4, 'kW': 2, 'kH': 2, 'dW': 1, 'dH': 1, 'padW': 0, 'padH': 0}
    layers = [
        TorchObject('cudnn.SpatialConvolution', {**sizes, 'groups': 2, 'weight': weight, 'bias': weight[:, 0, 0, 0]}),
        TorchObject('cudnn.ClippedReLU', {'ceiling': 6, 'inplace': True}),
        TorchObject('inn.SpatialMaxPooling', {'kW': 2, 'kH': 2, 'dW': 2, 'dH': 2}),
        TorchObject('cudnn.SpatialBatchNormalization', {'running_mean': weight[0, 0, 0], 'running_std': np.ones(2)}),
    ]
    net = TorchObject('nn.DataParallelTable', {'modules': [TorchObject('nn.Sequential', {'modules': layers})]})
    every = [nn.Linear(2, 1), nn.SpatialConvolution(1, 1, 2, 2), nn.View(2, -1), nn.Dropout(), nn.Padding(1, 2)]
    confusion = nnlite.optim.ConfusionMatrix(['cat', 'dog'])
    return [graph, {'net': net, 'epoch': 3}, every, {'confusion': confusion, 'sizes': np.arange(5)}]


def class_names():
    """Return the names of all classes that there are to be made."""
    return [f'nn.{name}' for name in nn.__all__] + [f'cudnn.{name}' for name in nn.__all__ if 'Conv' in name] + [*TWINS]


def mutant(contents, chance, others, names):
    """Return contents with a few changes.

    Args:
        contents: of a file.
        chance: a random.Random.
        others: contents of other files, to take parts of.
        names: of classes, to take one for another.
    """
    made = bytearray(contents)
    for _ in range(chance.choice((1, 1, 2, 4))):
        _change(made, chance, others, names)
    return bytes(made)


def _change(made, chance, others, names):
    at, there = (chance.randrange(len(made) or 1) for _ in range(2))
    kind = chance.randrange(12)
    if kind == 0:
        del made[at:]
    elif kind < 3:
        made[at : at + 1] = bytes([chance.randrange(256)])
    elif kind == 3:
        made[at : at + 4] = chance.choice(EXTREMES).to_bytes(4, chance.choice(('little', 'big')), signed=True)
    elif kind == 4:
        number = chance.choice(EXTREMES) << chance.choice((0, 31))
        made[at : at + 8] = number.to_bytes(8, 'little', signed=True)
    elif kind == 5:
        made[at:at] = made[there : there + chance.randrange(64)]
    elif kind == 6:
        made[at : at + 16], made[there : there + 16] = made[there : there + 16], made[at : at + 16]
    elif kind == 7:
        other = chance.choice(others)
        start = chance.randrange(len(other) or 1)
        made[at : at + 64] = other[start : start + 64]
    elif kind == 8:
        _renumber(made, at, chance)
    elif kind == 9:
        place = made.find(b'\1\0\0\0', at)
        if place >= 0:
            made[place + 4 : place + 12] = struct.pack('<d', chance.choice(DOUBLES))
    else:
        _rename(made, chance, names)


def _renumber(made, at, chance):
    """Put an extreme number in the place of one that is text, as in ascii files."""
    match = NUMBER.search(made, at)
    if match:
        number = chance.choice((*EXTREMES, 10**30, 'nan', 'inf', '1e400', '0.5'))
        made[match.start() : match.end()] = str(number).encode()


def _rename(made, chance, names):
    """Make an object one of another class, and its name's length that of the name."""
    found = [match.span() for match in NAME.finditer(made)]
    if not found:
        return
    begin, end = chance.choice(found)
    name = chance.choice(names).encode()
    made[begin:end] = name
    if made[begin - 4 : begin] == (end - begin).to_bytes(4, 'little'):
        made[begin - 4 : begin] = len(name).to_bytes(4, 'little')
    elif made[:begin].endswith(b'\n%d\n' % (end - begin)):
        made[begin - len(b'%d\n' % (end - begin)) : begin] = b'%d\n' % len(name)
