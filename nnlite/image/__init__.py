"""Torch's image package: pictures read, written, changed and drawn on. Channels come first, and values are 0 to 1.

A picture is an array (C, H, W), or (H, W) if it is grey, of float32 or float64 from 0 to 1, or of uint8 from 0 to 255;
what a function returns is of the same type. Bytes are computed in single precision, and rounded. Where Torch takes an
array `dst` before the others, so do these; it gets the result, and has to have its shape and type.

>>> from nnlite import image
>>> image.save('picture.png', np.linspace(0, 1, 3 * 48 * 64).reshape(3, 48, 64))
>>> x = image.load('picture.png')
>>> image.crop(image.scale(x, '^32'), 'c', 32, 32).shape
(3, 32, 32)
>>> image.hflip(x, x) is x
True
"""

from nnlite.image.colour import (
    hsl2rgb,
    hsv2rgb,
    lab2rgb,
    rgb2hsl,
    rgb2hsv,
    rgb2lab,
    rgb2nrgb,
    rgb2y,
    rgb2yuv,
    yuv2rgb,
)
from nnlite.image.display import colormap, jetColormap, minmax, toDisplayTensor, y2jet
from nnlite.image.drawing import drawRect, drawText
from nnlite.image.files import (
    compressJPG,
    compressPNG,
    decompress,
    decompressJPG,
    decompressPNG,
    getSize,
    load,
    loadJPG,
    loadPNG,
    loadPPM,
    save,
    saveJPG,
    savePGM,
    savePNG,
    savePPM,
)
from nnlite.image.filters import convolve, dilate, erode, gaussian, gaussian1D, gaussianpyramid, laplacian, lcn
from nnlite.image.geometry import crop, flip, hflip, translate, vflip
from nnlite.image.sampling import affinetransform, logpolar, polar, rotate, warp
from nnlite.image.scaling import scale

__all__ = [
    'affinetransform', 'colormap', 'compressJPG', 'compressPNG', 'convolve', 'crop', 'decompress', 'decompressJPG',
    'decompressPNG', 'dilate', 'drawRect', 'drawText', 'erode', 'flip', 'gaussian', 'gaussian1D',
    'gaussianpyramid', 'getSize', 'hflip', 'hsl2rgb', 'hsv2rgb', 'jetColormap', 'lab2rgb', 'laplacian', 'lcn',
    'load', 'loadJPG', 'loadPNG', 'loadPPM', 'logpolar', 'minmax', 'polar', 'rgb2hsl', 'rgb2hsv', 'rgb2lab',
    'rgb2nrgb', 'rgb2y', 'rgb2yuv', 'rotate', 'save', 'saveJPG', 'savePGM', 'savePNG', 'savePPM', 'scale',
    'toDisplayTensor', 'translate', 'vflip', 'warp', 'y2jet', 'yuv2rgb',
]  # fmt: skip
