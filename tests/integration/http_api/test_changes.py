"""Changing and deleting pictures over HTTP: at once in every answer, and the audit finds nothing left over."""

from __future__ import annotations

import json

import pytest

from jobs.difference import differences

MAX_ID = 2**63 - 1


@pytest.fixture
async def ids(service, picture):
    return [await service.added_and_loaded(picture(seed), info=json.dumps({"label": "cat", "n": seed})) for seed in range(3)]


async def patch(service, milvus_id, **body):
    return await service.client.patch(f"/v1/images/{milvus_id}", json=body)


async def test_changed_info_is_in_every_answer_at_once(service, ids):
    answer = await patch(service, ids[1], info={"label": "tiger", "n": None})
    assert (answer.status_code, answer.json()["info"]) == (200, {"label": "tiger"})
    assert (await service.client.get(f"/v1/images/{ids[1]}")).json()["info"] == {"label": "tiger"}
    hits = (await service.search(milvus_id=ids[1], filter={"label": "tiger"})).json()["hits"]
    assert [(hit["milvus_id"], hit["info"]) for hit in hits] == [(ids[1], {"label": "tiger"})]
    cats = (await service.search(milvus_id=ids[1], filter={"label": "cat"})).json()["hits"]
    assert {hit["milvus_id"] for hit in cats} == {ids[0], ids[2]}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"info": []},
        {"info": None},
        {"info": {"a": "x" * 70_000}},
        {"info": {}, "image_path": "/x"},
        {"info": {}, "log_id": "1"},
    ],
)
async def test_a_change_that_cannot_be_is_refused(service, ids, body):
    answer = await patch(service, ids[0], **body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


async def test_a_source_of_another_picture_is_unknown(service, ids):
    other = (await service.client.get(f"/v1/images/{ids[1]}")).json()["sources"][0]["log_id"]
    answer = await patch(service, ids[0], info={"a": 1}, log_id=other)
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_image")


async def test_a_deleted_picture_is_gone_from_every_answer_and_from_the_index(service, picture, ids):
    answer = await service.client.delete(f"/v1/images/{ids[1]}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert (await service.client.get(f"/v1/images/{ids[1]}")).status_code == 404
    assert (await service.client.get(f"/v1/images/{ids[1]}/thumbnail")).status_code == 404
    assert (await service.search(milvus_id=ids[1])).status_code == 404
    found = (await service.search(milvus_id=ids[0], top_k=10)).json()
    assert {hit["milvus_id"] for hit in found["hits"]} == {ids[0], ids[2]}
    assert found["dropped"] == 0
    page = (await service.client.get("/v1/images")).json()["images"]
    assert [image["milvus_id"] for image in page] == [ids[0], ids[2]]
    assert service.stores.index.fetch([ids[1]]) == {}
    assert list(differences(service.stores.catalog, service.stores.index)) == []
    assert (await service.client.delete(f"/v1/images/{ids[1]}")).status_code == 204
    # Added again it is found again, under its old id.
    assert await service.added_and_loaded(picture(1)) == ids[1]
    assert (await service.search(milvus_id=ids[1], top_k=1)).json()["hits"][0]["milvus_id"] == ids[1]


@pytest.mark.parametrize(("milvus_id", "status"), [(10**12, 404), (0, 404), (MAX_ID + 1, 422), (-1, 422), ("x", 422)])
async def test_what_is_no_picture_is_neither_changed_nor_deleted(service, milvus_id, status):
    assert (await service.client.delete(f"/v1/images/{milvus_id}")).status_code == status
    assert (await patch(service, milvus_id, info={})).status_code == status


async def test_where_the_index_is_away_the_picture_is_gone_all_the_same(open_service, service, ids):
    cut_off = open_service("http://127.0.0.1:9", milvus=service.settings.milvus.model_copy(update={"uri": "http://127.0.0.1:9"}))
    assert (await cut_off.client.delete(f"/v1/images/{ids[0]}")).status_code == 204
    found = (await service.search(milvus_id=ids[1], top_k=10)).json()
    assert {hit["milvus_id"] for hit in found["hits"]} == {ids[1], ids[2]}
    assert found["dropped"] == 1
    assert [(one.kind.value, one.milvus_id) for one in differences(service.stores.catalog, service.stores.index)] == [
        ("orphan", ids[0])
    ]
