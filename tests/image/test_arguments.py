"""Torch's forms of call, and what is refused, the same way in all functions."""

import sys
import types

import numpy as np
import pytest

from nnlite import DeviceError, DtypeError, Error, ShapeError, image

IDENTITY = np.eye(2)
# Each function with `dst` before its own arguments.
CALLS = {
    'crop': (5, 4, 20, 22),
    'translate': (3, -2),
    'scale': (),
    'rotate': (0.4, 'bilinear'),
    'polar': (),
    'logpolar': ('bilinear', 'full'),
    'warp': (np.zeros((2, 24, 31)), 'bicubic'),
    'affinetransform': (IDENTITY, 'bilinear', (1, 2)),
    'hflip': (),
    'vflip': (),
    'flip': (1,),
    'convolve': (np.ones((3, 3)), 'same'),
}
COLOURS = ['rgb2yuv', 'yuv2rgb', 'rgb2y', 'rgb2hsl', 'hsl2rgb', 'rgb2hsv', 'hsv2rgb', 'rgb2lab', 'lab2rgb', 'rgb2nrgb']
CALLS |= dict.fromkeys(COLOURS, ())
FLOATS_ONLY = {'rgb2yuv', 'yuv2rgb', 'rgb2lab', 'lab2rgb', 'rgb2nrgb'}


def without_dst(name, src):
    return image.scale(src, 17, 40) if name == 'scale' else getattr(image, name)(src, *CALLS[name])


@pytest.mark.parametrize('dtype', ['float32', 'float64', 'uint8'])
@pytest.mark.parametrize('name', CALLS)
def test_dst_gets_the_result_in_the_type_of_the_picture(random, name, dtype):
    src = (random * 255).astype(dtype) if dtype == 'uint8' else random.astype(dtype)
    kept = src.copy()
    if dtype == 'uint8' and name in FLOATS_ONLY:
        with pytest.raises(DtypeError, match=f'image.{name}'):
            without_dst(name, src)
        return
    result = without_dst(name, src)
    assert result.dtype == dtype
    assert result.flags.c_contiguous
    assert not np.shares_memory(result, src)
    dst = np.full_like(result, 7)
    assert getattr(image, name)(dst, src, *CALLS[name]) is dst
    np.testing.assert_array_equal(dst, result)
    np.testing.assert_array_equal(src, kept)


@pytest.mark.parametrize('name', [name for name in CALLS if name not in ('crop', 'scale', 'polar', 'logpolar')])
def test_dst_is_of_the_shape_and_type_of_the_result(random, name):
    result = without_dst(name, random)
    with pytest.raises(ShapeError, match='expected dst'):
        getattr(image, name)(np.zeros(result.shape[1:]), random, *CALLS[name])
    with pytest.raises(DtypeError, match='expected dst'):
        getattr(image, name)(result.astype('float32'), random, *CALLS[name])


@pytest.mark.parametrize('name', [name for name in CALLS if name not in COLOURS])
def test_a_grey_picture_is_its_plane_of_a_colour_one(random, name):
    own = (CALLS[name][0] + 1,) if name == 'flip' else CALLS[name]
    grey = image.scale(random[1], 17, 40) if name == 'scale' else getattr(image, name)(random[1], *CALLS[name])
    colour = image.scale(random, 17, 40) if name == 'scale' else getattr(image, name)(random, *own)
    np.testing.assert_allclose(colour[1], grey, atol=1e-12)


@pytest.mark.parametrize('name', [*CALLS, 'lcn', 'minmax', 'y2jet', 'erode', 'toDisplayTensor', 'drawText', 'save'])
def test_what_is_no_picture_is_refused(monkeypatch, tmp_path, name):
    class OnGPU:
        pass

    def call(src):
        before = {'save': (tmp_path / 'x.png',)}.get(name, ())
        after = {'drawText': ('text',), 'scale': (3, 3), 'save': ()}.get(name, CALLS.get(name, ()))
        return getattr(image, name)(*before, src, *after)

    monkeypatch.setitem(sys.modules, 'cupy', types.SimpleNamespace(ndarray=OnGPU))
    with pytest.raises(DeviceError, match='GPU'):
        call(OnGPU())
    with pytest.raises(Error, match='array'):
        call('picture.png')
    with pytest.raises(DtypeError, match='int64'):
        call(np.zeros((3, 24, 31), int))
    with pytest.raises(ShapeError):
        call(np.zeros((3, 24, 0)))
    with pytest.raises(ShapeError):
        call(np.zeros((1, 1, 1, 1, 1, 1)))


def test_a_table_holds_known_names_only():
    with pytest.raises(Error, match="got 'sigmas'"):
        image.gaussian(dict(size=3, sigmas=1))
    np.testing.assert_array_equal(image.gaussian(dict(size=5, sigma=0.1)), image.gaussian(5, 0.1))
