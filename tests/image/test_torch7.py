"""What torch/image's own C functions computed: torch7/make.py says how, and does it again."""

from pathlib import Path

import numpy as np
import pytest

from nnlite import image

with np.load(Path(__file__).parent / 'torch7' / 'golden.npz') as file:
    GOLDEN = dict(file)
CASES = [case for case in GOLDEN if case != 'field' and not case.endswith('picture')]


@pytest.mark.parametrize('case', CASES)
def test_it_is_what_torch7_computed(case):
    dtype, name, *options = case.split()
    x, due = GOLDEN[f'{dtype} picture'], GOLDEN[case]
    if name == 'scale':
        result = image.scale(x, due.shape[-1], due.shape[-2], options[1])
    elif name == 'rotate':
        result = image.rotate(x, 0.7, *options)
    elif name in ('polar', 'logpolar'):
        result = getattr(image, name)(np.zeros_like(due), x, *options)
    elif name == 'warp':
        pad = [0.5] if options[1] == 'pad' else []
        result = image.warp(x, GOLDEN['field'], options[0], True, options[1], *pad)
    elif name == 'translate':
        result = image.translate(x, 2, -3)
    elif name == 'lab2rgb':
        result = image.lab2rgb(GOLDEN[f'{dtype} rgb2lab'])
    else:
        result = getattr(image, name)(x).reshape(due.shape)
    assert result.dtype == due.dtype
    if dtype == 'uint8':
        # A sum that is half way between two bytes may be rounded to either.
        difference = np.abs(result.astype(int) - due)
        assert difference.max() <= 1
        assert (difference > 0).mean() < 0.02
    else:
        np.testing.assert_allclose(result, due, rtol=1e-5, atol=1e-6)


def test_all_of_it_is_there():
    assert len(CASES) == 3 * 22 + 2 * 8 + 2 * 2
