"""Pictures of every kind become plain upright RGB, or are refused by a named error."""

from __future__ import annotations

import random
import struct

import numpy as np
import pytest
from PIL import Image

from config.sections import ImageSettings
from imagesearch.errors import EmptyImage, ImageError, NotAnImage, TooManyBytes, TooManyPixels, TruncatedImage
from imagesearch.images.decode import check_header, decode, sniff

LIMITS = ImageSettings()
FORMATS = ["jpeg", "png", "gif", "webp", "avif", "bmp", "tiff"]
RED, BLACK, BLUE = (255, 0, 0), (0, 0, 0), (0, 0, 255)
# Where the red field of the flag lies, for each EXIF orientation: (size, a pixel inside the field).
UPRIGHT = {
    1: ((60, 40), (5, 5)),
    2: ((60, 40), (55, 5)),
    3: ((60, 40), (55, 35)),
    4: ((60, 40), (5, 35)),
    5: ((40, 60), (5, 5)),
    6: ((40, 60), (35, 5)),
    7: ((40, 60), (35, 55)),
    8: ((40, 60), (5, 55)),
}


def is_near(pixel, colour):
    return all(abs(a - b) <= 12 for a, b in zip(pixel, colour, strict=True))


@pytest.mark.parametrize("image_format", FORMATS)
def test_every_format_of_the_list_becomes_rgb(encode, flag, image_format):
    data = encode(flag, image_format)
    decoded = decode(data, LIMITS)
    assert (decoded.rgb.mode, decoded.rgb.size, decoded.width, decoded.height) == ("RGB", (60, 40), 60, 40)
    assert decoded.format == image_format == check_header(data, LIMITS) == sniff(data)
    assert is_near(decoded.rgb.getpixel((5, 5)), RED)
    assert is_near(decoded.rgb.getpixel((55, 5)), BLACK)
    assert is_near(decoded.rgb.getpixel((30, 35)), BLUE)


@pytest.mark.parametrize("image_format", ["jpeg", "png", "webp", "avif", "tiff"])
@pytest.mark.parametrize("orientation", UPRIGHT)
def test_exif_orientation_is_applied(encode, flag, image_format, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    decoded = decode(encode(flag, image_format, exif=exif), LIMITS)
    size, inside_red = UPRIGHT[orientation]
    assert decoded.rgb.size == (decoded.width, decoded.height) == size
    assert is_near(decoded.rgb.getpixel(inside_red), RED)


def test_a_turned_jpeg_that_is_reduced_still_tells_the_full_size(encode, flag):
    exif = Image.Exif()
    exif[0x0112] = 6
    decoded = decode(encode(flag.resize((600, 400)), "jpeg", exif=exif), LIMITS, at_least=100)
    assert decoded.rgb.size == (100, 150)
    assert (decoded.width, decoded.height) == (400, 600)


@pytest.mark.parametrize(
    ("size", "at_least", "reduced"),
    [
        ((1600, 1200), 224, (400, 300)),
        ((1600, 1200), 300, (400, 300)),
        ((1600, 1200), 301, (800, 600)),
        ((200, 100), 224, (200, 100)),
        ((20000, 2), 224, (20000, 2)),
    ],
)
def test_a_jpeg_is_reduced_to_no_less_than_asked(encode, size, at_least, reduced):
    decoded = decode(encode(Image.new("RGB", size), "jpeg"), LIMITS, at_least=at_least)
    assert decoded.rgb.size == reduced
    assert (decoded.width, decoded.height) == size


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_area_of_a_reduced_picture_is_what_the_full_one_shows_whichever_way_up(encode, orientation):
    stripes = Image.fromarray((np.indices((397, 601)).sum(axis=0) // 17 % 2 * 255).astype(np.uint8)).convert("RGB")
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encode(stripes, "jpeg", exif=exif, quality=95)
    full, reduced = decode(data, LIMITS), decode(data, LIMITS, at_least=90)
    assert reduced.rgb.size == ((151, 100) if orientation < 5 else (100, 151))
    small = [one.rgb.resize((60, 60), box=one.area) for one in (full, reduced)]
    without = reduced.rgb.resize((60, 60))
    away = [np.abs(np.asarray(small[0], int) - np.asarray(other, int)).mean() for other in (small[1], without)]
    assert away[0] < 0.2 * away[1]


def test_other_formats_are_not_reduced(encode):
    assert decode(encode(Image.new("RGB", (1600, 1200)), "png"), LIMITS, at_least=224).rgb.size == (1600, 1200)


@pytest.mark.parametrize("size", [(1, 1), (20000, 2), (2, 20000)])
@pytest.mark.parametrize("image_format", ["jpeg", "png", "bmp", "tiff"])
def test_extreme_shapes_are_pictures_too(encode, size, image_format):
    assert decode(encode(Image.new("RGB", size, "red"), image_format), LIMITS).rgb.size == size


def test_the_cmyk_of_adobe_comes_out_in_its_own_colours(encode, flag):
    data = encode(flag.convert("CMYK"), "jpeg")
    assert b"Adobe" in data[:64]
    rgb = decode(data, LIMITS).rgb
    assert is_near(rgb.getpixel((5, 5)), RED)
    assert is_near(rgb.getpixel((30, 35)), BLUE)


@pytest.mark.parametrize(
    ("image_format", "mode"), [("gif", "RGB"), ("webp", "RGB"), ("png", "RGB"), ("avif", "RGB"), ("mpo", "RGB")]
)
def test_of_several_frames_the_first_is_taken(encode, flag, image_format, mode):
    data = encode(flag.convert(mode), image_format, save_all=True, append_images=[flag.rotate(180)])
    assert is_near(decode(data, LIMITS).rgb.getpixel((5, 5)), RED)


def test_a_multi_picture_jpeg_is_a_jpeg(encode, flag):
    assert decode(encode(flag, "mpo", save_all=True, append_images=[flag]), LIMITS).format == "jpeg"


def test_nothing_is_left_of_the_metadata(encode, flag):
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    data = encode(flag, "jpeg", exif=exif, icc_profile=b"profile", comment=b"secret")
    assert decode(data, LIMITS).rgb.info == {}


def test_no_bytes_are_an_empty_picture():
    with pytest.raises(EmptyImage):
        decode(b"", LIMITS)


def test_the_byte_limit_holds_before_anything_is_parsed(encode, flag):
    data = encode(flag, "png")
    decode(data, ImageSettings(max_bytes=len(data)))
    with pytest.raises(TooManyBytes):
        decode(data, ImageSettings(max_bytes=len(data) - 1))


@pytest.mark.parametrize("image_format", FORMATS)
def test_the_pixel_limit_holds_by_the_header_alone(encode, flag, image_format):
    data = encode(flag, image_format)
    assert check_header(data, ImageSettings(max_pixels=2400)) == image_format
    with pytest.raises(TooManyPixels):
        check_header(data, ImageSettings(max_pixels=2399))


@pytest.mark.parametrize("side", [12_000, 60_000])
def test_a_picture_that_pillow_itself_would_refuse_is_refused_by_our_error(encode, flag, side):
    data = bytearray(encode(flag, "bmp"))
    data[18:26] = struct.pack("<ii", side, side)
    with pytest.raises(TooManyPixels):
        check_header(bytes(data), LIMITS)


@pytest.mark.parametrize(
    "data",
    [
        b"<html></html>",
        b"BMW builds cars and not bitmaps",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        b"P6 1 1 255\n\0\0\0",
        b"\0\0\x01\0\x01\0\x10\x10",
        b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
        b"RIFF\x24\0\0\0WAVEfmt ",
        b"\xff",
        b"\0" * 64,
    ],
    ids=["html", "prose", "eps", "ppm", "ico", "heic", "wave", "one byte", "zeros"],
)
def test_what_is_not_on_the_list_is_not_an_image(data):
    with pytest.raises(NotAnImage):
        decode(data, LIMITS)


@pytest.mark.parametrize("image_format", FORMATS)
def test_a_truncated_picture_is_refused(encode, flag, image_format):
    data = encode(flag, image_format)
    for length in (len(data) // 3, len(data) // 2):
        with pytest.raises(TruncatedImage):
            decode(data[:length], LIMITS)


def test_broken_exif_does_not_cost_a_good_picture(encode, flag):
    data = encode(flag, "jpeg", exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + b"\x12\x01\x05\0\x02\0\0\0\xff\xff\xff\xff" * 20)
    with pytest.warns(UserWarning, match="Truncated File Read"):
        assert decode(data, LIMITS).rgb.size == (60, 40)


def samples(encode, flag):
    """One file of each kind that has a decoder of its own."""
    deep = Image.fromarray(np.arange(2400, dtype=np.uint16).reshape(40, 60) * 27)
    floats = Image.fromarray(np.linspace(0, 1, 2400, dtype=np.float32).reshape(40, 60))
    exif = Image.Exif()
    exif[0x0112] = 6
    yield from (encode(flag, image_format) for image_format in FORMATS)
    yield from (encode(flag, image_format, exif=exif) for image_format in ("jpeg", "png", "webp", "avif", "tiff"))
    yield from (encode(flag.convert("P"), image_format) for image_format in ("png", "gif", "bmp", "tiff"))
    yield from (encode(deep, image_format) for image_format in ("png", "tiff"))
    yield encode(flag, "jpeg", progressive=True)
    yield encode(flag.convert("CMYK"), "jpeg")
    yield encode(flag, "mpo", save_all=True, append_images=[flag])
    yield encode(flag, "gif", save_all=True, append_images=[flag.rotate(180)])
    yield encode(flag.convert("RGBA"), "webp", lossless=True)
    yield encode(floats, "tiff")
    yield encode(flag, "tiff", big_tiff=True)
    yield from (encode(flag, "tiff", compression=name) for name in ("tiff_lzw", "tiff_adobe_deflate", "jpeg", "packbits", "zstd"))


def mutated(data, rng):
    """Cut the end off, cut a piece out, or overwrite a few bytes, most of them near the start where the headers are."""
    broken = bytearray(data)
    kind = rng.random()
    if kind < 0.2:
        return bytes(broken[: rng.randrange(len(broken))])
    if kind < 0.3:
        start = rng.randrange(len(broken))
        del broken[start : start + rng.randrange(1, 50)]
        return bytes(broken)
    for _ in range(rng.choice((1, 2, 4, 16))):
        place = rng.randrange(min(len(broken), rng.choice((64, 300, len(broken)))))
        broken[place] = rng.choice((0, 255, rng.randrange(256), broken[place] ^ (1 << rng.randrange(8))))
    return bytes(broken)


# Pillow warns of much that it meets in broken files; here the errors are looked at.
@pytest.mark.filterwarnings("ignore")
def test_broken_files_raise_nothing_but_our_own_errors(encode, flag):
    rng = random.Random(20)
    limits = ImageSettings(max_pixels=1_000_000)
    outcomes = {"decoded": 0, "refused": 0}
    for data in samples(encode, flag):
        for _ in range(150):
            try:
                decode(mutated(data, rng), limits, at_least=rng.choice((None, 16)))
                outcomes["decoded"] += 1
            except ImageError:
                outcomes["refused"] += 1
    assert min(outcomes.values()) > 500
