"""Files, against Pillow; and what is damaged, foreign or too large."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageFile

import nnlite
from nnlite import DataError, DtypeError, Error, ShapeError, image
from nnlite.image.png import PASSES

COLOURS = np.random.default_rng(13).integers(0, 256, (9, 12, 3)).astype('uint8')


def png_of(width, height, depth, colour, interlaced, content):
    head = struct.pack('>IIBBBBB', width, height, depth, colour, 0, 0, interlaced)
    chunks = [(b'IHDR', head), (b'IDAT', zlib.compress(content)), (b'IEND', b'')]
    return b'\x89PNG\r\n\x1a\n' + b''.join(
        struct.pack('>I', len(data)) + name + data + struct.pack('>I', zlib.crc32(name + data)) for name, data in chunks
    )


def png(pixels, width=None, height=None, colour=2):
    """Return a PNG of 16 bits a channel, its lines coded in turn as they are and as differences; or one that lies."""
    rows, columns, channels = pixels.shape
    lines, step, content = pixels.astype('>u2').tobytes(), 2 * channels, b''
    length = columns * step
    for row in range(rows):
        line = lines[row * length : (row + 1) * length]
        before = bytes(step) + line[:-step]
        content += bytes([row % 2]) + (
            bytes((a - b) % 256 for a, b in zip(line, before, strict=True)) if row % 2 else line
        )
    return png_of(width or columns, height or rows, 16, colour, 0, content)


def written(tmp_path, name, picture=COLOURS, mode=None, **options):
    path = tmp_path / name
    made = Image.fromarray(picture)
    (made.convert(mode) if mode else made).save(path, **options)
    return path


@pytest.mark.parametrize('name', ['x.png', 'x.jpg', 'x.ppm', 'misnamed.txt'])
def test_load_is_what_pillow_reads(tmp_path, name):
    path = written(tmp_path, name, format='JPEG' if name.endswith('txt') else None)
    due = np.asarray(Image.open(path)).transpose(2, 0, 1)
    np.testing.assert_array_equal(image.load(path, tensortype='byte'), due)
    np.testing.assert_allclose(image.load(str(path), 3, 'double'), due / 255, atol=1e-15)
    loaded = image.load(path)
    assert loaded.dtype == 'float32'
    np.testing.assert_allclose(loaded, due / 255, atol=1e-7)
    np.testing.assert_array_equal(image.decompress(np.fromfile(path, 'uint8')) if 'ppm' not in name else loaded, loaded)
    assert image.getSize(path).tolist() == [3, 9, 12]


def test_load_is_of_the_default_type(tmp_path):
    path = written(tmp_path, 'x.png')
    nnlite.setdefaulttensortype('torch.DoubleTensor')
    try:
        assert image.load(path).dtype == 'float64'
    finally:
        nnlite.setdefaulttensortype('torch.FloatTensor')


@pytest.mark.parametrize(
    ('mode', 'kept', 'name'),
    [
        ('L', 'L', 'x.png'),
        ('1', 'L', 'x.png'),
        ('P', 'RGB', 'x.png'),
        ('LA', 'LA', 'x.png'),
        ('RGBA', 'RGBA', 'x.png'),
        ('L', 'L', 'x.jpg'),
        ('CMYK', 'RGB', 'x.jpg'),
        ('L', 'L', 'x.pgm'),
    ],
)
def test_channels_and_depth(tmp_path, mode, kept, name):
    path = written(tmp_path, name, mode=mode)
    own = np.atleast_3d(np.asarray(Image.open(path).convert(kept))).transpose(2, 0, 1)
    np.testing.assert_array_equal(image.load(path, None, 'byte'), own)
    assert image.getSize(path).tolist() == list(own.shape)
    grey = own[:1] if len(own) < 3 else image.rgb2y(own[:3])
    np.testing.assert_array_equal(image.load(path, 1, 'byte'), grey)
    if mode == 'LA':
        with pytest.raises(DataError, match=r'x.png\n.*transparency'):
            image.load(path, 3)
    else:
        np.testing.assert_array_equal(image.load(path, 3, 'byte'), own[:3] if len(own) > 1 else own.repeat(3, 0))


@pytest.mark.parametrize(('channels', 'colour'), [(1, 0), (3, 2), (4, 6)])
def test_sixteen_bits_are_kept_in_floats(tmp_path, channels, colour):
    pixels = np.random.default_rng(channels).integers(0, 65536, (7, 5, channels))
    (tmp_path / 'x.png').write_bytes(png(pixels, colour=colour))
    due = pixels.transpose(2, 0, 1)
    np.testing.assert_allclose(image.load(tmp_path / 'x.png', tensortype='double'), due / 65535, atol=1e-12)
    np.testing.assert_array_equal(image.load(tmp_path / 'x.png', tensortype='byte'), due >> 8)


def test_sixteen_bits_of_grey_with_transparency(tmp_path):
    pixels = np.random.default_rng(2).integers(0, 65536, (7, 5, 2))
    (tmp_path / 'x.png').write_bytes(png(pixels, colour=4))
    np.testing.assert_array_equal(image.load(tmp_path / 'x.png', None, 'byte'), pixels.transpose(2, 0, 1) >> 8)
    assert image.getSize(tmp_path / 'x.png').tolist() == [2, 7, 5]


def test_an_interlaced_png(tmp_path):
    pixels = np.random.default_rng(3).integers(0, 256, (11, 5, 3)).astype('uint8')
    parts = [pixels[top::down, left::right] for left, top, right, down in PASSES]
    lines = [b'\0' + line.tobytes() for part in parts if part.size for line in part]
    (tmp_path / 'x.png').write_bytes(png_of(5, 11, 8, 2, 1, b''.join(lines)))
    np.testing.assert_array_equal(image.load(tmp_path / 'x.png', None, 'byte'), pixels.transpose(2, 0, 1))
    (tmp_path / 'x.png').write_bytes(png_of(5, 11, 8, 2, 1, b''.join(lines)[:-1]))
    with pytest.raises(DataError, match='last lines are missing'):
        image.load(tmp_path / 'x.png')


def test_a_text_file_of_another_range(tmp_path):
    (tmp_path / 'x.pgm').write_text('P2\n# fifteen is white\n3 2 15\n0 3 15\n5 10 1\n')
    assert image.load(tmp_path / 'x.pgm', 1, 'byte').tolist() == [[[0, 51, 255], [85, 170, 17]]]


@pytest.mark.parametrize('dtype', ['uint8', 'float32', 'float64'])
@pytest.mark.parametrize(('name', 'channels'), [('x.png', 1), ('x.png', 3), ('x.PNG', 4), ('x.ppm', 3), ('x.pgm', 1)])
def test_saved_and_loaded_it_is_the_same(tmp_path, name, channels, dtype):
    every = np.arange(256 * channels, dtype='uint8').reshape(channels, 16, 16)
    x = every if dtype == 'uint8' else every.astype(dtype) * np.dtype(dtype).type(1 / 255)
    image.save(tmp_path / name, x)
    np.testing.assert_array_equal(image.load(tmp_path / name, tensortype='byte'), every)
    if dtype != 'uint8':
        np.testing.assert_array_equal(
            image.load(tmp_path / name, None, {'float32': 'float', 'float64': 'double'}[dtype]), x
        )
    if channels == 1:
        image.save(tmp_path / name, x[0])
        np.testing.assert_array_equal(image.load(tmp_path / name, tensortype='byte'), every)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_values_outside_are_cut_off(tmp_path):
    image.save(tmp_path / 'x.png', np.array([[-0.5, 0.5, 7, np.inf]]))
    assert image.load(tmp_path / 'x.png', None, 'byte').tolist() == [[[0, 128, 255, 255]]]


def test_a_jpeg_is_pillows(tmp_path, smooth):
    image.save(tmp_path / 'x.jpeg', smooth)
    bytes_ = np.floor(smooth * 255 + 0.5).astype('uint8').transpose(1, 2, 0)
    content = io.BytesIO()
    Image.fromarray(bytes_).save(content, 'JPEG', quality=75)
    assert (tmp_path / 'x.jpeg').read_bytes() == content.getvalue() == image.compressJPG(smooth).tobytes()
    best, worst = image.compressJPG(smooth, 100), image.compressJPG(smooth, 25)
    assert len(worst) < len(best)
    assert np.abs(image.decompressJPG(best) - smooth).mean() < 0.01
    np.testing.assert_allclose(image.decompressPNG(image.compressPNG(smooth)), smooth, atol=0.5001 / 255)


def test_each_formats_own_functions(tmp_path, random):
    image.saveJPG(tmp_path / 'jpg', random)
    image.savePNG(tmp_path / 'png', random)
    image.savePPM(tmp_path / 'ppm', random)
    image.savePGM(tmp_path / 'pgm', random[0])
    for name, load in (('jpg', image.loadJPG), ('png', image.loadPNG), ('ppm', image.loadPPM), ('pgm', image.loadPPM)):
        np.testing.assert_array_equal(load(tmp_path / name), image.load(tmp_path / name))
        for other in {image.loadJPG, image.loadPNG, image.loadPPM} - {load}:
            with pytest.raises(DataError, match='that begins with'):
                other(tmp_path / name)


@pytest.mark.parametrize(
    ('content', 'words'),
    [
        (b'', "begins with b''"),
        (b'BM\x00\x00' * 20, 'JPEG, PNG, PPM, PGM'),
        (b'P4\n8 1\n\xff', 'begins with'),
        (b'\x89PNG' + bytes(50), 'damaged'),
        (b'\xff\xd8\xff\xe0' + bytes(50), 'damaged'),
        (b'P6\nwide high 255\n', 'damaged'),
        (b'P5 3 3 255 ' + bytes(8), 'damaged'),
        (b'P5 -3 3 255 ' + bytes(9), 'damaged'),
        (b'P5 0 3 255 ', 'damaged'),
        (png(np.zeros((2, 2, 3)), width=20_000, height=20_000), 'pixels'),
        (png(np.zeros((2, 2, 3)), width=12_000, height=12_000), 'at most 134217728 pixels, got 12000x12000'),
        (png(np.zeros((2, 2, 3)), height=3), 'last lines are missing'),
        (png(np.zeros((2, 2, 3))).replace(b'IDAT', b'IDAX'), 'damaged'),
        (b'P5 99999 99999 255 ' + bytes(9), 'pixels'),
    ],
)
def test_what_is_foreign_damaged_or_a_bomb_is_one_error_that_names_the_file(tmp_path, content, words):
    (tmp_path / 'x.png').write_bytes(content)
    with pytest.raises(DataError, match=words) as caught:
        image.load(tmp_path / 'x.png')
    assert str(caught.value).startswith(f'in {tmp_path}')
    with pytest.raises(DataError, match=r'in image\.decompress'):
        image.decompress(np.frombuffer(content, 'uint8'))


@pytest.mark.parametrize('name', ['x.png', 'x.jpg', 'x.ppm'])
def test_a_file_that_is_cut_off_anywhere(tmp_path, name):
    content = written(tmp_path, name).read_bytes()
    whole = image.load(tmp_path / name)
    for length in range(0, len(content) - 12, 7):
        (tmp_path / name).write_bytes(content[:length])
        try:
            kept = image.load(tmp_path / name)
        except DataError:
            continue
        np.testing.assert_array_equal(kept, whole)  # all pixels were there, what is missing says nothing of them


@pytest.mark.parametrize('name', ['x.png', 'x.jpg', 'x.ppm'])
def test_changed_bytes_are_a_picture_or_one_error(tmp_path, name):
    rng = np.random.default_rng(14)
    content = written(tmp_path, name).read_bytes()
    refused = 0
    for _ in range(150):
        changed = bytearray(content)
        for place in rng.integers(0, min(len(content), 400), rng.integers(1, 4)):
            changed[place] = rng.integers(256)
        (tmp_path / name).write_bytes(changed)
        for read in (image.load, image.getSize):
            try:
                assert read(tmp_path / name).ndim in (1, 3)
            except DataError as error:
                refused += 1
                assert error.where == str(tmp_path / name)
    assert refused > 10


def test_no_such_file(tmp_path):
    for read in (image.load, image.getSize):
        with pytest.raises(FileNotFoundError):
            read(tmp_path / 'x.png')
    with pytest.raises(TypeError, match='not int'):  # and not the file that is open under this number
        image.load(3)
    with pytest.raises(FileNotFoundError):
        image.save(tmp_path / 'folder' / 'x.png', np.zeros((3, 2, 2)))


@pytest.mark.parametrize(
    ('name', 'x', 'error'),
    [
        ('x.gif', np.zeros((3, 2, 2)), Error),
        ('png', np.zeros((3, 2, 2)), Error),
        ('x.png', np.zeros((2, 2, 2)), ShapeError),
        ('x.jpg', np.zeros((4, 2, 2)), ShapeError),
        ('x.ppm', np.zeros((1, 2, 2)), ShapeError),
        ('x.pgm', np.zeros((3, 2, 2)), ShapeError),
        ('x.jpg', np.zeros((1, 70_000), 'uint8'), ShapeError),
        ('x.png', np.full((3, 2, 2), np.nan), Error),
        ('x.png', np.zeros((3, 2, 2), 'int32'), DtypeError),
    ],
)
def test_what_is_not_saved_leaves_what_was_there(tmp_path, name, x, error):
    (tmp_path / name).write_text('before')
    with pytest.raises(error, match='expected'):
        image.save(tmp_path / name, x)
    assert (tmp_path / name).read_text() == 'before'
    assert len(list(tmp_path.iterdir())) == 1


def test_what_else_is_refused(tmp_path, monkeypatch):
    path = written(tmp_path, 'x.png')
    for rest in ((2,), (3, 'int'), (None, 'torch.FloatTensor')):
        with pytest.raises(Error, match='expected'):
            image.load(path, *rest)
    for quality in (0, 101, None):
        with pytest.raises(Error, match='quality'):
            image.compressJPG(np.zeros((3, 2, 2)), quality)
    for tensor, error in ((b'', Error), (np.zeros(4), DtypeError), (np.zeros((2, 2), 'uint8'), ShapeError)):
        with pytest.raises(error):
            image.decompress(tensor)
    monkeypatch.setattr(ImageFile, 'LOAD_TRUNCATED_IMAGES', True)
    with pytest.raises(Error, match='LOAD_TRUNCATED_IMAGES'):
        image.load(path)
