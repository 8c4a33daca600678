"""Bounds on what Pillow does in Python for a file: its time and memory there follow from the file's parts, not from its pixels.

A TIFF of 30 MB that cuts one picture into seven million strips costs Pillow 13 a minute and 2.7 GB, and a JPEG of empty
comments eight seconds, all of it with the interpreter's lock held. Both are refused here before they are parsed.
"""

from __future__ import annotations

import struct
from io import BytesIO

from PIL.ImageFile import ImageFile

from imagesearch.errors import ImageError

# Segments, chunks, strips: an honest 32 MB file needs some thousands of reads.
MAX_READS = 200_000

# Honest EXIF is one segment of 64 KiB; Pillow joins as many as there are.
MAX_EXIF_SEGMENTS = 16
MAX_EXIF_BYTES = 2**20

# 80 million pixels in tiles of 16 x 16 have 312,500 tiles; each costs Pillow about three microseconds.
MAX_TAG_VALUES = 320_000
MAX_TAGS = 65_535
BYTE_TYPES = {1, 2, 6, 7}
# The directories that Pillow reads in full, beside the first: EXIF, GPS, interoperability.
DIRECTORY_TAGS = {34665, 34853, 40965}

# Fax decoders write a line to the process's error stream for each broken row, as many as the picture has rows.
FAX = {"tiff_ccitt", "group3", "group4"}


class MeteredBytes(BytesIO):
    """Bytes of a file that may be read in MAX_READS pieces."""

    reads = 0

    def read(self, size: int | None = -1, /) -> bytes:
        """Read as BytesIO does. Raises ImageError after too many reads."""
        self.reads += 1
        if self.reads > MAX_READS:
            raise ImageError("the file is made of absurdly many parts")
        return super().read(size)


def check_parts(data: bytes, image_format: str) -> None:
    """Refuse a file whose metadata alone would keep the parser busy. Raises ImageError."""
    if image_format == "jpeg" and data.count(b"Exif\0\0") > MAX_EXIF_SEGMENTS:
        raise ImageError("the jpeg has absurdly many EXIF segments")
    if image_format == "tiff":
        try:
            _check_directories(data)
        except (struct.error, OverflowError):
            # A directory beyond the end of the file is the parser's to report.
            return


def check_codec(image: ImageFile) -> None:
    """Refuse an opened picture whose decoder is not safe in a server. Raises ImageError."""
    if any(tile.codec_name == "bmp_rle" for tile in image.tile):
        # Unpacked in Python, pixel by pixel: a file of 60 bytes would hold the interpreter for many seconds.
        raise ImageError("run-length encoded BMP is not taken")
    if image.info.get("compression") in FAX:
        raise ImageError("fax-encoded TIFF is not taken")


def _check_directories(data: bytes) -> None:
    order = "<" if data.startswith(b"II") else ">"
    big = data[2:4] in (b"+\0", b"\0+")
    count_format, entry_format = (order + "Q", order + "HHQQ") if big else (order + "H", order + "HHLL")
    pending = [struct.unpack_from(order + ("Q" if big else "L"), data, 8 if big else 4)[0]]
    for offset in pending:
        (count,) = struct.unpack_from(count_format, data, offset)
        if count > MAX_TAGS:
            raise ImageError("the tiff has absurdly many tags")
        first = offset + struct.calcsize(count_format)
        for number in range(count):
            tag, kind, values, value = struct.unpack_from(entry_format, data, first + number * struct.calcsize(entry_format))
            if values > MAX_TAG_VALUES and kind not in BYTE_TYPES:
                raise ImageError("the tiff has a tag of absurdly many values")
            if tag in DIRECTORY_TAGS and len(pending) <= len(DIRECTORY_TAGS):
                pending.append(value)
