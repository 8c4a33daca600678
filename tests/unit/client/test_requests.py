"""What is sent: bodies, files within their bound, the key, and nothing that a caller did not mean."""

import base64
import json

import numpy as np
import pytest

from imagesearch.client import PictureQuery, Region, WeightedQuery
from imagesearch.client.picture_file import read_picture
from imagesearch.errors import ConfigError, EmptyImage, InputError, SourceNotFound, StoreUnavailable, TooManyBytes
from tests.fixtures.scripted import answer

COMPARED = {
    "score": 0.5,
    "model": "tiny",
    "timing_ms": {"wait": 0, "decode": 1, "embed": 2, "search": 0, "metadata": 0, "total": 3},
}


@pytest.fixture
def sent(service, client):
    """Compare or search so, and return what was sent as JSON; the answer is of no interest."""

    async def send(call, **members):
        with pytest.raises(StoreUnavailable, match="not this service"):
            await getattr(client, call)(**members)
        return json.loads(service.seen[-1][2])

    return send


async def test_a_search_sends_the_bytes_and_not_the_name_of_the_file(service, client, tmp_path):
    file = tmp_path / "a secret name.png"
    file.write_bytes(b"bytes of it")
    for picture in (file, str(file), b"bytes of it"):
        with pytest.raises(StoreUnavailable):
            await client.search(picture, top_k=3, namespace="cats", filter={"label": "Katze ü"}, exact=True)
        method, path, body = service.seen.pop()
        assert (method, path) == ("POST", "/v1/search")
        assert b"secret" not in body
        fields = {"top_k": b"3", "namespace": b"cats", "filter": b'{"label": "Katze \\u00fc"}', "exact": b"true"}
        for name, value in fields.items():
            assert b'name="%s"\r\n\r\n%s\r\n' % (name.encode(), value) in body
        assert b"bytes of it" in body and b'name="flips"' not in body


async def test_pictures_in_json_are_base64_and_vectors_may_be_numpys(sent, tmp_path):
    (tmp_path / "b.png").write_bytes(b"of a file")
    queries = [WeightedQuery(file=b"bytes", region=Region(0, 0, 0.5, 1)), WeightedQuery(file=tmp_path / "b.png", weight=-0.5)]
    assert (await sent("search", queries=queries))["queries"] == [
        {"image_base64": base64.b64encode(b"bytes").decode(), "region": {"x": 0, "y": 0, "w": 0.5, "h": 1}, "weight": 1.0},
        {"image_base64": base64.b64encode(b"of a file").decode(), "weight": -0.5},
    ]
    assert (await sent("search", vector=np.ones(2, np.float32)))["vector"] == [1.0, 1.0]
    assert await sent("compare", first=b"bytes", second=PictureQuery(milvus_id=0)) == {
        "first": {"image_base64": base64.b64encode(b"bytes").decode()},
        "second": {"milvus_id": 0},
    }


@pytest.mark.parametrize(
    "members",
    [
        {"vector": [float("nan")]},
        {"filter": {"label": object()}},
        {"file": b"bytes", "filter": {"size": float("inf")}},
        {"file": b"bytes", "namespace": "\ud800"},
        {"milvus_id": 1, "timeout_s": 0},
        {"milvus_id": 1, "timeout_s": float("inf")},
    ],
)
async def test_what_cannot_be_written_is_an_error_of_the_caller(service, client, members):
    with pytest.raises(InputError):
        await client.search(**members)
    assert not service.seen


async def test_files_are_bounded_wherever_they_stand(service, open_client, tmp_path):
    (tmp_path / "large").write_bytes(bytes(11))
    client = open_client(service.url, max_bytes=10)
    for call in (
        client.search(tmp_path / "large"),
        client.add(tmp_path / "large"),
        client.search(queries=[WeightedQuery(file=tmp_path / "large")]),
    ):
        with pytest.raises(TooManyBytes):
            await call
    assert not service.seen


def test_a_file_that_cannot_be_searched_by_is_named(tmp_path):
    (tmp_path / "empty").touch()
    (tmp_path / "large").write_bytes(bytes(11))
    for name, kind in {"none": SourceNotFound, "empty": EmptyImage, "large": TooManyBytes, ".": SourceNotFound}.items():
        with pytest.raises(kind, match=str(tmp_path)):
            read_picture(tmp_path / name, 10)


async def test_two_files_are_compared_as_they_are(service, client):
    service.says("/v1/compare", COMPARED)
    assert (await client.compare(b"one", b"other")).score == 0.5
    assert b"one" in service.seen[0][2] and b"other" in service.seen[0][2]


async def test_the_key_is_shown_to_the_service_alone(service, open_client, stats):
    client = open_client(service.url, "isk_0_secret")
    service.says("/v1/stats", stats)
    await client.stats()
    page = {"images": [], "next": "http://127.0.0.1:1/elsewhere?after=7&limit=2"}
    service.answers["/v1/images"] = [answer(page), answer({"images": [], "next": None})]
    assert await client.images(page=2) == []
    assert [path for _, path, _ in service.seen[1:]] == [
        "/v1/images?limit=2&after=0&namespace=default",
        "/v1/images?after=7&limit=2",
    ]
    assert {headers["authorization"] for headers in service.headers} == {"Bearer isk_0_secret"}


@pytest.mark.parametrize("key", ["isk_1\n", "isk 1", "isk_ü", ""])
def test_a_key_that_no_header_carries_is_refused_without_being_told(open_client, key):
    with pytest.raises(ConfigError) as caught:
        open_client("http://127.0.0.1:1", key)
    assert not key or key not in caught.value.detail


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://host", "", "http://", "http://[::1", "/v1"])
def test_what_is_not_a_url_is_refused(open_client, url):
    with pytest.raises(ConfigError):
        open_client(url)


async def test_a_service_may_lie_below_a_path_and_know_more_than_the_client(service, open_client, stats):
    service.says("/pictures/v1/stats", {**stats, "new": {"member": 1}})
    assert (await open_client(f"{service.url}/pictures/").stats()).model_dump() == stats


async def test_a_thumbnail_is_a_picture_or_an_error(service, client):
    service.says("/v1/images/7/thumbnail", b"picture", media_type="image/webp")
    assert await client.thumbnail(7, 64) == ("image/webp", b"picture")
    assert service.seen[0][1] == "/v1/images/7/thumbnail?size=64"
    service.says("/v1/images/7/thumbnail", b"<svg onload=alert(1)>", media_type="image/svg+xml")
    with pytest.raises(StoreUnavailable):
        await client.thumbnail(7, 64)


async def test_proxies_of_the_environment_do_not_stand_before_ones_own_service(service, open_client, monkeypatch, stats):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    service.says("/v1/stats", stats)
    assert (await open_client(service.url).stats()).model_dump() == stats
