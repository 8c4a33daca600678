"""A replica whose places are all taken turns searches away at once, and nothing else."""

import asyncio

import pytest

from config.sections import SearchSettings
from tests.fixtures.fresh_stores import fresh


@pytest.fixture
async def narrow(open_service, milvus_lite_uri):
    """A service that has one search in hand at a time."""
    service = open_service(milvus_lite_uri, search=SearchSettings(at_once=1, wait_s=60, cache_slots=0))
    fresh(service.settings, service.stores.fingerprint.collection)
    async with service.client:
        yield service


async def test_whoever_finds_no_place_is_told_when_to_come_again(narrow, picture):
    first = await narrow.added_and_loaded(picture(1))
    waiting = (await narrow.add(picture(2))).json()["log_id"]

    async def held():
        # The others below may have the place when it comes. It keeps it until what it waits for is loaded.
        answer = await narrow.search(milvus_id=first, log_id=waiting)
        while answer.status_code == 429:
            # A refusal waits for nothing: without this whoever has the place would never go on.
            await asyncio.sleep(0.01)
            answer = await narrow.search(milvus_id=first, log_id=waiting)
        return answer

    slow = asyncio.create_task(held())
    answer = await narrow.search(milvus_id=first)
    while answer.status_code == 200:
        await asyncio.sleep(0.02)
        answer = await narrow.search(milvus_id=first)
    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (429, "overloaded", "1")
    compared = await narrow.client.post("/v1/compare", json={name: {"milvus_id": first} for name in ("first", "second")})
    assert compared.status_code == 429
    assert (await narrow.client.get(f"/v1/images/{first}")).status_code == 200
    narrow.load()
    assert (await slow).status_code == 200
    assert (await narrow.search(milvus_id=first)).status_code == 200
