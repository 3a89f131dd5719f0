"""What a convolution goes over: its sizes, as Python and the kernels see them."""

import dataclasses
import functools
import math

import numpy as np

from nnlite.errors import ShapeError

SIDES = 3  # of maps, to the kernels: those that are missing are one pixel long


@dataclasses.dataclass(frozen=True)
class Geometry:
    """The sizes of a convolution; all that go by sides are three, those of missing sides first.

    Args:
        images: how many maps.
        planes: how many planes each has where it is read, and
        outputs: where it is written.
        space: the sizes of the maps read, and
        out: of those written.
        kernel: how many weights there are along each side.
        stride, padding, dilation: as in Torch.
    """

    images: int
    planes: int
    outputs: int
    space: tuple[int, ...]
    out: tuple[int, ...]
    kernel: tuple[int, ...]
    stride: tuple[int, ...] = (1,) * SIDES
    padding: tuple[int, ...] = (0,) * SIDES
    dilation: tuple[int, ...] = (1,) * SIDES

    @classmethod
    def of(cls, input, output, kernel, stride, padding, dilation):
        """Return that of shapes (N, C, *space) and (N, O, *out), and of a number for each of their one to three sides.

        >>> Geometry.of((2, 3, 8, 9), (2, 5, 6, 9), (3, 1), (1, 1), (0, 0), (1, 1)).kernel
        (1, 3, 1)
        """
        return _of(*map(tuple, (input, output, kernel, stride, padding, dilation)))

    @classmethod
    def of_product(cls, rows, planes, outputs):
        """Return that of a matrix product: all maps are of one pixel.

        Raises:
            ShapeError: there are more weights than kernels can count.
        """
        if planes * outputs >= 2**31:
            raise ShapeError(f'expected fewer than 2^31 weights, got {outputs} x {planes}', hint='use a smaller layer')
        one = (1,) * SIDES
        return cls(rows, planes, outputs, one, one, one)

    def __str__(self):
        """Say it in a line, the key of the table of what is fastest."""
        x = ['x'.join(map(str, sizes)) for sizes in dataclasses.astuple(self)[3:]]
        return (
            f'{self.images} maps of {self.planes} -> {self.outputs} planes, {x[0]} -> {x[1]}, kernel {x[2]}, '
            f'stride {x[3]}, padding {x[4]}, dilation {x[5]}'
        )

    @property
    def pixels(self):
        """How many pixels are written."""
        return self.images * math.prod(self.out)

    @property
    def taps(self):
        """How many weights a kernel has."""
        return math.prod(self.kernel)

    @property
    def column(self):
        """How many numbers of the input one of the output is made of."""
        return self.taps * self.planes

    def part(self, images):
        """Return that of so many of the images."""
        return dataclasses.replace(self, images=images)

    @functools.cached_property
    def record(self):
        """These sizes as the kernels take them."""
        return np.array(dataclasses.astuple(self), _RECORD)[()]


@functools.lru_cache(4096)
def _of(input, output, *sides):
    filled = [
        (*[missing] * (SIDES - len(sizes)), *map(int, sizes))
        for sizes, missing in zip((input[2:], output[2:], *sides), (1, 1, 1, 1, 0, 1), strict=True)
    ]
    geometry = Geometry(input[0], input[1], output[1], *filled)
    pixels = geometry.images * max(math.prod(geometry.space), math.prod(geometry.out))
    if pixels >= 2**31:
        raise ShapeError(f'expected fewer than 2^31 pixels in a batch, got {pixels}', hint='use a smaller batch')
    return geometry


_RECORD = np.dtype([
    (field.name, np.int32, () if field.type is int else (SIDES,)) for field in dataclasses.fields(Geometry)
])  # fmt: skip


def vector(planes, *arrays):
    """Return how many planes kernels move at once: 4 where these make whole fours that lie right for it, else 1."""
    whole = all(size % 4 == 0 for size in planes)
    return 4 if whole and all(array.data.ptr % min(16, 4 * array.itemsize) == 0 for array in arrays) else 1
