"""Padding over any number of spatial dimensions: each piece of the output is a block of the input, or its mirror."""

import itertools

import numpy as np


def BorderPadding_updateOutput(input, output, pads, border):
    """Output = the input in a border.

    Args:
        input: (N, C, *space).
        output: (N, C, *out), out = front + space + behind.
        pads: (front, behind) for each of *space: how wide the border is, or, below zero, how much is cropped there.
        border: what stands in it: 'zero'; 'replication', the nearest pixel; 'reflection', about the outermost pixel.
    """
    if border == 'zero':
        output.fill(0)
    for out, into in _blocks(input.shape[2:], pads, border):
        np.copyto(output[out], input[into])


def BorderPadding_updateGradInput(gradOutput, gradInput, pads, border):
    """GradInput: each output pixel hands its gradient to the input pixel that it shows."""
    gradInput.fill(0)
    for out, into in _blocks(gradInput.shape[2:], pads, border):
        grad, part = gradOutput[out], gradInput[into]
        repeated = tuple(axis for axis in range(2, grad.ndim) if grad.shape[axis] > part.shape[axis])
        if repeated:
            grad = np.add.reduce(grad, repeated, keepdims=True)
        np.add(part, grad, out=part)


def _blocks(space, pads, border):
    """Yield (out, into): a block of the output, and the block of the input that it shows, as indices."""
    sides = [_parts(size, *pad, border) for size, pad in zip(space, pads, strict=True)]
    for parts in itertools.product(*sides):
        outs, intos = zip(*parts, strict=True)
        yield (slice(None), slice(None), *outs), (slice(None), slice(None), *intos)


def _parts(size, front, behind, border):
    """Return (slice of the output, slice of the input) for one side: what is kept, and the border at either end."""
    first, last = max(0, -front), min(size, size + behind)
    parts = [(slice(first + front, last + front), slice(first, last))]
    if border != 'zero' and front > 0:
        seen = slice(1) if border == 'replication' else slice(front, 0, -1)
        parts.append((slice(front), seen))
    if border != 'zero' and behind > 0:
        end = front + size + behind
        if border == 'replication':
            parts.append((slice(end - behind, end), slice(size - 1, size)))
        else:  # from the far end of the output, so that the input's slice does not run down past 0
            parts.append((slice(end - 1, end - behind - 1, -1), slice(size - 1 - behind, size - 1)))
    return parts
