"""Vectors of float32 in compiled code: the one file that speaks LLVM.

A vector holds LANES numbers, as many as a register of this machine. Kernels read and write them through pointers, which
count in numbers as in C: `load(x + 3)` is x[3], x[4] ... Vectors know + - and *; what else they can do is below.
`multiply` is the innermost loop of all matrix products and convolutions.
"""

import operator

import numba
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.codegen import get_host_cpu_features
from numba.core.typing.templates import ConcreteTemplate, infer_global, signature
from numba.extending import intrinsic, lower_builtin, models, register_model

from nnlite.errors import DeviceError
from nnlite.kernels.on_numba.compiling import compiled


def _lanes(features):
    """Return how many float32 a register holds of a CPU with these features, as LLVM writes them: '+avx2,-avx512f'.

    >>> _lanes('+avx2,+avx512f,+fma'), _lanes('+avx2,-avx512f,+fma')
    (16, 8)

    Raises:
        DeviceError: it has neither AVX-512 nor AVX2.
    """
    has = features.split(',')
    if '+avx512f' in has:
        return 16
    if '+avx2' in has and '+fma' in has:
        return 8
    raise DeviceError(
        'the kernels on numba need a CPU with AVX2 or AVX-512', hint="choose NumPy's: nnlite.setkernels('numpy')"
    )


LANES = _lanes(numba.config.CPU_FEATURES or get_host_cpu_features())
# What `multiply` sums up at a time: so many vectors keep both multipliers busy, and leave registers for its inputs.
SUMS = LANES
HALF = SUMS // 2
MANY = 1 << 18  # numbers that a thread writes, from which on they had better not go through the cache

_number = ir.FloatType()
_vector = ir.VectorType(_number, LANES)
_mask = ir.VectorType(ir.IntType(1), LANES)
_word = ir.IntType(32)
_long = ir.IntType(64)


class _Vector(types.Type):
    def __init__(self):
        super().__init__(name=f'vector of {LANES} float32')


vector = _Vector()
numbers = types.CPointer(types.float32)


@register_model(_Vector)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, manager, type_):
        super().__init__(manager, type_, _vector)


def _constant(values):
    return ir.Constant(_vector, [float(value) for value in values])


def _splat(builder, number):
    first = builder.insert_element(ir.Constant(_vector, ir.Undefined), number, ir.Constant(_word, 0))
    return builder.shuffle_vector(
        first, ir.Constant(_vector, ir.Undefined), ir.Constant(ir.VectorType(_word, LANES), [0] * LANES)
    )


def _load(builder, pointer, type_=_vector):
    return builder.load(builder.bitcast(pointer, type_.as_pointer()), align=4)


def _store(builder, value, pointer):
    builder.store(value, builder.bitcast(pointer, _vector.as_pointer()), align=4)


def _store_past(builder, value, pointer):
    store = builder.store(value, builder.bitcast(pointer, _vector.as_pointer()), align=4 * LANES)
    store.set_metadata('nontemporal', builder.module.add_metadata([ir.Constant(_word, 1)]))


def _call(builder, name, result, *args):
    function = ir.FunctionType(result, [arg.type for arg in args])
    return builder.call(cgutils.get_or_insert_function(builder.module, function, name), args)


def _longs(builder, number):
    """Return the vector that has a whole number in every lane."""
    undefined = ir.Constant(ir.VectorType(_long, LANES), ir.Undefined)
    one = builder.insert_element(undefined, number, ir.Constant(_word, 0))
    return builder.shuffle_vector(one, undefined, ir.Constant(ir.VectorType(_word, LANES), [0] * LANES))


def _first(builder, count):
    """Return the mask of the first `count` lanes: none where it is negative, all where there are not so many."""
    lanes = ir.Constant(ir.VectorType(_long, LANES), list(range(LANES)))
    return builder.icmp_signed('<', lanes, _longs(builder, count))


# pointers


@intrinsic
def pointer(typing, memory):
    """Return a pointer to the first number of an array of float32, or to the one at an address."""

    def generate(context, builder, sig, args):
        if isinstance(memory, types.Array):
            return context.make_array(memory)(context, builder, args[0]).data
        return builder.inttoptr(args[0], _number.as_pointer())

    return numbers(memory if isinstance(memory, types.Array) else types.int64), generate


@intrinsic(prefer_literal=True)
def room(typing, vectors):
    """Return a pointer to room for so many vectors, a number written out; it is there until the function returns."""
    count = vectors.literal_value

    def generate(context, builder, sig, args):
        with builder.goto_entry_block():
            place = builder.alloca(_vector, ir.Constant(_word, count))
            place.align = 4 * LANES
        return builder.bitcast(place, _number.as_pointer())

    return numbers(vectors), generate


@infer_global(operator.add)
class _PointerAdd(ConcreteTemplate):
    cases = [signature(numbers, numbers, types.int64), signature(vector, vector, vector)]


@lower_builtin(operator.add, numbers, types.int64)
def _pointer_add(context, builder, sig, args):
    return builder.gep(args[0], [args[1]])


# vectors


@lower_builtin(operator.add, vector, vector)
def _add(context, builder, sig, args):
    return builder.fadd(*args)


@infer_global(operator.sub)
class _Subtract(ConcreteTemplate):
    cases = [signature(vector, vector, vector)]


@lower_builtin(operator.sub, vector, vector)
def _subtract(context, builder, sig, args):
    return builder.fsub(*args)


@infer_global(operator.mul)
class _Multiply(ConcreteTemplate):
    cases = [signature(vector, vector, vector)]


@lower_builtin(operator.mul, vector, vector)
def _times(context, builder, sig, args):
    return builder.fmul(*args)


@intrinsic
def splat(typing, number):
    """Return the vector that has the number in every lane."""
    return vector(types.float32), lambda context, builder, sig, args: _splat(builder, args[0])


@intrinsic
def load(typing, source):
    """Return the LANES numbers at a pointer."""
    return vector(numbers), lambda context, builder, sig, args: _load(builder, args[0])


@intrinsic
def load_first(typing, source, count):
    """Return the first `count` of the LANES numbers at a pointer, and 0 for the others, which are not looked at."""

    def generate(context, builder, sig, args):
        mask, place = _first(builder, args[1]), builder.bitcast(args[0], _vector.as_pointer())
        name = f'llvm.masked.load.v{LANES}f32.p0'
        return _call(builder, name, _vector, place, ir.Constant(_word, 4), mask, _constant([0] * LANES))

    return vector(numbers, types.int64), generate


@intrinsic
def store(typing, target, value):
    """Write a vector to a pointer."""

    def generate(context, builder, sig, args):
        _store(builder, args[1], args[0])
        return context.get_dummy_value()

    return types.void(numbers, vector), generate


@intrinsic
def store_first(typing, target, value, count):
    """Write the first `count` lanes of a vector to a pointer; what would lie beyond is left alone."""

    def generate(context, builder, sig, args):
        mask, place = _first(builder, args[2]), builder.bitcast(args[0], _vector.as_pointer())
        name = f'llvm.masked.store.v{LANES}f32.p0'
        _call(builder, name, ir.VoidType(), args[1], place, ir.Constant(_word, 4), mask)
        return context.get_dummy_value()

    return types.void(numbers, vector, types.int64), generate


@intrinsic
def store_first_longs(typing, target, number, value, nothing, count):
    """Write number + each of the first `count` lanes, whole numbers, as int64; `nothing` for those below 0.

    Args:
        target: a pointer to the first int64.
    """

    def generate(context, builder, sig, args):
        target, number, value, nothing, count = args
        longs = ir.VectorType(_long, LANES)
        numbered = builder.add(_longs(builder, number), builder.fptosi(value, longs))
        below = builder.fcmp_ordered('<', value, _constant([0] * LANES))
        result = builder.select(below, _longs(builder, nothing), numbered)
        place = builder.bitcast(target, longs.as_pointer())
        name = f'llvm.masked.store.v{LANES}i64.p0'
        _call(builder, name, ir.VoidType(), result, place, ir.Constant(_word, 8), _first(builder, count))
        return context.get_dummy_value()

    return types.void(numbers, types.int64, vector, types.int64, types.int64), generate


@intrinsic(prefer_literal=True)
def loads(typing, count, source, step):
    """Return `count` vectors, a number written out, that lie `step` numbers apart."""
    length = count.literal_value

    def generate(context, builder, sig, args):
        _, source, step = args
        places = [builder.gep(source, [builder.mul(step, ir.Constant(_long, i))]) for i in range(length)]
        return context.make_tuple(builder, sig.return_type, [_load(builder, place) for place in places])

    return types.UniTuple(vector, length)(count, numbers, types.int64), generate


@intrinsic
def stores(typing, target, step, values):
    """Write a tuple of vectors `step` numbers apart."""

    def generate(context, builder, sig, args):
        target, step, values = args
        for i, value in enumerate(cgutils.unpack_tuple(builder, values)):
            _store(builder, value, builder.gep(target, [builder.mul(step, ir.Constant(_long, i))]))
        return context.get_dummy_value()

    return types.void(numbers, types.int64, values), generate


@intrinsic
def store_past(typing, target, value):
    """Write a vector to memory past the cache, which would first read what is there: where `can_store_past` says so."""

    def generate(context, builder, sig, args):
        _store_past(builder, args[1], args[0])
        return context.get_dummy_value()

    return types.void(numbers, vector), generate


@intrinsic
def stores_past(typing, target, step, values):
    """Write a tuple of vectors `step` numbers apart, past the cache."""

    def generate(context, builder, sig, args):
        target, step, values = args
        for i, value in enumerate(cgutils.unpack_tuple(builder, values)):
            _store_past(builder, value, builder.gep(target, [builder.mul(step, ir.Constant(_long, i))]))
        return context.get_dummy_value()

    return types.void(numbers, types.int64, values), generate


@intrinsic
def finish_stores(typing):
    """Let nobody see what this thread does next before what it wrote past the cache."""

    def generate(context, builder, sig, args):
        _call(builder, 'llvm.x86.sse.sfence', ir.VoidType())
        return context.get_dummy_value()

    return types.void(), generate


@intrinsic
def _address(typing, place):
    """Return where a pointer points to."""
    return types.int64(numbers), lambda context, builder, sig, args: builder.ptrtoint(args[0], _long)


@compiled
def can_store_past(target, step, count):
    """Return whether vectors may be written past the cache, whole steps from a target, and are so many that it pays."""
    return count >= MANY and step % LANES == 0 and _address(target) % (4 * LANES) == 0


@intrinsic
def fma(typing, x, y, z):
    """Return x * y + z, rounded once; x may be a number."""

    def generate(context, builder, sig, args):
        factor = args[0] if x is vector else _splat(builder, args[0])
        return _call(builder, f'llvm.fma.v{LANES}f32', _vector, factor, args[1], args[2])

    return vector(vector if x is vector else types.float32, vector, vector), generate


@intrinsic
def maximum(typing, x, y):
    """Return the larger of two vectors, lane by lane."""
    name = f'llvm.maxnum.v{LANES}f32'
    return vector(vector, vector), lambda context, builder, sig, args: _call(builder, name, _vector, *args)


@intrinsic
def where_positive(typing, reference, value):
    """Return the value where the reference is above 0, and 0 elsewhere, lane by lane."""
    zero = _constant([0] * LANES)

    def generate(context, builder, sig, args):
        return builder.select(builder.fcmp_ordered('>', args[0], zero), args[1], zero)

    return vector(vector, vector), generate


@intrinsic
def rectified(typing, value):
    """Return 0 where a vector is below it, else what is there, lane by lane: what is no number stays."""
    zero = _constant([0] * LANES)

    def generate(context, builder, sig, args):
        return builder.select(builder.fcmp_ordered('<', args[0], zero), zero, args[0])

    return vector(vector), generate


@intrinsic
def where_passed(typing, reference, value):
    """Return the value where `rectified` lets the reference pass, above 0 or no number, and 0 elsewhere."""
    zero = _constant([0] * LANES)

    def generate(context, builder, sig, args):
        return builder.select(builder.fcmp_ordered('<=', args[0], zero), zero, args[1])

    return vector(vector, vector), generate


@intrinsic
def where_at_most(typing, x, bound, value, other):
    """Return the value where x <= bound, and the other one elsewhere, also where x is no number, lane by lane."""

    def generate(context, builder, sig, args):
        return builder.select(builder.fcmp_ordered('<=', args[0], args[1]), args[2], args[3])

    return vector(vector, vector, vector, vector), generate


# the product of matrices


@intrinsic(prefer_literal=True)
def _multiply(typing, rows, vectors, a, a_row, a_step, a_run, b, b_step, runs, steps, start, start_row, c, c_row):
    height, width = rows.literal_value, vectors.literal_value
    longs = [types.int64] * 3
    sig = types.void(
        rows, vectors, numbers, *longs, numbers, *longs, numbers, types.int64, numbers, types.int64
    )  # fmt: skip

    def generate(context, builder, sig, args):
        a, a_row, a_step, a_run, b, b_step, runs, steps, start, start_row, c, c_row = args[2:]
        by_row = [builder.mul(a_row, ir.Constant(_long, row)) for row in range(height)]
        columns = [ir.Constant(_long, column * LANES) for column in range(width)]
        zero = _constant([0] * LANES)
        sums = [[cgutils.alloca_once_value(builder, zero) for _ in columns] for _ in by_row]
        for row in sums:
            for total in row:
                builder.store(zero, total)
        b_at = cgutils.alloca_once_value(builder, b)
        builder.store(b, b_at)
        with cgutils.for_range(builder, runs) as run:
            a_at = cgutils.alloca_once(builder, a.type)
            builder.store(builder.gep(a, [builder.mul(run.index, a_run)]), a_at)
            with cgutils.for_range(builder, steps):
                here, there = builder.load(a_at), builder.load(b_at)
                line = [_load(builder, builder.gep(there, [column])) for column in columns]
                for offset, row in zip(by_row, sums, strict=True):
                    factor = _splat(builder, _load(builder, builder.gep(here, [offset]), _number))
                    for numbers_, total in zip(line, row, strict=True):
                        fused = _call(
                            builder, f'llvm.fma.v{LANES}f32', _vector, factor, numbers_, builder.load(total)
                        )  # fmt: skip
                        builder.store(fused, total)
                builder.store(builder.gep(here, [a_step]), a_at)
                builder.store(builder.gep(there, [b_step]), b_at)
        for number, row in enumerate(sums):
            line = builder.mul(start_row, ir.Constant(_long, number))
            place = builder.mul(c_row, ir.Constant(_long, number))
            for column, total in zip(columns, row, strict=True):
                before = _load(builder, builder.gep(start, [builder.add(line, column)]))
                _store(
                    builder,
                    builder.fadd(before, builder.load(total)),
                    builder.gep(c, [builder.add(place, column)]),
                )
        return context.get_dummy_value()

    return sig, generate


@compiled
def multiply(vectors, a, a_row, a_step, a_run, b, b_step, runs, steps, start, start_row, c, c_row):
    """C[row, :] = start[row, :] + the sum over runs r and steps s of a[row, r, s] * b[r, s, :].

    C has SUMS // vectors rows of `vectors` vectors, which is 1 or 2. What was there before (start is c), a bias
    (start_row is 0) or zeros are added at the end: the products are a partial sum of their own, which rounds less.

    Args:
        vectors: of a row of b, start and c.
        a: its numbers lie `a_row` apart from row to row, `a_run` from run to run, `a_step` from step to step.
        b: its rows lie `b_step` apart, one for each step, those of a run behind those of the one before.
        runs, steps: how many.
        start: its rows lie `start_row` apart.
        c: its rows lie `c_row` apart.
    """
    if vectors == 2:
        _multiply(HALF, 2, a, a_row, a_step, a_run, b, b_step, runs, steps, start, start_row, c, c_row)
    else:
        _multiply(SUMS, 1, a, a_row, a_step, a_run, b, b_step, runs, steps, start, start_row, c, c_row)
