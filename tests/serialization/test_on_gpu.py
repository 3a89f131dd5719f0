"""A file of what lives on a GPU is the file of its twin on the host."""

import numpy as np

import nnlite
from nnlite import models, nn


def test_a_network_on_a_gpu_is_written_as_on_the_host(cupy, tmp_path):
    nnlite.manualSeed(1)
    net = models.resnet(7, 'cifar10', widths=(2, 3, 4))
    params, _ = net.getParameters()
    nnlite.save(tmp_path / 'host.t7', {'model': net, 'loss': nn.CrossEntropyCriterion(), 'dfdx': params})
    net.cuda()
    params, _ = net.getParameters()
    nnlite.save(tmp_path / 'gpu.t7', {'model': net, 'loss': nn.CrossEntropyCriterion().cuda(), 'dfdx': params})
    assert (tmp_path / 'gpu.t7').read_bytes() == (tmp_path / 'host.t7').read_bytes()
    assert nnlite.load(tmp_path / 'gpu.t7')['model'].type() == 'torch.FloatTensor'


def test_views_of_one_memory_stay_so(cupy, tmp_path):
    memory = cupy.asarray(np.arange(12.0))
    nnlite.save(tmp_path / 'views.t7', [memory[:8], memory[4:].reshape(2, 4).T])
    head, tail = nnlite.load(tmp_path / 'views.t7')
    head[5] = 77
    assert tail.tolist() == [[4, 8], [77, 9], [6, 10], [7, 11]]
