"""`nnlite classify`: what it says is what the network says, run by hand, module by module, on arrays made by hand."""

import csv
import shutil

import h5py
import numpy as np
import pytest
from PIL import Image

import nnlite
from nnlite import models, nn
from nnlite.cli import main
from nnlite.data_prep import open_dataset
from nnlite.nn.graph import Node

MEAN, STD = [0.4, 0.5, 0.6], [0.2, 0.25, 0.3]
SAID = ['--size', '16', '--mean', *map(str, MEAN), '--std', *map(str, STD)]


def network(classes=10):
    nnlite.manualSeed(5)
    net = models.resnet(8, 'cifar10', classes=classes, widths=(4, 4, 4))
    net.forward(nnlite.randn(32, 3, 16, 16))  # running statistics of its own
    return net.evaluate()


@pytest.fixture(scope='module')
def model(shapes, tmp_path_factory):
    """A checkpoint as `nnlite train` writes it, of a network for 16 pixels."""
    folder = tmp_path_factory.mktemp('run')
    line = ['train', '--depth', '7', '--widths', '4', '4', '4', '--batch', '16', '--epochs', '1', '--quiet']
    assert main([*line, '--data', shapes, '--save', str(folder / 'run')]) == 0
    return str(folder / 'run' / 'best.t7')


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """Pictures of several sizes and kinds, one below another folder, and what is none."""
    folder = tmp_path_factory.mktemp('pictures')
    (folder / 'b').mkdir()
    for seed, (name, size) in enumerate({'2.png': (16, 16), '10.jpg': (40, 30), 'b/1.png': (21, 50)}.items()):
        draw(seed, *size).save(folder / name)
    (folder / 'notes.txt').write_text('no picture, and not named as one')
    return folder


def draw(seed, width, height):
    """Draw a smooth picture, which scaling leaves much as it is."""
    small = np.random.default_rng(seed).integers(0, 256, (5, 5, 3), np.uint8)
    return Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)


def by_hand(net, pixels, mean, std):
    """Return the scores of one picture, uint8 (H, W, 3), of a Sequential's modules one after the other."""
    value = ((pixels / 255 - mean) / std).transpose(2, 0, 1)[None].astype(np.float32)
    for module in net.float().evaluate().modules:
        value = module.forward(value)
    return value[0].astype(np.float64)


def softmax(scores):
    return np.exp(scores) / np.exp(scores).sum()


def read(path):
    with open(path, encoding='utf-8', newline='') as file:
        return list(csv.DictReader(file))


def expect(row, classes, probabilities, top=5):
    order = np.argsort(-probabilities)[:top]
    suffixes = ['', *map(str, range(2, top + 1))]
    assert [row[f'class{n}'] for n in suffixes] == [classes[i] for i in order]
    assert [float(row[f'probability{n}']) for n in suffixes] == pytest.approx(probabilities[order], abs=2e-6)


def test_a_checkpoint_knows_all_there_is_to_know(model, shapes, folder, tmp_path):
    out = tmp_path / 'out.csv'
    assert main(['classify', model, str(folder), '--quiet', '--out', str(out)]) == 0
    rows = read(out)
    assert [row['file'] for row in rows] == [str(folder / name) for name in ('10.jpg', '2.png', 'b/1.png')]
    assert list(rows[0]) == ['file', *(f'{c}{n}' for n in ('', 2, 3, 4, 5) for c in ('class', 'name', 'probability'))]
    content = nnlite.load(model)
    with open_dataset(shapes) as data:
        assert content['pictures'] == {'size': [16, 16], 'mean': data.mean.tolist(), 'std': data.std.tolist()}
        for row in rows:
            picture = Image.open(row['file']).convert('RGB')
            left, top = ((side - min(picture.size)) / 2 for side in picture.size)
            box = (left, top, left + min(picture.size), top + min(picture.size))
            pixels = np.asarray(picture.resize((16, 16), Image.Resampling.BICUBIC, box))
            expect(row, data.classes, softmax(by_hand(content['model'], pixels, data.mean, data.std)))


def test_the_table_says_the_same(model, folder, tmp_path, capsys):
    main(['classify', model, str(folder / '2.png'), '--quiet', '--out', str(tmp_path / 'out.csv')])
    (row,) = read(tmp_path / 'out.csv')
    assert main(['classify', model, str(folder / '2.png'), '--top', '2', '--quiet']) == 0
    assert capsys.readouterr().out.splitlines() == [
        f'{folder / "2.png"}  {100 * float(row["probability"]):5.1f} %  {row["name"]}',
        f'{"":{len(str(folder / "2.png"))}}  {100 * float(row["probability2"]):5.1f} %  {row["name2"]}',
    ]
    assert main(['classify', model, str(folder / '2.png')]) == 0
    assert 'pictures 16x16, mean' in capsys.readouterr().out


def test_a_plain_network_is_told(folder, tmp_path):
    net = network(3)
    nnlite.save(tmp_path / 'net.t7', net)
    (tmp_path / 'classes.txt').write_text('n1\tgoldfish, Carassius\nn2\tbär\nn3\n', encoding='utf-8')
    line = ['classify', str(tmp_path / 'net.t7'), str(folder / '2.png'), *SAID, '--quiet']
    assert main([*line, '--classes', str(tmp_path / 'classes.txt'), '--out', str(tmp_path / 'out.csv')]) == 0
    (row,) = read(tmp_path / 'out.csv')
    expect(row, ['n1', 'n2', 'n3'], softmax(by_hand(net, np.asarray(Image.open(folder / '2.png')), MEAN, STD)), 3)
    names = {row[f'class{n}']: row[f'name{n}'] for n in ('', 2, 3)}
    assert names == {'n1': 'goldfish, Carassius', 'n2': 'bär', 'n3': 'n3'}


@pytest.mark.parametrize('names', [('2.png',), ('10.jpg', '2.png', 'b/1.png')])
def test_a_batch_of_one_through_a_view_that_drops_its_dimension(folder, tmp_path, names):
    """Of one picture Torch's nn.View(n) leaves (n): of a single one, and of what remains of three in batches of two."""
    nnlite.manualSeed(3)
    net = nn.Sequential().add(nn.View(768)).add(nn.Linear(768, 3)).add(nn.LogSoftMax()).float()
    nnlite.save(tmp_path / 'net.t7', {'model': net, 'classes': ['a', 'b', 'c']})
    line = ['classify', str(tmp_path / 'net.t7'), *(str(folder / name) for name in names), *SAID, '--quiet']
    assert main([*line, '--batch', '2', '--out', str(tmp_path / 'out.csv')]) == 0
    rows = read(tmp_path / 'out.csv')
    assert len(rows) == len(names)
    pixels = np.asarray(Image.open(folder / '2.png'))
    values = ((pixels / 255 - MEAN) / STD).transpose(2, 0, 1).ravel()
    expect(rows[names.index('2.png')], ['a', 'b', 'c'], softmax(net.get(2).weight @ values + net.get(2).bias), 3)


def test_only_the_ends_of_lines_are_between_classes(folder, tmp_path):
    nnlite.save(tmp_path / 'net.t7', network(4))
    names = ['a\x0bb', 'c\x1cd', 'e\u2028f', 'g']
    (tmp_path / 'classes.txt').write_bytes('{}\n{}\r\n{}\r{}\n'.format(*names).encode())
    line = ['classify', str(tmp_path / 'net.t7'), str(folder / '2.png'), *SAID, '--quiet']
    assert main([*line, '--classes', str(tmp_path / 'classes.txt'), '--out', str(tmp_path / 'out.csv')]) == 0
    (row,) = read(tmp_path / 'out.csv')
    assert sorted(row[f'class{n}'] for n in ('', 2, 3, 4)) == names


@pytest.mark.parametrize('scale', [None, 24])
def test_ten_crops_are_ten_runs_averaged(model, folder, tmp_path, scale):
    line = [
        'classify',
        model,
        str(folder),
        '--ten-crop',
        '--batch',
        '20',
        '--quiet',
        '--out',
        str(tmp_path / 'out.csv'),
    ]
    assert main([*line, *(['--scale', str(scale)] if scale else [])]) == 0
    content = nnlite.load(model)
    mean, std = content['pictures']['mean'], content['pictures']['std']
    for row in read(tmp_path / 'out.csv'):
        picture, side = Image.open(row['file']).convert('RGB'), scale or 18  # 8/7 of 16
        width, height = (side * s // min(picture.size) for s in picture.size)
        pixels = np.asarray(picture.resize((width, height), Image.Resampling.BICUBIC))
        scores = []
        for image in (pixels, pixels[:, ::-1]):
            for top in (0, height - 16):
                for left in (0, width - 16):
                    scores.append(by_hand(content['model'], image[top : top + 16, left : left + 16], mean, std))
            top, left = (height - 16 + 1) // 2, (width - 16 + 1) // 2
            scores.append(by_hand(content['model'], image[top : top + 16, left : left + 16], mean, std))
        expect(row, content['classes'], softmax(np.mean(scores, 0)))


def test_the_images_of_a_data_set_by_the_names_of_their_files(tmp_path, shapes):
    """The unlabelled test split, as Tiny ImageNet's, and one without names of files."""
    with open_dataset(shapes) as data:
        images, classes, mean, std = data.images('val'), data.classes, data.mean, data.std
    shutil.copyfile(shapes, tmp_path / 'tiny.h5')
    with h5py.File(tmp_path / 'tiny.h5', 'a') as file:
        file.attrs['names'] = [name.upper() for name in classes]
        file['test/images'] = images[:7]
        file['test/files'] = np.array([b'test_%d.JPEG' % n for n in range(7)], h5py.string_dtype('utf-8', 11))
    net = network()
    nnlite.save(tmp_path / 'net.t7', net)
    line = ['classify', str(tmp_path / 'net.t7'), '--data', str(tmp_path / 'tiny.h5'), '--batch', '3', '--quiet']
    assert main([*line, '--out', str(tmp_path / 'out.csv')]) == 0
    rows = read(tmp_path / 'out.csv')
    assert [row['file'] for row in rows] == [f'test_{n}.JPEG' for n in range(7)]
    for row, image in zip(rows, images, strict=False):
        expect(row, classes, softmax(by_hand(net, image.transpose(1, 2, 0), mean, std)))
        assert row['name'] == row['class'].upper()
    assert main([*line, '--split', 'val', '--limit', '4', '--out', str(tmp_path / 'val.csv')]) == 0
    assert [row['file'] for row in read(tmp_path / 'val.csv')] == [f'val/images[{n}]' for n in range(4)]
    assert [row['class'] for row in read(tmp_path / 'val.csv')] == [row['class'] for row in rows[:4]]


@pytest.mark.parametrize('last', ['SoftMax', 'LogSoftMax', 'graph'])
def test_what_gives_probabilities_itself_is_not_made_them_again(folder, tmp_path, last):
    net = network(3)
    scores = by_hand(net, np.asarray(Image.open(folder / '2.png')), MEAN, STD)
    if last == 'graph':
        given = Node()
        whole = nn.gModule([given], [Node(nn.SoftMax(), Node(net, given))])
    else:
        whole = nn.Sequential().add(net).add(nn.Sequential().add(getattr(nn, last)()))
    nnlite.save(tmp_path / 'net.t7', {'model': whole, 'classes': ['a', 'b', 'c']})
    line = ['classify', str(tmp_path / 'net.t7'), str(folder / '2.png'), *SAID, '--quiet']
    assert main([*line, '--out', str(tmp_path / 'out.csv')]) == 0
    expect(read(tmp_path / 'out.csv')[0], ['a', 'b', 'c'], softmax(scores), 3)


def test_a_damaged_picture_is_named_and_left_out(model, folder, tmp_path, capsys):
    (tmp_path / 'bad.png').write_bytes((folder / '2.png').read_bytes()[:90])
    line = ['classify', model, '--quiet', '--out', str(tmp_path / 'out.csv')]
    assert main([*line, str(tmp_path / 'bad.png'), str(folder / '2.png')]) == 1
    assert 'bad.png: its last lines are missing' in capsys.readouterr().err
    assert [row['file'] for row in read(tmp_path / 'out.csv')] == [str(folder / '2.png')]
    (tmp_path / 'out.csv').unlink()
    assert main([*line, str(tmp_path / 'bad.png')]) == 2
    assert 'expected a picture, got one that cannot be read: its last lines are missing' in capsys.readouterr().err
    assert not (tmp_path / 'out.csv').exists()


def test_what_is_wrong_is_one_message(model, shapes, folder, tmp_path, capsys):
    picture = str(folder / '2.png')
    nnlite.save(tmp_path / 'net.t7', network())
    nnlite.save(tmp_path / 'odd.t7', {'model': network(), 'pictures': {'size': [16], 'mean': MEAN, 'std': STD}})
    (tmp_path / 'four.txt').write_text('a\nb\nc\nd\n')
    (tmp_path / 'empty').mkdir()
    nnlite.save(tmp_path / 'flat.t7', nn.Sequential().add(nn.View(3 * 16 * 16)).add(nn.Linear(3 * 16 * 16, 4)))
    nnlite.save(tmp_path / 'table.t7', nn.Sequential().add(nn.SplitTable(2)))
    names = ('net.t7', 'odd.t7', 'flat.t7', 'table.t7', 'four.txt')
    bare, odd, flat, table, four = (str(tmp_path / name) for name in names)
    for line, said in (
        ([model], 'expected pictures to look at'),
        ([model, str(tmp_path / 'none.png')], 'No such file or directory'),
        ([model, str(tmp_path / 'empty')], 'expected pictures (.jpg, .jpeg, .png) in the folder'),
        ([bare, picture], 'expected to be told the size, mean, std of the images'),
        ([bare, picture, *SAID], 'expected to be told the names of the classes'),
        ([bare, picture, *SAID, '--classes', four], 'expected scores (N, 4), one for each class, got (1, 10)'),
        ([bare, picture, *SAID, '--classes', picture], 'expected text in UTF-8'),
        ([odd, picture], "expected size, mean and std of the images under 'pictures'"),
        ([flat, picture, *SAID, '--size', '15', '--classes', four], 'the network was given 15x15 pixels'),
        ([flat, picture, *SAID, '--size', '32', '--classes', four], 'one for each class, got (4, 4)'),
        ([table, picture, *SAID, '--classes', four], 'one for each class, got list'),
        ([model, picture, '--size', '0'], 'expected sides of 1 to 4096 pixels, got 0'),
        ([model, picture, '--scale', '8'], 'expected a scale of at least the size'),
        ([model, picture, '--std', '0', '1', '1'], 'expected a std above 0'),
        ([model, picture, '--top', '0'], 'expected 1 class or more'),
        ([model, picture, '--batch', '0'], 'expected 1 image or more'),
        ([model, '--data', shapes], "expected one of train, val, got 'test'"),
    ):
        assert main(['classify', *line, '--quiet', '--out', str(tmp_path / 'x.csv')]) == 2
        assert said in capsys.readouterr().err
        assert not (tmp_path / 'x.csv').exists()


def test_images_of_another_size_than_in_training_are_refused(model, tmp_path, capsys):
    other = str(tmp_path / 'other.h5')
    main(['prep', 'shapes', '--size', '32', '--train', '10', '--val', '10', '--out', other, '--quiet'])
    assert main(['classify', model, '--data', other, '--split', 'val']) == 2
    assert 'expected images 16x16, as the network learnt from, got 32x32' in capsys.readouterr().err
    assert main(['classify', model, '--data', other, '--split', 'val', '--size', '16', '--quiet']) == 0


def test_scores_that_are_no_numbers_are_an_error(model, folder, tmp_path, capsys):
    content = nnlite.load(model)
    content['model'].get(1).weight.fill(np.nan)
    nnlite.save(tmp_path / 'nan.t7', content)
    assert main(['classify', str(tmp_path / 'nan.t7'), str(folder / '2.png')]) == 2
    assert 'expected finite scores' in capsys.readouterr().err


def test_a_gpu_says_the_same(model, folder, tmp_path, cupy):
    probabilities = []
    for device in ('cpu', 'cuda'):
        line = ['classify', model, str(folder), '--device', device, '--quiet', '--out', str(tmp_path / 'out.csv')]
        assert main(line) == 0
        probabilities.append([float(row['probability']) for row in read(tmp_path / 'out.csv')])
    assert probabilities[0] == pytest.approx(probabilities[1], abs=1e-4)
