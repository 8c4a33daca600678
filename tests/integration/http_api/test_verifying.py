"""Searches that hold their first hits against the picture: what they have in common, in how much time, and where not at all."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageOps

from config.sections import ImageSettings, VerifySettings
from imagesearch.join import Join, load_join, written
from imagesearch.types import LearnedJoin
from tests.fixtures.fresh_stores import fresh
from tests.fixtures.queries import base64_of, found, saved


def scene(seed: int) -> Image.Image:
    """Coloured noise at two scales, in which there are local features, that no other seed has."""
    random = np.random.default_rng(seed)
    coarse, fine = (Image.fromarray(random.integers(0, 256, (n, n, 3), dtype=np.uint8)) for n in (5, 24))
    return Image.blend(*(one.resize((200, 160), Image.Resampling.BICUBIC) for one in (coarse, fine)), 0.5)


def png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


# A slow machine verifies them all too.
PATIENT = VerifySettings(budget_ms=60_000)


@pytest.fixture
async def service(open_service, milvus_lite_uri):
    service = open_service(milvus_lite_uri, verify=PATIENT)
    fresh(service.settings, service.stores.fingerprint.collection)
    async with service.client:
        yield service


@pytest.fixture
async def ids(service):
    return [await service.added_and_loaded(png(scene(seed)), info=json.dumps({"n": seed})) for seed in range(5)]


def hit(answer, milvus_id):
    return next(one for one in answer.json()["hits"] if one["milvus_id"] == milvus_id)


async def test_without_verify_an_answer_has_nothing_of_it(service, ids):
    unasked = (await service.search(milvus_id=ids[0])).json()
    for body in (unasked, (await service.search(milvus_id=ids[0], verify=False)).json()):
        assert "verified" not in body
        assert "verify" not in body["timing_ms"]
        assert not any({"verified", "class", "probability"} & one.keys() for one in body["hits"])
        assert body.keys() == unasked.keys()


async def test_a_crop_is_told_with_where_it_lies(service, ids):
    crop = scene(2).crop((50, 40, 150, 120))
    answer = await service.search(image_base64=base64_of(png(crop)), verify=True)
    body = answer.json()
    assert body["verified"] == len(ids)
    assert body["timing_ms"]["verify"] > 0
    assert "verify;dur=" in answer.headers["Server-Timing"]
    assert (found(answer)[0], body["hits"][0]["class"]) == (ids[2], "edited")
    assert body["hits"][0]["probability"] > 0.5
    assert {one["class"] for one in body["hits"][1:]} == {"similar"}
    verified = hit(answer, ids[2])["verified"]
    assert verified["inliers"] >= 8
    assert verified["overlap"]["query"] == pytest.approx(100, abs=5)
    assert verified["overlap"]["target"] == pytest.approx(25, abs=5)
    corners = np.asarray(verified["area"]["target"])
    assert (*corners.min(axis=0), *corners.max(axis=0)) == pytest.approx((0.25, 0.25, 0.75, 0.75), abs=0.05)
    others = [one["verified"] for one in body["hits"] if one["milvus_id"] != ids[2]]
    assert [(one["overlap"], one["area"]) for one in others] == [({"query": 0, "target": 0}, {"query": [], "target": []})] * 4


async def test_a_form_asks_as_json_does_and_mirror_images_are_told(service, ids):
    files = {"file": ("a.jpg", saved(ImageOps.mirror(scene(1)), "JPEG", quality=80))}
    answer = await service.client.post("/v1/search", files=files, data={"verify": "true"})
    assert answer.status_code == 200, answer.text
    assert hit(answer, ids[1])["verified"]["mirrored"] is True
    assert hit(answer, ids[1])["verified"]["overlap"]["target"] > 95


async def test_a_copy_comes_before_what_the_model_finds_nearer(service, ids):
    # Turned by a right angle and cut, so that the model, which sees colours in places, takes it for another.
    query = png(scene(0).rotate(90, expand=True).crop((20, 30, 140, 170)))
    plain = found(await service.search(image_base64=base64_of(query), top_k=5))
    answer = await service.search(image_base64=base64_of(query), top_k=5, verify=True)
    assert plain[0] != ids[0]
    assert (found(answer)[0], answer.json()["hits"][0]["class"]) == (ids[0], "edited")
    # It is found also by who asks for fewer hits than are verified.
    assert found(await service.search(image_base64=base64_of(query), top_k=1, verify=True)) == [ids[0]]


def marked(seed: int, place: int) -> Image.Image:
    """A scene with a small mark at one place: as variants of one drawing are."""
    picture = scene(seed)
    ImageDraw.Draw(picture).ellipse((place, 60, place + 25, 85), fill="white", outline="black", width=4)
    return picture


@pytest.mark.parametrize("verify", [True, "auto"])
async def test_of_variants_the_one_that_a_copy_was_made_of_comes_first(service, ids, verify):
    places = (40, 46, 52)
    variants = [await service.added_and_loaded(png(marked(0, place))) for place in places]
    for milvus_id, place in zip(variants, places, strict=True):
        query = ImageOps.expand(ImageOps.mirror(marked(0, place)), 20, "grey")
        answer = await service.search(image_base64=base64_of(png(query)), verify=verify)
        assert found(answer)[0] == milvus_id
        assert {one["milvus_id"] for one in answer.json()["hits"][:4]} == {*variants, ids[0]}
        assert hit(answer, milvus_id)["class"] == "edited"


async def test_the_same_picture_recompressed_is_exact(service, ids):
    answer = await service.search(image_base64=base64_of(saved(scene(4), "JPEG", quality=60)), verify=True)
    assert (found(answer)[0], answer.json()["hits"][0]["class"]) == (ids[4], "exact")


async def test_a_region_is_held_against_stored_pictures(service, ids):
    region = {"x": 0.25, "y": 0.25, "w": 0.5, "h": 0.5}
    answer = await service.search(milvus_id=ids[3], region=region, verify=True)
    overlap = hit(answer, ids[3])["verified"]["overlap"]
    assert (overlap["query"], overlap["target"]) == (pytest.approx(100, abs=5), pytest.approx(25, abs=5))


async def test_only_the_first_candidates_are_verified_and_pages_agree(open_service, service, ids):
    few = open_service(service.settings.milvus.uri, verify=VerifySettings(candidates=2, budget_ms=60_000))
    whole = (await few.search(milvus_id=ids[0], verify=True)).json()
    assert whole["verified"] == 2
    assert ["verified" in one for one in whole["hits"]] == [True, True, False, False, False]
    pages = [(await few.search(milvus_id=ids[0], verify=True, top_k=1, offset=place)).json()["hits"] for place in range(5)]
    assert [page[0]["milvus_id"] for page in pages] == [one["milvus_id"] for one in whole["hits"]]


async def test_without_time_nothing_is_verified_and_all_is_answered(open_service, service, ids):
    hurried = open_service(service.settings.milvus.uri, verify=VerifySettings(budget_ms=0))
    answer = await hurried.search(milvus_id=ids[0], verify=True)
    assert answer.json()["verified"] == 0
    assert len(found(answer)) == len(ids)


async def test_auto_looks_closer_only_where_the_first_is_not_clear(open_service, service, ids):
    def doubtful(**settings):
        return open_service(service.settings.milvus.uri, verify=VerifySettings(default="auto", budget_ms=60_000, **settings))

    clear = await doubtful(clear_score=0.9, clear_margin=0).search(milvus_id=ids[0])
    assert clear.json()["verified"] == 0
    strange = {"image_base64": base64_of(png(scene(9)))}
    assert (await doubtful(clear_margin=2).search(**strange)).json()["verified"] == len(ids)
    # The caller decides, whatever the setting.
    assert "verified" not in (await doubtful(clear_margin=2).search(milvus_id=ids[0], verify=False)).json()


async def test_auto_ends_with_the_first_that_is_surely_a_copy(open_service, service, ids):
    # The first is the picture itself; whoever asks for verification has all of them verified.
    for body, verified in (({"verify": "auto"}, 1), ({"verify": True}, len(ids))):
        close = open_service(service.settings.milvus.uri, verify=VerifySettings(clear_margin=2, budget_ms=60_000, threads=3))
        answer = await close.search(milvus_id=ids[0], **body)
        assert (answer.json()["verified"], found(answer)[0], answer.json()["hits"][0]["class"]) == (verified, ids[0], "exact")
    # A copy that the model ranks behind others is looked for as far as there.
    query = png(scene(0).rotate(90, expand=True).crop((20, 30, 140, 170)))
    plain = found(await service.search(image_base64=base64_of(query)))
    answer = await service.search(image_base64=base64_of(query), verify="auto")
    assert found(answer)[0] == ids[0]
    assert answer.json()["verified"] == plain.index(ids[0]) + 1 > 1


async def test_auto_needs_but_a_glance_at_a_copy_that_is_whole(open_service, service, ids):
    doubtful = open_service(service.settings.milvus.uri, verify=VerifySettings(clear_margin=2, budget_ms=60_000))
    whole = {"image_base64": base64_of(saved(scene(1), "JPEG", quality=60))}
    glanced, looked = [(await doubtful.search(**whole, verify=verify)).json() for verify in ("auto", True)]
    first = glanced["hits"][0]
    assert (glanced["verified"], first["milvus_id"], first["class"]) == (1, ids[1], "exact")
    assert first["verified"]["overlap"] == {"query": 100, "target": 100}
    # Its local features were not even looked for; who asks for all has them.
    assert first["verified"]["pairs"] == 0 < looked["hits"][0]["verified"]["pairs"]
    # Of a part of a picture a glance says nothing.
    crop = {"image_base64": base64_of(png(scene(1).crop((50, 40, 150, 120))))}
    cropped = (await doubtful.search(**crop, verify="auto")).json()["hits"][0]
    assert (cropped["milvus_id"], cropped["class"]) == (ids[1], "edited")
    assert cropped["verified"]["pairs"] > 8


async def test_auto_glances_at_nothing_without_time(open_service, service, ids):
    hurried = open_service(service.settings.milvus.uri, verify=VerifySettings(clear_margin=2, budget_ms=0))
    answer = await hurried.search(image_base64=base64_of(png(scene(0))), verify="auto")
    assert (answer.json()["verified"], found(answer)[0]) == (0, ids[0])


async def test_a_picture_whose_bytes_are_gone_is_found_unverified(service, ids):
    path = (await service.client.get(f"/v1/images/{ids[4]}")).json()["image_path"]
    service.stores.blobs._root.joinpath(path).unlink()
    answer = await service.search(milvus_id=ids[0], verify=True)
    assert answer.json()["verified"] == len(ids) - 1
    assert "verified" not in hit(answer, ids[4])
    lost = await service.search(milvus_id=ids[4], verify=True)
    assert (lost.status_code, lost.json()["verified"], found(lost)[0]) == (200, 0, ids[4])


async def test_what_is_no_one_picture_cannot_be_verified(service, ids):
    vector = service.stores.index.fetch(ids[:1])[ids[0]].tolist()
    for query in ({"vector": vector}, {"queries": [{"milvus_id": ids[0]}, {"milvus_id": ids[1]}]}):
        refused = await service.search(**query, verify=True)
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "verify")
        assert (await service.search(**query, verify="auto")).status_code == 200
    assert (await service.search(milvus_id=ids[0], verify="perhaps")).status_code == 422


@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (3000, 2), (64, 64)])
async def test_tiny_and_flat_pictures_are_searched_by(service, ids, size):
    answer = await service.search(image_base64=base64_of(png(Image.new("RGB", size, "red"))), verify=True)
    assert answer.status_code == 200, answer.text
    assert all(one["verified"]["overlap"]["target"] == 0 for one in answer.json()["hits"])


async def test_features_are_found_however_little_the_memory(open_service, service, ids):
    bare = open_service(service.settings.milvus.uri, verify=VerifySettings(cache_bytes=0, budget_ms=60_000), images=ImageSettings())
    answer = await bare.search(milvus_id=ids[0], verify=True)
    assert answer.json()["verified"] == len(ids)


@pytest.mark.parametrize("verify", [True, "auto"])
async def test_where_nothing_is_found_nothing_is_verified(service, ids, verify):
    answer = await service.search(image_base64=base64_of(png(scene(0))), min_score=1.0, filter={"n": 77}, verify=verify)
    assert answer.status_code == 200, answer.text
    assert (found(answer), answer.json()["verified"]) == ([], 0)


async def test_hits_are_judged_by_the_newest_join_that_was_learned(service, ids):
    stores = service.stores
    collection = stores.fingerprint.collection
    now = stores.catalog.get(ids[0]).create_time
    # Whatever is seen, it calls it the same scene.
    shipped = load_join()
    told = Join(np.zeros_like(shipped.weights), np.array([0.0, 0.0, 9.0, 0.0]))
    stores.joins.add(collection, LearnedJoin(written(shipped), 1, 1.0, now))
    stores.joins.add(collection, LearnedJoin(written(told), 1, 1.0, now))
    body = (await service.search(milvus_id=ids[2], verify=True)).json()
    assert body["joined_by"] == 2
    assert {one["class"] for one in body["hits"]} == {"same_scene"}


async def test_without_a_learned_join_that_can_be_read_the_shipped_one_judges(service, ids):
    stores = service.stores
    document = json.dumps({"features": ["colour"], "classes": [], "weights": [], "bias": []})
    stores.joins.add(stores.fingerprint.collection, LearnedJoin(document, 1, 1.0, stores.catalog.get(ids[0]).create_time))
    body = (await service.search(milvus_id=ids[2], verify=True)).json()
    assert (body["joined_by"], body["hits"][0]["class"]) == (0, "exact")
