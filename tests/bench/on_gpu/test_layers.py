"""Single layers on a GPU: those that the networks have, the same on both sides, each pass with its numbers."""

import numpy as np
import pytest

from nnlite import nn
from nnlite.bench.cases import NETWORKS, Layer
from nnlite.bench.on_gpu import child, in_torch, ours
from nnlite.bench.on_gpu.cases import (
    CONVOLUTIONS,
    KINDS,
    LOSS,
    NORM,
    PIECES,
    POOLING,
    SGD,
    Piece,
    noise,
    numbers,
    operations,
)
from nnlite.bench.on_gpu.jobs import FLOORS, LAYERS, NNLITE, Job

CONVOLUTION = Layer('small', 2, 3, 4, 6, 2)
SMALL = [
    CONVOLUTION,
    Piece('small', NORM, 2, 3, 4),
    Piece('small', POOLING, 2, 3, 4),
    Piece('small', LOSS, 3, 5),
    Piece('small', SGD, 1, 100),
]


def ids(case):
    return case.kind


def test_convolutions_are_those_of_the_networks():
    found = set()
    for name in ('resnet-20', 'resnet-18'):
        net = NETWORKS[name].model()
        for module in net.listModules():
            if isinstance(module, nn.SpatialConvolution):
                found.add((name, module.nInputPlane, module.nOutputPlane, module.dW))
    assert found == {(case.name.partition(' ')[0], case.planes, case.planes_out, case.stride) for case in CONVOLUTIONS}


def test_sgd_has_the_parameters_of_the_networks():
    sizes = {piece.name: piece.planes for piece in PIECES if piece.kind == SGD}
    for name, size in sizes.items():
        assert sum(weight.size for weight in NETWORKS[name].model().parameters()[0]) == size


def test_every_kind_has_pieces():
    assert {piece.kind for piece in PIECES} == set(KINDS)


@pytest.mark.parametrize('case', SMALL, ids=ids)
def test_passes_are_the_same_on_both_sides(cupy, case):
    mine, theirs = ours.passes_of(case), in_torch.passes_of(case, 'cpu')
    assert tuple(mine) == tuple(theirs) == case.steps
    for name in set(mine) & {'forward'}:
        assert mine[name]().shape == tuple(theirs[name]().shape)


@pytest.mark.parametrize('case', SMALL[1:3], ids=ids)
def test_pieces_compute_the_same(cupy, case):
    mine, theirs = ours.passes_of(case), in_torch.passes_of(case, 'cpu')
    maps = noise((case.batch, case.size, case.size, case.planes)).transpose(0, 3, 1, 2)
    copy = in_torch.torch.from_numpy(np.ascontiguousarray(maps))
    if case.kind == NORM:
        expected = in_torch.functional.relu(in_torch.torch.nn.BatchNorm2d(case.planes)(copy))
    else:
        expected = in_torch.functional.avg_pool2d(copy, 2)
    # Weights of a batch norm are random in nn, and 1 in PyTorch: zeros are where they were.
    got = mine['forward']().get()
    if case.kind == NORM:
        np.testing.assert_array_equal(got > 0, expected.detach().numpy() > 0)
    else:
        np.testing.assert_allclose(got, expected.numpy(), rtol=1e-5, atol=1e-6)
    assert theirs['forward']().shape == got.shape


@pytest.mark.parametrize('case', SMALL, ids=ids)
def test_each_pass_is_timed_on_both_sides(cupy, case):
    mine = list(ours.times_of(case, rounds=2, seconds=0))
    theirs = list(in_torch.times_of(case, rounds=2, seconds=0, device='cpu'))
    for records in (mine, theirs):
        assert tuple(record['pass'] for record in records) == case.steps
        assert all(len(record['times']) == 2 and min(record['times']) > 0 for record in records)
    if case is CONVOLUTION:
        assert all(record['way'] in record['ways'] and min(record['ways'].values()) > 0 for record in mine)


def test_a_layer_that_fails_is_a_note(cupy, monkeypatch):
    monkeypatch.setattr(child, 'TIMED', [CONVOLUTION, SMALL[-1]])
    monkeypatch.setattr(ours, '_convolution', lambda case: 1 / 0)
    note, *records = child.layers(Job(LAYERS, NNLITE, 'cuda:0', rounds=1, seconds=0))
    assert note == {'note': 'convolution small: nnlite: ZeroDivisionError: division by zero'}
    assert [record['kind'] for record in records] == [SGD]


def test_numbers_and_operations_of_a_convolution():
    case = Layer('case', 2, 3, 5, 8, 2)
    assert operations(case) == 2 * (2 * 4 * 4) * 5 * (3 * 3 * 3)
    maps, results, weights = 2 * 3 * 64, 2 * 5 * 16, 5 * 27
    assert numbers(case, 'forward') == numbers(case, 'gradInput') == maps + results + weights
    assert numbers(case, 'gradWeight') == maps + results + 2 * weights


def test_numbers_of_a_piece():
    assert numbers(Piece('piece', NORM, 2, 3, 4), 'backward') == 5 * 2 * 3 * 16
    assert all(numbers(piece, step) > 0 == operations(piece) for piece in PIECES for step in piece.steps)


def test_floors_are_of_both_sides(cupy, monkeypatch):
    for side in (ours, in_torch):
        monkeypatch.setattr(side, 'COPIED', 2**10)
        monkeypatch.setattr(side, 'SIDE', 16)
    (mine,) = child.floors(Job(FLOORS, NNLITE, 'cuda:0', seconds=0))
    (theirs,) = child.floors(Job(FLOORS, 'PyTorch', 'cpu', seconds=0))
    assert mine.keys() == {'copy', 'TF32'} and theirs.keys() == {'copy', 'TF32', 'float32'}
    assert min(*mine.values(), *theirs.values()) > 0


def test_noise_has_every_shape():
    assert noise((3, 5)).shape == (3, 5) and noise((3, 5)).dtype == np.float32
    assert noise((2**21,)).std() == pytest.approx(1, abs=0.01)
