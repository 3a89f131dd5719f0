"""The loader: the same batches from the same seed, whatever the workers and wherever it begins."""

import threading
import time

import numpy as np
import pytest

from nnlite.data_prep import Loader, images_on_gpu, loader, open_dataset
from nnlite.data_prep.writer import write_dataset
from nnlite.errors import DataError, DeviceError
from nnlite.tensor.devices import why_no_gpu


@pytest.fixture(scope='module')
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp('loader') / 'set.h5'
    images = np.random.default_rng(1).integers(0, 256, (130, 3, 16, 12), dtype=np.uint8)
    labels = np.arange(100) // 10 % 4
    with write_dataset(path, (3, 16, 12), list('abcd'), quiet=True) as writer:
        writer.append('train', images[:100], labels)
        writer.append('val', images[100:], np.arange(30) % 4)
        writer.append('test', images[:5])
    return path


def batches(iterator):
    return [(images.copy(), labels.copy()) for images, labels in iterator]


def same(ones, others):
    return len(ones) == len(others) and all(
        np.array_equal(a, c) and np.array_equal(b, d) for (a, b), (c, d) in zip(ones, others, strict=True)
    )


def threads():
    return [thread.name for thread in threading.enumerate() if thread.name.startswith('nnlite-loader')]


def test_validation_batches_are_the_normalised_images_in_order(path):
    with open_dataset(path) as data:
        pixels, labels = data.images('val'), data.labels('val')
        expected = (pixels / 255 - data.mean[:, None, None]) / data.std[:, None, None]
    for batchSize in (1, 7, 30, 64):
        val = Loader(path, 'val', batchSize=batchSize)
        got = batches(val)
        assert len(got) == len(val) == -(-30 // batchSize)
        assert np.allclose(np.concatenate([images for images, _ in got]), expected, atol=2e-6)
        assert np.concatenate([labels for _, labels in got]).tolist() == (labels + 1).tolist()
        assert same(batches(val), got)


def test_a_batch_is_of_torchs_shape_and_lies_channels_last(path):
    train = Loader(path, 'train', batchSize=32)
    images, labels = next(iter(train))
    assert images.shape == (32, 3, 16, 12) and images.dtype == np.float32
    assert images.transpose(0, 2, 3, 1).flags.c_contiguous
    assert labels.dtype == np.int64 and 1 <= labels.min() <= labels.max() <= 4
    assert (train.size, len(train), train.shape, train.classes) == (100, 4, (3, 16, 12), list('abcd'))


@pytest.mark.parametrize('augment', ['standard', 'stochastic', None])
@pytest.mark.parametrize('in_memory', [True, False])
def test_the_workers_do_not_show(path, augment, in_memory, monkeypatch):
    reference = batches(Loader(path, 'train', batchSize=16, seed=5, augment=augment))
    if not in_memory:
        monkeypatch.setattr(loader, 'IN_MEMORY', 0)
    for workers in (1, 2, 5):
        assert same(batches(Loader(path, 'train', batchSize=16, seed=5, augment=augment, workers=workers)), reference)


@pytest.mark.parametrize('start', [0, 1, 3, 6, 7])
def test_an_epoch_goes_on_from_its_middle(path, start):
    whole = batches(Loader(path, 'train', batchSize=16, seed=2, workers=2).epoch(3))
    assert len(whole) == 7
    assert same(batches(Loader(path, 'train', batchSize=16, seed=2).epoch(3, start)), whole[start:])


def test_each_epoch_holds_every_image_once_in_an_order_of_its_own(path):
    train = Loader(path, 'train', batchSize=16, augment=None)
    first, second = batches(train), batches(train)
    assert not same(first, second)
    assert same(first, batches(train.epoch(1))) and same(second, batches(train.epoch(2)))

    def lines(epoch):
        return sorted(image.tobytes() for images, _ in epoch for image in images)

    assert lines(first) == lines(second) == lines(batches(Loader(path, 'train', shuffle=False, augment=None)))


def test_seeds_differ(path):
    assert not same(batches(Loader(path, 'train', seed=1)), batches(Loader(path, 'train', seed=2)))


def test_a_batch_stays_until_the_next_is_asked_for(path):
    """The workers run ahead as far as they can while the consumer looks at a batch."""
    reference = batches(Loader(path, 'train', batchSize=5, seed=3))
    for (images, labels), (expected, due) in zip(
        Loader(path, 'train', batchSize=5, seed=3, workers=3), reference, strict=True
    ):
        time.sleep(0.005)
        assert np.array_equal(images, expected) and np.array_equal(labels, due)


def test_two_epochs_at_once_do_not_disturb_each_other(path):
    train = Loader(path, 'train', batchSize=16)
    for (one, _), (other, _) in zip(train.epoch(4), train.epoch(4), strict=True):
        assert np.array_equal(one, other)


def test_a_consumer_that_stops_early_leaves_no_threads(path):
    batch = iter(Loader(path, 'train', batchSize=4, workers=3))
    next(batch)
    assert threads()
    batch.close()
    assert not threads()


def test_an_error_in_a_worker_reaches_the_consumer(path):
    calls = []

    def failing(images, generator, fill):
        calls.append(len(images))
        if len(calls) == 3:
            raise ZeroDivisionError('on purpose')
        return images

    with pytest.raises(ZeroDivisionError, match='on purpose'):
        batches(Loader(path, 'train', batchSize=16, augment=failing))
    assert not threads()


@pytest.mark.parametrize('limit', [1, 4, 10, 37, 100, 1000])
def test_a_limit_is_balanced_over_the_classes(path, limit):
    train = Loader(path, 'train', limit=limit, augment=None, shuffle=False)
    labels = np.concatenate([labels for _, labels in train])
    counts = np.bincount(labels, minlength=5)[1:]
    assert train.size == len(labels) == min(limit, 100)
    # Classes a and b have 30 images, c and d have 20.
    assert counts.max() - counts.min() <= 1 or (counts[2:] == 20).all()
    assert same(batches(train), batches(Loader(path, 'train', limit=limit, augment=None, shuffle=False, seed=9)))


def test_classes_with_few_images_give_what_they_have():
    labels = np.repeat([0, 1, 2], [100, 3, 50])
    assert np.bincount(labels[loader.balanced(labels, 43)]).tolist() == [20, 3, 20]


@pytest.mark.parametrize(
    ('options', 'words'),
    [
        ({'split': 'validation'}, 'one of train, val, test'),
        ({'split': 'test'}, 'no labels'),
        ({'augment': 'wild'}, 'one of standard, stochastic'),
        ({'batchSize': 0}, 'batchSize of 1 or more'),
        ({'workers': 0}, 'workers of 1 or more'),
        ({'seed': -1}, 'seed of 0 or more'),
        ({'limit': 0}, 'limit of 1 or more'),
    ],
)
def test_wrong_arguments_are_named(path, options, words):
    with pytest.raises(DataError, match=words):
        Loader(path, **{'split': 'train', **options})


def test_epochs_count_from_1(path):
    train = Loader(path, 'train')
    with pytest.raises(DataError, match='epoch from 1'):
        train.epoch(0)
    with pytest.raises(DataError, match='start from 0 to 1'):
        train.epoch(1, start=2)


@pytest.mark.parametrize('augment', ['standard', None])
@pytest.mark.parametrize('split', ['train', 'val'])
def test_a_gpu_makes_the_batches_of_the_host_to_the_bit(path, cupy, split, augment):
    options = {'split': split, 'batchSize': 16, 'seed': 5, 'augment': augment}
    loader = Loader(path, device='cuda', **options)
    assert loader.place == 'lie on the GPU, which makes the batches'
    for epoch, start in ((1, 0), (3, 1)):
        got = [(images.get(), labels.get()) for images, labels in loader.epoch(epoch, start)]
        assert same(got, batches(Loader(path, **options).epoch(epoch, start)))
    images, labels = next(iter(loader))
    assert images.dtype == np.float32 and images.transpose(0, 2, 3, 1).flags.c_contiguous
    assert labels.dtype == np.int64 and not threads()


def test_a_gpu_makes_them_of_images_that_the_host_would_not_hold(path, cupy, monkeypatch):
    expected = batches(Loader(path, 'train', seed=2))
    monkeypatch.setattr(loader, 'IN_MEMORY', 0)
    monkeypatch.setattr(loader, 'BLOCK', 7)
    on_gpu = Loader(path, 'train', seed=2, device='cuda')
    assert same([(images.get(), labels.get()) for images, labels in on_gpu], expected)


def test_images_stay_on_the_host_where_the_gpu_cannot_have_them(path, cupy, monkeypatch):
    stochastic = Loader(path, 'train', seed=2, augment='stochastic', device='cuda')
    assert stochastic.place == 'stay on the host: the augmentation stochastic is made there'
    assert same(batches(stochastic), batches(Loader(path, 'train', seed=2, augment='stochastic')))
    monkeypatch.setattr(images_on_gpu, 'SHARE', 0)
    full = Loader(path, 'train', seed=2, device='cuda')
    assert full.place.startswith('stay on the host: they take 0 MB, and the GPU has ')
    assert same(batches(full), batches(Loader(path, 'train', seed=2)))


def test_a_gpu_that_is_not_there_is_named(path):
    if why_no_gpu()[0] is None:
        pytest.skip('there is a GPU')
    with pytest.raises(DeviceError, match='expected a GPU'):
        Loader(path, 'train', device='cuda')
