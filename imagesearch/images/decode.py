"""Bytes of a stranger's picture to plain RGB, within limits that are checked before anything is decoded."""

from __future__ import annotations

import re
import struct
import zlib
from dataclasses import dataclass

from PIL import Image, ImageFile
from PIL.Image import DecompressionBombError, DecompressionBombWarning

from config.sections import ImageSettings
from imagesearch.errors import EmptyImage, NotAnImage, TooManyBytes, TooManyPixels, TruncatedImage
from imagesearch.images.guard import MAX_EXIF_BYTES, MeteredBytes, check_codec, check_parts
from imagesearch.images.orientation import SIDEWAYS, TAG, UPRIGHT, Area, upright
from imagesearch.images.room import DECODING
from imagesearch.images.samples import rgb_of

# Only these are ever handed to Pillow: EPS would start Ghostscript, and PPM is read pixel by pixel in Python.
SIGNATURES = {
    "jpeg": re.compile(rb"\xff\xd8\xff"),
    "png": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "gif": re.compile(rb"GIF8[79]a"),
    "webp": re.compile(rb"RIFF.{4}WEBP", re.DOTALL),
    "avif": re.compile(rb".{4}ftyp(?:avif|avis|(?:mif1|msf1).{4}(?:.{4}){0,16}avif)", re.DOTALL),
    "bmp": re.compile(rb"BM.{12}[\x0c\x28\x34\x38\x40\x6c\x7c]\0\0\0", re.DOTALL),
    "tiff": re.compile(rb"II[*+]\0|MM\0[*+]"),
}

# What Pillow's plugins were seen to raise on broken data; MemoryError because a broken header can ask for absurd buffers.
BROKEN = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)


@dataclass(frozen=True, slots=True)
class Decoded:
    """A picture in mode RGB, upright; `width` and `height` are the full picture's, though `rgb` may be smaller.

    `format` is one of jpeg, png, gif, webp, avif, bmp, tiff. `area` is what the picture covers of a reduced `rgb`: the last pixel
    of a row or column may lie over its edge, and a texture that is resized without regard to that comes out shifted.
    """

    rgb: Image.Image
    width: int
    height: int
    format: str
    area: Area


def check_header(data: bytes, limits: ImageSettings) -> str:
    """Return the format of a picture that is within the limits, judged by its header alone; its pixels are not read.

    Raises EmptyImage, TooManyBytes, NotAnImage, TooManyPixels, TruncatedImage for a broken header, or plain ImageError for a
    kind of file that is not safe to parse.
    """
    return _open(data, limits)[1]


def decode(data: bytes, limits: ImageSettings, at_least: int | None = None) -> Decoded:
    """Decode the first frame: upright by its EXIF orientation, transparency laid on white, deep samples scaled to 8 bits.

    With `at_least` a JPEG may come out reduced, its shorter side no smaller than that many pixels where it was not smaller
    before; the reduction follows from the sizes alone, so that the same bytes give the same pixels everywhere. Threads that decode
    more than limits.max_pixels together wait for each other.
    Raises what check_header raises, and TruncatedImage for data that end early or are broken.
    """
    image, image_format = _open(data, limits)
    try:
        full = image.size
        drafted = None if at_least is None else image.draft(None, (at_least, at_least))
        reduced = image.size != full
        with DECODING.of(image.width * image.height, limits.max_pixels):
            image.load()
            orientation = _orientation(image)
            rgb = rgb_of(image)
            whole = (0.0, 0.0, float(rgb.width), float(rgb.height))
            rgb, area = upright(rgb, drafted[1] if reduced and drafted else whole, orientation)
    except (DecompressionBombError, DecompressionBombWarning) as exc:
        raise TooManyPixels(str(exc)) from exc
    except BROKEN as exc:
        raise TruncatedImage(f"the {image_format} data are broken or end early") from exc
    if not reduced:
        full = rgb.size
    elif orientation in SIDEWAYS:
        full = full[1], full[0]
    return Decoded(rgb, full[0], full[1], image_format, area)


def sniff(data: bytes) -> str | None:
    """Name the format whose signature the data bear; None when it is none that we take."""
    return next((name for name, signature in SIGNATURES.items() if signature.match(data)), None)


def _open(data: bytes, limits: ImageSettings) -> tuple[ImageFile.ImageFile, str]:
    if not data:
        raise EmptyImage("the picture has no bytes")
    if len(data) > limits.max_bytes:
        raise TooManyBytes(f"the picture has {len(data)} bytes, the limit is {limits.max_bytes}")
    image_format = sniff(data)
    if image_format is None:
        raise NotAnImage(f"not a picture of a known format ({', '.join(SIGNATURES)})")
    check_parts(data, image_format)
    try:
        image = Image.open(MeteredBytes(data), formats=(image_format.upper(),))
    except (DecompressionBombError, DecompressionBombWarning) as exc:
        raise TooManyPixels(f"the picture has too many pixels, the limit is {limits.max_pixels}") from exc
    except BROKEN as exc:
        raise TruncatedImage(f"the header of the {image_format} is broken, ends early, or is of a kind that is not read") from exc
    width, height = image.size
    if width * height > limits.max_pixels:
        raise TooManyPixels(f"the picture has {width} x {height} pixels, the limit is {limits.max_pixels}")
    check_codec(image)
    return image, image_format


def _orientation(image: Image.Image) -> int:
    if len(image.info.get("exif") or b"") > MAX_EXIF_BYTES:
        # A PNG or WebP may carry tens of megabytes of it, which Pillow would take apart value by value.
        return UPRIGHT
    try:
        value = image.getexif().get(TAG, UPRIGHT)
    except BROKEN:
        # Broken EXIF beside good pixels is common: such a picture is taken as it lies.
        return UPRIGHT
    return value if isinstance(value, int) else UPRIGHT
