"""Values at Winograd's points: of tiles of pixels and of weights, and back.

`nnlite.kernels.on_numba.winograd` says what they are for. The points are 0, +-5/8, +-3/2 and infinity: for those the
transforms magnify rounding errors several times less than for the usual 0, +-1, +-2 and infinity.

A transform goes over both sides of a tile: first its columns, into room of its own, then the rows of what came out. It
does so for a vector of planes at a time. The values of a plane at the 36 points lie `step` numbers apart.
"""

from nnlite.kernels.on_numba.compiling import compiled
from nnlite.kernels.on_numba.simd import (
    LANES,
    can_store_past,
    finish_stores,
    fma,
    load,
    load_first,
    loads,
    rectified,
    room,
    splat,
    store,
    store_first,
    stores,
    stores_past,
)
from nnlite.kernels.on_numba.windows import whole

POINTS = 36  # six for each side

A, B = 5 / 8, 3 / 2  # the points that are neither 0 nor infinity, with either sign
AA, BB, AAA, BBB = A**2, B**2, A**3, B**3
AABB, SUM = AA * BB, AA + BB
# What makes the interpolation right, taken together with the weights.
AT_0, AT_A, AT_B = 1 / AABB, 1 / (2 * AA * (AA - BB)), 1 / (2 * BB * (BB - AA))
A_AT_A, AA_AT_A, B_AT_B, BB_AT_B = A * AT_A, AA * AT_A, B * AT_B, BB * AT_B


@compiled
def _input_points(pixels):
    """Return the values at the points 0, A, -A, B, -B and infinity of six pixels in a line."""
    d0, d1, d2, d3, d4, d5 = pixels
    e, f = fma(-BB, d2, d4), fma(-BB, d1, d3)
    g, h = fma(-AA, d2, d4), fma(-AA, d1, d3)
    return (
        fma(AABB, d0, fma(-SUM, d2, d4)),
        fma(A, f, e),
        fma(-A, f, e),
        fma(B, h, g),
        fma(-B, h, g),
        fma(AABB, d1, fma(-SUM, d3, d5)),
    )


@compiled
def _outputs(values):
    """Return the four pixels in a line that have these values at the points."""
    m0, m1, m2, m3, m4, m5 = values
    e, f, g, h = m1 + m2, m3 + m4, m1 - m2, m3 - m4
    return m0 + e + f, fma(B, h, splat(A) * g), fma(BB, f, splat(AA) * e), fma(BBB, h, fma(AAA, g, m5))


@compiled
def _output_points(pixels):
    """Return the values at the points of the gradients of four pixels: the transpose of `_outputs`."""
    g0, g1, g2, g3 = pixels
    p, q = fma(AA, g2, g0), fma(AAA, g3, splat(A) * g1)
    e, f = fma(BB, g2, g0), fma(BBB, g3, splat(B) * g1)
    return g0, p + q, p - q, e + f, e - f, g3


@compiled
def _weight_points(taps):
    """Return the values at the points of three weights in a line."""
    w0, w1, w2 = taps
    e, f = fma(AT_A, w0, splat(AA_AT_A) * w2), splat(A_AT_A) * w1
    p, q = fma(AT_B, w0, splat(BB_AT_B) * w2), splat(B_AT_B) * w1
    return splat(AT_0) * w0, e + f, e - f, p + q, p - q, w2


@compiled
def _weights(values):
    """Return the gradients of three weights, from those of their values: the transpose of `_weight_points`."""
    m0, m1, m2, m3, m4, m5 = values
    e, f, p, q = m1 + m2, m1 - m2, m3 + m4, m3 - m4
    return (
        fma(AT_0, m0, fma(AT_A, e, splat(AT_B) * p)),
        fma(A_AT_A, f, splat(B_AT_B) * q),
        fma(AA_AT_A, e, fma(BB_AT_B, p, m5)),
    )


@compiled
def transform_input(tile, row, pixel, planes, values, step):
    """Write the values of 6x6 pixels at the points, `step` numbers apart."""
    between = room(POINTS)
    for plane in range(0, planes, LANES):
        for x in range(6):
            stores(between + x * LANES, 6 * LANES, _input_points(loads(6, tile + (x * pixel + plane), row)))
        for y in range(6):
            stores(values + (6 * y * step + plane), step, _input_points(loads(6, between + 6 * y * LANES, LANES)))


@compiled
def transform_input_at_border(tile, row, pixel, planes, filled, rows, columns, values, step):
    """Do what `transform_input` does where some of the pixels, or planes up to `filled`, are not there: they are 0.

    Args:
        planes: how many there are.
        rows, columns: which of the tile's are inside of the map, each (first, behind the last).
    """
    between = room(POINTS)
    top, bottom = rows
    for plane in range(0, filled, LANES):
        rest = planes - plane
        n0, n1 = rest if top <= 0 < bottom else 0, rest if top <= 1 < bottom else 0
        n2, n3 = rest if top <= 2 < bottom else 0, rest if top <= 3 < bottom else 0
        n4, n5 = rest if top <= 4 < bottom else 0, rest if top <= 5 < bottom else 0
        for x in range(6):
            inside = columns[0] <= x < columns[1]
            at = tile + (x * pixel + plane)
            d0, d1 = load_first(at, n0 if inside else 0), load_first(at + row, n1 if inside else 0)
            d2, d3 = load_first(at + 2 * row, n2 if inside else 0), load_first(at + 3 * row, n3 if inside else 0)
            d4, d5 = load_first(at + 4 * row, n4 if inside else 0), load_first(at + 5 * row, n5 if inside else 0)
            stores(between + x * LANES, 6 * LANES, _input_points((d0, d1, d2, d3, d4, d5)))
        for y in range(6):
            stores(values + (6 * y * step + plane), step, _input_points(loads(6, between + 6 * y * LANES, LANES)))


@compiled
def transform_output(
    values, step, bias, planes, tile, row, pixel, past, residual, adds, rectifies, moments, counts
):  # fmt: skip
    """Write the 4x4 pixels that have these values at the points, bias added; while they are at hand, more is done.

    Args:
        past: whether to write past the cache.
        residual: pixels that lie as the tile's, which are added where it `adds`.
        rectifies: whether what is below 0 becomes 0.
        moments: where it `counts`, three rows of so many planes: a centre, and the sums of pixels less the centre and
            of their squares, which grow.
    """
    between = room(24)
    for plane in range(0, planes, LANES):
        for x in range(6):
            stores(between + x * LANES, 6 * LANES, _outputs(loads(6, values + (x * step + plane), 6 * step)))
        add, own = load(bias + plane), moments + plane
        for y in range(4):
            o0, o1, o2, o3 = _outputs(loads(6, between + 6 * y * LANES, LANES))
            o0, o1, o2, o3 = o0 + add, o1 + add, o2 + add, o3 + add
            if adds:
                r0, r1, r2, r3 = loads(4, residual + (y * row + plane), pixel)
                o0, o1, o2, o3 = o0 + r0, o1 + r1, o2 + r2, o3 + r3
            if rectifies:
                o0, o1, o2, o3 = rectified(o0), rectified(o1), rectified(o2), rectified(o3)
            if past:
                stores_past(tile + (y * row + plane), pixel, (o0, o1, o2, o3))
            else:
                stores(tile + (y * row + plane), pixel, (o0, o1, o2, o3))
            if counts:
                centre = load(own)
                o0, o1, o2, o3 = o0 - centre, o1 - centre, o2 - centre, o3 - centre
                store(own + planes, load(own + planes) + ((o0 + o1) + (o2 + o3)))
                squares = fma(o0, o0, fma(o1, o1, fma(o2, o2, o3 * o3)))
                store(own + 2 * planes, load(own + 2 * planes) + squares)


@compiled
def finish_pixels(target, row, pixel, planes, rows, columns, residual, adds, rectifies, moments, counts):
    """Do to rows x columns pixels that are written already what `transform_output` does more.

    Args:
        target, residual: the first pixel, the others `row` and `pixel` numbers apart.
        planes: of the pixels; those of the moments are filled up to whole vectors.
    """
    filled = whole(planes)
    for y in range(rows):
        for x in range(columns):
            here = y * row + x * pixel
            for plane in range(0, planes, LANES):
                rest = planes - plane
                value = load_first(target + (here + plane), rest)
                if adds:
                    value = value + load_first(residual + (here + plane), rest)
                if rectifies:
                    value = rectified(value)
                store_first(target + (here + plane), value, rest)
                if counts:
                    own = moments + plane
                    value = value - load(own)
                    store(own + filled, load(own + filled) + value)
                    store(own + 2 * filled, fma(value, value, load(own + 2 * filled)))


@compiled
def transform_output_gradient(tile, row, pixel, planes, values, step):
    """Write the values of 4x4 pixels' gradients at the points."""
    between = room(24)
    for plane in range(0, planes, LANES):
        for x in range(4):
            stores(between + x * LANES, 4 * LANES, _output_points(loads(4, tile + (x * pixel + plane), row)))
        for y in range(6):
            stores(values + (6 * y * step + plane), step, _output_points(loads(4, between + 4 * y * LANES, LANES)))


@compiled
def transform_weights(weight, strides, planes, outputs, first, last, values, first_row, rows):
    """Write the values at the points of the weights of the output planes from `first` to `last`, whole vectors.

    Args:
        weight: the first one.
        strides: numbers from output to output, from plane to plane, and from tap to tap along both sides.
        planes, outputs: how many there are.
        values: of blocks of one or two vectors of outputs; the rows of a block, one a plane, lie side by side.
        first_row, rows: which of them is the first plane's, and how many there are: those of other frames too.
    """
    taps, between = room(9), room(18)
    by_output, by_plane, by_row, by_tap = strides
    wide = whole(outputs)
    past = can_store_past(values, LANES, (last - first) * planes * POINTS)
    for output in range(first, last, LANES):
        for tap in range(9):
            store(taps + tap * LANES, splat(0.0))
        block = output // (2 * LANES) * 2 * LANES
        breadth = min(2 * LANES, wide - block)
        for plane in range(planes):
            for lane in range(min(LANES, outputs - output)):
                source = weight + ((output + lane) * by_output + plane * by_plane)
                for y in range(3):
                    for x in range(3):
                        taps[(3 * y + x) * LANES + lane] = source[y * by_row + x * by_tap]
            for x in range(3):
                stores(between + x * LANES, 3 * LANES, _weight_points(loads(3, taps + x * LANES, 3 * LANES)))
            target = values + (block * rows + (first_row + plane) * breadth + output - block)
            step = rows * wide
            for y in range(6):
                points = _weight_points(loads(3, between + 3 * y * LANES, LANES))
                if past:
                    stores_past(target + 6 * y * step, step, points)
                else:
                    stores(target + 6 * y * step, step, points)
    finish_stores()


@compiled
def transform_weight_gradient(sums, count, planes, outputs, first, last, scale, gradWeight, strides):
    """Add scale times the gradients that have these sums at the points, for the planes from `first` to `last`.

    Args:
        sums: (count, POINTS, planes, whole outputs); what lies one behind the other is to be added up.
        gradWeight: the first one, the others by `strides` as in `transform_weights`.
    """
    total, between, taps = room(POINTS), room(18), room(9)
    by_output, by_plane, by_row, by_tap = strides
    wide = whole(outputs)
    step = whole(planes) * wide
    for plane in range(first, last):
        for output in range(0, wide, LANES):
            for point in range(POINTS):
                source = sums + (point * step + plane * wide + output)
                value = load(source)
                for part in range(1, count):
                    value = value + load(source + part * POINTS * step)
                store(total + point * LANES, value)
            for x in range(6):
                stores(between + x * LANES, 6 * LANES, _weights(loads(6, total + x * LANES, 6 * LANES)))
            for y in range(3):
                stores(taps + 3 * y * LANES, LANES, _weights(loads(6, between + 6 * y * LANES, LANES)))
            for lane in range(min(LANES, outputs - output)):
                target = gradWeight + ((output + lane) * by_output + plane * by_plane)
                for y in range(3):
                    for x in range(3):
                        target[y * by_row + x * by_tap] += scale * taps[(3 * y + x) * LANES + lane]
