"""Searching by a part of a picture, by its flips, by several pictures."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from tests.fixtures.queries import base64_of, found, opened, saved


@pytest.fixture
async def ids(service, picture):
    return [await service.added_and_loaded(picture(seed), info=json.dumps({"n": seed})) for seed in range(6)]


async def test_a_region_is_searched_as_if_it_had_been_cut_out(service, picture, ids):
    # Picture 1 in the lower right quarter of a larger one, picture 2 in the upper left.
    page = Image.new("RGB", (96, 96), "white")
    page.paste(opened(picture(2)), (0, 0))
    page.paste(opened(picture(1)), (48, 48))
    data = saved(page)
    lower_right, upper_left = {"x": 0.5, "y": 0.5, "w": 0.5, "h": 0.5}, {"x": 0, "y": 0, "w": 0.5, "h": 0.5}
    (service.folder / "page.png").write_bytes(data)
    for region, expected in ((lower_right, ids[1]), (upper_left, ids[2])):
        form = await service.client.post("/v1/search", files={"file": data}, data={"region": json.dumps(region), "top_k": "1"})
        answers = [
            form,
            await service.search(image_base64=base64_of(data), region=region, top_k=1),
            await service.search(image_path=str(service.folder / "page.png"), region=region, top_k=1),
        ]
        for answer in answers:
            assert found(answer) == [expected]
            # The filter that enlarges it sees a pixel of the neighbours.
            assert answer.json()["hits"][0]["score"] == pytest.approx(1, abs=1e-3)
    stored = await service.added_and_loaded(data)
    assert found(await service.search(milvus_id=stored, top_k=1)) == [stored]
    assert found(await service.search(milvus_id=stored, region=lower_right, top_k=1)) == [ids[1]]


async def test_a_small_region_of_a_large_jpeg_keeps_its_pixels(service, picture, ids):
    """A JPEG that is decoded at an eighth for the whole picture would leave six pixels of this part."""
    page = Image.new("RGB", (960, 960), "white")
    page.paste(opened(picture(3)), (480, 480))
    region = {"x": 0.5, "y": 0.5, "w": 0.05, "h": 0.05}
    answer = await service.search(image_base64=base64_of(saved(page, "JPEG", quality=95, subsampling=0)), region=region, top_k=1)
    assert found(answer) == [ids[3]]
    assert answer.json()["hits"][0]["score"] > 0.99


@pytest.mark.parametrize(
    "region",
    [
        {"x": 0.5, "y": 0, "w": 0.6, "h": 1},
        {"x": 0, "y": 0, "w": 0, "h": 1},
        {"x": -0.1, "y": 0, "w": 1, "h": 1},
        {"x": 0, "y": 0, "w": 1},
        {"x": 0, "y": 0, "w": 1, "h": "1"},
        {"x": 0, "y": 0, "w": 1, "h": 1, "z": 1},
        [0, 0, 1, 1],
        "all",
    ],
)
async def test_a_region_that_is_none_is_refused_by_name(service, picture, region):
    answer = await service.search(image_base64=base64_of(picture(1)), region=region)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert answer.json()["errors"][0]["field"].startswith("region")


@pytest.mark.parametrize(
    ("view", "turn"),
    [
        ("original", None),
        ("mirrored", Image.Transpose.FLIP_LEFT_RIGHT),
        # What was turned one way is found by turning the query the other way.
        ("rotated_90", Image.Transpose.ROTATE_90),
        ("rotated_180", Image.Transpose.ROTATE_180),
        ("rotated_270", Image.Transpose.ROTATE_270),
    ],
)
async def test_flips_find_what_was_mirrored_or_turned_and_say_which(service, picture, ids, view, turn):
    image = opened(picture(4))
    data = saved(image if turn is None else image.transpose(turn))
    answer = await service.search(image_base64=base64_of(data), flips=True, top_k=3)
    assert found(answer)[0] == ids[4]
    hits = answer.json()["hits"]
    assert (hits[0]["view"], hits[0]["score"]) == (view, pytest.approx(1, abs=1e-4))
    assert [hit["score"] for hit in hits] == sorted((hit["score"] for hit in hits), reverse=True)
    assert len({hit["milvus_id"] for hit in hits}) == 3
    form = await service.client.post("/v1/search", files={"file": data}, data={"flips": "true", "top_k": "1"})
    assert form.json()["hits"][0]["view"] == view


async def test_each_hit_of_flips_has_the_best_of_its_scores(service, picture, ids):
    data = base64_of(picture(4))
    scores = {}
    image = opened(picture(4))
    turns = [None, *(getattr(Image.Transpose, name) for name in ("FLIP_LEFT_RIGHT", "ROTATE_270", "ROTATE_180", "ROTATE_90"))]
    for turn in turns:
        view = data if turn is None else base64_of(saved(image.transpose(turn)))
        for hit in (await service.search(image_base64=view, top_k=10)).json()["hits"]:
            scores[hit["milvus_id"]] = max(hit["score"], scores.get(hit["milvus_id"], -1.0))
    answer = (await service.search(image_base64=data, flips=True, top_k=10)).json()
    assert {hit["milvus_id"]: hit["score"] for hit in answer["hits"]} == pytest.approx(scores, abs=1e-4)


async def test_several_pictures_are_added_by_their_weights(service, picture, ids):
    index = service.stores.index
    vectors = index.fetch(ids)
    queries = [
        {"milvus_id": ids[0], "weight": 2.0},
        {"image_base64": base64_of(picture(1))},
        {"vector": vectors[ids[2]].tolist(), "weight": -0.5},
    ]
    answer = await service.search(queries=queries, top_k=6)
    wanted = 2 * vectors[ids[0]] + vectors[ids[1]] - 0.5 * vectors[ids[2]]
    wanted /= np.linalg.norm(wanted)
    exact = sorted(ids, key=lambda one: -float(vectors[one] @ wanted))
    assert found(answer) == exact
    assert answer.json()["hits"][0]["score"] == pytest.approx(float(vectors[exact[0]] @ wanted), abs=1e-4)
    # Led away from: what is nearest to picture 3 comes last.
    away = await service.search(queries=[{"milvus_id": ids[3], "weight": -1}], top_k=6)
    assert found(away)[-1] == ids[3]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"queries": []}, "queries"),
        ({"queries": [{"milvus_id": 1}] * 17}, "queries"),
        ({"queries": [{}]}, "queries.0.image_path"),
        ({"queries": [{"milvus_id": 1, "image_path": "/a"}]}, "queries.0.milvus_id"),
        ({"queries": [{"milvus_id": 1, "weight": 1e9}]}, "queries.0.weight"),
        ({"queries": [{"milvus_id": 1, "top_k": 1}]}, "queries.0.top_k"),
        ({"queries": [{"milvus_id": 1}], "milvus_id": 1}, "milvus_id"),
        ({"queries": [{"milvus_id": 1}], "flips": True}, "flips"),
        ({"queries": [{"milvus_id": 1}], "region": {"x": 0, "y": 0, "w": 1, "h": 1}}, "region"),
    ],
)
async def test_queries_that_cannot_be_are_refused_by_the_names_of_their_fields(service, body, field):
    answer = await service.search(**body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert field in [error["field"] for error in answer.json()["errors"]]


async def test_pictures_that_cancel_each_other_out_are_refused(service, ids):
    answer = await service.search(queries=[{"milvus_id": ids[0]}, {"milvus_id": ids[0], "weight": -1}])
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "queries")


@pytest.mark.parametrize("options", [{"flips": True}, {"region": {"x": 0, "y": 0, "w": 1, "h": 1}}])
async def test_a_vector_has_no_flips_and_no_region(service, options):
    answer = await service.search(vector=[1.0] * service.stores.fingerprint.dim, **options)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "vector")
