"""The client: the service's problems come back as the errors that they were."""

import pytest

from cli.client import Client, open_client, read_picture
from imagesearch.errors import (
    EmptyImage,
    ImageSearchError,
    InputError,
    NotAnImage,
    Overloaded,
    SourceForbidden,
    SourceNotFound,
    StoreUnavailable,
    TooManyBytes,
    UnknownNamespace,
)


@pytest.fixture
def client(service):
    with Client(service.url) as client:
        yield client


@pytest.mark.parametrize("kind", [UnknownNamespace, NotAnImage, SourceForbidden, Overloaded, StoreUnavailable, InputError])
def test_a_problem_is_the_error_of_its_code(service, client, kind):
    service.refuses("/v1/search", 422, kind.code, "what was wrong")
    with pytest.raises(kind) as caught:
        client.search_file(b"bytes")
    assert type(caught.value) is kind
    assert caught.value.detail == "what was wrong"
    assert caught.value.data["status"] == 422


@pytest.mark.parametrize(("status", "kind"), [(422, InputError), (500, ImageSearchError)])
def test_a_code_that_a_newer_service_has_is_the_nearest_error(service, client, status, kind):
    service.refuses("/v1/stats", status, "something_new")
    with pytest.raises(ImageSearchError) as caught:
        client.stats()
    assert type(caught.value) is kind


def test_fields_that_are_wrong_travel_with_the_error(service, client):
    service.refuses("/v1/search", 422, "invalid_request", errors=[{"field": "top_k", "message": "too large"}])
    with pytest.raises(InputError) as caught:
        client.search_file(b"bytes")
    assert caught.value.data["errors"] == [{"field": "top_k", "message": "too large"}]


def test_where_nothing_listens_the_error_says_how_to_start_it(nobody):
    with Client(f"http://127.0.0.1:{nobody}") as client, pytest.raises(StoreUnavailable, match="imagesearch up") as caught:
        client.stats()
    assert caught.value.data["store"] == "service"


@pytest.mark.parametrize("status", [200, 404, 502])
@pytest.mark.parametrize("body", [b"<h1>hello</h1>", b"[1]", b'"text"', b"{", b"{}", b"\xff", b"[" * 100_000])
def test_another_program_on_the_port_is_not_taken_for_the_service(service, client, status, body):
    service.says("/v1/stats", body, status, "text/html")
    with pytest.raises(StoreUnavailable, match="not this service"):
        client.stats()


def test_a_service_that_hangs_up_is_unavailable(nobody):
    import socket
    import threading

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=lambda: server.accept()[0].close())
        thread.start()
        with Client(f"http://127.0.0.1:{server.getsockname()[1]}") as client, pytest.raises(StoreUnavailable, match="broke off"):
            client.stats()
        thread.join()


def test_a_search_sends_the_bytes_and_not_the_name_of_the_file(service, client, tmp_path, picture, found):
    service.says("/v1/search", found())
    file = tmp_path / "a secret name.png"
    file.write_bytes(picture())
    assert client.search_file(file, top_k=3, namespace="cats")["hits"] == []
    (method, path, body), *_ = service.seen
    assert (method, path) == ("POST", "/v1/search")
    assert picture() in body
    assert b"secret" not in body
    assert b'name="top_k"\r\n\r\n3\r\n' in body
    assert b'name="namespace"\r\n\r\ncats\r\n' in body


def test_an_add_sends_the_info_as_json(service, client):
    service.says("/v1/images", {"log_id": 1, "state": "pending", "href": "/v1/add-log/1"}, 202)
    assert client.add_file(b"bytes", {"label": "Katze ü"})["log_id"] == 1
    assert b'{"label": "Katze \\u00fc"}' in service.seen[0][2]


def test_a_thumbnail_is_a_picture_or_an_error(service, client, picture):
    service.says("/v1/images/7/thumbnail", picture(kind="WEBP"), media_type="image/webp")
    assert client.thumbnail(7, 64) == ("image/webp", picture(kind="WEBP"))
    assert service.seen[0][1] == "/v1/images/7/thumbnail?size=64"
    service.says("/v1/images/7/thumbnail", b"<svg onload=alert(1)>", media_type="image/svg+xml")
    with pytest.raises(StoreUnavailable):
        client.thumbnail(7, 64)


def test_a_service_that_is_not_ready_says_which_stores_are(service, client):
    stores = {"sql": {"state": "up", "ms": 1.0}, "milvus": {"state": "down", "ms": 2000.0}}
    service.refuses("/readyz", 503, "store_unavailable", down=["milvus"], stores=stores)
    with pytest.raises(StoreUnavailable) as caught:
        client.ready()
    assert caught.value.data["stores"] == stores


def test_proxies_of_the_environment_do_not_stand_before_ones_own_service(service, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    service.says("/v1/stats", {"pictures": 1})
    with Client(service.url) as client:
        assert client.stats() == {"pictures": 1}


def test_an_ipv6_host_is_put_in_brackets(settings):
    http = settings.http.model_copy(update={"host": "::1", "port": 8000})
    with open_client(settings.model_copy(update={"http": http})) as client:
        assert client.base_url == "http://[::1]:8000"


def test_a_file_that_cannot_be_searched_by_is_named(tmp_path):
    (tmp_path / "empty").touch()
    (tmp_path / "large").write_bytes(bytes(11))
    for name, kind in {"none": SourceNotFound, "empty": EmptyImage, "large": TooManyBytes, ".": SourceNotFound}.items():
        with pytest.raises(kind, match=str(tmp_path)):
            read_picture(tmp_path / name, 10)
