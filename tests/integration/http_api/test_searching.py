"""Searching over HTTP."""

from __future__ import annotations

import base64
import json

import pytest

from imagesearch.types import IndexRow
from serve_app import nearest

MAX_ID = 2**63 - 1


@pytest.fixture
async def ids(service, picture):
    return [await service.added_and_loaded(picture(seed), info=json.dumps({"n": seed})) for seed in range(4)]


async def test_a_picture_is_found_by_its_bytes_its_base64_its_path_and_its_id(service, picture, ids):
    (service.folder / "q.png").write_bytes(picture(1))
    form = await service.client.post("/v1/search", files={"file": picture(1)}, data={"top_k": "3"})
    answers = [
        form,
        await service.search(image_base64=base64.b64encode(picture(1)).decode(), top_k=3),
        await service.search(image_path=str(service.folder / "q.png"), top_k=3),
        await service.search(milvus_id=ids[1], top_k=3),
    ]
    for answer in answers:
        assert answer.status_code == 200, answer.text
        hits = answer.json()["hits"]
        assert len(hits) == 3
        assert hits[0]["milvus_id"] == ids[1] and hits[0]["score"] == pytest.approx(1, abs=1e-4)
        assert [hit["score"] for hit in hits] == sorted((hit["score"] for hit in hits), reverse=True)


async def test_a_hit_tells_what_the_catalog_knows(service, picture, ids):
    await service.added_and_loaded(picture(2), info='{"again": true}')
    answer = (await service.search(milvus_id=ids[2], top_k=1)).json()
    [hit] = answer["hits"]
    assert {"milvus_id", "score", "image_path", "info", "sources", "width", "height", "create_time"} <= hit.keys()
    assert (hit["width"], hit["height"], hit["format"], hit["info"]) == (48, 48, "png", {"n": 2})
    assert [source["info"] for source in hit["sources"]] == [{"n": 2}, {"again": True}]
    assert hit["image_path"] == hit["sources"][0]["image_path"]
    assert answer["model"].startswith("tiny/")
    assert answer["dropped"] == 0
    assert answer["timing_ms"].keys() == {"wait", "decode", "embed", "search", "metadata", "total"}


async def test_an_answer_tells_what_ran_the_model_where_it_was_needed(service, picture, ids):
    by_picture = (await service.search(image_base64=base64.b64encode(picture(2)).decode())).json()
    assert by_picture["embedded_by"] == {"runtime": "numpy", "device": "cpu", "cold": False}
    assert (await service.search(milvus_id=ids[2])).json()["embedded_by"] is None


async def test_each_namespace_is_searched_alone(service, picture, ids):
    other = await service.added_and_loaded(picture(1), namespace="pets")
    assert other != ids[1]
    hits = (await service.search(milvus_id=ids[1], namespace="pets")).json()["hits"]
    assert [hit["milvus_id"] for hit in hits] == [other]


async def test_a_namespace_that_nothing_was_loaded_into_is_unknown_but_the_default_one_never_is(service, picture):
    query = {"image_base64": base64.b64encode(picture(1)).decode()}
    unknown = await service.search(**query, namespace="nobody")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_namespace")
    empty = await service.search(**query)
    assert (empty.status_code, empty.json()["hits"]) == (200, [])


async def test_vectors_without_a_searchable_picture_are_dropped_counted_and_made_up_for(service, picture, ids):
    stores = service.stores
    query = stores.index.fetch([ids[0]])[ids[0]]
    # Nearer than all but the picture itself, and unknown to SQL.
    stores.index.upsert([IndexRow(10**6 + n, "default", 0) for n in range(5)], query[None].repeat(5, axis=0))
    answer = (await service.search(milvus_id=ids[0], top_k=3)).json()
    assert len(answer["hits"]) == 3
    assert {hit["milvus_id"] for hit in answer["hits"]} <= set(ids)
    assert answer["dropped"] == 5
    everything = (await service.search(milvus_id=ids[0], top_k=100)).json()
    assert {hit["milvus_id"] for hit in everything["hits"]} == set(ids)
    assert everything["dropped"] == 5


async def test_where_over_fetching_ends_at_what_milvus_can_answer_the_rest_is_compared_one_by_one(
    service, picture, ids, monkeypatch
):
    monkeypatch.setattr(nearest, "MOST_HITS", 4)
    stores = service.stores
    query = stores.index.fetch([ids[0]])[ids[0]]
    stores.index.upsert([IndexRow(10**6 + n, "default", 0) for n in range(20)], query[None].repeat(20, axis=0))
    answer = (await service.search(milvus_id=ids[0], top_k=3)).json()
    assert answer["hits"][0]["milvus_id"] == ids[0]
    assert len(answer["hits"]) == 3
    assert answer["ranking"]["strategy"] == "exact" and answer["ranking"]["complete"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"milvus_id": 1, "image_path": "x"},
        {"image_path": None},
        {"milvus_id": 1, "topk": 3},
        {"milvus_id": 1, "vector": [1.0]},
        {"milvus_id": 1, "top_k": 0},
        {"milvus_id": 1, "top_k": -1},
        {"milvus_id": 1, "top_k": 10**9},
        {"milvus_id": 1, "top_k": "x"},
        {"milvus_id": 1, "offset": -1},
        {"milvus_id": 1, "offset": 10_001},
        {"milvus_id": 1, "min_score": 1.5},
        {"milvus_id": 1, "min_score": "0"},
        {"milvus_id": 1, "filter": None},
        {"vector": "x"},
        {"vector": [1.0] * 40_000},
        {"milvus_id": MAX_ID + 1},
        {"milvus_id": -1},
        {"image_base64": "not base64!"},
        {"image_base64": "ü"},
        {"image_path": ""},
        {"milvus_id": 1, "namespace": 'a" or 1==1'},
    ],
)
async def test_a_query_that_cannot_be_is_refused_by_the_names_of_its_fields(service, body):
    answer = await service.search(**body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert answer.json()["errors"]


async def test_a_vector_of_any_length_finds_what_its_direction_does(service, picture, ids):
    vector = service.stores.index.fetch([ids[1]])[ids[1]].astype(float)
    # The square of 1e200 is infinite, that of 1e-200 is 0.
    for length in (1, 7.5, 1e200, 1e-200):
        answer = (await service.search(vector=(vector * length).tolist(), top_k=2)).json()
        assert answer["hits"][0]["milvus_id"] == ids[1]
        assert answer["hits"][0]["score"] == pytest.approx(1, abs=1e-4)
    opposite = (await service.search(vector=(-vector).tolist(), top_k=4)).json()
    assert opposite["hits"][-1]["milvus_id"] == ids[1]


async def test_a_vector_of_another_dimension_is_refused_by_both_numbers(service):
    dim = service.stores.fingerprint.dim
    for numbers in ([], [1.0] * (dim - 1), [1] * (dim + 1)):
        answer = await service.search(vector=numbers)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "vector")
        assert f"has {len(numbers)} numbers" in answer.json()["detail"] and str(dim) in answer.json()["detail"]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999", '"1"', "true", "null", "[1]", "1" + "0" * 400])
async def test_a_vector_of_what_is_no_number_is_refused(service, number):
    numbers = ", ".join([number] * service.stores.fingerprint.dim)
    answer = await service.client.post(
        "/v1/search", content=f'{{"vector": [{numbers}]}}', headers={"content-type": "application/json"}
    )
    assert (answer.status_code, len(answer.json()["errors"])) == (422, 1)
    assert answer.json()["errors"][0]["field"].startswith("vector")


async def test_a_vector_without_a_direction_is_refused(service):
    answer = await service.search(vector=[0] * service.stores.fingerprint.dim)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "vector")


@pytest.mark.parametrize("body", [b"[]", b'"x"', b"5", b"null", b"true"])
async def test_json_that_is_no_object_is_refused(service, body):
    answer = await service.client.post("/v1/search", content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000, b'{"a":' * 100_000, b"1" * 10_000])
async def test_what_is_not_json_is_malformed(service, body):
    answer = await service.client.post("/v1/search", content=body, headers={"content-type": "application/json; charset=utf-8"})
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_json")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "image/png", ""])
async def test_another_content_type_is_not_taken(service, kind):
    answer = await service.client.post("/v1/search", content=b"{}", headers={"content-type": kind})
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/etc/hostname", 403, "source_forbidden"),
        ("{folder}/../test.db", 403, "source_forbidden"),
        ("{folder}/none.png", 404, "source_not_found"),
        ("relative.png", 422, "source_invalid"),
        ("http://127.0.0.1/a.png", 403, "source_forbidden"),
    ],
)
async def test_a_path_is_read_only_where_the_settings_allow_it(service, path, status, code):
    answer = await service.search(image_path=path.format(folder=service.folder))
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_an_unknown_id_is_not_found_nor_is_one_whose_picture_is_not_searchable(service, picture, ids):
    service.stores.index.upsert([IndexRow(10**6, "default", 0)], service.stores.index.fetch([ids[0]])[ids[0]][None])
    for milvus_id in (999_999_999_999, MAX_ID, 10**6):
        answer = await service.search(milvus_id=milvus_id)
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_image")


async def test_bytes_that_are_no_picture_are_refused(service):
    for data, status in ((b"hello", 415), (b"", 415), (b"\x89PNG\r\n\x1a\n", 422)):
        assert (await service.client.post("/v1/search", files={"file": ("a", data)})).status_code == status
        assert (await service.search(image_base64=base64.b64encode(data).decode())).status_code == status
