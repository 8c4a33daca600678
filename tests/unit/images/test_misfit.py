"""A copy fits what it was made of more exactly than variants of that."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageOps

from imagesearch.images.features import features_of
from imagesearch.images.misfit import misfit
from imagesearch.images.overlap import overlap
from tests.fixtures.figure import figure


def between(query, target):
    ours, theirs = features_of(query), features_of(target)
    return misfit(ours, theirs, overlap(ours, theirs).way)


MADE = {
    "itself": lambda one: one,
    "mirrored": ImageOps.mirror,
    "turned": lambda one: one.rotate(90),
    "dark": lambda one: ImageEnhance.Brightness(one).enhance(0.6),
    "bordered": lambda one: ImageOps.expand(one, 30, "grey"),
    "cropped": lambda one: one.crop((30, 5, 200, 170)),
    "small": lambda one: one.resize((90, 90)),
}
COATED = MADE | {"pale": lambda one: ImageEnhance.Color(one).enhance(0.5)}


@pytest.mark.parametrize("made", MADE.values(), ids=MADE)
def test_a_copy_fits_its_original_better_than_a_variant(made):
    """The copy of each of two variants fits the one it was made of at least three times as well."""
    for arm, other in ((60, 120), (120, 60)):
        copy = made(figure(arm))
        assert 0 <= 3 * between(copy, figure(arm)) < between(copy, figure(other)) <= 1


# Colours of one brightness: in grey the two are the same.
COATS = ((0, 90, 255), (135, 71, 0))


@pytest.mark.parametrize("made", COATED.values(), ids=COATED)
def test_a_copy_fits_its_original_better_than_the_same_in_another_colour(made):
    greys = [figure(60, coat).convert("L").tobytes() for coat in COATS]
    assert greys[0] == greys[1]
    for coat, other in (COATS, COATS[::-1]):
        copy = made(figure(60, coat))
        assert 2 * between(copy, figure(60, coat)) < between(copy, figure(60, other)) <= 1


def test_a_variant_in_no_colour_of_its_own_is_told_from_one_in_colours():
    grey = figure(60).convert("L").convert("RGB")
    assert 2 * between(grey, grey) < between(grey, figure(60))


def test_pictures_that_have_nothing_in_common_fit_nowhere():
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (80, 80, 3), np.uint8))
    assert between(figure(60), noise) == 1.0
    assert between(Image.new("RGB", (50, 50), "red"), Image.new("RGB", (50, 50), "red")) == 1.0
