"""Verified searches find what only the perceptual hash is near to: copies that the model takes for something else."""

from __future__ import annotations

import json

import pytest
from PIL import Image

from config.sections import ImageSettings, MilvusSettings, VerifySettings
from jobs.difference import HASHES, differences
from tests.fixtures.fresh_stores import fresh
from tests.fixtures.queries import base64_of, found
from tests.integration.http_api.test_verifying import png, scene

COPIES = 6


def pale(seed):
    """What the model, which sees colours, takes for any other pale picture; the hash minds neither colour nor contrast."""
    grey = scene(seed).convert("L").convert("RGB")
    return Image.blend(grey, Image.new("RGB", grey.size, "white"), 0.6)


def milvus(uri, kind="FLAT"):
    return MilvusSettings(uri=uri, index="FLAT", hash_index=kind)


# The model's first alone is verified; a slow machine does it too.
NARROW = VerifySettings(candidates=1, budget_ms=60_000)


@pytest.fixture
async def service(open_service, milvus_lite_uri):
    service = open_service(milvus_lite_uri, milvus=milvus(milvus_lite_uri), verify=NARROW)
    fresh(service.settings, service.stores.fingerprint.collection)
    fresh(service.settings, service.stores.hashes.collection)
    async with service.client:
        yield service


@pytest.fixture
async def ids(service):
    """The coloured original, then pale pictures that are others."""
    first = await service.added_and_loaded(png(scene(0)), info=json.dumps({"n": 0}))
    others = [await service.added_and_loaded(png(pale(seed)), info=json.dumps({"n": seed})) for seed in range(1, COPIES)]
    assert found(await service.search(image_base64=base64_of(png(pale(0))), top_k=1))[0] in others
    return [first, *others]


async def test_a_copy_that_the_model_misses_comes_first(service, ids):
    query = {"image_base64": base64_of(png(pale(0))), "top_k": 1}
    answer = await service.search(**query, verify=True)
    hit = answer.json()["hits"][0]
    assert (hit["milvus_id"], hit["class"] in ("exact", "edited"), hit["view"]) == (ids[0], True, "original")
    assert hit["verified"]["overlap"]["target"] > 90
    # The score is the model's own, as of every hit.
    exact = (await service.search(**{**query, "top_k": 100, "exact": True})).json()["hits"]
    assert hit["score"] == pytest.approx(next(one["score"] for one in exact if one["milvus_id"] == ids[0]), abs=1e-4)


async def test_pages_agree_also_where_the_ranking_reaches_it(service, ids):
    query = {"image_base64": base64_of(png(pale(0))), "verify": True}
    whole = found(await service.search(**query, top_k=100))
    pages = [found(await service.search(**query, top_k=1, offset=place)) for place in range(COPIES)]
    assert sorted(whole) == sorted(ids)
    assert [one for page in pages for one in page] == whole


async def test_it_obeys_the_filter_the_score_and_the_namespace(service, ids):
    query = {"image_base64": base64_of(png(pale(0))), "top_k": 1, "verify": True}
    assert found(await service.search(**query, filter={"n": {"gt": 0}})) != [ids[0]]
    assert found(await service.search(**query, filter={"n": {"lt": 3}})) == [ids[0]]
    score = (await service.search(**query)).json()["hits"][0]["score"]
    assert found(await service.search(**query, min_score=score + 0.001)) != [ids[0]]
    stranger = await service.added_and_loaded(png(pale(9)), namespace="b")
    assert found(await service.search(**query, namespace="b")) == [stranger]


async def test_without_verify_and_without_candidates_hashes_are_not_asked(open_service, service, ids, milvus_lite_uri):
    query = {"image_base64": base64_of(png(pale(0))), "top_k": 1}
    plain = found(await service.search(**query, verify=False))
    none = VerifySettings(candidates=1, budget_ms=60_000, hash_candidates=0)
    without = open_service(milvus_lite_uri, milvus=milvus(milvus_lite_uri), verify=none)
    assert found(await without.search(**query, verify=True)) == plain != [ids[0]]


async def test_a_hash_that_is_not_near_enough_leads_nowhere(open_service, service, ids, milvus_lite_uri):
    near = VerifySettings(candidates=1, budget_ms=60_000, hash_bits=0)
    strict = open_service(milvus_lite_uri, milvus=milvus(milvus_lite_uri), verify=near)
    query = {"image_base64": base64_of(png(pale(0).crop((4, 4, 196, 156)))), "top_k": 1, "verify": True}
    assert found(await strict.search(**query)) != [ids[0]]


async def test_a_deleted_picture_is_led_to_no_more_and_its_hash_is_gone(service, ids):
    assert (await service.client.delete(f"/v1/images/{ids[0]}")).status_code == 204
    assert service.stores.hashes.fetch(ids).keys() == set(ids[1:])
    assert list(differences(service.stores.catalog, service.stores.hashes, HASHES)) == []
    answer = await service.search(image_base64=base64_of(png(pale(0))), verify=True, top_k=100)
    assert ids[0] not in found(answer)


async def test_a_hash_whose_picture_is_gone_is_no_hit(service, ids):
    # The index is told late: SQL says what is there.
    service.stores.changes.delete(ids[0])
    answer = await service.search(image_base64=base64_of(png(pale(0))), verify=True)
    assert (answer.status_code, ids[0] in found(answer)) == (200, False)


async def test_where_hashes_cannot_be_had_the_search_goes_on(open_service, service, ids, milvus_lite_uri, caplog):
    # Milvus Lite has no binary vectors and refuses.
    lacking = open_service(milvus_lite_uri, milvus=milvus(milvus_lite_uri, "BIN_FLAT"), verify=NARROW)
    answer = await lacking.search(image_base64=base64_of(png(pale(0))), top_k=100, verify=True)
    assert (answer.status_code, sorted(found(answer)), answer.json()["verified"]) == (200, sorted(ids), 1)
    assert "searched without perceptual hashes" in caplog.text


@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (64, 64)])
async def test_flat_pictures_whose_hashes_are_all_the_same(open_service, service, ids, milvus_lite_uri, size):
    wide = open_service(milvus_lite_uri, milvus=milvus(milvus_lite_uri), verify=NARROW, images=ImageSettings())
    for n in range(3):
        await service.added_and_loaded(png(Image.new("RGB", (40 + n, 40), "blue")))
    answer = await wide.search(image_base64=base64_of(png(Image.new("RGB", size, "red"))), verify=True, top_k=100)
    assert answer.status_code == 200, answer.text
    assert len(found(answer)) == len(set(found(answer))) == COPIES + 3
