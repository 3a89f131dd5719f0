"""Files that Torch7 wrote: what a reader must find in them, and the same bytes written again.

The section `serial` says what must be found; the files of all sections are read and written again.
"""

import contextlib
import re

import numpy as np
import pytest
from golden_files import FOLDER, cases, index
from golden_report import DIFFERENCES
from mutants import OtherSink, dumped

import nnlite
from nnlite.serialization.forms import sink
from nnlite.serialization.lua_function import LuaFunction
from nnlite.tensor.memory import root
from nnlite.tensor.types import type_of


def mode(path):
    return 'ascii' if path.read_bytes()[1:2] == b'\n' else 'binary'


class Expectation:
    """What the index says of a file, compared with a value.

    Args:
        whole_storages: whether storages must be as long as they were in Torch.
    """

    def __init__(self, whole_storages):
        self.whole_storages = whole_storages
        self.things, self.memories = {}, {}

    def check(self, expect, value):
        if not isinstance(expect, (dict, list)):
            self.scalar(expect, value)
        elif 'number' in expect:
            assert repr(value) == repr(float(expect['number']))
        elif 'ref' in expect:
            assert value is self.things[expect['ref']]
        else:
            self.things[expect['id']] = value
            kind = next(kind for kind in ('table', 'object', 'tensor', 'storage', 'function') if kind in expect)
            getattr(self, kind)(expect, value)

    def scalar(self, expect, value):
        if isinstance(expect, str):
            expect = expect.encode('latin-1')  # the index holds a character for each byte
            with contextlib.suppress(UnicodeDecodeError):
                expect = expect.decode()
        assert value == expect and type(value) is type(expect)

    def table(self, expect, value):
        keys = [key for key, _ in expect['pairs']]
        plain = [key for key in keys if isinstance(key, (str, int, float)) and not isinstance(key, bool)]
        if len(plain) < len(keys):
            assert isinstance(value, nnlite.LuaTable)
        elif sorted(plain, key=repr) == sorted(range(1, len(keys) + 1), key=repr):
            assert isinstance(value, list)
            value = dict(enumerate(value, 1))
        else:
            assert isinstance(value, dict)
        assert len(value) == len(keys)
        pairs = list(value.items())
        for key, element in expect['pairs']:
            self.check(element, self.with_key(key, pairs))

    def with_key(self, key, pairs):
        """Return the value of the first pair whose key is as expected, and take it out."""
        for place, (found, value) in enumerate(pairs):
            is_scalar = isinstance(found, (bool, int, float, str))
            if is_scalar == isinstance(key, dict) or (is_scalar and (type(found), found) != (type(key), key)):
                continue
            if not is_scalar:
                self.check(key, found)
            del pairs[place]
            return value
        raise AssertionError(f'no key {key}')

    def object(self, expect, value):
        assert isinstance(value, nnlite.TorchObject)
        assert value.typename == expect['object']
        self.table({'pairs': expect['fields']}, value.fields)

    def tensor(self, expect, value):
        assert isinstance(value, np.ndarray) and value.flags.aligned and value.flags.writeable
        assert type_of(value) == expect['tensor']
        if not expect['dim']:
            assert value.shape == (0,)
            return
        assert list(value.shape) == expect['size']
        assert [step // value.itemsize for step in value.strides] == expect['stride']
        assert value.ravel().tolist() == expect['values_row_major']
        self.memory(expect, root(value))
        if self.whole_storages:
            assert root(value).size == expect['storage_size']
            begin, memory = (array.__array_interface__['data'][0] for array in (value, root(value)))
            assert (begin - memory) // value.itemsize + 1 == expect['storageOffset']

    def storage(self, expect, value):
        assert isinstance(value, nnlite.Storage)
        assert type_of(value.memory).replace('Tensor', 'Storage') == expect['storage']
        if expect['storage'] != 'torch.HalfStorage':  # of which Lua could not list the values
            assert value.memory.tolist() == expect['values']
        self.memory(expect, value.memory)

    def memory(self, expect, memory):
        """The same storage_id is the same memory, another is another."""
        known = self.memories.setdefault(expect['storage_id'], memory)
        assert known is memory
        assert len({id(memory) for memory in self.memories.values()}) == len(self.memories)

    def function(self, expect, value):
        assert isinstance(value, LuaFunction) and len(value.bytecode) == expect['dump_bytes']
        assert len(value.upvalues) == len(expect['upvalues'])
        for upvalue, found in zip(expect['upvalues'], value.upvalues, strict=True):
            if value.tag == 8:
                assert found['name'] == upvalue['name']
                found = found['value']
            self.check(upvalue['value'], found)


def check(case, values, whole_storages):
    """Compare the values of a file with what the index says of each."""
    expect = case['expect']
    expects = [part for _, part in expect['pairs']] if case['file'] == 'serial/several_objects.t7' else [expect]
    expectation = Expectation(whole_storages)
    for expect, value in zip(expects, values, strict=True):
        expectation.check(expect, value)


@cases('serial')
def test_reads_what_torch_wrote(case):
    check(case, nnlite.loadAll(FOLDER / case['file'], rebuild=False), whole_storages=True)


@pytest.mark.parametrize('format', ['binary', 'ascii'])
@cases('serial')
def test_what_it_saves_is_what_it_read(case, format, tmp_path):
    values = nnlite.loadAll(FOLDER / case['file'], rebuild=False)
    (tmp_path / 'again.t7').write_bytes(dumped(values, sink(format)))
    check(case, nnlite.loadAll(tmp_path / 'again.t7', rebuild=False), whole_storages=False)


@cases('serial')
def test_writes_the_bytes_that_torch_wrote(case):
    path = FOLDER / case['file']
    again = dumped(nnlite.loadAll(path, rebuild=False), sink(mode(path)))
    assert (again == path.read_bytes()) == (f'{case["file"]}, written again' not in DIFFERENCES)


@cases('serial', lambda case: case['file'] not in ('serial/big_endian.t7', 'serial/long_size4.t7'))
def test_form_can_be_said(case):
    path = FOLDER / case['file']
    said = nnlite.loadAll(path, {'ascii': 'ascii', 'binary': 'b64'}[mode(path)], rebuild=False)
    assert dumped(said, sink('binary')) == dumped(nnlite.loadAll(path, rebuild=False), sink('binary'))


@cases('serial', lambda case: not re.search('Long_|big_vector', case['file']))
def test_reads_what_torch_would_have_written_on_a_big_endian_machine_of_32_bits(case, tmp_path):
    values = nnlite.loadAll(FOLDER / case['file'], rebuild=False)
    (tmp_path / 'again.t7').write_bytes(dumped(values, OtherSink()))
    check(case, nnlite.loadAll(tmp_path / 'again.t7', rebuild=False), whole_storages=False)


def test_form_that_is_said_is_tried_alone():
    with pytest.raises(nnlite.FileFormatError):
        nnlite.load(FOLDER / 'serial/long_size4.t7', 'b64')
    assert (
        nnlite.load(FOLDER / 'serial/long_size4.t7', 'b32').keys()
        == nnlite.load(FOLDER / 'serial/long_size8.t7').keys()
    )
    with pytest.raises(nnlite.Error, match="'b32' or 'b64', got 'text'"):
        nnlite.load(FOLDER / 'serial/long_size8.t7', 'text')


@pytest.mark.parametrize('section', ['module', 'criterion', 'net', 'optim', 'rng'])
def test_every_file_of_torch_comes_back_to_the_same_bytes(section):
    for case in index(section):
        path = FOLDER / case['file']
        assert dumped(nnlite.loadAll(path, rebuild=False), sink(mode(path))) == path.read_bytes(), path.name


@pytest.mark.parametrize('section', ['module', 'criterion', 'net', 'optim', 'rng', 'serial'])
def test_every_file_of_torch_opens_and_saves_with_the_classes_that_are_here(section):
    for case in index(section):
        assert dumped(nnlite.loadAll(FOLDER / case['file']), sink('binary')), case['file']
