"""`nnlite summary`: the numbers of He's paper, and what a user may type wrong."""

import pytest

import nnlite
from nnlite import models, nn
from nnlite.cli import main


def table(capsys, *args):
    assert main(['summary', *args]) == 0
    return capsys.readouterr().out.splitlines()


@pytest.mark.parametrize(
    ('depth', 'parameters', 'billions'),
    # parameters: as torchvision counts the same networks; multiply-adds: He's table 1, 1.8 x 10^9 and so on
    [(18, 11_689_512, 1.8), (34, 21_797_672, 3.6)],
)
def test_imagenets_networks_have_the_size_of_hes_table(capsys, depth, parameters, billions):
    last = table(capsys, 'resnet', '--depth', str(depth), '--dataset', 'imagenet', '--shortcut', 'B')[-1].split()
    assert int(last[1].replace(',', '')) == parameters
    assert abs(int(last[2].replace(',', '')) / 1e9 - billions) < 0.1


def test_each_layer_has_its_line(capsys):
    lines = table(capsys, 'convnet', '--depth', '7', '--dataset', 'cifar10')
    assert lines[0].split() == ['layer', 'output', 'parameters', 'multiply-adds']
    convolutions = [line for line in lines if 'SpatialConvolution' in line]
    assert len(convolutions) == 7
    # 3x3 kernels, 16 to 32 planes, 16 x 16 pixels
    assert convolutions[3].split()[-7:] == ['32', 'x', '16', 'x', '16', '4,608', '1,179,648']


def test_a_file_is_summarised(capsys, tmp_path):
    path = tmp_path / 'net.t7'
    nnlite.save(str(path), models.resnet(8, 'cifar10', classes=7))
    assert 'Linear(64 -> 7)' in '\n'.join(table(capsys, str(path), '--dataset', 'cifar10'))


FILES = {
    'vectors': (nn.Linear(7, 2), '7', 14),
    'pictures of one size': (nn.SpatialConvolutionLocal(3, 2, 12, 10, 3, 3), '3 x 10 x 12', 2 * 8 * 10 * 27),
    'frames': (nn.TemporalConvolution(3, 2, 4), '32 x 3', 29 * 24),
    'videos': (nn.VolumetricConvolution(1, 2, 3, 3, 3), '1 x 16 x 112 x 112', 14 * 110 * 110 * 54),
    'as matrices': (nn.SpatialConvolutionMM(1, 2, 3, 3), '1 x 32 x 32', 30 * 30 * 18),
}


@pytest.mark.parametrize('kind', FILES)
def test_a_file_says_what_its_network_takes(capsys, tmp_path, kind):
    module, shape, products = FILES[kind]
    nnlite.save(tmp_path / 'net.t7', nn.Sequential().add(module))
    lines = table(capsys, str(tmp_path / 'net.t7'))
    assert lines[1].split(maxsplit=1) == ['input', shape]
    assert lines[-1].split()[-1] == f'{products:,}'


def test_a_network_of_tables_or_too_deep_is_said(capsys, tmp_path):
    path = str(tmp_path / 'net.t7')
    nnlite.save(path, nn.CAddTable())
    assert main(['summary', path]) == 2
    assert 'a network of tables has no summary' in capsys.readouterr().err
    net = nn.Sequential()
    for _ in range(100):
        net = nn.Sequential().add(net)
    nnlite.save(path, net)
    assert main(['summary', path]) == 2
    assert 'at most 100 modules in one another' in capsys.readouterr().err


@pytest.mark.parametrize(
    ('args', 'message'),
    [
        (['resnet', '--depth', '3'], 'expected a depth of 7 or more for cifar10, got 3'),
        (['resnet', '--depth', '19', '--dataset', 'imagenet'], 'expected a depth of 18, 34, 50, 101, 152'),
        (['nosuch'], "expected resnet, convnet, upsampled, skip-first, finetune or a file, got 'nosuch'"),
        (['resnet', '--widths', '4', '8'], 'expected 3 widths for cifar10'),
        (['resnet', '--widths', '-4', '8', '8'], 'expected 3 widths of 1 or more for cifar10'),
        (['convnet', '--widths', '4', '8', '0'], 'expected 3 widths of 1 or more for cifar10'),
        (['resnet', '--classes', '0'], 'expected 1 class or more, got 0'),
        (['upsampled', '--classes', '-1'], 'expected 1 class or more, got -1'),
        (['resnet', '--size', '0'], 'expected a size from 1 to 4096, got 0'),
        (['resnet', '--size', '99999999999999999999'], 'expected a size from 1 to 4096'),
    ],
)
def test_what_is_wrong_is_said_in_one_message(capsys, args, message):
    assert main(['summary', *args]) == 2
    assert message in capsys.readouterr().err
