"""Keys over HTTP: who may do what, in which namespace, how often."""

import pytest

from config.sections import AuthSettings, RedisSettings
from imagesearch.keys import Role
from tests.fixtures.fresh_stores import fresh


@pytest.fixture
async def guarded(open_service, milvus_lite_uri, redis_server):
    service = open_service(
        milvus_lite_uri, auth=AuthSettings(keys=True, cache_s=0, rate_limit_open=False), redis=RedisSettings(url=redis_server.url)
    )
    fresh(service.settings, service.stores.fingerprint.collection)
    async with service.client:
        yield service


def shown(service, *roles, **limits):
    """Have the client show a new key from now on."""
    key, text = service.stores.keys.create("somebody", set(roles), **limits)
    service.client.headers["authorization"] = f"Bearer {text}"
    return key


async def test_without_a_good_key_every_call_but_the_health_checks_and_the_page_is_refused(guarded, picture):
    for header in ({}, {"authorization": "Bearer isk_0123456789abcdef_" + "a" * 43}, {"authorization": "Basic YTpi"}):
        for method, path in (
            ("GET", "/v1/images"),
            ("GET", "/v1/images/1"),
            ("GET", "/v1/images/1/thumbnail"),
            ("GET", "/v1/add-log/1"),
            ("GET", "/v1/stats"),
            ("GET", "/v1/info-keys"),
            ("GET", "/v1/failures"),
            ("POST", "/v1/failures:retry"),
            ("GET", "/v1/imports/1/events"),
            ("POST", "/v1/images"),
            ("POST", "/v1/images:batch"),
            ("POST", "/v1/search"),
            ("POST", "/v1/compare"),
            ("PATCH", "/v1/images/1"),
            ("DELETE", "/v1/images/1"),
        ):
            answer = await guarded.client.request(method, path, headers=header)
            assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized"), (method, path)
            assert answer.headers["www-authenticate"] == "Bearer"
    for path in ("/", "/healthz", "/readyz", "/docs", "/openapi.json"):
        assert (await guarded.client.get(path)).status_code == 200


async def test_the_body_of_a_caller_without_a_good_key_is_not_read(guarded):
    read = []

    async def body():
        read.append(1)
        yield b"{}"

    for kind in ("application/json", "multipart/form-data; boundary=b"):
        for path in ("/v1/images", "/v1/images:batch", "/v1/imports", "/v1/search", "/v1/compare"):
            answer = await guarded.client.post(path, content=body(), headers={"content-type": kind})
            assert answer.status_code == 401, path
    assert read == []


async def test_a_key_does_what_its_roles_say(guarded, picture):
    shown(guarded, Role.SEARCH)
    assert (await guarded.add(picture(1))).json()["code"] == "forbidden"
    assert (await guarded.client.get("/v1/images")).status_code == 200
    shown(guarded, Role.ADD)
    added = await guarded.add(picture(1))
    assert added.status_code == 202
    assert (await guarded.client.get(added.json()["href"])).status_code == 200
    assert (await guarded.client.get("/v1/images")).json()["code"] == "forbidden"
    for method in ("PATCH", "DELETE"):
        assert (await guarded.client.request(method, "/v1/images/1", json={"info": {}})).json()["code"] == "forbidden"
    assert (await guarded.client.get("/v1/info-keys")).json()["code"] == "forbidden"
    assert (await guarded.client.get("/v1/failures")).status_code == 200
    shown(guarded, Role.ADMIN)
    assert (await guarded.client.get("/v1/stats")).status_code == 200


async def test_one_namespace_s_key_sees_nothing_of_another(guarded, picture):
    shown(guarded, Role.ADMIN)
    milvus_id = await guarded.added_and_loaded(picture(1), namespace="cats")
    added = (await guarded.add(picture(2), namespace="cats")).json()
    log, log_id = added["href"], added["log_id"]
    shown(guarded, Role.ADMIN, namespaces={"dogs"})
    client = guarded.client
    for answer in (
        await client.get(f"/v1/images/{milvus_id}"),
        await client.get(f"/v1/images/{milvus_id}/thumbnail"),
        await client.get(log),
        await guarded.search(milvus_id=milvus_id, namespace="dogs"),
        await guarded.search(queries=[{"milvus_id": milvus_id}], namespace="dogs"),
        await guarded.search(milvus_id=milvus_id, region={"x": 0, "y": 0, "w": 1, "h": 1}, namespace="dogs"),
        await guarded.search(vector=[1.0] * guarded.stores.fingerprint.dim, log_id=log_id, namespace="dogs"),
        await client.post("/v1/compare", json={"first": {"milvus_id": milvus_id}, "second": {"milvus_id": milvus_id}}),
        await client.patch(f"/v1/images/{milvus_id}", json={"info": {}}),
        await client.delete(f"/v1/images/{milvus_id}"),
    ):
        assert answer.status_code == 404
    for answer in (
        await client.get("/v1/images?namespace=cats"),
        await client.get("/v1/info-keys?namespace=cats"),
        await client.get("/v1/failures?namespace=cats"),
        await client.post("/v1/failures:retry", json={"namespace": "cats"}),
        await client.get("/v1/stats"),
        await guarded.search(milvus_id=milvus_id, namespace="cats"),
        await guarded.add(picture(3), namespace="cats"),
        await guarded.add(picture(3)),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    items = [{"image_path": "/a.png", "namespace": name} for name in ("cats", "dogs")]
    refused, accepted = (await client.post("/v1/images:batch", json={"images": items})).json()["results"]
    assert refused["error"]["code"] == "forbidden"
    assert accepted["state"] == "pending"


async def test_a_key_s_rate_is_kept_and_says_when_to_come_back(guarded):
    shown(guarded, Role.SEARCH, per_minute=3)
    answers = [await guarded.client.get("/v1/images") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[-1].json()["code"] == "rate_limited"
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 20


async def test_a_revoked_key_is_refused(guarded):
    key = shown(guarded, Role.SEARCH)
    assert (await guarded.client.get("/v1/images")).status_code == 200
    guarded.stores.keys.revoke(key.key_id)
    assert (await guarded.client.get("/v1/images")).status_code == 401
