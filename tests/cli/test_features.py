"""`nnlite features`: what is written is what the network's modules, run one by one by hand, give."""

import os
import tracemalloc

import h5py
import numpy as np
import pytest
from PIL import Image

import nnlite
from nnlite import models, nn
from nnlite.cli import main
from nnlite.data_prep import open_dataset

SAID = ['--size', '16', '--mean', '0.4', '0.5', '0.6', '--std', '0.2', '0.25', '0.3']


@pytest.fixture(scope='module')
def net():
    nnlite.manualSeed(5)
    net = models.resnet(8, 'cifar10', widths=(4, 4, 4))
    net.forward(nnlite.randn(32, 3, 16, 16))  # running statistics of its own
    return net.evaluate()


@pytest.fixture
def model(net, tmp_path):
    nnlite.save(tmp_path / 'net.t7', net)
    return str(tmp_path / 'net.t7')


def by_hand(modules, images, mean, std):
    """Return what a Sequential's modules make of images, uint8 (N, 3, H, W), one image after the other."""
    outputs = []
    for image in images:
        value = ((image / 255 - np.reshape(mean, (3, 1, 1))) / np.reshape(std, (3, 1, 1))).astype(np.float32)[None]
        for module in modules:
            value = module.forward(value)
        outputs.append(np.array(value[0]))
    return np.stack(outputs)


def test_what_is_before_the_classifier_of_a_data_set(net, model, shapes, tmp_path):
    out = tmp_path / 'out.h5'
    assert (
        main(['features', model, '--data', shapes, '--split', 'val', '--batch', '7', '--out', str(out), '--quiet']) == 0
    )
    with open_dataset(shapes) as data, h5py.File(out) as file:
        assert file['features'].dtype == np.float32 and file['features'].shape == (20, 4)
        expected = by_hand(net.modules[:-1], data.images('val'), data.mean, data.std)
        np.testing.assert_allclose(file['features'], expected, rtol=1e-4, atol=1e-5)
        assert file['labels'][:].tolist() == data.labels('val').tolist()
        assert list(file.attrs['classes']) == list(file.attrs['names']) == data.classes
        assert file['files'].asstr()[:2].tolist() == ['val/images[0]', 'val/images[1]']
        assert (file.attrs['model'], file.attrs['layer']) == (
            'net.t7',
            f'input of {len(net)} {net.modules[-1]._name()}',
        )
        assert file.attrs['pictures'].startswith('16x16, mean') and file.attrs['made_by'].startswith('nnlite')


def test_any_layer_of_pictures_as_it_is_when_it_has_run(net, model, tmp_path, capsys):
    """Module 3 is a ReLU that works in place on the output of module 2; a module inside of blocks has a longer path."""
    images = np.random.default_rng(1).integers(0, 256, (3, 3, 16, 16), np.uint8)
    for number, image in enumerate(images):
        Image.fromarray(image.transpose(1, 2, 0)).save(tmp_path / f'{number}.png')
    (tmp_path / 'bad.png').write_bytes(b'no picture')
    out = tmp_path / 'out.h5'
    assert isinstance(net.get(3), nn.ReLU) and net.get(3).inplace
    for path, modules in (('2', net.modules[:2]), ('3', net.modules[:3])):
        line = ['features', model, str(tmp_path), *SAID, '--layer', path, '--out', str(out), '--quiet']
        assert main(line) == 1
        assert 'bad.png: not a JPEG or PNG' in capsys.readouterr().err
        with h5py.File(out) as file:
            expected = by_hand(modules, images, [0.4, 0.5, 0.6], [0.2, 0.25, 0.3])
            np.testing.assert_allclose(file['features'], expected, rtol=1e-4, atol=1e-5)
            assert file['files'].asstr()[:].tolist() == [str(tmp_path / f'{n}.png') for n in range(3)]
            assert 'labels' not in file and 'classes' not in file.attrs
    assert main(['features', model, str(tmp_path / '0.png'), *SAID, '--layer', '4.1.1.1', '--out', str(out)]) == 0
    assert 'output of 4.1.1.1' in capsys.readouterr().out


def test_a_batch_of_one_through_a_view_that_drops_its_dimension(shapes, tmp_path, capsys):
    """Of one image Torch's nn.View leaves no N: of a single one, and of what remains of three in batches of two."""
    nnlite.manualSeed(1)
    net = nn.Sequential().add(nn.Tanh()).add(nn.View(3, 16, 16)).add(nn.View(768)).add(nn.Linear(768, 4)).float()
    nnlite.save(tmp_path / 'net.t7', net)
    line = ['features', str(tmp_path / 'net.t7'), '--data', shapes, '--split', 'val', '--batch', '2', '--quiet']
    with open_dataset(shapes) as data:
        images = (data.images('val', range(3)) / 255 - data.mean.reshape(3, 1, 1)) / data.std.reshape(3, 1, 1)
    for count, more, shape in ((3, [], (768,)), (1, [], (768,)), (3, ['--layer', '2'], (3, 16, 16))):
        assert main([*line, *more, '--limit', str(count), '--out', str(tmp_path / 'out.h5')]) == 0
        with h5py.File(tmp_path / 'out.h5') as file:
            expected = np.tanh(images[:count]).reshape(count, *shape)
            np.testing.assert_allclose(file['features'], expected, rtol=1e-5, atol=1e-5)
    # Of maps alone nobody knows whether the first dimension is N.
    assert main([*line, '--layer', '2', '--limit', '1', '--out', str(tmp_path / 'x.h5')]) == 2
    said = capsys.readouterr().err
    assert 'expected features of 1 picture, (1, D), got (3, 16, 16)\n  hint: of two pictures or more' in said


def test_memory_does_not_grow_with_the_pictures(model, tmp_path):
    """Features of 400 images, 6.5 MB in all, are never in memory at once."""
    data = str(tmp_path / 'data.h5')
    main(['prep', 'shapes', '--size', '16', '--train', '10', '--val', '400', '--out', data, '--quiet'])
    line = ['features', model, '--data', data, '--split', 'val', '--layer', '3', '--batch', '10', '--quiet']
    assert main([*line, '--limit', '20', '--out', str(tmp_path / 'warm.h5')]) == 0
    tracemalloc.start()
    try:
        assert main([*line, '--out', str(tmp_path / 'out.h5')]) == 0
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    with h5py.File(tmp_path / 'out.h5') as file:
        assert file['features'].shape == (400, 4, 16, 16)
    assert peak < 2_000_000


def test_what_is_wrong_is_one_message_and_leaves_nothing(model, shapes, tmp_path, capsys):
    nnlite.manualSeed(1)
    twice = nn.Linear(4, 4)
    flat = [nn.View(3 * 16 * 16), nn.Linear(3 * 16 * 16, 4)]
    nets = {
        'no_linear': nn.Sequential().add(nn.Tanh()),
        'twice': nn.Sequential(),
        'table': nn.Sequential().add(nn.ConcatTable().add(nn.Tanh()).add(nn.Tanh())).add(nn.JoinTable(2)),
    }
    for module in (*flat, twice, twice):
        nets['twice'].add(module)
    for name, net in nets.items():
        nnlite.save(tmp_path / f'{name}.t7', net)
    before = sorted(os.listdir(tmp_path))
    for name, more, said in (
        ('net', ['--layer', '4.9'], "expected the path of a layer, got '4.9'\n  hint: 4 Sequential holds 4.1 to 4.1"),
        ('net', ['--layer', ''], 'expected the path of a layer'),
        ('no_linear', [], 'expected a Linear'),
        ('twice', [], 'expected a layer that runs once, got one that runs 2 times'),
        ('table', ['--layer', '1'], 'expected features of 20 pictures, (20, D), got a list'),
        ('net', ['--split', 'test'], "expected one of train, val, got 'test'"),
    ):
        line = ['features', str(tmp_path / f'{name}.t7'), '--data', shapes, '--split', 'val', *more, '--quiet']
        assert main([*line, '--out', str(tmp_path / 'x.h5')]) == 2
        assert said in capsys.readouterr().err
    assert sorted(os.listdir(tmp_path)) == before


def test_a_gpu_gives_the_same(model, shapes, tmp_path, cupy):
    features = []
    for device in ('cpu', 'cuda'):
        line = ['features', model, '--data', shapes, '--split', 'val', '--device', device, '--quiet']
        assert main([*line, '--out', str(tmp_path / 'out.h5')]) == 0
        with h5py.File(tmp_path / 'out.h5') as file:
            features.append(file['features'][:])
    np.testing.assert_allclose(features[0], features[1], rtol=1e-3, atol=1e-3)
