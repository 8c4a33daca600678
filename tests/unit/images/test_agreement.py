"""Grey pictures that are laid on each other: the quick way for wholes says what any map would say."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from imagesearch.images.agreement import MAPS, WAYS, Whole, agreement
from imagesearch.images.features import GREY_SIDE


def cells(seed):
    cells = np.random.default_rng(seed).integers(0, 256, (9, 9), dtype=np.uint8)
    return np.asarray(Image.fromarray(cells).resize((GREY_SIDE, GREY_SIDE), Image.Resampling.BICUBIC))


@pytest.mark.parametrize(("mirror", "quarters"), WAYS)
def test_a_whole_is_laid_the_right_way(mirror, quarters):
    query = cells(0)
    target = np.rot90(np.fliplr(query) if mirror else query, quarters)
    found = Whole.of(query).laid(target)
    assert found.mean == pytest.approx(1, abs=1e-3)
    assert found.seen > 0.99
    assert (found.way == MAPS[WAYS.index((mirror, quarters))]).all()
    assert found.mirrors == mirror


@pytest.mark.parametrize("other", range(1, 6))
def test_the_quick_way_agrees_with_the_general_one(other):
    captioned = Image.fromarray(cells(0))
    ImageDraw.Draw(captioned).rectangle((0, 70, GREY_SIDE, GREY_SIDE), fill=255)
    for target in (cells(other), np.rot90(np.asarray(captioned), other)):
        found = Whole.of(cells(0)).laid(target)
        by_map = agreement(cells(0), target, found.way)
        assert (found.mean, found.seen) == pytest.approx((by_map.mean, by_map.seen), abs=2e-3)


def test_flat_pictures_agree_in_nothing():
    flat = np.full((GREY_SIDE, GREY_SIDE), 200, np.uint8)
    found = Whole.of(flat).laid(flat)
    assert (found.mean, found.seen) == (0, 0)
    assert Whole.of(flat).laid(cells(0)).mean == pytest.approx(0, abs=1e-4)


def test_what_lies_outside_agrees_in_nothing():
    beyond = np.array([[1.0, 0.0, 2.0], [0.0, 1.0, 0.0]])
    found = agreement(cells(0), cells(0), beyond)
    assert (found.mean, found.seen) == (0, 0)
