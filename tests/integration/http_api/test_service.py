"""The service as a whole: problems of the framework, its description, stores that go away and come back."""

from __future__ import annotations

import asyncio
import base64
import re

import pytest
from openapi_spec_validator import validate

from config.sections import BlobSettings, SqlSettings
from imagesearch.filters import compile_filter
from imagesearch.stores.sql.migrate import migrate


async def test_an_unknown_address_and_a_wrong_method_are_problems(service):
    for method, path, status, code in (
        ("GET", "/v1/nothing", 404, "not_found"),
        ("GET", "/v1/search", 405, "method_not_allowed"),
        ("PUT", "/v1/images/1", 405, "method_not_allowed"),
    ):
        answer = await service.client.request(method, path)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_wrong_method_is_told_all_methods_of_the_address(service):
    for method, path, allowed in (
        ("OPTIONS", "/v1/images", "GET, POST"),
        ("PUT", "/v1/images/1", "DELETE, GET, PATCH"),
        ("PUT", "/v1/imports", "GET, POST"),
        ("DELETE", "/v1/imports/1:pause", "POST"),
        ("POST", "/openapi.json", "GET, HEAD"),
        ("POST", "/healthz", "GET"),
    ):
        answer = await service.client.request(method, path)
        assert (answer.status_code, sorted(answer.headers["allow"].split(", "))) == (405, allowed.split(", ")), path


async def test_the_description_is_valid_and_tells_both_bodies_and_the_problems(service):
    document = (await service.client.get("/openapi.json")).json()
    validate(document)
    for path in ("/v1/images", "/v1/search"):
        operation = document["paths"][path]["post"]
        assert operation["requestBody"]["content"].keys() == {"application/json", "multipart/form-data"}
        for status, answer in operation["responses"].items():
            if not status.startswith("2"):
                assert answer["content"].keys() == {"application/problem+json"}
    assert "HTTPValidationError" not in document["components"]["schemas"]
    for path in ("/v1/search", "/v1/compare"):
        assert [one["name"] for one in document["paths"][path]["post"]["parameters"]] == ["X-Timeout-Ms"]
    schemas = document["components"]["schemas"]
    assert schemas["AddForm"]["properties"]["file"]["format"] == "binary"
    assert schemas["SearchForm"]["properties"]["filter"]["contentMediaType"] == "application/json"
    for example in schemas["SearchQuery"]["properties"]["filter"]["examples"]:
        assert compile_filter(example)


async def test_a_service_whose_stores_answer_is_ready(service):
    answer = await service.client.get("/readyz")
    assert (answer.status_code, answer.json()["ready"]) == (200, True)
    assert answer.json()["stores"].keys() == {"sql", "milvus", "blobs"}
    assert all(store["state"] == "up" and store["ms"] >= 0 for store in answer.json()["stores"].values())
    assert (await service.client.get("/healthz")).json() == {"status": "ok"}


async def test_with_every_store_down_the_service_starts_lives_and_names_them(open_service, tmp_path, picture):
    (tmp_path / "file").touch()
    service = open_service(
        "http://127.0.0.1:9",
        sql=SqlSettings(url=f"sqlite:///{tmp_path}"),
        blobs=BlobSettings(uri=str(tmp_path / "file" / "blobs")),
    )
    answer = await service.client.get("/readyz")
    assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")
    assert answer.json()["down"] == ["sql", "milvus", "blobs"]
    assert {store["state"] for store in answer.json()["stores"].values()} == {"down"}
    assert (await service.client.get("/healthz")).status_code == 200
    for answer in (await service.add(picture(1)), await service.client.get("/v1/images"), await service.search(milvus_id=1)):
        assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")
        assert "retry-after" in answer.headers
        assert str(tmp_path) not in answer.text


@pytest.fixture
def no_database(tmp_path):
    """A path at which SQLite can open nothing, until the folder there is removed."""
    path = tmp_path / "late.db"
    path.mkdir()
    return path


async def test_a_database_that_comes_back_is_used_again(open_service, no_database, milvus_lite_uri):
    service = open_service(milvus_lite_uri, sql=SqlSettings(url=f"sqlite:///{no_database}"))
    assert (await service.client.get("/readyz")).json()["down"] == ["sql"]
    no_database.rmdir()
    migrate(service.settings.sql)
    assert (await service.client.get("/readyz")).status_code == 200
    assert (await service.client.get("/v1/images")).json() == {"images": [], "next": None}


async def test_with_milvus_down_pictures_are_still_added_and_listed(open_service, picture):
    service = open_service("http://127.0.0.1:9")
    migrate(service.settings.sql)
    assert (await service.add(picture(1))).status_code == 202
    assert (await service.client.get("/v1/images")).status_code == 200
    answer = await service.search(image_base64=base64.b64encode(picture(1)).decode())
    assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")
    assert "milvus" in answer.json()["detail"]


async def test_a_milvus_that_comes_back_is_searched_again(service, milvus_lite, picture):
    milvus_id = await service.added_and_loaded(picture(1))
    milvus_lite.stop()
    try:
        assert (await service.client.get("/readyz")).json()["down"] == ["milvus"]
        assert (await service.search(milvus_id=milvus_id)).status_code == 503
    finally:
        milvus_lite.start()
    # gRPC waits longer and longer between its attempts to connect, and the collection has to be loaded again.
    for _ in range(100):
        answer = await service.search(milvus_id=milvus_id)
        if answer.status_code == 200:
            break
        await asyncio.sleep(0.2)
    assert [hit["milvus_id"] for hit in answer.json()["hits"]] == [milvus_id]
    assert (await service.client.get("/readyz")).status_code == 200


async def test_the_end_of_the_application_closes_its_stores(service):
    async with service.api.router.lifespan_context(service.api):
        assert (await service.client.get("/v1/images")).status_code == 200
    assert (await service.client.get("/v1/images")).status_code == 500


@pytest.mark.parametrize("path", ["/v1/images", "/v1/search"])
async def test_an_endless_upload_is_cut_off(service, path):
    async def endless():
        yield b'--b\r\ncontent-disposition: form-data; name="file"; filename="f"\r\n\r\n'
        while True:
            yield bytes(65_536)

    answer = await service.client.post(path, content=endless(), headers={"content-type": "multipart/form-data; boundary=b"})
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


async def test_the_page_of_the_api_loads_from_this_service_alone(service):
    page = await service.client.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(loaded) == 3
    assert all(url.startswith("/docs/assets/") for url in loaded)
    assert [(await service.client.get(url)).status_code for url in loaded] == [200, 200, 200]
    assert 'url: "/openapi.json"' in page.text.replace("'", '"')
    assert (await service.client.get("/docs/assets/../core.py")).status_code == 404
