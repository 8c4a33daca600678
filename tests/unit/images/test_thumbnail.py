"""Thumbnails are small, upright, WebP and silent about where they come from."""

from __future__ import annotations

from io import BytesIO

import pytest
from PIL import Image

from config.sections import ImageSettings
from imagesearch.errors import NotAnImage
from imagesearch.images.thumbnail import thumbnail

LIMITS = ImageSettings()


def opened(data):
    return Image.open(BytesIO(data))


@pytest.mark.parametrize(
    ("full", "small"),
    [((600, 400), (100, 67)), ((400, 600), (67, 100)), ((20000, 2), (100, 1)), ((60, 40), (60, 40)), ((1, 1), (1, 1))],
)
@pytest.mark.parametrize("image_format", ["jpeg", "png"])
def test_the_longest_side_is_bounded_and_nothing_is_enlarged(encode, full, small, image_format):
    image = opened(thumbnail(encode(Image.new("RGB", full), image_format), LIMITS, 100))
    assert (image.format, image.size) == ("WEBP", small)


def test_metadata_stay_behind_and_the_picture_is_upright(encode, flag):
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "taken at home"
    data = thumbnail(encode(flag, "jpeg", exif=exif, icc_profile=b"profile"), LIMITS, 30)
    assert opened(data).size == (20, 30)
    assert not {"exif", "xmp", "icc_profile"} & opened(data).info.keys()
    assert b"home" not in data


def test_what_is_not_a_picture_has_no_thumbnail():
    with pytest.raises(NotAnImage):
        thumbnail(b"not a picture", LIMITS, 30)
