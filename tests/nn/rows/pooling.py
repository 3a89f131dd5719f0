"""Pooling, and its opposite."""

import math

import torch.nn.functional as F  # noqa: N812 as everybody calls it
from row import Row, tensor

from nnlite import nn


def max_pool(kernel, stride, padding=0, ceil_mode=False, dilation=1):
    return lambda m, x: F.max_pool2d(x, kernel, stride, padding, dilation, ceil_mode)


def max_pool3d(kernel, stride, padding=0, ceil_mode=False, dilation=1):
    return lambda m, x: F.max_pool3d(x, kernel, stride, padding, dilation, ceil_mode)


def average_pool(*args):
    return lambda m, x: F.avg_pool2d(x, *args)


def adaptive_max_pool(*size):
    return lambda m, x: F.adaptive_max_pool2d(x, size)


def temporal_max_pool(*args):
    return lambda m, x: F.max_pool1d(x.transpose(-1, -2), *args).transpose(-1, -2)


def fractional(m, x):
    """What is random comes from the module; PyTorch has the samples of volumes in the order of the sides."""
    pool, samples = (F.fractional_max_pool2d, 1) if len(m.sides) == 2 else (F.fractional_max_pool3d, -1)
    kernel = [getattr(m, f'poolSize{side}') for side in m.sides]
    samples = tensor(m.randomSamples[..., ::samples].copy())
    return pool(x, kernel, m.output.shape[2:], _random_samples=samples)


def unpooled(pool, unpool, kernel):
    """Return what PyTorch gives for max pooling and its opposite."""

    def reference(m, x):
        largest, places = pool(x, kernel, return_indices=True)
        return unpool(largest, places, kernel, output_size=x.shape[-len(kernel) :])

    return reference


def with_unpooling(pool, unpooling):
    return lambda: nn.Sequential().add(made := pool()).add(unpooling(made))


def norm(p, kernel, stride):
    return lambda m, x: (F.avg_pool2d(x**p, kernel, stride) * math.prod(kernel)) ** (1 / p)


def feature_norm(m, x):
    axis = int(m.batch_mode)
    return (x.unfold(axis, m.width, m.stride) ** m.power).sum(-1) ** (1 / m.power)


def largest_frames(k):
    return lambda m, x: x.gather(-2, x.topk(k, -2)[1].sort(-2)[0])


def enlarge(mode, **sizes):
    corners = None if mode == 'nearest' else True
    return lambda m, x: F.interpolate(x[None] if x.ndim == 3 else x, mode=mode, align_corners=corners, **sizes)


# fmt: off
ROWS = [
    Row('nn.SpatialMaxPooling(2x2, 2,2)', lambda: nn.SpatialMaxPooling(2, 2), (3, 2, 5, 4), max_pool(2, 2),
        wrong=[(5, 4), (3, 2, 1, 4)], single=True),
    Row('nn.SpatialMaxPooling(3x2, 2,1, 1,1)', lambda: nn.SpatialMaxPooling(3, 2, 2, 1, 1, 1).ceil(), (3, 2, 4, 6),
        max_pool((2, 3), (1, 2), (1, 1), True), single=True),
    Row('nn.SpatialMaxPooling(3x3, 2,2)', lambda: nn.SpatialMaxPooling(3, 3, 2, 2).ceil(), (3, 2, 6, 4),
        max_pool(3, 2, 0, True), single=True),
    Row('nn.SpatialDilatedMaxPooling(3x2, 3,2, 1,1)', lambda: nn.SpatialDilatedMaxPooling(3, 2), (3, 2, 5, 7),
        max_pool((2, 3), (2, 3)), wrong=[(5, 4), (3, 2, 1, 4)], single=True),
    Row('nn.SpatialDilatedMaxPooling(3x2, 2,1, 1,0, 2,3)',
        lambda: nn.SpatialDilatedMaxPooling(3, 2, 2, 1, 1, 0, 2, 3).ceil(), (3, 2, 6, 6),
        max_pool((2, 3), (1, 2), (0, 1), True, (3, 2)), wrong=[(3, 2, 3, 6)], single=True),
    Row('nn.SpatialAveragePooling(2x2, 2,2)', lambda: nn.SpatialAveragePooling(2, 2, 2, 2), (3, 2, 4, 6),
        average_pool(2, 2), wrong=[(4, 6), (3, 2, 1, 1)], single=True),
    Row('nn.SpatialAveragePooling(3x2, 1,1)', lambda: nn.SpatialAveragePooling(3, 2), (3, 2, 4, 5),
        average_pool((2, 3), 1), single=True),
    Row('nn.SpatialAveragePooling(3x3, 2,2, 1,1)', lambda: nn.SpatialAveragePooling(3, 3, 2, 2, 1, 1).ceil(),
        (3, 2, 4, 6), average_pool(3, 2, 1, True), single=True),
    Row('nn.SpatialAveragePooling(3x2, 2,1, 1,0)',
        lambda: nn.SpatialAveragePooling(3, 2, 2, 1, 1, 0).setCountExcludePad(), (3, 2, 4, 6),
        average_pool((2, 3), (1, 2), (0, 1), False, False), single=True),
    Row('nn.SpatialAdaptiveAveragePooling', lambda: nn.SpatialAdaptiveAveragePooling(3, 2), (3, 2, 5, 4),
        lambda m, x: F.adaptive_avg_pool2d(x, (2, 3)), wrong=[(5, 4)], single=True),
    Row('nn.SpatialAdaptiveMaxPooling', lambda: nn.SpatialAdaptiveMaxPooling(3, 2), (3, 2, 5, 4),
        adaptive_max_pool(2, 3), wrong=[(5, 4)], single=True),
    Row('nn.SpatialAdaptiveMaxPooling', lambda: nn.SpatialAdaptiveMaxPooling(1, 5), (3, 2, 4, 3),
        adaptive_max_pool(5, 1), single=True),
    Row('nn.SpatialFractionalMaxPooling(3x4, 2,3)', lambda: nn.SpatialFractionalMaxPooling(2, 3, 3, 4), (3, 2, 9, 7),
        fractional, wrong=[(9, 7), (3, 2, 6, 7), (3, 2, 9, 4)], independent=(), single=True),
    Row('nn.SpatialFractionalMaxPooling(0x0, 3,2)', lambda: nn.SpatialFractionalMaxPooling(3, 2, 0.3, 0.7),
        (3, 2, 8, 7), fractional, wrong=[(3, 2, 8, 3)], independent=(), single=True),
    Row('nn.VolumetricFractionalMaxPooling(3x2x1, 2,3,2)',
        lambda: nn.VolumetricFractionalMaxPooling(2, 3, 2, 3, 2, 1), (2, 2, 3, 5, 7), fractional,
        wrong=[(9, 7, 5), (3, 2, 3, 5, 4)], independent=(), single=True),
    Row('nn.VolumetricFractionalMaxPooling(0x0x0, 2,2,2)',
        lambda: nn.VolumetricFractionalMaxPooling(2, 2, 2, 0.7, 0.4, 0.3), (2, 2, 4, 5, 7), fractional,
        independent=(), single=True),
    Row('nn.TemporalMaxPooling', lambda: nn.TemporalMaxPooling(2), (3, 5, 2), temporal_max_pool(2),
        wrong=[(5,), (3, 1, 2)], single=True),
    Row('nn.TemporalMaxPooling', lambda: nn.TemporalMaxPooling(3, 1), (3, 5, 2), temporal_max_pool(3, 1), single=True),
    Row('nn.TemporalDynamicKMaxPooling', lambda: nn.TemporalDynamicKMaxPooling(2), (3, 5, 4), largest_frames(2),
        wrong=[(5,), (3, 1, 2)], single=True),
    Row('nn.TemporalDynamicKMaxPooling', lambda: nn.TemporalDynamicKMaxPooling(2, 0.5), (3, 5, 4), largest_frames(3),
        single=True),
    Row('nn.VolumetricMaxPooling(2x1x3, 2,1,3)', lambda: nn.VolumetricMaxPooling(2, 1, 3), (2, 2, 5, 6, 3),
        max_pool3d((2, 3, 1), (2, 3, 1)), wrong=[(5, 6, 3), (2, 2, 1, 6, 3)], single=True),
    Row('nn.VolumetricMaxPooling(3x2x2, 2,1,2, 1,0,1)',
        lambda: nn.VolumetricMaxPooling(3, 2, 2, 2, 1, 2, 1, 0, 1).ceil(), (2, 2, 4, 5, 3),
        max_pool3d((3, 2, 2), (2, 2, 1), (1, 1, 0), True), single=True),
    Row('nn.VolumetricDilatedMaxPooling(2x1x2, 2,1,2, 1,1,1)', lambda: nn.VolumetricDilatedMaxPooling(2, 1, 2),
        (2, 2, 4, 5, 3), max_pool3d((2, 2, 1), (2, 2, 1)), wrong=[(5, 6, 3)], single=True),
    Row('nn.VolumetricDilatedMaxPooling(2x4x2, 1,2,1, 0,2,1, 3,2,1)',
        lambda: nn.VolumetricDilatedMaxPooling(2, 4, 2, 1, 2, 1, 0, 2, 1, 3, 2, 1), (2, 2, 4, 3, 6),
        max_pool3d((2, 2, 4), (1, 1, 2), (0, 1, 2), False, (3, 1, 2)), wrong=[(2, 2, 3, 3, 6)], single=True),
    Row('nn.VolumetricAveragePooling(2x1x3, 2,1,3)', lambda: nn.VolumetricAveragePooling(2, 1, 3), (2, 2, 5, 6, 3),
        lambda m, x: F.avg_pool3d(x, (2, 3, 1)), wrong=[(5, 6, 3), (2, 2, 1, 6, 3)], single=True),
    Row('nn.VolumetricAveragePooling(2x2x2, 1,2,1)', lambda: nn.VolumetricAveragePooling(2, 2, 2, 1, 2, 1),
        (2, 2, 3, 4, 5), lambda m, x: F.avg_pool3d(x, 2, (1, 1, 2)), single=True),
    Row('nn.Sequential {', with_unpooling(lambda: nn.SpatialMaxPooling(3, 2), nn.SpatialMaxUnpooling), (3, 2, 4, 6),
        unpooled(F.max_pool2d, F.max_unpool2d, (2, 3)), wrong=[(3, 2, 1, 6)], single=True,
        about='SpatialMaxUnpooling'),
    Row('nn.Sequential {', with_unpooling(lambda: nn.VolumetricMaxPooling(2, 1, 3), nn.VolumetricMaxUnpooling),
        (2, 2, 4, 6, 2), unpooled(F.max_pool3d, F.max_unpool3d, (2, 3, 1)), wrong=[(2, 2, 1, 6, 2)], single=True,
        about='VolumetricMaxUnpooling'),
    Row('nn.Sequential {', lambda: nn.SpatialLPPooling(2, 2, 3, 2), (3, 2, 4, 6), norm(2, (2, 3), (2, 3)),
        single=True),
    Row('nn.Sequential {', lambda: nn.SpatialLPPooling(2, 3, 2, 2, 1, 2), (3, 2, 4, 5), norm(3, (2, 2), (2, 1)),
        low=0.1, single=True),
    Row('nn.FeatureLPPooling(w2 s1 power 2 batch 0)', lambda: nn.FeatureLPPooling(2, 1, 2), (5, 3), feature_norm,
        wrong=[(1, 3), (5, 3, 2, 2)], batch=False),
    Row('nn.FeatureLPPooling(w2 s3 power 3 batch 0)', lambda: nn.FeatureLPPooling(2, 3, 3, False), (6,), feature_norm,
        low=0.1, batch=False),
    Row('nn.FeatureLPPooling(w3 s2 power 2 batch 1)', lambda: nn.FeatureLPPooling(3, 2, 2.5, True), (3, 6, 2),
        feature_norm, wrong=[(5,), (3, 2, 2), (3, 6, 2, 2, 2)], low=0.1),
    Row('nn.FeatureLPPooling(w2 s1 power 2 batch 1)', lambda: nn.FeatureLPPooling(2, 1, 2, True), (3, 4, 2, 3),
        feature_norm),
    Row('nn.SpatialUpSamplingNearest', lambda: nn.SpatialUpSamplingNearest(3), (3, 2, 2, 4),
        enlarge('nearest', scale_factor=3), wrong=[(2, 4)], single=True),
    # the shares of these sizes are exact in single precision, which Torch7 computes them in
    Row('nn.SpatialUpSamplingBilinear(3)', lambda: nn.SpatialUpSamplingBilinear(3), (3, 2, 3, 1),
        enlarge('bilinear', scale_factor=3), wrong=[(2, 4)], single=True),
    Row('nn.SpatialUpSamplingBilinear(5, 2)', lambda: nn.SpatialUpSamplingBilinear({'oheight': 5, 'owidth': 2}),
        (3, 2, 3, 5), enlarge('bilinear', size=(5, 2)), single=True),
    Row('nn.UpSampling(2x, nearest)', lambda: nn.UpSampling(2), (3, 2, 2, 4), enlarge('nearest', scale_factor=2),
        wrong=[(2, 2, 4)]),
    Row('nn.UpSampling(2x, nearest)', lambda: nn.UpSampling(2, 'nearest'), (2, 2, 3, 2, 4),
        enlarge('nearest', scale_factor=2)),
    Row('nn.UpSampling(3x, linear)', lambda: nn.UpSampling(3, 'bilinear'), (3, 2, 3, 1),
        enlarge('bilinear', scale_factor=3)),
    Row('nn.UpSampling(5x9, linear)', lambda: nn.UpSampling({'oheight': 5, 'owidth': 9}, 'linear'), (3, 2, 2, 3),
        enlarge('bilinear', size=(5, 9))),
    Row('nn.UpSampling(3x5x4, linear)',
        lambda: nn.UpSampling({'odepth': 3, 'oheight': 5, 'owidth': 4}, 'trilinear'), (2, 2, 2, 3, 4),
        enlarge('trilinear', size=(3, 5, 4))),
]
