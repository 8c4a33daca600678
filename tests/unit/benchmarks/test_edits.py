"""The edited copies are what their names say."""

from __future__ import annotations

from io import BytesIO

import pytest
from PIL import Image

from benchmarks.edits import EDITS, centre_crop, half_size, poor_jpeg


def test_half_size_halves_both_sides() -> None:
    copy = Image.open(BytesIO(half_size(Image.new("RGB", (101, 40)))))
    assert (copy.format, copy.size) == ("PNG", (50, 20))


def test_a_crop_takes_the_middle_and_not_the_border() -> None:
    picture = Image.new("RGB", (100, 60), "red")
    picture.paste("blue", (5, 3, 95, 57))
    copy = Image.open(BytesIO(centre_crop(picture)))
    assert (copy.format, copy.size) == ("PNG", (90, 54))
    assert copy.getcolors() == [(90 * 54, (0, 0, 255))]


def test_a_poor_jpeg_keeps_the_size_and_loses_bytes() -> None:
    picture = Image.effect_noise((64, 48), 60).convert("RGB")
    copy = poor_jpeg(picture)
    fine = BytesIO()
    picture.save(fine, "JPEG", quality=95)
    assert Image.open(BytesIO(copy)).format == "JPEG"
    assert Image.open(BytesIO(copy)).size == (64, 48)
    assert len(copy) < len(fine.getvalue())


@pytest.mark.parametrize("edit", EDITS)
def test_a_picture_of_one_pixel_survives_every_edit(edit: str) -> None:
    assert Image.open(BytesIO(EDITS[edit](Image.new("RGB", (1, 1))))).size == (1, 1)
