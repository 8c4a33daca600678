"""Which candidates a search that verifies looks at, and in which order they stand after it."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import pytest
from PIL import Image, ImageDraw, ImageOps

from imagesearch.images.alignment import Sought
from imagesearch.images.features import bare, features_of, reduced
from imagesearch.images.hashes import perceptual_hash
from imagesearch.join import load_join
from imagesearch.types import CatalogEntry, PictureFacts, PictureState
from serve_app.look import Look
from tests.fixtures.figure import figure


def stripes():
    picture = Image.new("RGB", (200, 200), "white")
    for place in range(0, 200, 40):
        ImageDraw.Draw(picture).rectangle((0, place, 200, place + 15), fill="green")
    return picture


PICTURES = {1: figure(60), 2: figure(70), 3: stripes()}


def entry(milvus_id):
    facts = PictureFacts(f"{milvus_id:064x}", 200, 200, "PNG", 1, perceptual_hash(PICTURES[milvus_id]))
    return CatalogEntry(milvus_id, "default", facts, PictureState.SEARCHABLE, datetime(2026, 1, 1, tzinfo=UTC), ())


def look(query, order, *, until_sure):
    margins = {one: (0.9 - place / 100, -place / 100 or 0.01) for place, one in enumerate(order)}
    return Look(perceptual_hash(query), [entry(one) for one in order], margins, load_join(), until_sure=until_sure)


def held(one, query):
    """Hold all that is given out against the query; return the ids as they stand, best first."""
    sought = Sought.of(features_of(query))
    for part in one.waiting():
        one.hold(sought, [(place, features_of(PICTURES[entry.milvus_id])) for place, entry in part], math.inf)
    return sorted(one.verified, key=lambda milvus_id: -one.verified[milvus_id].standing)


@pytest.mark.parametrize("original, other", [(1, 2), (2, 1)])
@pytest.mark.parametrize("until_sure", [False, True])
def test_the_original_stands_before_its_variant_whichever_the_model_sees_nearer(original, other, until_sure):
    query = ImageOps.expand(ImageOps.mirror(PICTURES[original]), 25, "grey")
    here = look(query, [other, 3, original], until_sure=until_sure)
    assert held(here, query)[:2] == [original, other]
    found = here.verified
    assert found[original].standing == pytest.approx(1 + found[original].verdict.copy)
    assert 1 <= found[other].standing < 1 + found[other].verdict.copy


def test_who_looks_until_it_is_sure_looks_at_the_family_of_that_and_no_further():
    query = PICTURES[2].resize((120, 120))
    assert held(look(query, [1, 3, 2], until_sure=True), query) == [2, 1]
    assert sorted(held(look(query, [3, 1, 2], until_sure=True), query)) == [1, 2, 3]
    assert sorted(held(look(query, [1, 3, 2], until_sure=False), query)) == [1, 2, 3]


def test_a_glance_at_a_variant_is_followed_by_one_at_its_family():
    query = PICTURES[2].resize((120, 120))
    here = look(query, [1, 3, 2], until_sure=True)
    assert [one.milvus_id for one in here.first_family] == [1, 2]
    whole = Sought.of(bare(reduced(query)))
    assert [here.glance(whole, place, features_of(PICTURES[one])) for place, one in enumerate((1, 2))] == [True, True]
    assert here.verified[2].standing > here.verified[1].standing


def test_one_copy_alone_stands_by_its_probability():
    query = stripes().resize((100, 100))
    here = look(query, [3, 1], until_sure=False)
    assert held(here, query) == [3, 1]
    assert here.verified[3].standing == here.verified[3].verdict.copy
    nothing = look(query, [], until_sure=True)
    assert (held(nothing, query), nothing.first_family) == ([], [])
