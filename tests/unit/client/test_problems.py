"""The service's problems come back as the errors that they were, and what is no service is told apart."""

from datetime import UTC, datetime

import pytest

from imagesearch.client.problems import retry_after_s
from imagesearch.errors import (
    ImageSearchError,
    InputError,
    NotAnImage,
    Overloaded,
    SourceForbidden,
    StoreUnavailable,
    UnknownImport,
    UnknownNamespace,
)
from tests.fixtures.scripted import HANGS_UP, SILENT

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize("kind", [UnknownNamespace, NotAnImage, SourceForbidden, Overloaded, StoreUnavailable, InputError])
async def test_a_problem_is_the_error_of_its_code(service, client, kind):
    service.refuses("/v1/search", 422, kind.code, "what was wrong", request_id="r1")
    with pytest.raises(kind) as caught:
        await client.search(b"bytes")
    assert type(caught.value) is kind
    assert caught.value.detail == "what was wrong"
    assert (caught.value.data["status"], caught.value.data["request_id"]) == (422, "r1")


@pytest.mark.parametrize(
    ("status", "kind"), [(422, InputError), (500, ImageSearchError), (429, Overloaded), (503, StoreUnavailable)]
)
async def test_a_code_that_a_newer_service_has_is_the_nearest_error(service, client, status, kind):
    service.refuses("/v1/stats", status, "something_new")
    with pytest.raises(ImageSearchError) as caught:
        await client.stats()
    assert type(caught.value) is kind


async def test_fields_that_are_wrong_travel_with_the_error(service, client):
    service.refuses("/v1/search", 422, "invalid_request", errors=[{"field": "top_k", "message": "too large"}])
    with pytest.raises(InputError) as caught:
        await client.search(b"bytes")
    assert caught.value.data["errors"] == [{"field": "top_k", "message": "too large"}]


async def test_where_nothing_listens_the_error_says_how_to_start_it(open_client, nobody):
    with pytest.raises(StoreUnavailable, match="imagesearch up") as caught:
        await open_client(f"http://127.0.0.1:{nobody}").stats()
    assert caught.value.data["store"] == "service"


@pytest.mark.parametrize("status", [200, 404, 502])
@pytest.mark.parametrize("body", [b"<h1>hello</h1>", b"[1]", b'"text"', b"{", b"{}", b"\xff", b"[" * 100_000])
async def test_another_program_on_the_port_is_not_taken_for_the_service(service, client, status, body):
    service.says("/v1/stats", body, status, "text/html")
    with pytest.raises(StoreUnavailable, match="not this service"):
        await client.stats()


async def test_a_service_that_hangs_up_or_says_nothing_is_unavailable(service, client, open_client):
    service.answers["/v1/images"] = [HANGS_UP]
    service.answers["/v1/stats"] = [SILENT]
    with pytest.raises(StoreUnavailable, match="broke off"):
        await client.add(b"bytes")
    with pytest.raises(StoreUnavailable, match="in time"):
        await open_client(service.url, timeout_s=0.2).stats()


async def test_a_service_that_is_not_ready_says_which_stores_are(service, client):
    stores = {"sql": {"state": "up", "ms": 1.0}, "milvus": {"state": "down", "ms": 2000.0}}
    service.refuses("/readyz", 503, "store_unavailable", down=["milvus"], stores=stores)
    with pytest.raises(StoreUnavailable) as caught:
        await client.ready()
    assert (caught.value.data["stores"], caught.value.data["down"]) == (stores, ["milvus"])


async def test_errors_as_csv_are_csv_or_an_error(service, client):
    service.refuses("/v1/imports/7/errors.csv", 404, "unknown_import")
    with pytest.raises(UnknownImport):
        await client.import_errors(7)
    service.says("/v1/imports/7/errors.csv", b"<h1>hello</h1>", media_type="text/html")
    with pytest.raises(StoreUnavailable, match="not this service"):
        await client.import_errors(7)
    service.says("/v1/imports/7/errors.csv", "line\r\n4,ü\r\n".encode(), media_type="text/csv; charset=utf-8")
    assert "".join(await client.import_errors(7)) == "line\r\n4,ü\r\n"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        (" 120 ", 120),
        ("1.5", 1.5),
        ("Fri, 02 Jan 2026 12:01:00 GMT", 60),
        ("Fri, 02 Jan 2026 11:00:00 GMT", 0),
        ("Fri, 02 Jan 2026 14:00:00 +0100", 3600),
        ("Fri, 02 Jan 2026 12:01:00 -0000", 60),
        ("", None),
        ("soon", None),
        ("-1", None),
        ("1e9", None),
        ("9" * 5000, None),
        ("٣", None),
        ("Fri, 99 Jan 2026 12:01:00 GMT", None),
    ],
)
def test_when_to_come_back_is_read_as_seconds_or_as_a_date(text, seconds):
    assert retry_after_s(text, NOON) == seconds
