"""What compiled kernels see of a map: windows of pixels in memory of their own, with zeros for what lies outside.

A map (N, H, W, planes) lies channels-last. In a window each pixel has its planes filled up with zeros to a number that
the kernel chooses: a whole number of vectors, where it reads pixels by vectors.
"""

from nnlite.errors import ShapeError
from nnlite.kernels.on_numba.compiling import compiled
from nnlite.kernels.on_numba.simd import LANES, load_first, store, store_first


def expect_windows(space, out, kernel, stride, padding):
    """Raise unless maps with sides of these sizes have as many windows as `out` says: compiled code does not look."""
    sides = zip(space, out, kernel, stride, padding, strict=True)
    if any((count - 1) * step + size > side + 2 * pad for side, count, size, step, pad in sides):
        raise ShapeError(f'expected no more windows than maps of {space} have, got {out}')


@compiled
def whole(planes):
    """Return the planes of so many whole vectors as `planes` need."""
    return (planes + LANES - 1) // LANES * LANES


@compiled
def cut(image, height, width, pixel, planes, top, left, rows, columns, window, filled):
    """Copy the rows x columns pixels whose corner is (top, left) out of an image, with zeros for those outside.

    Args:
        image: height x width pixels, `pixel` numbers apart, of which the first `planes` are copied.
        top, left: may lie outside.
        window: where to; a pixel takes `filled` numbers.
    """
    if pixel == planes == filled:  # rows have no gaps
        first, last = min(max(left, 0), left + columns), max(min(left + columns, width), left)
        for y in range(top, top + rows):
            count = max(0, last - first) * planes if 0 <= y < height else 0
            ahead = min((first - left) * planes, columns * planes) if count else columns * planes
            _copy(image, 0, window, ahead)
            _copy(image + (y * width + first) * planes, count, window + ahead, count)
            _copy(image, 0, window + (ahead + count), columns * planes - ahead - count)
            window = window + columns * planes
        return
    for y in range(top, top + rows):
        for x in range(left, left + columns):
            inside = 0 <= y < height and 0 <= x < width
            _copy(image + (y * width + x) * pixel, planes if inside else 0, window, filled)
            window = window + filled


@compiled
def paste(window, columns, filled, image, row, pixel, planes, rows_inside, columns_inside):
    """Copy the pixels of a window that lie inside an image into it, without what their planes are filled up with.

    Args:
        window: of so many columns; a pixel takes `filled` numbers.
        image: where the first pixel goes, the others `row` and `pixel` numbers apart.
        planes: of the image.
        rows_inside, columns_inside: how many lie in it.
    """
    for y in range(rows_inside):
        for x in range(columns_inside):
            _copy(window + (y * columns + x) * filled, planes, image + (y * row + x * pixel), planes)


@compiled
def _copy(source, count, target, filled):
    for plane in range(0, filled, LANES):
        some = load_first(source + plane, count - plane)
        if plane + LANES <= filled:  # reading it soon after has to wait for what is written in part
            store(target + plane, some)
        else:
            store_first(target + plane, some, filled - plane)
