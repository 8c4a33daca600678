"""Searching exactly, in groups, to a recall, after one's own add; comparing; deadlines; what an answer tells."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime

import pytest
from PIL import Image

from config.sections import RedisSettings, SearchSettings
from imagesearch.types import Calibrated
from tests.fixtures.queries import base64_of, found, opened, saved


@pytest.fixture
async def ids(service, picture):
    return [await service.added_and_loaded(picture(seed), info=json.dumps({"n": seed})) for seed in range(6)]


async def test_an_exact_search_compares_all_and_says_so(service, ids):
    vectors = service.stores.index.fetch(ids)
    answer = await service.search(milvus_id=ids[0], exact=True, top_k=4)
    assert found(answer) == sorted(ids, key=lambda one: -float(vectors[one] @ vectors[ids[0]]))[:4]
    assert answer.json()["ranking"] == {"strategy": "exact", "examined": 6, "filtered": 0, "complete": True}


async def test_an_exact_search_without_time_says_that_it_is_not_complete(open_service, milvus_lite_uri, service, ids):
    hurried = open_service(milvus_lite_uri, search=SearchSettings(exact_timeout_s=1e-9))
    answer = await hurried.search(milvus_id=ids[0], exact=True)
    assert answer.json()["ranking"]["complete"] is False


async def test_groups_show_copies_as_one_and_are_made_up_for(service, picture, ids):
    image = opened(picture(1)).resize((96, 96), Image.Resampling.NEAREST)
    copies = [await service.added_and_loaded(saved(image, "JPEG", quality=quality)) for quality in (95, 90, 85)]
    plain = await service.search(milvus_id=ids[1], top_k=4)
    assert set(found(plain)) == {ids[1], *copies}
    grouped = await service.search(milvus_id=ids[1], top_k=4, group=True)
    assert found(grouped)[0] == ids[1]
    hits = grouped.json()["hits"]
    assert sorted(hits[0]["same"]) == sorted(copies)
    assert len(hits) == 4 and not set(found(grouped)[1:]) & set(copies)
    # Pages are cuts of the same groups.
    page = await service.search(milvus_id=ids[1], top_k=2, offset=2, group=True)
    assert found(page) == found(grouped)[2:]
    assert (await service.search(milvus_id=ids[1], top_k=2, offset=999, group=True)).status_code == 422


@pytest.mark.parametrize("token", [{}, {"consistency": "token"}], ids=["log_id", "token"])
async def test_a_search_waits_for_the_add_that_it_names(service, picture, ids, token):
    added = (await service.add(picture(50))).json()

    async def load_later():
        await asyncio.sleep(0.3)
        await asyncio.to_thread(service.load)

    loading = asyncio.create_task(load_later())
    answer = await service.search(image_base64=base64_of(picture(50)), **token, log_id=added["log_id"], top_k=1)
    await loading
    row = (await service.client.get(added["href"])).json()
    assert found(answer) == [row["milvus_id"]]
    assert answer.json()["timing_ms"]["wait"] >= 250


async def test_a_search_whose_add_is_not_loaded_in_time_says_when_to_come_again(open_service, milvus_lite_uri, service, picture):
    patient = open_service(milvus_lite_uri, search=SearchSettings(wait_s=0.1))
    added = (await patient.add(picture(51))).json()
    answer = await patient.search(image_base64=base64_of(picture(51)), log_id=added["log_id"])
    assert (answer.status_code, answer.json()["code"]) == (503, "not_loaded_yet")
    assert int(answer.headers["retry-after"]) > 0
    unknown = await patient.search(image_base64=base64_of(picture(51)), log_id=10**12)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_log")


async def test_a_token_needs_its_add(service, picture):
    answer = await service.search(image_base64=base64_of(picture(52)), consistency="token")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert "log_id" in answer.json()["detail"]


async def test_an_answer_explains_itself(service, picture, ids):
    await service.add(picture(52))
    answer = await service.search(image_base64=base64_of(picture(1)), top_k=2)
    body = answer.json()
    assert body["index"] == {"kind": "FLAT", "metric": "COSINE", "params": {}, "calibration": None}
    assert body["lag_s"] >= 0
    stages = dict(part.split(";dur=") for part in answer.headers["server-timing"].split(", "))
    assert stages.keys() >= {"decode", "embed", "search", "metadata", "total"}
    assert float(stages["total"]) == pytest.approx(body["timing_ms"]["total"], rel=1e-4)


async def test_two_pictures_are_compared(service, picture, ids):
    vectors = service.stores.index.fetch(ids)
    expected = float(vectors[ids[0]] @ vectors[ids[1]])
    form = await service.client.post("/v1/compare", files={"first": picture(0), "second": picture(1)})
    both = {"first": {"milvus_id": ids[0]}, "second": {"image_base64": base64_of(picture(1))}}
    answer = await service.client.post("/v1/compare", json=both)
    for one in (form, answer):
        assert one.status_code == 200, one.text
        assert one.json()["score"] == pytest.approx(expected, abs=1e-4)
    same = await service.client.post("/v1/compare", json={"first": {"milvus_id": ids[0]}, "second": {"milvus_id": ids[0]}})
    assert same.json()["score"] == pytest.approx(1, abs=1e-5)
    for wrong in ({}, {"first": {"milvus_id": ids[0]}}, {"first": {}, "second": {}}, {"first": 1, "second": 2}):
        refused = await service.client.post("/v1/compare", json=wrong)
        assert (refused.status_code, refused.json()["code"]) == (422, "invalid_request")


async def test_of_several_pictures_the_wrong_one_is_named(service, picture, ids):
    good = {"milvus_id": ids[0]}
    for wrong, code, field in (
        ({"vector": [1.0]}, "invalid_request", "vector"),
        ({"image_base64": "!"}, "invalid_request", "image_base64"),
        ({"image_base64": base64_of(b"no picture")}, "not_an_image", None),
        ({"image_path": "ftp://host/1.jpg"}, "source_invalid", None),
        ({"milvus_id": 2**62}, "unknown_image", None),
        ({"milvus_id": ids[0], "text": "a cat"}, "invalid_request", "milvus_id"),
    ):
        compared = await service.client.post("/v1/compare", json={"first": good, "second": wrong})
        searched = await service.search(queries=[good, good, wrong])
        for answer, side in ((compared, "second"), (searched, "queries.2")):
            problem = answer.json()
            assert (problem["code"], problem["detail"].startswith(f"{side}: ")) == (code, True), problem
            assert field is None or problem["errors"][0]["field"] == f"{side}.{field}"
    form = await service.client.post("/v1/compare", files={"first": b"no picture", "second": picture(1)})
    assert (form.status_code, form.json()["detail"].startswith("first: ")) == (415, True)
    alone = await service.search(vector=[1.0])
    assert alone.json()["errors"][0]["field"] == "vector"


@pytest.mark.parametrize("path", ["/v1/search", "/v1/compare"])
async def test_a_request_whose_time_is_over_is_given_up(service, picture, ids, path):
    body = (
        {"image_base64": base64_of(picture(1))} if path == "/v1/search" else {"first": {"milvus_id": 1}, "second": {"milvus_id": 1}}
    )
    late = await service.client.post(path, json=body, headers={"X-Timeout-Ms": "0"})
    assert (late.status_code, late.json()["code"]) == (504, "deadline_exceeded")
    for wrong in ("", "soon", "-1", "1.5", "٣", "9" * 30):
        answer = await service.client.post(path, json=body, headers={"X-Timeout-Ms": wrong.encode()})
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "X-Timeout-Ms")


async def test_a_recall_that_is_asked_for_chooses_the_least_effort_that_reached_it(open_service, milvus_lite_uri, service, ids):
    # Another kind of index on the same collection: Milvus Lite takes its parameters as they come.
    milvus = service.settings.milvus.model_copy(update={"index": "HNSW"})
    hnsw = open_service(milvus_lite_uri, milvus=milvus)
    unknown = await hnsw.search(milvus_id=ids[0], recall=0.9)
    assert (unknown.status_code, unknown.json()["code"]) == (409, "not_calibrated")
    now = datetime(2026, 1, 2, tzinfo=UTC)
    measured = [Calibrated(16, 0.9, 10, 100, 6, now), Calibrated(64, 0.97, 10, 100, 6, now), Calibrated(256, 0.99, 10, 100, 6, now)]
    service.stores.calibrations.replace(service.stores.fingerprint.collection, "HNSW", measured)
    for recall, effort in ((0.5, 16), (0.9, 16), (0.95, 64), (0.98, 256), (1.0, 256)):
        index = (await open_service(milvus_lite_uri, milvus=milvus).search(milvus_id=ids[0], recall=recall)).json()["index"]
        assert (index["params"]["ef"], index["calibration"]["effort"]) == (effort, effort)
        assert index["calibration"]["queries"] == 100
    # One that always looks at everything needs no measurement.
    flat = await service.search(milvus_id=ids[0], recall=0.98)
    assert (flat.status_code, flat.json()["index"]["calibration"]) == (200, None)
    for wrong in (0, 1.1, -1, "high"):
        assert (await service.search(milvus_id=ids[0], recall=wrong)).status_code == 422


async def test_a_query_that_comes_again_costs_no_forward_pass(open_service, milvus_lite_uri, service, redis_server, picture, ids):
    remembering = open_service(milvus_lite_uri, redis=RedisSettings(url=redis_server.url))
    data = base64_of(picture(1))
    half = {"x": 0, "y": 0, "w": 0.5, "h": 0.5}
    for options in ({}, {"flips": True}, {"region": half}):
        first = (await remembering.search(image_base64=data, **options)).json()
        again = (await remembering.search(image_base64=data, **options)).json()
        assert first["timing_ms"]["embed"] > 0
        assert again["timing_ms"]["embed"] == 0
        assert [hit["score"] for hit in again["hits"]] == [hit["score"] for hit in first["hits"]]
        assert [hit["view"] for hit in again["hits"]] == [hit["view"] for hit in first["hits"]]
    # Redis is gone: nothing but speed is lost.
    cut_off = open_service(milvus_lite_uri, redis=RedisSettings(url="redis://127.0.0.1:9/0"))
    assert found(await cut_off.search(image_base64=data, top_k=1)) == [ids[1]]
