"""How soft a picture is, and two that are made as soft as each other."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageFilter

from imagesearch.images.features import bare, reduced
from imagesearch.images.overlap import overlap
from imagesearch.images.softness import LEAST_DETAIL, detail, levelled


def leaves(seed=0):
    """Patches of all sizes, as most pictures have."""
    chance = np.random.default_rng(seed)
    image = Image.new("RGB", (400, 300), "white")
    for size in (4, 8, 16, 32, 64):
        cells = Image.fromarray(chance.integers(0, 256, (size * 3 // 4, size, 3), dtype=np.uint8))
        image = Image.blend(image, cells.resize(image.size, Image.Resampling.NEAREST), 0.35)
    return image


def blurred(image, share):
    return image.filter(ImageFilter.GaussianBlur(share * max(image.size)))


def seen(image):
    return bare(reduced(image))


def test_the_more_it_is_blurred_the_less_detail_it_has():
    details = [detail(seen(blurred(leaves(), share)).grey) for share in (0, 0.005, 0.015, 0.04, 0.1)]
    assert details == sorted(details, reverse=True)
    assert details[0] > 4 * details[-1]


def test_contrast_and_brightness_change_no_detail():
    dull = leaves().point(lambda value: 60 + value // 2)
    assert detail(seen(dull).grey) == pytest.approx(detail(seen(leaves()).grey), rel=0.05)


@pytest.mark.parametrize("colour", ["white", "black", "red"])
def test_a_flat_picture_has_none(colour):
    flat, rich = (seen(image).grey for image in (Image.new("RGB", (64, 64), colour), leaves()))
    assert detail(flat) == LEAST_DETAIL
    # Nothing to divide by, nothing to look for.
    for pair in ((flat, rich), (rich, flat), (flat, flat)):
        assert len(levelled(*pair)) == 2


@pytest.mark.parametrize("share", [0.015, 0.04])
def test_the_sharper_one_is_blurred_like_the_other(share):
    sharp, soft = seen(leaves()).grey, seen(blurred(leaves(), share)).grey
    for query, target in (levelled(sharp, soft), reversed(levelled(soft, sharp))):
        assert target is soft
        before, after = (np.abs(one.astype(int) - soft).mean() for one in (sharp, query))
        assert after < before / 3


def test_what_is_as_sharp_stays_as_it_is():
    one, other = seen(leaves(1)).grey, seen(leaves(2)).grey
    assert [kept is was for kept, was in zip(levelled(one, other), (one, other), strict=True)] == [True, True]


def test_a_blurred_copy_agrees_with_its_original_and_with_no_other():
    query = seen(blurred(leaves(), 0.04))
    found = overlap(query, seen(leaves()))
    assert found.softened
    assert found.agreement > 0.9
    assert found.sharpness < -1
    assert all(overlap(query, seen(leaves(seed))).agreement < 0.6 for seed in range(1, 6))


def test_a_stored_picture_that_is_blurred_is_told_too():
    found = overlap(seen(leaves()), seen(blurred(leaves(), 0.04)))
    assert found.softened
    assert found.agreement > 0.9
    assert found.sharpness > 1
