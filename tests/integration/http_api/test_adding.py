"""Adding pictures over HTTP."""

from __future__ import annotations

import json

import pytest

MAX_ID = 2**63 - 1


async def test_an_upload_is_accepted_loaded_and_tells_what_became_of_it(service, picture):
    answer = await service.add(picture(1), info=json.dumps({"label": "one"}))
    assert answer.status_code == 202
    assert answer.json().keys() == {"log_id", "state", "href"}
    assert answer.json()["state"] == "pending"
    service.load()
    row = (await service.client.get(answer.json()["href"])).json()
    assert (row["state"], row["attempts"], row["error"], row["info"]) == ("loaded", 0, None, {"label": "one"})
    assert row["milvus_id"] is not None
    assert row["create_time"].endswith("Z")


async def test_the_same_bytes_again_are_a_duplicate_with_the_same_id_and_both_sources_kept(service, picture):
    first = await service.added_and_loaded(picture(1), info='{"n": 1}')
    again = await service.add(picture(1), info='{"n": 2}')
    service.load()
    row = (await service.client.get(again.json()["href"])).json()
    assert (row["state"], row["milvus_id"]) == ("duplicate", first)
    sources = (await service.client.get(f"/v1/images/{first}")).json()["sources"]
    assert [source["info"] for source in sources] == [{"n": 1}, {"n": 2}]


async def test_a_path_is_accepted_without_being_fetched(service):
    for path in ("/nowhere/at/all.png", "file:///a.png", "s3://bucket/a.png", "https://example.com/a.png"):
        answer = await service.client.post("/v1/images", json={"image_path": path, "info": {"a": [1]}, "namespace": "pets"})
        assert answer.status_code == 202
        row = (await service.client.get(answer.json()["href"])).json()
        assert (row["image_path"], row["namespace"], row["info"]) == (path, "pets", {"a": [1]})


@pytest.mark.parametrize(
    "path", ["a.png", "ftp://host/a.png", "s3://", "http://", "http:a", "/a\0.png", "C:\\a.png", "http://[::1"]
)
async def test_a_path_that_nothing_could_ever_read_is_refused(service, path):
    answer = await service.client.post("/v1/images", json={"image_path": path})
    assert (answer.status_code, answer.json()["code"]) == (422, "source_invalid")


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (b"", 415, "empty_image"),
        (b"hello", 415, "not_an_image"),
        (b"\x89PNG\r\n\x1a\n", 422, "truncated_image"),
        (b"\xff\xd8\xff" + bytes(100_000), 413, "too_many_bytes"),
        (b"\xff\xd8\xff" + bytes(2_000_000), 413, "body_too_large"),
    ],
)
async def test_what_is_no_picture_is_refused_at_once(service, data, status, code):
    answer = await service.add(data)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert (await service.client.get("/v1/stats")).json()["pending"] == 0


async def test_a_picture_of_too_many_pixels_is_refused_at_once(service, picture):
    answer = await service.add(picture(1, side=1100))
    assert (answer.status_code, answer.json()["code"]) == (413, "too_many_pixels")


async def test_an_upload_with_the_same_idempotency_key_is_added_once(service, picture):
    first = await service.add(picture(1), idempotency_key="k1", info='{"a": 1}')
    again = await service.add(picture(1), idempotency_key="k1", info='{"a": 1}')
    assert again.status_code == 202
    assert again.json() == first.json()
    for other in (await service.add(picture(2), idempotency_key="k1"), await service.add(picture(1), idempotency_key="k1")):
        assert (other.status_code, other.json()["code"]) == (409, "idempotency_conflict")


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"info": "[]"}, "info"),
        ({"info": "{"}, "info"),
        ({"info": '{"a": NaN}'}, "info"),
        ({"info": '{"a": "\\ud800"}'}, "info"),
        ({"info": json.dumps({"a": "x" * 70_000})}, "info"),
        ({"label": "cat"}, "label"),
        ({"namespace": "a b"}, "namespace"),
        ({"idempotency_key": "a b"}, "idempotency_key"),
    ],
)
async def test_a_wrong_field_of_a_form_is_named(service, picture, fields, named):
    answer = await service.add(picture(1), **fields)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert [error["field"] for error in answer.json()["errors"]] == [named]


async def test_a_form_without_a_file_or_with_two_is_refused(service, picture):
    answer = await service.client.post("/v1/images", files={"info": (None, "{}")})
    assert answer.json()["errors"] == [{"field": "file", "message": "Field required"}]
    answer = await service.client.post("/v1/images", files=[("file", ("a", picture(1))), ("file", ("b", picture(2)))])
    assert answer.json()["errors"] == [{"field": "file", "message": "given twice"}]


@pytest.mark.parametrize("parameters", ["", "; boundary=other", "; boundary=b; charset=undefined"])
async def test_a_broken_form_is_a_problem(service, parameters):
    body = b'--b\r\ncontent-disposition: form-data; name="info"\r\n\r\n{}\r\n--b--\r\n'
    answer = await service.client.post("/v1/images", content=body, headers={"content-type": f"multipart/form-data{parameters}"})
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"


# Starlette leaves the file of an unfinished part to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_a_form_that_ends_early_adds_nothing(service, picture):
    body = b'--b\r\ncontent-disposition: form-data; name="file"; filename="a.png"\r\n\r\n' + picture(1)[:100]
    answer = await service.client.post("/v1/images", content=body, headers={"content-type": "multipart/form-data; boundary=b"})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "file")


async def test_a_batch_answers_for_each_item_in_order_and_one_bad_item_fails_alone(service):
    items = [
        {"image_path": "/a.png", "idempotency_key": "k"},
        {},
        {"image_path": "/b.png", "info": {"a": float("nan")}},
        "x",
        {"image_path": "ftp://x/y"},
        {"image_path": "/other.png", "idempotency_key": "k"},
        {"image_path": "/a.png", "idempotency_key": "k"},
    ]
    answer = await service.client.post(
        "/v1/images:batch", content=json.dumps({"images": items}), headers={"content-type": "application/json"}
    )
    assert answer.status_code == 202
    results = answer.json()["results"]
    codes = [result.get("error", {}).get("code") for result in results]
    assert codes == [None, "invalid_request", "invalid_request", "invalid_request", "source_invalid", "idempotency_conflict", None]
    assert results[0] == results[6] and results[0]["state"] == "pending"
    assert results[1]["error"]["errors"][0]["field"] == "image_path"
    assert results[5]["error"]["status"] == 409
    assert (await service.client.get("/v1/stats")).json()["pending"] == 1


async def test_a_batch_of_a_thousand_passes_and_a_longer_one_does_not(service):
    items = [{"image_path": f"/{n}.png"} for n in range(1001)]
    refused = await service.client.post("/v1/images:batch", json={"images": items})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "images")
    passed = await service.client.post("/v1/images:batch", json={"images": items[:1000]})
    log_ids = [result["log_id"] for result in passed.json()["results"]]
    assert len(log_ids) == 1000 and log_ids == sorted(log_ids)
    assert (await service.client.post("/v1/images:batch", json={"images": []})).json() == {"results": []}


@pytest.mark.parametrize(("log_id", "status"), [(999_999, 404), (MAX_ID, 404), (MAX_ID + 1, 422), ("x", 422), (-1, 422)])
async def test_an_unknown_log_id_is_told_from_a_wrong_one(service, log_id, status):
    answer = await service.client.get(f"/v1/add-log/{log_id}")
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
