"""minmax, toDisplayTensor and the maps of colours."""

import matplotlib
import numpy as np
import pytest

import nnlite
from nnlite import DtypeError, Error, ShapeError, image


def test_minmax_of_its_own_range(random):
    result = image.minmax(tensor=5 * random - 2)
    np.testing.assert_allclose(result, (random - random.min()) / (random.max() - random.min()), atol=1e-12)
    assert (result.min(), result.max()) == (0, 1)


@pytest.mark.parametrize(
    ('options', 'due'),
    [
        (dict(min=0), [-1 / 3, 0, 1]),
        (dict(max=1), [0, 0.5, 2]),
        (dict(min=0, max=2), [-0.5, 0, 1.5]),
        (dict(min=0, max=2, saturate=True), [0, 0, 1]),
        (dict(saturate=True), [0, 0.25, 1]),
        (dict(symm=True), [1 / 3, 0.5, 1]),
        (dict(min=1, max=1), [-2, -1, 2]),
    ],
)
def test_minmax(options, due):
    np.testing.assert_allclose(image.minmax(tensor=np.array([-1.0, 0, 3]), **options), due)
    np.testing.assert_allclose(image.minmax(dict(tensor=np.array([-1.0, 0, 3]), **options)), due)


def test_where_minmax_puts_its_result():
    x, out = np.array([1.0, 3]), np.zeros(2, 'float32')
    assert image.minmax(tensor=x, tensorOut=out) is out
    assert out.tolist() == [0, 1]
    assert x.tolist() == [1, 3]
    assert image.minmax(tensor=x, inplace=True) is x
    assert x.tolist() == [0, 1]
    assert image.minmax(tensor=np.full(3, 7.0)).tolist() == [0, 0, 0]
    assert image.minmax(tensor=np.array([0, 255], 'uint8')).dtype == 'float32'
    with pytest.raises(DtypeError, match='float32 or float64'):
        image.minmax(tensor=np.array([0, 255], 'uint8'), inplace=True)
    with pytest.raises(ShapeError, match='tensorOut'):
        image.minmax(tensor=x, tensorOut=np.zeros(3))


@pytest.mark.parametrize('padding', [0, 1, 4])
@pytest.mark.parametrize('form', ['colour', 'one plane', 'grey', 'list', 'grey list'])
def test_a_grid_holds_each_picture_in_its_place(form, padding):
    x = np.random.default_rng(12).random((7, 3, 5, 6))
    given = {
        'colour': x,
        'one plane': x[:, :1],
        'grey': x[:, 0],
        'list': list(x),
        'grey list': list(x[:, 0]),
    }[form]
    grid = image.toDisplayTensor(given, padding, 3, min=0, max=1)
    assert grid.shape[-2:] == (3 * (5 + padding), 3 * (6 + padding))
    assert grid.ndim == (2 if form == 'grey' else 3)
    covered = np.zeros(grid.shape[-2:], bool)
    for number, one in enumerate(x if 'colour' in form or form == 'list' else x[:, :1]):
        row, column = divmod(number, 3)
        place = np.s_[
            row * (5 + padding) + padding // 2 :, column * (6 + padding) + padding // 2 :
        ]  # the upper left corner
        np.testing.assert_allclose(np.atleast_3d(grid.T).T[(..., *place)][..., :5, :6], one)
        covered[place][:5, :6] = True
    assert (grid[..., ~covered] == np.max(given)).all()


def test_a_single_picture_is_brought_to_its_range(random):
    for x in (random, random[:1], random[0]):
        np.testing.assert_array_equal(image.toDisplayTensor(3 * x), image.minmax(3 * x))
    kept = random.copy()
    image.toDisplayTensor(random)
    np.testing.assert_array_equal(random, kept)


def test_each_by_itself_or_all_together(random):
    x = np.stack([random, 10 * random])
    together = image.toDisplayTensor(x)
    assert together[..., :31].max() < 0.2
    each = image.toDisplayTensor(input=x, scaleeach=True)
    np.testing.assert_allclose(each[..., :31], each[..., 31:])
    np.testing.assert_allclose(
        image.toDisplayTensor(x - 2, symmetric=True, nrow=1)[0, 0, 0], 0.5 + (x - 2)[0, 0, 0, 0] / 16, atol=0.1
    )


def test_bytes_become_the_default_type(random):
    bytes_ = (random * 255).astype('uint8')
    assert image.toDisplayTensor(bytes_).dtype == 'float32'
    nnlite.setdefaulttensortype('torch.DoubleTensor')
    try:
        assert image.toDisplayTensor([bytes_]).dtype == 'float64'
    finally:
        nnlite.setdefaulttensortype('torch.FloatTensor')


@pytest.mark.parametrize(
    ('given', 'options'),
    [
        ([], {}),
        ([np.zeros((2, 2)), np.zeros((3, 2))], {}),
        ([np.zeros((2, 2)), np.zeros((2, 2), 'float32')], {}),
        (np.zeros((2, 5, 4, 4)), {}),
        (np.zeros((2, 3, 4, 4)), dict(nrow=0)),
        (np.zeros((2, 3, 4, 4)), dict(padding=-1)),
    ],
)
def test_what_is_refused(given, options):
    with pytest.raises(Error, match='expected'):
        image.toDisplayTensor(given, **options)


def test_jet_is_matplotlibs_but_for_its_edges():
    ours = image.jetColormap(256)
    theirs = matplotlib.colormaps['jet'](np.arange(256))[:, :3]
    assert ours.shape == (256, 3)
    assert np.abs(ours - theirs).max() < 0.2
    assert np.abs(ours - theirs).mean() < 0.05


@pytest.mark.parametrize('dtype', ['float32', 'uint8'])
def test_y2jet_takes_each_levels_colour(dtype):
    levels = np.arange(1, 11)
    due = image.jetColormap(10).T * (255 if dtype == 'uint8' else 1)
    result = image.y2jet(levels.astype(dtype))
    assert result.shape == (3, 1, 10)
    np.testing.assert_allclose(result[:, 0], due, atol=0.5001 if dtype == 'uint8' else 1e-6)
    square = levels.reshape(1, 2, 5).astype(dtype)
    np.testing.assert_array_equal(image.y2jet(square).reshape(3, 10), result[:, 0])
    with pytest.raises(Error, match='levels from 1 up'):
        image.y2jet((levels - 1).astype(dtype))


def test_colormap_has_colours_unlike_each_other():
    colours = image.colormap(20)
    distance = np.abs(colours[:, None] - colours).max(-1) + np.eye(20)
    assert distance.min() > 0.05
    assert (colours >= 0).all()
    assert (colours <= 1).all()
    np.testing.assert_allclose(colours.max(1) + colours.min(1), 1, atol=1e-6)  # the lightness is a half
    with pytest.raises(Error, match='nbColor'):
        image.colormap(0)
