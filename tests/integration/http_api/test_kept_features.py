"""Searches verify with the features that loads kept, wherever they are kept, and answer the same without them."""

from __future__ import annotations

import pytest

from config.sections import BlobSettings, VerifySettings
from imagesearch.images.blobs import FolderBlobs
from imagesearch.images.kept_features import PLACE
from tests.fixtures.fresh_stores import fresh
from tests.fixtures.queries import base64_of, found
from tests.integration.http_api.test_verifying import png, scene

# Nothing is remembered, so that each search reads what is kept; a slow machine verifies all of it too.
KEPT = VerifySettings(keep_features=True, cache_bytes=0, budget_ms=60_000)


@pytest.fixture(params=["folder", "s3"])
def places(request, tmp_path):
    if request.param == "folder":
        return {"blobs": BlobSettings(uri=str(tmp_path / "blobs"))}
    uri = f"s3://{request.getfixturevalue('s3_bucket')}/uploads"
    return {"blobs": BlobSettings(uri=uri), "s3": request.getfixturevalue("s3_server")}


@pytest.fixture
async def service(open_service, milvus_lite_uri, places):
    service = open_service(milvus_lite_uri, verify=KEPT, **places)
    fresh(service.settings, service.stores.fingerprint.collection)
    async with service.client:
        yield service


@pytest.fixture
async def ids(service):
    return [await service.added_and_loaded(png(scene(seed))) for seed in range(5)]


def crop():
    return {"image_base64": base64_of(png(scene(2).crop((50, 40, 150, 120)))), "verify": True}


def without_times(answer):
    assert answer.status_code == 200, answer.text
    return {key: value for key, value in answer.json().items() if key not in ("timing_ms", "loaded_lag_s")}


def lose(service, milvus_id):
    """Remove the picture's bytes; what is kept of it stays. Returns its entry."""
    entry = service.stores.catalog.get(milvus_id)
    blobs = service.stores.blobs
    name = f"{entry.facts.content_hash[:2]}/{entry.facts.content_hash}"
    if isinstance(blobs, FolderBlobs):
        (blobs._root / name).unlink()
    else:
        service.stores.s3.delete(blobs._bucket, blobs._prefix + name)
    return entry


async def test_kept_features_serve_where_the_picture_is_gone(service, ids):
    for one in ids:
        lose(service, one)
    answer = await service.search(**crop())
    assert (answer.json()["verified"], found(answer)[0]) == (len(ids), ids[2])
    # Also as those of the query itself.
    again = await service.search(milvus_id=ids[3], verify=True)
    assert (again.json()["verified"], found(again)[0], again.json()["hits"][0]["class"]) == (len(ids), ids[3], "exact")


async def test_an_answer_is_the_same_without_them(open_service, service, ids, places):
    on_demand = open_service(service.settings.milvus.uri, verify=VerifySettings(budget_ms=60_000), **places)
    answer, made = await service.search(**crop()), await on_demand.search(**crop())
    assert without_times(answer) == without_times(made)
    assert answer.json()["verified"] == len(ids)


async def test_what_is_broken_or_missing_is_made_of_the_picture(service, ids):
    whole = without_times(await service.search(**crop()))
    features = service.stores.features
    for place, one in enumerate(ids):
        entry = service.stores.catalog.get(one)
        name = next(name for name in features._place.names(PLACE) if entry.facts.content_hash in name)
        data = features._place.get(name, 10**6)
        broken = [b"", b"not features", data[:-1], data[:50] + b"\xff" * 20 + data[70:], None][place]
        if broken is None:
            features.delete(entry.namespace, entry.facts.content_hash)
        else:
            features._place.put(name, broken)
    assert without_times(await service.search(**crop())) == whole


async def test_they_are_remembered_once_read(open_service, service, ids, places):
    patient = VerifySettings(keep_features=True, budget_ms=60_000)
    remembering = open_service(service.settings.milvus.uri, verify=patient, **places)
    assert (await remembering.search(**crop())).json()["verified"] == len(ids)
    for one in ids:
        entry = lose(service, one)
        service.stores.features.delete(entry.namespace, entry.facts.content_hash)
    assert (await remembering.search(**crop())).json()["verified"] == len(ids)
    assert (await service.search(**crop())).json()["verified"] == 0


async def test_a_deleted_picture_leaves_none_behind(service, ids):
    assert len(set(service.stores.features.all())) == len(ids)
    gone = service.stores.catalog.get(ids[0]).facts.content_hash
    assert (await service.client.delete(f"/v1/images/{ids[0]}")).status_code == 204
    left = {content_hash for _, content_hash in service.stores.features.all()}
    assert (gone in left, len(left)) == (False, len(ids) - 1)


async def test_the_same_picture_in_two_namespaces_is_deleted_once(service, ids):
    other = await service.added_and_loaded(png(scene(0)), namespace="b")
    assert (await service.client.delete(f"/v1/images/{ids[0]}")).status_code == 204
    lose(service, other)
    answer = await service.search(image_base64=crop()["image_base64"], namespace="b", verify=True)
    assert (found(answer), answer.json()["verified"]) == ([other], 1)


async def test_where_the_place_does_not_answer_they_are_made(service, ids, places, tmp_path, caplog):
    if "s3" in places:
        pytest.skip("an S3 server that is down also has no pictures to make them of")
    whole = without_times(await service.search(**crop()))
    features = tmp_path / "blobs" / "features"
    features.rename(tmp_path / "aside")
    features.touch()
    assert without_times(await service.search(**crop())) == whole
    assert "verified without kept features" in caplog.text
