"""Both clients against the service itself, over TCP: every call, as a program would make it."""

import pytest

from config.sections import AuthSettings
from imagesearch.client import NewImage, PictureQuery, Region, WeightedQuery
from imagesearch.errors import (
    DeadlineExceeded,
    Forbidden,
    IdempotencyConflict,
    ImportConflict,
    InputError,
    NotAnImage,
    SourceForbidden,
    Unauthorized,
    UnknownImage,
    UnknownImport,
    UnknownLog,
    UnknownNamespace,
)
from imagesearch.keys import Role
from imagesearch.types import ImportState, LogState
from tests.fixtures.either_client import KINDS, Either
from tests.fixtures.fresh_stores import fresh
from tests.fixtures.served import served


@pytest.fixture(params=KINDS, ids=lambda kind: kind.__name__)
def kind(request):
    return request.param


@pytest.fixture
async def client(service, kind):
    async with served(service) as url:
        client = Either(kind, url, max_bytes=100_000)
        yield client
        await client.closed()


async def test_pictures_are_added_found_changed_and_deleted(service, client, picture, tmp_path):
    (tmp_path / "a.png").write_bytes(picture(1))
    added = await client.add(tmp_path / "a.png", {"label": "cat", "size": 3})
    with pytest.raises(UnknownNamespace):
        await client.search(picture(1), namespace="dogs")
    assert (await client.add_log(added.log_id)).state is LogState.PENDING
    service.load()
    entry = await client.wait_loaded(added.log_id)
    assert (entry.state, entry.info) == (LogState.LOADED, {"label": "cat", "size": 3})
    found = await client.search(tmp_path / "a.png", filter={"size": {"gte": 3}}, log_id=added.log_id, timeout_s=60)
    (hit,) = found.hits
    assert (hit.milvus_id, hit.view) == (entry.milvus_id, "original")
    assert hit.score == pytest.approx(1, abs=1e-3)
    assert found.timing_ms.total > 0
    shown = await client.image(hit.milvus_id)
    assert (shown.width, shown.sources[0].log_id) == (48, added.log_id)
    assert (await client.patch(hit.milvus_id, {"size": None, "label": "tiger"}, log_id=added.log_id)).info == {"label": "tiger"}
    thumbnail = await client.thumbnail(hit.milvus_id, 16)
    assert thumbnail.media_type == "image/webp" and thumbnail.data[:4] == b"RIFF"
    assert await client.delete(hit.milvus_id) is None
    with pytest.raises(UnknownImage):
        await client.image(hit.milvus_id)


async def test_there_are_many_ways_to_search(service, client, picture):
    for seed in range(3):
        await client.add(picture(seed))
    service.load()
    first, second, _ = await client.images()
    assert (await client.search(milvus_id=first.milvus_id, top_k=1)).hits[0].milvus_id == first.milvus_id
    vector = service.stores.index.fetch([first.milvus_id])[first.milvus_id]
    assert (await client.search(vector=vector, min_score=0.99)).hits[0].milvus_id == first.milvus_id
    queries = [WeightedQuery(file=picture(0)), WeightedQuery(milvus_id=second.milvus_id, weight=-0.1)]
    found = await client.search(queries=queries, exact=True, group=True)
    assert (found.hits[0].milvus_id, found.ranking.strategy) == (first.milvus_id, "exact")
    assert (await client.search(picture(0), region=Region(0, 0, 1, 1), flips=True, offset=1)).hits
    assert (await client.compare(picture(0), PictureQuery(milvus_id=first.milvus_id))).score == pytest.approx(1, abs=1e-3)
    assert (await client.compare(picture(0), picture(1))).score < 0.99
    with pytest.raises(DeadlineExceeded):
        await client.search(picture(0), timeout_s=0.001)


async def test_all_pages_are_gone_through(service, client, picture):
    for seed in range(5):
        await client.add(picture(seed), namespace="cats")
    service.load()
    ids = [one.milvus_id for one in await client.images("cats", page=2)]
    assert len(ids) == 5 and ids == sorted(ids)
    assert [one.milvus_id for one in await client.images("cats", page=2, after=ids[2])] == ids[3:]
    assert await client.images() == []
    assert (await client.stats()).pictures == 5


async def test_what_is_refused_is_the_error_that_it_is(service, client, picture):
    with pytest.raises(NotAnImage):
        await client.search(b"no picture")
    with pytest.raises(SourceForbidden):
        await client.search(image_path="/etc/passwd")
    with pytest.raises(UnknownLog):
        await client.add_log(12345)
    with pytest.raises(InputError) as caught:
        await client.search(picture(1), top_k=0)
    assert caught.value.data["errors"][0]["field"] == "top_k"
    with pytest.raises(InputError):
        await client.search(picture(1), milvus_id=1)


async def test_a_repeated_add_is_one_and_a_bad_item_fails_alone(service, client, picture):
    path = service.folder / "a.png"
    path.write_bytes(picture(1))
    first = await client.add(image_path=str(path), idempotency_key="k")
    assert (await client.add(image_path=str(path), idempotency_key="k")).log_id == first.log_id
    with pytest.raises(IdempotencyConflict):
        await client.add(image_path=str(path), info={"label": "other"}, idempotency_key="k")
    good, bad = await client.add_batch([NewImage(str(path), {"label": "cat"}), NewImage("relative.png")])
    assert good.log_id > first.log_id
    assert bad.error.code == "source_invalid"


async def test_imports_are_asked_for_looked_at_and_steered(service, client, picture):
    (service.folder / "m.csv").write_text("path\nnone.png\n")
    one = await client.add_import(str(service.folder / "m.csv"), "cats")
    assert [each.import_id for each in await client.imports("cats", page=1)] == [one.import_id]
    assert (await client.import_of(one.import_id)).source.endswith("m.csv")
    cancelled = await client.cancel_import(one.import_id)
    assert cancelled.state is ImportState.CANCELLED
    for steer in (client.pause_import, client.resume_import):
        with pytest.raises(ImportConflict):
            await steer(one.import_id)
    with pytest.raises(UnknownImport):
        await client.import_of(one.import_id + 1)
    assert "".join(await client.import_errors(one.import_id)).startswith("line,log_id,image_path,code,detail")


async def test_the_service_lives_and_is_ready(client):
    assert (await client.health()).status == "ok"
    ready = await client.ready()
    assert ready.ready and ready.stores["sql"].state == "up"


async def test_a_key_opens_what_it_may(open_service, milvus_lite_uri, kind, picture):
    service = open_service(milvus_lite_uri, auth=AuthSettings(keys=True, cache_s=0))
    fresh(service.settings, service.stores.fingerprint.collection)
    _, text = service.stores.keys.create("somebody", {Role.SEARCH})
    async with served(service) as url:
        for key, kind_of_error in ((None, Unauthorized), ("isk_guessed", Unauthorized), (text, Forbidden)):
            client = Either(kind, url, key)
            with pytest.raises(kind_of_error):
                await client.add(picture(1))
            if key == text:
                assert await client.images() == []
            await client.closed()
