import io

import numpy as np
import pytest
from PIL import Image

from nnlite.training.curves import NETWORKS, draw_run, draw_study
from nnlite.training.studies import Case, Study

STUDY = Study(title='t', cases=(Case(7), Case(9)), paper=(), epochs=3)


def row(network, depth, seed, epoch, value):
    columns = ('train_loss', 'val_loss', 'train_top1', 'val_top1')
    key = {'network': network, 'depth': depth, 'variant': 'plain', 'seed': seed, 'epoch': epoch}
    return {**key, **dict.fromkeys(columns, value)}


def pixels(path):
    return np.asarray(Image.open(io.BytesIO(path.read_bytes())).convert('RGB')).reshape(-1, 3)


def has_color(path, color):
    wanted = [int(color[i : i + 2], 16) for i in (1, 3, 5)]
    return int((np.abs(pixels(path).astype(int) - wanted).max(axis=1) < 12).sum())


@pytest.mark.parametrize('seeds', [1, 3])
def test_both_networks_are_drawn(tmp_path, seeds):
    rows = [
        row(network, depth, seed, epoch, 10 * epoch + 30 * (network == 'resnet') + seed)
        for network in NETWORKS for depth in (7, 9) for seed in range(seeds) for epoch in (1, 2, 3)
    ]  # fmt: skip
    draw_study(tmp_path / 'c.png', STUDY, rows, 'title')
    empty = tmp_path / 'empty.png'
    draw_study(empty, STUDY, [], 'title')
    for _, color, _, _ in NETWORKS.values():
        assert has_color(tmp_path / 'c.png', color) > 5 * has_color(empty, color)


def test_the_networks_can_be_told_apart_in_grey():
    greys = [int(color[1:3], 16) * 0.299 + int(color[3:5], 16) * 0.587 + int(color[5:7], 16) * 0.114
             for _, color, _, _ in NETWORKS.values()]  # fmt: skip
    assert abs(greys[0] - greys[1]) > 60
    assert len({marker for _, _, marker, _ in NETWORKS.values()}) == 2


def test_a_run_without_validation_is_drawn_too(tmp_path):
    draw_run(tmp_path / 'c.png', [{'epoch': 1, 'train_loss': 2.0, 'train_top1': 10.0}], 'run')
    assert len(pixels(tmp_path / 'c.png'))


def test_a_title_is_no_formula(tmp_path):
    rows = [{'epoch': 1, 'train_loss': 1.0, 'train_top1': 50.0}]
    draw_run(tmp_path / 'run.png', rows, 'runs worth $\\frac$')
    assert (tmp_path / 'run.png').exists()
