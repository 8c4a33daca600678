"""Pictures over HTTP: pages, one, small."""

from __future__ import annotations

import io

import pytest
from PIL import Image

MAX_ID = 2**63 - 1


@pytest.fixture
async def ids(service, picture):
    return [await service.added_and_loaded(picture(seed)) for seed in range(5)]


async def test_pages_follow_each_other_to_the_end_without_gap_or_double(service, ids):
    seen, address = [], "/v1/images?limit=2"
    while address:
        page = (await service.client.get(address)).json()
        seen.append([image["milvus_id"] for image in page["images"]])
        address = page["next"]
    assert seen == [ids[:2], ids[2:4], ids[4:]]


async def test_a_page_that_ends_the_list_says_so(service, ids):
    page = (await service.client.get("/v1/images?limit=5")).json()
    assert len(page["images"]) == 5 and page["next"] is None


async def test_pages_stay_in_their_namespace(service, picture, ids):
    pets = [await service.added_and_loaded(picture(seed), namespace="pets") for seed in (1, 2)]
    page = (await service.client.get("/v1/images?namespace=pets&limit=1")).json()
    following = (await service.client.get(page["next"])).json()
    assert [image["milvus_id"] for image in page["images"] + following["images"]] == pets
    assert (await service.client.get("/v1/images?namespace=nobody")).json() == {"images": [], "next": None}


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=1001", "limit=x", "after=-1", f"after={MAX_ID + 1}", "namespace=a%20b", "namespace=%00", "offset=3"]
)
async def test_a_wrong_parameter_of_a_page_is_named(service, query):
    answer = await service.client.get(f"/v1/images?{query}")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert answer.json()["errors"][0]["field"] == query.partition("=")[0]


async def test_one_picture_is_read_with_its_sources(service, ids):
    image = (await service.client.get(f"/v1/images/{ids[0]}")).json()
    assert image["milvus_id"] == ids[0] and image["namespace"] == "default"
    assert len(image["sources"]) == 1 and len(image["content_hash"]) == 64


@pytest.mark.parametrize(("milvus_id", "status"), [(999_999_999_999, 404), (0, 404), (MAX_ID + 1, 422), (-1, 422), ("x", 422)])
async def test_an_unknown_picture_is_told_from_a_wrong_id(service, milvus_id, status):
    for path in (f"/v1/images/{milvus_id}", f"/v1/images/{milvus_id}/thumbnail"):
        answer = await service.client.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


async def test_a_thumbnail_is_a_small_cacheable_picture_that_no_browser_takes_for_a_page(service, ids):
    answer = await service.client.get(f"/v1/images/{ids[0]}/thumbnail?size=16")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/webp")
    assert max(Image.open(io.BytesIO(answer.content)).size) == 16
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "max-age" in answer.headers["cache-control"]
    for known in (answer.headers["etag"], f'"x", W/{answer.headers["etag"]}', "*"):
        again = await service.client.get(f"/v1/images/{ids[0]}/thumbnail?size=16", headers={"if-none-match": known})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == answer.headers["etag"]
    other = await service.client.get(f"/v1/images/{ids[0]}/thumbnail?size=17", headers={"if-none-match": answer.headers["etag"]})
    assert other.status_code == 200


@pytest.mark.parametrize("size", ["15", "1025", "x", "-1"])
async def test_a_thumbnail_of_another_size_is_refused(service, ids, size):
    answer = await service.client.get(f"/v1/images/{ids[0]}/thumbnail?size={size}")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "size")


async def test_a_thumbnail_is_made_from_the_first_source_that_still_holds_the_same_bytes(service, picture):
    paths = [service.folder / name for name in ("gone.png", "changed.png", "emptied.png", "good.png")]
    for path in paths:
        path.write_bytes(picture(1))
        await service.client.post("/v1/images", json={"image_path": str(path)})
    service.load()
    [image] = (await service.client.get("/v1/images")).json()["images"]
    paths[0].unlink()
    paths[1].write_bytes(picture(2))
    paths[2].write_bytes(b"")
    assert (await service.client.get(f"/v1/images/{image['milvus_id']}/thumbnail")).status_code == 200
    paths[3].write_bytes(picture(3))
    answer = await service.client.get(f"/v1/images/{image['milvus_id']}/thumbnail")
    assert (answer.status_code, answer.json()["code"]) == (404, "source_not_found")


async def test_counts_tell_pictures_vectors_and_what_waits(service, picture, ids):
    await service.add(picture(77))
    stats = (await service.client.get("/v1/stats")).json()
    assert (stats["pictures"], stats["vectors"], stats["pending"], stats["failed"]) == (5, 5, 1, 0)
    assert stats["lag_s"] >= 0
    assert stats["model"].startswith("tiny/")
    service.load()
    assert (await service.client.get("/v1/stats")).json()["lag_s"] is None


async def test_uploads_lie_once_under_their_hash(service, picture, ids):
    again = (await service.client.get((await service.add(picture(1))).json()["href"])).json()
    known = (await service.client.get(f"/v1/images/{ids[1]}")).json()
    assert again["image_path"] == known["image_path"]
    assert known["image_path"].endswith(known["content_hash"])
