"""Deep, transparent and indexed samples become the 8-bit RGB that a person would expect."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from config.sections import ImageSettings
from imagesearch.images.decode import decode
from imagesearch.images.samples import rgb_of

WHITE = (255, 255, 255)


@pytest.mark.parametrize("image_format", ["png", "tiff"])
def test_sixteen_bits_are_scaled_and_not_clipped(encode, image_format):
    deep = Image.fromarray(np.arange(65536, dtype=np.uint16).reshape(256, 256))
    rgb = decode(encode(deep, image_format), ImageSettings()).rgb
    assert [rgb.getpixel(place) for place in ((0, 0), (0, 128), (255, 255))] == [(0, 0, 0), (128, 128, 128), WHITE]


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        (np.float32([[0.0, 0.5, 1.0]]), [0, 128, 255]),
        (np.float32([[0.0, 51.0, 255.0]]), [0, 51, 255]),
        (np.float32([[0.0, 257.0, 65535.0]]), [0, 1, 255]),
        (np.float32([[0.0, 100000.0, 200000.0]]), [0, 128, 255]),
        (np.float32([[-1.0, 0.0, 1.0]]), [0, 128, 255]),
        (np.float32([[0.0, 0.0, 0.0]]), [0, 0, 0]),
        (np.float32([[np.nan, 1.0, np.inf]]), [0, 255, 0]),
        (np.int32([[0, 51, 255]]), [0, 51, 255]),
        (np.int32([[0, 257, 65535]]), [0, 1, 255]),
        (np.int32([[-(2**31), 0, 2**31 - 1]]), [0, 128, 255]),
    ],
    ids=["unit", "bytes", "words", "own range", "negative", "flat", "not finite", "int bytes", "int words", "int extremes"],
)
def test_numbers_are_scaled_by_the_scale_that_they_are_in(samples, expected):
    out = BytesIO()
    Image.fromarray(samples).save(out, "tiff")
    rgb = decode(out.getvalue(), ImageSettings()).rgb
    assert np.asarray(rgb)[0, :, 0].tolist() == expected
    assert np.ptp(np.asarray(rgb), axis=2).max() == 0


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA", "RGBa", "La"])
def test_transparency_is_laid_on_white(mode):
    clear = Image.new("RGBA", (2, 1), (0, 0, 0, 0))
    clear.putpixel((1, 0), (0, 0, 0, 255))
    image = clear.convert("LA").convert("La") if mode == "La" else clear.convert(mode)
    assert image.mode == mode
    rgb = rgb_of(image)
    assert (rgb.getpixel((0, 0)), rgb.getpixel((1, 0))) == (WHITE, (0, 0, 0))


@pytest.mark.parametrize("image_format", ["png", "gif"])
def test_a_transparent_colour_of_the_palette_is_white(encode, flag, image_format):
    indexed = flag.quantize(4)
    clear = indexed.getpixel((5, 5))
    rgb = decode(encode(indexed, image_format, transparency=clear), ImageSettings()).rgb
    assert (rgb.getpixel((5, 5)), rgb.getpixel((55, 5))) == (WHITE, (0, 0, 0))


def test_a_transparent_colour_of_an_rgb_png_is_white(encode, flag):
    rgb = decode(encode(flag, "png", transparency=(255, 0, 0)), ImageSettings()).rgb
    assert (rgb.getpixel((5, 5)), rgb.getpixel((55, 5))) == (WHITE, (0, 0, 0))


@pytest.mark.parametrize("mode", ["1", "L", "P", "CMYK", "YCbCr", "LAB"])
def test_every_other_mode_that_a_tiff_has_becomes_rgb(encode, flag, mode):
    decoded = decode(encode(flag.convert(mode), "tiff"), ImageSettings())
    assert decoded.rgb.mode == "RGB"
    assert max(decoded.rgb.getpixel((55, 5))) < 4
