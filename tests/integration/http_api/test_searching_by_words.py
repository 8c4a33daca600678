"""Searching by words: a small model of random weights with two towers, and models that have only one."""

from __future__ import annotations

import numpy as np
import pytest

from config.sections import ModelSettings, RedisSettings
from tests.fixtures.fresh_stores import fresh
from tests.fixtures.queries import base64_of, found, opened

WHOLE = {"x": 0, "y": 0, "w": 1, "h": 1}


@pytest.fixture
async def reading(open_service, milvus_lite_uri, redis_server, tiny_clip):
    """A service whose model takes texts, and which remembers vectors."""
    model = ModelSettings(name=tiny_clip, weights="random", runtime="torch", device="cpu", threads=1)
    service = open_service(milvus_lite_uri, model=model, redis=RedisSettings(url=redis_server.url))
    fresh(service.settings, service.stores.fingerprint.collection)
    async with service.client:
        yield service


@pytest.fixture
async def ids(reading, picture):
    return [await reading.added_and_loaded(picture(seed)) for seed in range(6)]


def ranked(reading, ids, query):
    """The scores by id, best first, as they are without an index."""
    vectors = reading.stores.index.fetch(ids)
    query = query / np.linalg.norm(query)
    scores = {one: float(vectors[one] @ query) for one in ids}
    return dict(sorted(scores.items(), key=lambda item: -item[1]))


def embedded(reading, data):
    return reading.encoder.encode(reading.encoder.prepare(opened(data))[None])[0]


async def test_words_find_the_pictures_that_are_near_them_in_the_space_of_both(reading, ids):
    for text in ("a red car", "two dogs", "ein Fluß, 写真 😀"):
        answer = await reading.search(text=text)
        expected = ranked(reading, ids, reading.texts.encode([text])[0])
        assert found(answer) == list(expected)
        assert [hit["score"] for hit in answer.json()["hits"]] == pytest.approx(list(expected.values()), abs=1e-4)
        assert answer.json()["model"].startswith("clip:")


async def test_pictures_are_still_found_by_pictures(reading, picture, ids):
    answer = await reading.search(image_base64=base64_of(picture(3)), top_k=1)
    assert found(answer) == [ids[3]]
    assert answer.json()["hits"][0]["score"] == pytest.approx(1, abs=1e-4)


async def test_words_and_pictures_are_added_by_their_weights(reading, picture, ids):
    queries = [
        {"text": "a red car", "weight": 1.5},
        {"image_base64": base64_of(picture(9))},
        {"text": "snow", "weight": -0.75},
        {"milvus_id": ids[2], "weight": 0.5},
    ]
    answer = await reading.search(queries=queries)
    red, snow = reading.texts.encode(["a red car", "snow"])
    unseen = embedded(reading, picture(9))
    stored = reading.stores.index.fetch([ids[2]])[ids[2]]
    expected = ranked(reading, ids, 1.5 * red + unseen - 0.75 * snow + 0.5 * stored)
    assert found(answer) == list(expected)
    assert [hit["score"] for hit in answer.json()["hits"]] == pytest.approx(list(expected.values()), abs=1e-4)


async def test_a_picture_is_compared_with_words(reading, picture):
    answer = await reading.client.post(
        "/v1/compare", json={"first": {"text": "a red car"}, "second": {"image_base64": base64_of(picture(1))}}
    )
    assert answer.status_code == 200, answer.text
    seen = embedded(reading, picture(1))
    assert answer.json()["score"] == pytest.approx(float(reading.texts.encode(["a red car"])[0] @ seen), abs=1e-4)


async def test_words_that_come_again_cost_no_forward_pass_and_are_not_taken_for_other_words(reading, ids):
    first, again, other = [(await reading.search(text=text)).json() for text in ("a blue boat", "a blue boat", "a blue boot")]
    assert first["timing_ms"]["embed"] > 0 and other["timing_ms"]["embed"] > 0
    assert again["timing_ms"]["embed"] == 0
    assert [hit["score"] for hit in again["hits"]] == [hit["score"] for hit in first["hits"]]
    assert [hit["score"] for hit in other["hits"]] != [hit["score"] for hit in first["hits"]]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"text": ""}, "text"),
        ({"text": " \n\t"}, "text"),
        ({"text": "x" * 1001}, "text"),
        ({"text": 5}, "text"),
        ({"text": ["a"]}, "text"),
        ({"text": "a", "milvus_id": 1}, "text"),
        ({"text": "a", "queries": [{"text": "b"}]}, "text"),
        ({"text": "a", "region": WHOLE}, "text"),
        ({"text": "a", "flips": True}, "text"),
        ({"queries": [{"text": "a", "region": WHOLE}]}, "queries.0.text"),
        ({"queries": [{"text": "a", "milvus_id": 1}]}, "queries.0.text"),
        ({"queries": [{"text": "x" * 1001}]}, "queries.0.text"),
        ({"queries": [{"text": "a"}, {"text": "a", "weight": -1}]}, "queries"),
    ],
)
async def test_words_that_cannot_be_searched_by_are_refused_by_the_names_of_their_fields(reading, body, field):
    answer = await reading.search(**body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert field in [error["field"] for error in answer.json()["errors"]]


@pytest.mark.parametrize("text", ["x" * 1000, "写" * 1000, "\u0000", "<end_of_text>" * 70, "&amp;" * 200, "\u202e" * 900])
async def test_words_of_any_kind_get_an_answer(reading, ids, text):
    assert len(found(await reading.search(text=text))) == len(ids)


async def test_half_a_character_is_refused(reading):
    answer = await reading.client.post(
        "/v1/search", content=b'{"text": "a \\ud800 b"}', headers={"content-type": "application/json"}
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


async def test_a_model_without_a_text_tower_says_so(service, picture):
    both = {"queries": [{"image_base64": base64_of(picture(1))}, {"text": "a red car"}]}
    for body, field in (({"text": "a red car"}, "text"), (both, "queries.1.text")):
        answer = await service.search(**body)
        assert (answer.status_code, answer.json()["code"]) == (422, "no_text_search")
        assert answer.json()["errors"][0]["field"] == field and "tiny" in answer.json()["detail"]


async def test_the_counts_tell_whether_words_can_be_searched_by(reading, service):
    assert (await reading.client.get("/v1/stats")).json()["text"] is True
    assert (await service.client.get("/v1/stats")).json()["text"] is False
