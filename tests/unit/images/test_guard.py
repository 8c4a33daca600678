"""Files that are small in pixels and endless in parts are refused before they are parsed."""

from __future__ import annotations

import struct
import zlib

import pytest
from PIL import Image

from config.sections import ImageSettings
from imagesearch.errors import ImageError, TooManyPixels
from imagesearch.images.decode import check_header, decode
from imagesearch.images.guard import MAX_EXIF_BYTES, MAX_EXIF_SEGMENTS, MAX_READS, MAX_TAG_VALUES

LIMITS = ImageSettings()


def tiff(tags, rest=b"", big=False):
    entry, head = ("<HHQQ", b"II+\0\x08\0\0\0" + struct.pack("<Q", 16)) if big else ("<HHLL", b"II*\0" + struct.pack("<L", 8))
    count = struct.pack("<Q" if big else "<H", len(tags))
    return head + count + b"".join(struct.pack(entry, *tag) for tag in sorted(tags)) + bytes(8 if big else 4) + rest


def picture_tags(width, height, strips, offset):
    return [
        (256, 4, 1, width),
        (257, 4, 1, height),
        (258, 3, 1, 8),
        (259, 3, 1, 1),
        (262, 3, 1, 1),
        (273, 4, strips, offset),
        (277, 3, 1, 1),
        (278, 4, 1, 1),
        (279, 4, 1, width),
    ]


def refuses(data, words):
    for look in (check_header, decode):
        with pytest.raises(ImageError, match=words) as caught:
            look(data, LIMITS)
        assert caught.type is ImageError


@pytest.mark.parametrize("big", [False, True])
def test_a_tiff_of_endless_strips_is_refused(big):
    strips = MAX_TAG_VALUES + 1
    refuses(tiff(picture_tags(1, strips, strips, 300), bytes(4 * strips), big=big), "absurdly many values")


def test_endless_values_in_the_exif_of_a_tiff_are_found_too():
    exif = struct.pack("<H", 1) + struct.pack("<HHLL", 0x9000, 5, MAX_TAG_VALUES + 1, 0)
    tags = [*picture_tags(1, 1, 1, 0), (34665, 4, 1, 8 + 2 + 12 * 10 + 4)]
    refuses(tiff(tags, exif), "absurdly many values")


def test_directories_that_point_at_each_other_end():
    tags = [(34665, 4, 1, 8), (34853, 4, 1, 8), (40965, 4, 1, 8)]
    with pytest.raises(ImageError):
        check_header(tiff(tags), LIMITS)


def test_a_tiff_of_endless_tags_is_refused():
    data = b"II+\0\x08\0\0\0" + struct.pack("<QQ", 16, 70_000) + bytes(20 * 70_000)
    refuses(data, "absurdly many tags")


def test_a_tiff_with_long_private_bytes_is_an_honest_file(encode, flag):
    assert check_header(encode(flag, "tiff", tiffinfo={65000: bytes(2 * MAX_TAG_VALUES)}), LIMITS) == "tiff"


def test_a_jpeg_of_endless_comments_is_refused(encode, flag):
    data = encode(flag, "jpeg")
    refuses(data[:2] + b"\xff\xfe\0\2" * MAX_READS + data[2:], "absurdly many parts")


def test_a_jpeg_of_many_exif_segments_is_refused(encode, flag):
    data = encode(flag, "jpeg")
    refuses(data[:2] + b"\xff\xe1\0\x0aExif\0\0II" * (MAX_EXIF_SEGMENTS + 1) + data[2:], "absurdly many EXIF")


@pytest.mark.parametrize("kind", [b"tEXt", b"prIv"])
def test_a_png_of_endless_chunks_is_refused(encode, flag, kind):
    data = encode(flag, "png")
    chunk = bytes(4) + kind + struct.pack(">L", zlib.crc32(kind))
    refuses(data[:33] + chunk * MAX_READS + data[33:], "absurdly many parts")


def test_a_gif_of_endless_extensions_is_refused():
    refuses(b"GIF89a\x01\0\x01\0\0\0\0" + b"\x21\xfe\0" * MAX_READS, "absurdly many parts")


@pytest.mark.parametrize("image_format", ["png", "webp"])
def test_endless_exif_is_not_read(encode, flag, image_format):
    exif = b"II*\0\x08\0\0\0\x01\0" + struct.pack("<HHLL", 0x0112, 3, 1, 6) + bytes(MAX_EXIF_BYTES)
    assert decode(encode(flag, image_format, exif=exif), LIMITS).rgb.size == flag.size


@pytest.mark.parametrize("compression", [1, 2])
def test_run_length_bitmaps_are_refused(encode, flag, compression):
    data = bytearray(encode(flag.convert("P"), "bmp"))
    data[28:34] = struct.pack("<HL", 8 if compression == 1 else 4, compression)
    refuses(bytes(data), "run-length")


@pytest.mark.parametrize("compression", ["tiff_ccitt", "group3", "group4"])
def test_fax_is_refused(encode, compression):
    refuses(encode(Image.new("1", (64, 64)), "tiff", compression=compression), "fax")


def test_the_pixel_limit_comes_before_the_codec(encode):
    with pytest.raises(TooManyPixels):
        check_header(encode(Image.new("1", (64, 64)), "tiff", compression="group4"), ImageSettings(max_pixels=100))
