"""Files of weights: what is written is read again to the bit, what is damaged or foreign is one clear error."""

import json
import pickle
import struct
import zlib

import h5py
import numpy as np
import onnx
import pytest
import torch
from golden_files import FOLDER

import nnlite
from nnlite import models, nn
from nnlite.interop import load_state_dict, read_weights, state_dict, write_onnx, write_weights
from nnlite.interop.conversion import _pt_arrays
from nnlite.interop.example_input import find_shape

RNG = np.random.default_rng(1)
ARRAYS = {'a.weight': RNG.normal(size=(3, 2)).astype(np.float32), 'b': RNG.normal(size=4), 'half': np.float16([1, 2])}
ARRAYS |= {'turned': np.arange(6.0).reshape(2, 3).T, 'count': np.array(3)}
FACTS = {'format': 'pt', 'classes': '["ä"]'}


@pytest.mark.parametrize('suffix', ['safetensors', 'h5', 'SafeTensors'])
def test_arrays_and_facts_come_back_to_the_bit(suffix, tmp_path):
    path = tmp_path / f'weights.{suffix}'
    write_weights(path, ARRAYS, FACTS)
    weights = read_weights(path)
    assert weights.facts == FACTS
    assert weights.arrays.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert weights.arrays[name].dtype == array.dtype
        assert weights.arrays[name].shape == array.shape
        assert (weights.arrays[name] == array).all()
        weights.arrays[name] += 1  # memory of one's own


def test_pytorch_reads_what_is_written(tmp_path):
    from safetensors.torch import load_file

    write_weights(tmp_path / 'weights.safetensors', ARRAYS, FACTS)
    write_weights(tmp_path / 'weights.pt', ARRAYS, FACTS)
    in_torch = torch.load(tmp_path / 'weights.pt', weights_only=True)
    assert type(in_torch) is dict
    for name, array in ARRAYS.items():
        assert (in_torch[name].numpy() == array).all()
        assert (load_file(tmp_path / 'weights.safetensors')[name].numpy() == array).all()
        assert (_pt_arrays(tmp_path / 'weights.pt', ARRAYS)[name] == array).all()


def test_what_pytorch_writes_is_read(tmp_path):
    from safetensors.torch import save_file

    tensors = {'a': torch.randn(3, 4), 'b': torch.randn(5).to(torch.bfloat16), 'n': torch.tensor(7)}
    save_file(tensors, tmp_path / 'theirs.safetensors')
    arrays = read_weights(tmp_path / 'theirs.safetensors').arrays
    assert all((arrays[name] == tensor.float().numpy()).all() for name, tensor in tensors.items())


@pytest.mark.parametrize('path', sorted((FOLDER / 'nets').glob('*_final.t7')), ids=lambda path: path.stem)
@pytest.mark.parametrize('suffix', ['safetensors', 'h5', 'pt', 't7', 'onnx'])
def test_networks_of_torch7_go_through_every_form_and_back(path, suffix, tmp_path):
    net = nnlite.load(path)
    arrays, other = state_dict(net), tmp_path / f'net.{suffix}'
    if suffix == 't7':
        nnlite.save(other, net)
        found = state_dict(nnlite.load(other))
    elif suffix == 'onnx':
        write_onnx(net, other, find_shape(net))
        arrays = {name: array.astype(np.float32) for name, array in arrays.items()}  # which is all that it has
        found = {part.name: onnx.numpy_helper.to_array(part) for part in onnx.load(other).graph.initializer}
        found = {name: found[name] for name in arrays}
        net = net.float()
    else:
        write_weights(other, arrays, {})
        found = _pt_arrays(other, arrays) if suffix == 'pt' else read_weights(other).arrays
    again = net.clone().reset()
    load_state_dict(again, found)
    assert found.keys() == arrays.keys()
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype
        assert (state_dict(again)[name] == array).all()


def test_h5_of_another_byte_order_and_with_other_attributes(tmp_path):
    with h5py.File(tmp_path / 'big.h5', 'w') as file:
        file.create_dataset('a', data=np.arange(5, dtype='>f8'), chunks=(2,), compression='gzip', shuffle=True)
        file.attrs.update({'backend': 'x', 'number': 3, 'classes': np.bytes_('["ä"]'.encode()), 'many': np.zeros(100)})
        file.attrs.create('link', file['a'].ref, dtype=h5py.ref_dtype)
    weights = read_weights(tmp_path / 'big.h5')
    assert weights.arrays['a'].dtype == np.float64
    assert weights.arrays['a'].dtype.isnative
    assert weights.arrays['a'].tolist() == [0, 1, 2, 3, 4]
    assert weights.facts == {'classes': '["ä"]'}


# what is wrong


def test_pickles_are_refused_with_what_to_do(tmp_path):
    torch.save({'a': torch.ones(1)}, tmp_path / 'a.pt')
    with pytest.raises(
        nnlite.DataError, match=r"(?s)runs no code.*safetensors\.torch\.save_file\(.*'a\.safetensors'\)"
    ):
        read_weights(tmp_path / 'a.pt')
    torch.save({'state_dict': {'a': torch.ones(1)}}, tmp_path / 'a.pth.tar')
    torch.save({'a': torch.ones(1)}, tmp_path / 'a.th', _use_new_zipfile_serialization=False)
    (tmp_path / 'a.pkl').write_bytes(pickle.dumps({'a': 1}))
    for name in ('a.pth.tar', 'a.th', 'a.pkl'):
        with pytest.raises(nnlite.DataError, match=r"(?s)runs no code.*\['state_dict'\]"):
            read_weights(tmp_path / name)
    (tmp_path / 'a.txt').touch()
    with pytest.raises(nnlite.DataError, match=r'expected a file of weights, \.safetensors or \.h5'):
        read_weights(tmp_path / 'a.txt')
    with pytest.raises(nnlite.DataError, match=r'\.safetensors, \.h5, \.pt'):
        write_weights(tmp_path / 'a.txt', ARRAYS, {})
    with pytest.raises(FileNotFoundError):
        read_weights(tmp_path / 'none.safetensors')


@pytest.mark.parametrize('suffix', ['safetensors', 'h5', 'pt'])
def test_what_would_not_be_read_is_not_written(suffix, tmp_path):
    path = tmp_path / f'weights.{suffix}'
    with pytest.raises(nnlite.DataError, match="got 'a/b'"):
        write_weights(path, {'a/b': np.ones(2)}, {})
    for array, said in ((np.ones(1, np.longdouble), 'float128'), (np.array([None]), 'object')):
        with pytest.raises(nnlite.DtypeError, match=f'{suffix}, a\n.*got {said}'):
            write_weights(path, {'a': array}, {})
    for arrays, said in (({}, 'got none'), ({'a': np.ones(1), 'b': np.empty((0, 3))}, 'empty array: b')):
        with pytest.raises(nnlite.DataError, match=said):
            write_weights(path, arrays, {})
    with pytest.raises(nnlite.DtypeError, match=f'{suffix}, classes\n.*a text, got list'):
        write_weights(path, {'a': np.ones(1)}, {'classes': ['x']})
    assert not path.exists()


KINDS = ('u1', 'u2', 'u4', 'u8', 'i1', 'i2', 'i4', 'i8', 'f2', 'f4', 'f8', '>i4', '>f4')


@pytest.mark.parametrize('suffix', ['safetensors', 'h5', 'pt'])
def test_numbers_of_every_type_and_byte_order_come_back(suffix, tmp_path):
    path = tmp_path / f'weights.{suffix}'
    write_weights(path, {kind: np.arange(3).astype(kind) for kind in KINDS}, {})
    in_torch = torch.load(path, weights_only=True) if suffix == 'pt' else {}
    found = {name: tensor.numpy() for name, tensor in in_torch.items()} or read_weights(path).arrays
    for kind in KINDS:
        assert found[kind].dtype == np.dtype(kind).newbyteorder('=')
        assert found[kind].tolist() == [0, 1, 2]


def safetensors(header, data=b''):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack('<Q', len(text)) + text + data


def entry(shape, begin, end, dtype='F32'):
    return {'a': {'dtype': dtype, 'shape': shape, 'data_offsets': [begin, end]}}


DAMAGED = {
    'empty': b'',
    'short': b'\x01\x02',
    'a header longer than the file': struct.pack('<Q', 1000) + b'{}',
    'a header of 2^63 bytes': struct.pack('<Q', 1 << 63) + b'{}',
    'a header of 200 MB': struct.pack('<Q', 200 << 20) + b'{}',
    'no JSON': safetensors(b'{"a'),
    'no UTF-8': safetensors(b'\xff\xfe{}'),
    'nested deeply': safetensors(b'[' * 100_000),
    'an array': safetensors([1, 2]),
    'offsets beyond the end': safetensors(entry([2], 0, 8), b'1234'),
    'offsets that do not fit the shape': safetensors(entry([3], 0, 8), b'12345678'),
    'a shape whose product overflows': safetensors(entry([1 << 33, 1 << 33], 0, 8), b'12345678'),
    'a negative size': safetensors(entry([-2], 0, 8), b'12345678'),
    'bytes that are nobodys': safetensors(entry([1], 0, 4), b'12345678'),
    'two arrays in one place': safetensors({**entry([1], 0, 4), 'b': entry([1], 0, 4)['a']}, b'1234'),
    'an unknown type': safetensors(entry([1], 0, 4, 'X9'), b'1234'),
    'a type that no weights have': safetensors(entry([4], 0, 4, 'BOOL'), b'1234'),
    'facts that are no texts': safetensors({**entry([1], 0, 4), '__metadata__': {'classes': [1]}}, b'1234'),
    'no arrays': safetensors({}),
    'an empty array': safetensors(entry([0, 1 << 40], 0, 0)),
    'an archive of PyTorch': b'PK\x03\x04' + bytes(100),
}


@pytest.mark.parametrize('content', DAMAGED.values(), ids=DAMAGED.keys())
def test_damaged_safetensors_are_one_error(content, tmp_path):
    path = tmp_path / 'bad.safetensors'
    path.write_bytes(content)
    with pytest.raises(nnlite.FileFormatError, match=r'bad\.safetensors') as caught:
        read_weights(path)
    assert len(str(caught.value)) < 400


def test_every_cut_and_many_changed_bytes_are_read_or_one_error(tmp_path):
    path, rng = tmp_path / 'bad.safetensors', np.random.default_rng(4)
    write_weights(path, ARRAYS, FACTS)
    whole = np.frombuffer(path.read_bytes(), np.uint8)
    for number in range(600):
        content = whole.copy()[: len(whole) - number // 2 if number % 2 else None]
        content[rng.integers(0, len(content), 2)] = rng.integers(0, 256, 2) if number % 2 == 0 else content[:2]
        path.write_bytes(content.tobytes())
        try:
            read_weights(path)
        except nnlite.FileFormatError:
            continue


def h5_link(file):
    file['a'] = h5py.ExternalLink('other.h5', 'a')


def h5_soft(file):
    file['b'] = np.ones(2)
    file['a'] = h5py.SoftLink('/b')


def h5_virtual(file):
    layout = h5py.VirtualLayout((2,), np.float32)
    layout[:] = h5py.VirtualSource('other.h5', 'a', (2,))
    file.create_virtual_dataset('a', layout)


def h5_external(file):
    file.create_dataset('a', (2,), np.float32, external=[('/etc/passwd', 0, 8)])


def h5_short(file):
    file.create_dataset('a', (8,), 'f4', chunks=(8,), compression='gzip')
    file['a'].id.write_direct_chunk((0,), zlib.compress(b'x'))


H5 = {
    'a chunk that ends too early': h5_short,
    'a link to another file': h5_link,
    'a link within': h5_soft,
    'a virtual array': h5_virtual,
    'an array in another file': h5_external,
    'a group': lambda file: file.create_group('a'),
    'texts': lambda file: file.create_dataset('a', data=[b'x', b'y']),
    'records': lambda file: file.create_dataset('a', (2,), np.dtype([('x', 'f4')])),
    'an empty data set': lambda file: file.create_dataset('a', data=h5py.Empty('f4')),
    'a filter that is a plug-in': lambda file: file.create_dataset('a', (8,), 'f4', chunks=(8,), compression='lzf'),
    'chunks without an end': lambda file: file.create_dataset('a', (8,), 'f4', chunks=(1 << 29,), maxshape=(None,)),
    'an array that is claimed only': lambda file: file.create_dataset('a', (1 << 40,), 'f4', chunks=(1 << 20,)),
    'nothing': lambda file: None,
    'no numbers': lambda file: file.create_dataset('a', (0,), 'f4'),
}


@pytest.mark.parametrize('fill', H5.values(), ids=H5.keys())
def test_foreign_h5_are_one_error(fill, tmp_path):
    path = tmp_path / 'bad.h5'
    with h5py.File(path, 'w') as file:
        fill(file)
    with pytest.raises(nnlite.FileFormatError, match=r'bad\.h5'):
        read_weights(path)


def test_damaged_h5_are_read_or_one_error(tmp_path):
    path, rng = tmp_path / 'bad.h5', np.random.default_rng(5)
    path.write_bytes(b'no HDF5')
    with pytest.raises(nnlite.FileFormatError, match='expected an HDF5 file'):
        read_weights(path)
    write_weights(path, ARRAYS, FACTS)
    whole = np.frombuffer(path.read_bytes(), np.uint8)
    errors = 0
    for number in range(200):
        content = whole.copy()[: len(whole) * (210 - number) // 210 if number % 4 == 0 else None]
        content[rng.integers(8, len(content), 8)] = rng.integers(0, 256, 8)
        path.write_bytes(content.tobytes())
        try:
            read_weights(path)
        except nnlite.FileFormatError:
            errors += 1
    assert errors > 50


def test_facts_of_h5_may_be_long(tmp_path):
    classes = json.dumps([f'n{number:08} a name of many letters' for number in range(21_841)])
    write_weights(tmp_path / 'w.h5', ARRAYS, {'classes': classes, 'none': ''})
    assert read_weights(tmp_path / 'w.h5').facts == {'classes': classes, 'none': ''}


def test_a_damaged_heap_of_texts_is_left_alone(tmp_path):
    """HDF5 itself reads one that claims a text of 2^64 - 16 bytes for ever."""
    with h5py.File(tmp_path / 'w.h5', 'w') as file:
        file['a'], file.attrs['classes'] = np.ones(2), 'text'
    content = (tmp_path / 'w.h5').read_bytes()
    size = content.index(b'GCOL') + 24
    assert content[size : size + 12] == struct.pack('<Q', 4) + b'text'
    (tmp_path / 'w.h5').write_bytes(content[:size] + struct.pack('<Q', (1 << 64) - 16) + content[size + 8 :])
    assert read_weights(tmp_path / 'w.h5').facts == {}


def test_network_without_weights_has_no_names():
    assert state_dict(nn.Sequential().add(nn.ReLU())) == {}


def test_input_of_a_network_that_enlarges_its_pictures():
    net = models.resnet(18, 'imagenet', widths=(2, 3, 4, 5))
    assert find_shape(nn.Sequential().add(nn.SpatialUpSamplingNearest(4)).add(net)) == (3, 32, 32)
    net.insert(nn.SpatialUpSamplingNearest(4), 1)
    assert find_shape(net) == (3, 64, 64)
