"""Copies differ nowhere, whatever their tone and size; variants of a drawing do, and be it by one letter."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

from imagesearch.images.difference import SIDE, difference, in_colours, map_of
from imagesearch.images.features import features_of
from imagesearch.images.overlap import overlap

AS_IT_LIES = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
# Between what copies differ in and what variants do.
LIMIT = 0.08


def drawing(letter="A", colour="red"):
    """A shape with a letter on it, as collections of drawings have many."""
    picture = Image.new("RGB", (200, 160), "white")
    draw = ImageDraw.Draw(picture)
    draw.polygon([(20, 60), (110, 20), (180, 70), (100, 140)], fill="cyan", outline="black")
    draw.ellipse((120, 90, 190, 150), fill=colour, outline="black")
    draw.text((80, 50), letter, fill="black", font_size=50)
    return picture


def recompressed(picture, quality=50):
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=quality)
    return Image.open(out).convert("RGB")


SAME = {
    "itself": lambda one: one,
    "recompressed": recompressed,
    "half": lambda one: one.resize((100, 80), Image.Resampling.LANCZOS),
    "five times": lambda one: one.resize((1000, 800), Image.Resampling.LANCZOS),
    "dark": lambda one: ImageEnhance.Brightness(one).enhance(0.6),
    "faded": lambda one: ImageEnhance.Contrast(one).enhance(0.5),
    "soft": lambda one: one.filter(ImageFilter.GaussianBlur(1)),
}
OTHER = {
    "another letter": drawing("V"),
    "no letter": drawing(""),
    "another colour": drawing(colour="green"),
    "written on": drawing("AA"),
}


@pytest.mark.parametrize("name", SAME)
def test_a_copy_differs_nowhere(name):
    assert difference(in_colours(SAME[name](drawing())), in_colours(drawing()), AS_IT_LIES) < LIMIT


@pytest.mark.parametrize("name", OTHER)
def test_a_variant_differs_somewhere_whichever_comes_first(name):
    one, other = in_colours(drawing()), in_colours(OTHER[name])
    assert min(difference(one, other, AS_IT_LIES), difference(other, one, AS_IT_LIES)) > LIMIT


def test_a_crop_is_laid_where_it_came_from():
    whole = noise_of_shapes()
    crop = whole.crop((40, 30, 280, 210))
    found = overlap(features_of(crop), features_of(whole))
    way = map_of(found.query_area, found.target_area)
    assert np.allclose(way, [[0.75, 0, 0.125], [0, 0.75, 0.125]], atol=0.02)
    assert difference(in_colours(crop), in_colours(whole), way) < LIMIT
    # Elsewhere it does not belong.
    assert difference(in_colours(crop), in_colours(whole), AS_IT_LIES) > LIMIT


def noise_of_shapes():
    chance = np.random.default_rng(3)
    picture = Image.new("RGB", (320, 240), "white")
    for _ in range(60):
        x, y, r = (int(one) for one in chance.integers(0, 320, 3) * (1, 1, 0.1))
        ImageDraw.Draw(picture).ellipse((x - r, y - r, x + r, y + r), fill=tuple(int(one) for one in chance.integers(0, 256, 3)))
    return picture


def test_too_little_in_common_is_all_different():
    corner = np.array([[0.01, 0.0, 0.0], [0.0, 0.01, 0.0]])
    assert difference(in_colours(drawing()), in_colours(drawing()), corner) == 1.0


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1), (5000, 3)])
def test_pictures_of_any_shape_have_an_answer(size):
    flat = in_colours(Image.new("RGB", size, "red"))
    assert max(flat.shape[:2]) <= SIDE
    assert 0 <= difference(flat, in_colours(drawing()), AS_IT_LIES) <= 1
    assert 0 <= difference(in_colours(drawing()), flat, AS_IT_LIES) <= 1


@pytest.mark.parametrize(
    ("query", "target"),
    [((), ()), (((0, 0), (1, 1)), ((0, 0), (1, 1))), (((0, 0), (0.5, 0.5), (1, 1)), ((0, 0), (0.5, 0.5), (1, 1)))],
)
def test_where_there_is_no_area_there_is_no_map(query, target):
    assert map_of(query, target) is None
