"""Classes that nnlite is taught."""

import numpy as np
import pytest

import nnlite


@pytest.fixture(autouse=True)
def forget(monkeypatch):
    monkeypatch.setattr('nnlite.serialization.classes._registered', {})


def test_plain_class_keeps_its_attributes(round_trip):
    @nnlite.register('tests.Point')
    class Point:
        def __init__(self, x, y):
            self.x, self.y = x, y

    found = round_trip([Point(1, 'two')])[0]
    assert type(found) is Point and vars(found) == {'x': 1, 'y': 'two'}


def test_class_writes_and_reads_itself_with_its_version(round_trip):
    @nnlite.register('tests.Counter')
    class Counter:
        version = 3

        def __init__(self, count):
            self.count = count

        def write(self):
            return {'double': 2 * self.count}

        def read(self, fields, version):
            self.count, self.read_version = fields['double'] // 2, version

    found = round_trip(Counter(4))
    assert (found.count, found.read_version) == (4, 3)


def test_objects_in_a_cycle(round_trip):
    @nnlite.register('tests.Node')
    class Node:
        pass

    one, two = Node(), Node()
    one.other, two.other = two, one
    found = round_trip(one)
    assert found.other.other is found and found.other is not found


def test_children_are_read_before_their_parents(round_trip):
    @nnlite.register('tests.Tree')
    class Tree:
        def __init__(self, *children):
            self.children = list(children)

        def read(self, fields, version):
            self.children = fields['children']
            self.count = 1 + sum(child.count for child in self.children)

    assert round_trip(Tree(Tree(), Tree(Tree()))).count == 4


def test_class_that_is_not_known_becomes_data_and_stays_what_it_was(round_trip, monkeypatch):
    @nnlite.register('tests.Gone')
    class Gone:
        def __init__(self):
            self.size = 3

    def save_then_forget():
        path = round_trip.__closure__[0].cell_contents / 'gone.t7'
        nnlite.save(path, Gone())
        monkeypatch.setattr('nnlite.serialization.classes._registered', {})
        return nnlite.load(path)

    data = save_then_forget()
    assert isinstance(data, nnlite.TorchObject) and (data.typename, data.fields) == ('tests.Gone', {'size': 3})
    nnlite.register('tests.Gone')(Gone)
    assert round_trip(data).size == 3


def test_fields_that_a_class_cannot_use_are_an_error_of_the_file(round_trip):
    @nnlite.register('tests.Strict')
    class Strict:
        def write(self):
            return {}

        def read(self, fields, version):
            self.size = fields['size']

    with pytest.raises(nnlite.FileFormatError) as caught:
        round_trip({'part': [Strict()]})
    assert caught.value.where.endswith('part[1]')
    assert caught.value.message == "tests.Strict cannot be made of its fields: KeyError: 'size'"


def test_version_that_is_no_number(tmp_path):
    @nnlite.register('tests.Versioned')
    class Versioned:
        version = '2.0'

    with pytest.raises(nnlite.Error, match='whole number'):
        nnlite.save(tmp_path / 'never.t7', Versioned())


def test_subclass_has_no_name_of_its_own(tmp_path):
    class Mine(nnlite.nn.Tanh):
        pass

    with pytest.raises(nnlite.Error) as caught:
        nnlite.save(tmp_path / 'never.t7', {'net': Mine()})
    assert caught.value.where == 'net' and 'nnlite.register' in caught.value.hint


def test_module_of_ones_own(round_trip):
    @nnlite.register('my.Block')
    class Block(nnlite.nn.Sequential):
        pass

    found = round_trip(Block().add(nnlite.nn.Tanh()))
    assert type(found) is Block and type(found.modules[0]) is nnlite.nn.Tanh


def test_confusion_matrix_of_torch(round_trip):
    fields = {'mat': np.array([[3, 1], [0, 2]]), 'nclasses': 2, 'classes': ['cat', 'dog'], '_max': np.ones(3)}
    found = round_trip(nnlite.TorchObject('optim.ConfusionMatrix', {**fields, 'averageValid': 0}))
    assert type(found) is nnlite.optim.ConfusionMatrix and found.averageValid == 0.875
    found.add(1, 2)
    data = round_trip(round_trip(found), rebuild=False)
    assert data.typename == 'optim.ConfusionMatrix' and data.fields['mat'].tolist() == [[3, 1], [1, 2]]
    assert {'_target', '_prediction', '_max', '_pred_idx', '_targ_idx', 'classes', 'totalValid'} <= set(data.fields)
    for harm in ({'mat': np.ones((2, 3), int)}, {'mat': [1]}, {'nclasses': 0}, {'nclasses': 'x'}, {'classes': [1]}):
        with pytest.raises(nnlite.FileFormatError, match='cannot be made of its fields'):
            round_trip(nnlite.TorchObject('optim.ConfusionMatrix', {**fields, **harm}))


def test_logger_stays_data_so_that_no_file_says_where_to_write(round_trip):
    found = round_trip(nnlite.TorchObject('optim.Logger', {'name': '/etc/motd', 'symbols': {'loss': [1, 2]}}))
    assert isinstance(found, nnlite.TorchObject) and found.fields['symbols'] == {'loss': [1, 2]}
