from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from imagesearch.models.preprocess import Mode, Preprocess

MODES: tuple[Mode, ...] = ("crop", "squash")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("size", [(1, 1), (1, 2), (20000, 2), (2, 20000), (1, 5_000_000), (224, 224), (500, 300)])
def test_a_picture_of_any_shape_becomes_the_square(mode: Mode, size: tuple[int, int]) -> None:
    pixels = Preprocess(224, mode, 0.875)(Image.new("RGB", size, (200, 10, 30)))
    assert pixels.shape == (224, 224, 3)
    assert pixels.dtype == np.uint8
    assert (pixels == (200, 10, 30)).all()


def halves() -> Image.Image:
    picture = Image.new("RGB", (400, 100), "black")
    picture.paste((255, 255, 255), (0, 0, 100, 100))
    return picture


def test_crop_keeps_the_centre_and_squash_keeps_all() -> None:
    assert Preprocess(32, "crop")(halves()).max() == 0
    squashed = Preprocess(32, "squash")(halves())
    assert (squashed[:, :7] == 255).all()
    assert (squashed[:, 9:] == 0).all()


def test_crop_takes_the_fraction_of_the_shorter_side() -> None:
    picture = Image.new("RGB", (200, 100), "black")
    picture.paste((255, 255, 255), (75, 25, 125, 75))
    assert Preprocess(32, "crop", 0.5)(picture)[2:-2, 2:-2].min() == 255
    assert Preprocess(32, "crop", 0.75)(picture).min() == 0


def test_a_large_picture_comes_out_as_under_the_full_filter(photos: list[Image.Image]) -> None:
    large = photos[-1]
    full = np.asarray(large.resize((64, 64), Image.Resampling.BICUBIC)).astype(int)
    assert np.abs(Preprocess(64, "squash")(large) - full).mean() < 1


def test_the_text_tells_apart_what_changes_the_pixels() -> None:
    bilinear = Image.Resampling.BILINEAR
    variants = [
        Preprocess(224),
        Preprocess(256),
        Preprocess(224, "squash"),
        Preprocess(224, "crop", 0.875),
        Preprocess(224, "crop", 0.875, bilinear),
    ]
    assert str(variants[-1]) == "crop0.875-224-bilinear"
    assert len({str(variant) for variant in variants}) == len(variants)


def test_a_decoder_must_keep_more_than_the_input_and_more_still_where_a_part_is_cut_out() -> None:
    assert Preprocess(224, "squash").at_least == 359
    assert Preprocess(224, "crop", 0.8).at_least == 448


@pytest.mark.parametrize("mode", MODES)
def test_only_the_area_given_is_seen(mode: Mode) -> None:
    framed = Image.new("RGB", (300, 200), "red")
    framed.paste(halves().resize((200, 100)), (50, 60))
    preprocess = Preprocess(32, mode, 0.9)
    seen = preprocess(framed, (50, 60, 250, 160))
    # At its edges a resampling filter looks a little beyond.
    inside = slice(2, -2)
    assert (seen[inside, inside, 1] == seen[inside, inside, 0]).all()
    assert np.abs(seen.astype(int) - preprocess(halves()))[inside, inside].mean() < 2
