"""Pictures: decoded as Pillow decodes them, and refused where they are broken, huge, or of another format."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageFile

from nnlite.data_prep.pictures import decode, decode_many
from nnlite.errors import DataError


def test_a_png_is_its_pixels(pixels, picture):
    assert np.array_equal(decode(picture(1, 5, 7)), pixels(1, 5, 7))


def test_a_jpeg_is_what_pillow_makes_of_it(picture):
    content = picture(1, 40, 30, 'JPEG')
    assert np.array_equal(decode(content), np.asarray(Image.open(io.BytesIO(content))))


@pytest.mark.parametrize('mode', ['L', '1', 'P', 'RGBA', 'LA'])
def test_other_modes_become_rgb(picture, mode):
    content = picture(2, 6, 6, mode=mode)
    image = decode(content)
    assert image.shape == (6, 6, 3)
    assert np.array_equal(image, np.asarray(Image.open(io.BytesIO(content)).convert('RGB')))


def test_a_grey_jpeg_has_three_equal_channels(picture):
    image = decode(picture(3, 16, 16, 'JPEG', mode='L'))
    assert (image[..., 0] == image[..., 1]).all() and (image[..., 0] == image[..., 2]).all()


def test_size_takes_the_centre_of_the_longer_side(pixels, picture):
    wide = decode(picture(4, 6, 10), size=6)
    assert np.array_equal(wide, pixels(4, 6, 10)[:, 2:8])
    tall = decode(picture(4, 10, 6), size=6)
    assert np.array_equal(tall, pixels(4, 10, 6)[2:8])


def test_size_scales_the_shorter_side_as_pillow_does(picture):
    content = picture(5, 30, 20)
    due = Image.open(io.BytesIO(content)).resize((8, 12), Image.Resampling.BICUBIC).crop((0, 2, 8, 10))
    assert np.array_equal(decode(content, size=8), np.asarray(due))


def test_a_camera_turned_on_its_side(pixels):
    exif = Image.Exif()
    exif[0x0112] = 6
    file = io.BytesIO()
    Image.fromarray(pixels(6, 4, 9)).save(file, 'PNG', exif=exif)
    assert np.array_equal(decode(file.getvalue()), np.rot90(pixels(6, 4, 9), -1))


@pytest.mark.filterwarnings('ignore::PIL.Image.DecompressionBombWarning')
@pytest.mark.parametrize(('side', 'words'), [(12_000, 'at most 134217728 pixels, got 12000x12000'), (99_999, 'limit')])
def test_a_picture_that_claims_to_be_huge_is_not_decoded(picture, side, words):
    content = bytearray(picture(7))
    content[16:24] = struct.pack('>II', side, side)
    content[29:33] = struct.pack('>I', zlib.crc32(content[12:29]))
    with pytest.raises(DataError, match=words):
        decode(bytes(content))


@pytest.mark.parametrize('kind', ['GIF', 'BMP', 'TIFF', 'WEBP'])
def test_other_formats_are_refused(picture, kind):
    with pytest.raises(DataError, match='not a JPEG or PNG'):
        decode(picture(8, kind=kind))


@pytest.mark.parametrize('colour', [0, 2, 4, 6], ids=['grey', 'colours', 'grey, clear', 'colours, clear'])
def test_of_16_bits_the_first_8_are_taken(colour):
    """Of whatever is in a PNG, as libpng does it; the file is made here by hand."""
    channels = {0: 1, 2: 3, 4: 2, 6: 4}[colour]
    deep = np.random.default_rng(colour).integers(0, 1 << 16, (5, 7, channels)).astype('>u2')
    deep[0, :4] = [[0], [255], [256], [65535]]
    head = struct.pack('>IIBBBBB', 7, 5, 16, colour, 0, 0, 0)
    chunks = [
        (b'IHDR', head),
        (b'IDAT', zlib.compress(b''.join(b'\0' + line.tobytes() for line in deep))),
        (b'IEND', b''),
    ]
    content = b''.join(
        struct.pack('>I', len(data)) + name + data + struct.pack('>I', zlib.crc32(name + data)) for name, data in chunks
    )
    due = deep[..., : 1 if colour in (0, 4) else 3] >> 8
    assert np.array_equal(decode(b'\x89PNG\r\n\x1a\n' + content), np.broadcast_to(due, (5, 7, 3)))


def test_16_bits_are_scaled_and_turned_as_8_are(pixels):
    grey, exif = pixels(6, 4, 9)[..., 0], Image.Exif()
    exif[0x0112] = 6
    files = io.BytesIO(), io.BytesIO()
    for file, made in zip(files, (grey, grey * np.uint16(257)), strict=True):
        Image.fromarray(made).save(file, 'PNG', exif=exif)
    for size in (None, 3):
        shallow, deep = (decode(file.getvalue(), size) for file in files)
        assert np.array_equal(shallow, deep)


@pytest.mark.parametrize('kind', ['PNG', 'JPEG'])
def test_a_picture_that_is_cut_off_is_refused(picture, kind):
    content = picture(9, 32, 32, kind)
    for part in (0, 1, 10, 100, len(content) // 2, len(content) - 30):
        with pytest.raises(DataError):
            decode(content[:part])


def test_a_png_whose_data_ends_early_in_good_order_is_refused(picture):
    whole = picture(9, 8, 8)
    content = bytearray(whole)
    content[16:24] = struct.pack('>II', 8, 9)  # a line more than there is
    content[29:33] = struct.pack('>I', zlib.crc32(content[12:29]))
    assert decode(whole).shape == (8, 8, 3)
    with pytest.raises(DataError, match='last lines are missing'):
        decode(bytes(content))


def test_pillow_told_to_fill_in_what_is_missing_is_refused(picture, monkeypatch):
    monkeypatch.setattr(ImageFile, 'LOAD_TRUNCATED_IMAGES', True)
    with pytest.raises(DataError, match='LOAD_TRUNCATED_IMAGES'):
        decode(picture(9))


@pytest.mark.parametrize('seed', range(60))
def test_damage_is_an_error_or_an_image(picture, seed):
    generator = np.random.default_rng(seed)
    content = bytearray(picture(seed, 24, 24, ('PNG', 'JPEG')[seed % 2]))
    for place in generator.integers(0, len(content), 6):
        content[place] = generator.integers(256)
    (result,) = decode_many(([bytes(content)], None))
    assert (isinstance(result, str) and result) or (result.dtype == np.uint8 and result.shape[2] == 3)
