"""Compute golden.npz anew with torch/image's own C code: python make.py FOLDER, a checkout of github.com/torch/image.

It needs a C compiler, and nothing of Lua or Torch.
"""

import ctypes
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
TYPES = {'float32': ('float', 'FLOAT'), 'float64': ('double', 'DOUBLE'), 'uint8': ('unsigned char', 'BYTE')}
FLOATS = ('float32', 'float64')


class Tensor(ctypes.Structure):
    _fields_ = [
        ('nDimension', ctypes.c_long),
        ('size', ctypes.c_long * 5),
        ('stride', ctypes.c_long * 5),
        ('memory', ctypes.c_void_p),
    ]

    def __init__(self, array):
        strides = [stride // array.itemsize for stride in array.strides]
        longs = ctypes.c_long * 5
        super().__init__(array.ndim, longs(*array.shape), longs(*strides), array.ctypes.data)


class Call(ctypes.Structure):
    _fields_ = [('numbers', ctypes.c_double * 16), ('tensors', ctypes.POINTER(Tensor) * 16)]


def compiled(source, folder):
    """Return the library of each type."""
    libraries = {}
    for dtype, (real, name) in TYPES.items():
        target = Path(folder) / f'{dtype}.so'
        flags = ['-O1', '-w', '-shared', '-fPIC', f'-Dreal={real}', f'-DTH_REAL_IS_{name}', f'-I{source}']
        subprocess.run(['cc', *flags, HERE / 'harness.c', '-o', target, '-lm'], check=True)
        libraries[dtype] = ctypes.CDLL(str(target))
    return libraries


def main(source):
    rng = np.random.default_rng(20)
    shares = rng.random((3, 7, 9))
    field = rng.normal(0, 2, (2, 6, 8)).astype('float32')
    golden = {'field': field}
    with tempfile.TemporaryDirectory() as folder:
        libraries = compiled(source, folder)
        for dtype in TYPES:
            x = (shares * 255).astype(dtype) if dtype == 'uint8' else shares.astype(dtype)
            golden[f'{dtype} picture'] = x

            def keep(case, function, shape, *args, x=x, dtype=dtype, dst_first=False):
                dst = np.zeros(shape, dtype)
                call, arrays = Call(), (dst, x) if dst_first else (x, dst)
                for place, arg in enumerate((*arrays, *args), 1):
                    if isinstance(arg, np.ndarray):
                        call.tensors[place] = ctypes.pointer(Tensor(arg))
                    else:
                        call.numbers[place] = arg
                assert not libraries[dtype].run(function.encode(), ctypes.byref(call)), function
                golden[f'{dtype} {case}'] = dst

            for mode in ('Simple', 'Bilinear', 'Bicubic'):
                keep(f'scale up {mode.lower()}', f'scale{mode}', (3, 11, 14))
                keep(f'scale down {mode.lower()}', f'scale{mode}', (3, 4, 5))
            for mode, ending in (('simple', ''), ('bilinear', 'Bilinear')):
                keep(f'rotate {mode}', f'rotate{ending}', x.shape, 0.7)
                for full in ('valid', 'full'):
                    keep(f'polar {mode} {full}', f'polar{ending}', (3, 8, 6), full == 'full')
                    keep(f'logpolar {mode} {full}', f'logPolar{ending}', (3, 8, 6), full == 'full')
            for number, mode in enumerate(('simple', 'bilinear', 'bicubic', 'lanczos')):
                if dtype in FLOATS:
                    own = field.astype(dtype)
                    keep(f'warp {mode} clamp', 'warp', (3, 6, 8), own, number, 1, 0, 0, dst_first=True)
                    keep(f'warp {mode} pad', 'warp', (3, 6, 8), own, number, 1, 1, 0.5, dst_first=True)
            for colours in ('rgb2hsl', 'hsl2rgb', 'rgb2hsv', 'hsv2rgb', *(('rgb2lab',) if dtype in FLOATS else ())):
                keep(colours, colours, x.shape)
            if dtype in FLOATS:
                keep('lab2rgb', 'lab2rgb', x.shape, x=golden[f'{dtype} rgb2lab'])
            keep('rgb2y', 'rgb2y', x.shape[1:])
            keep('translate', 'translate', x.shape, 2, -3)
    np.savez_compressed(HERE / 'golden.npz', **golden)


if __name__ == '__main__':
    main(sys.argv[1])
