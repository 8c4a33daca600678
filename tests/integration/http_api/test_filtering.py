"""Filters over HTTP, on SQLite with Milvus Lite and on MariaDB with a Milvus server: the same answers, as many as asked for."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass

import numpy as np
import pytest

from config.sections import FilterSettings, MilvusSettings, SqlSettings
from imagesearch.stores.sql.migrate import migrate
from imagesearch.stores.sql.verdicts import Found
from imagesearch.types import AddRequest, IndexRow, PictureFacts
from jobs.import_manifest import import_source
from serve_app import nearest
from tests.fixtures.fresh_stores import fresh

HASHES = itertools.count()


@dataclass
class Stock:
    """Pictures that are there, with their vectors, and a query."""

    service: object
    ids: list
    vectors: np.ndarray
    query: np.ndarray

    async def search(self, **more):
        answer = await self.service.search(vector=self.query.tolist(), **more)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def nearest(self, places, count):
        """The ids of the nearest of these places, by exact comparison."""
        ranked = sorted(places, key=lambda place: -float(self.vectors[place] @ self.query))
        return [self.ids[place] for place in ranked[:count]]

    def by_distance(self):
        """All places, nearest first."""
        return sorted(range(len(self.ids)), key=lambda place: -float(self.vectors[place] @ self.query))


def shown(answer):
    return [hit["milvus_id"] for hit in answer["hits"]]


def unit(rng, count, dim):
    vectors = rng.normal(size=(count, dim)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def put(service, infos, vectors, namespace="default"):
    """Load a picture for each info or list of infos, under the given vectors and without bytes."""
    stores = service.stores
    facts = [PictureFacts(f"{next(HASHES):064d}", 1, 1, "png", 1, "0" * 64) for _ in infos]
    known = stores.ledger.intern([(namespace, one) for one in facts])
    interned = [known[namespace, one.content_hash] for one in facts]
    targets = [IndexRow(one.milvus_id, namespace, int(one.create_time.timestamp())) for one in interned]
    stores.index.upsert(targets, vectors)
    said = [
        (one, info)
        for one, infos_ in zip(interned, infos, strict=True)
        for info in (infos_ if isinstance(infos_, list) else [infos_])
    ]
    rows = stores.add_log.append([AddRequest("/p", info, namespace) for _, info in said])
    stores.ledger.commit([Found(row, one.milvus_id, embedded=True) for row, (one, _) in zip(rows, said, strict=True)], [], 5)
    return [one.milvus_id for one in interned]


@pytest.fixture(params=["lite", "server"])
async def open_stock(request, open_service):
    """A function that opens a service over pictures, of which `said(place, rank)` says something."""
    uri = request.getfixturevalue("milvus_lite_uri" if request.param == "lite" else "milvus_server_uri")
    sql = {} if request.param == "lite" else {"sql": SqlSettings(url=request.getfixturevalue("mariadb_database"))}

    async def open_it(count, said, index="HNSW", **sections):
        service = open_service(uri, **{"milvus": MilvusSettings(uri=uri, index=index), **sql, **sections})
        fresh(service.settings, service.stores.fingerprint.collection)
        rng = np.random.default_rng(7)
        vectors = unit(rng, count, service.stores.fingerprint.dim)
        query = unit(rng, 1, service.stores.fingerprint.dim)[0]
        stock = Stock(service, list(range(count)), vectors, query)
        rank = {place: rank for rank, place in enumerate(stock.by_distance())}
        stock.ids = put(service, [said(place, rank[place]) for place in range(count)], vectors)
        return stock

    return open_it


async def test_a_few_among_many_are_all_found_in_their_exact_order(open_stock):
    stock = await open_stock(2000, lambda place, _: {"label": "rare" if place % 100 == 0 else "common", "n": place})
    answer = await stock.search(filter={"label": "rare"}, top_k=10)
    assert shown(answer) == stock.nearest(range(0, 2000, 100), 10)
    assert answer["ranking"] == {"strategy": "exact", "examined": 20, "filtered": 0, "complete": True}
    assert len((await stock.search(filter={"label": "rare"}, top_k=100))["hits"]) == 20
    assert shown(await stock.search(filter={"label": {"ne": "common"}, "n": {"in": [100, 200, 1]}})) == stock.nearest([100, 200], 2)
    nothing = await stock.search(filter={"label": "none"})
    assert (nothing["hits"], nothing["ranking"]["examined"], nothing["ranking"]["complete"]) == ([], 0, True)


async def test_asked_for_ten_given_ten_where_the_ten_are_the_farthest_of_all(open_stock):
    stock = await open_stock(1500, lambda _, rank: {"far": rank >= 1200}, index="FLAT")
    answer = await stock.search(filter={"far": True}, top_k=10)
    assert shown(answer) == [stock.ids[place] for place in stock.by_distance()[1200:1210]]
    assert answer["ranking"]["strategy"] == "index"
    assert answer["ranking"]["examined"] == 1210
    assert answer["dropped"] == 0


async def test_what_the_index_cannot_reach_is_compared_one_by_one(open_stock, monkeypatch):
    monkeypatch.setattr(nearest, "MOST_HITS", 64)
    monkeypatch.setattr(nearest, "FEW", 5)
    monkeypatch.setattr(nearest, "PAGE", 30)
    stock = await open_stock(600, lambda _, rank: {"far": rank >= 55}, index="FLAT")
    expected = [stock.ids[place] for place in stock.by_distance()[55:75]]
    answer = await stock.search(filter={"far": True}, top_k=20)
    assert shown(answer) == expected
    # Nine were found in the index, and are not compared again.
    assert answer["ranking"] == {"strategy": "exact", "examined": 64 + 536, "filtered": 55, "complete": True}
    assert shown(await stock.search(filter={"far": True}, top_k=7, offset=13)) == expected[13:]


async def test_a_search_that_had_no_time_to_compare_all_says_so(open_stock, monkeypatch):
    monkeypatch.setattr(nearest, "MOST_HITS", 64)
    monkeypatch.setattr(nearest, "FEW", 5)
    stock = await open_stock(600, lambda _, rank: {"far": rank >= 55}, index="FLAT", filter=FilterSettings(timeout_s=1e-6))
    answer = await stock.search(filter={"far": True}, top_k=20)
    assert shown(answer) == [stock.ids[place] for place in stock.by_distance()[55:64]]
    assert not answer["ranking"]["complete"]


async def test_a_small_namespace_beside_a_large_one_is_found_whole(open_stock):
    stock = await open_stock(2000, lambda place, _: {})
    pets = put(stock.service, [{"n": n} for n in range(5)], stock.vectors[:5], "pets")
    answer = await stock.search(namespace="pets", top_k=10)
    assert sorted(shown(answer)) == pets
    assert shown(await stock.search(namespace="pets", filter={"n": {"lt": 2}})) == [
        pets[place] for place in sorted(range(2), key=lambda place: -float(stock.vectors[place] @ stock.query))
    ]


async def test_create_time_is_compared_to_the_microsecond_though_the_index_keeps_seconds(open_stock, monkeypatch):
    monkeypatch.setattr(nearest, "FEW", 2)
    stock = await open_stock(30, lambda place, _: {"n": place}, index="FLAT")
    later = put(stock.service, [{"n": 100 + n} for n in range(10)], stock.vectors[:10])
    (last,) = {(await stock.service.client.get(f"/v1/images/{one}")).json()["create_time"] for one in later}
    for op, expected in {"gte": later, "gt": [], "lt": stock.ids, "lte": stock.ids + later, "eq": later, "ne": stock.ids}.items():
        answer = await stock.search(filter={"create_time": {op: last}}, top_k=100)
        assert set(shown(answer)) == set(expected), op
    assert len(shown(await stock.search(filter={"create_time": {"gte": last}, "n": {"lt": 105}}, top_k=100))) == 5
    assert shown(await stock.search(filter={"create_time": {"lt": 1700000000}})) == []


async def test_all_conditions_hold_for_one_source_of_a_picture(open_stock):
    said = [[{"label": "cat", "size": 1}, {"label": "dog", "size": 2}], {"label": "cat", "size": 2}]
    stock = await open_stock(2, lambda place, _: said[place])
    assert shown(await stock.search(filter={"label": "cat", "size": {"gte": 2}})) == [stock.ids[1]]
    assert set(shown(await stock.search(filter={"label": "cat", "size": {"gt": 0.5}}))) == set(stock.ids)


async def test_pictures_that_are_not_searchable_are_dropped_counted_and_made_up_for(open_stock, monkeypatch):
    monkeypatch.setattr(nearest, "FEW", 2)
    stock = await open_stock(50, lambda _, rank: {"even": rank % 2 == 0}, index="FLAT")
    stock.service.stores.index.upsert([IndexRow(10**9 + n, "default", 0) for n in range(7)], stock.query[None].repeat(7, axis=0))
    answer = await stock.search(filter={"even": True}, top_k=5)
    assert shown(answer) == [stock.ids[place] for place in stock.by_distance()[:10:2]]
    assert answer["dropped"] == 7
    assert answer["ranking"] == {"strategy": "index", "examined": 7 + 9, "filtered": 4, "complete": True}


async def test_pages_and_a_least_score_are_cuts_of_one_ranking(open_stock):
    stock = await open_stock(300, lambda _, rank: {"even": rank % 2 == 0}, index="FLAT")
    for wanted in ({}, {"even": True}):
        whole = await stock.search(filter=wanted, top_k=60)
        pages = [await stock.search(filter=wanted, top_k=20, offset=offset) for offset in (0, 20, 40)]
        assert [one for page in pages for one in shown(page)] == shown(whole)
        least = whole["hits"][11]["score"] - 1e-6
        cut = await stock.search(filter=wanted, top_k=60, min_score=least)
        assert shown(cut) == shown(whole)[:12]
        assert shown(await stock.search(filter=wanted, top_k=60, min_score=least, offset=10)) == shown(whole)[10:12]
        assert (await stock.search(filter=wanted, offset=10_000))["hits"] == []


async def test_a_column_of_a_table_is_searchable_as_a_filter(service, picture):
    for n in range(6):
        (service.folder / f"{n}.png").write_bytes(picture(n))
    table = service.folder / "pictures.csv"
    table.write_text("id,path,label\n" + "".join(f"{n},{n}.png,{'goldfish' if n % 2 else 'tench'}\n" for n in range(6)))
    import_source(service.settings, str(table))
    service.load()
    answer = await service.client.post("/v1/search", files={"file": picture(0)}, data={"filter": '{"label": "goldfish"}'})
    assert [hit["info"]["label"] for hit in answer.json()["hits"]] == ["goldfish"] * 3
    answer = await service.client.post("/v1/search", files={"file": picture(0)}, data={"filter": '{"id": {"in": ["0", "5"]}}'})
    assert [hit["info"]["id"] for hit in answer.json()["hits"]] == ["0", "5"]


async def test_a_form_takes_the_filter_as_json_text(service, picture):
    cat = await service.added_and_loaded(picture(1), info='{"label": "cat"}')
    await service.added_and_loaded(picture(2), info='{"label": "dog"}')
    fields = {"filter": '{"label": "cat"}', "min_score": "-1", "offset": "0"}
    answer = await service.client.post("/v1/search", files={"file": picture(2)}, data=fields)
    assert shown(answer.json()) == [cat]
    for text in ("{", '"cat"', '{"label": null}', ""):
        answer = await service.client.post("/v1/search", files={"file": picture(2)}, data={"filter": text})
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "filter")


@pytest.mark.parametrize(
    ("wanted", "named"),
    [
        ("label = 'cat'", "JSON object"),
        ({"label": {"like": "%"}}, "label"),
        ({"label": "x" * 10_000}, "label"),
        ({"size": {"gt": True}}, "size"),
        ({"create_time": "soon"}, "create_time"),
        ({str(n): 1 for n in range(100)}, "100 keys"),
        ({"\ud800": {"\udfff": 1}}, "operator"),
    ],
)
async def test_a_filter_that_cannot_be_is_refused_by_name(service, wanted, named):
    body = json.dumps({"milvus_id": 1, "filter": wanted}).encode()
    answer = await service.client.post("/v1/search", content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "filter")
    assert named in answer.json()["errors"][0]["message"]


async def test_a_key_that_is_not_kept_is_refused_by_name(open_service, milvus_lite_uri):
    service = open_service(milvus_lite_uri, filter=FilterSettings(keys=("label",)))
    migrate(service.settings.sql)
    async with service.client:
        vector = [1.0] * service.stores.fingerprint.dim
        answer = await service.search(vector=vector, filter={"size": 1})
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "filter.size")
        assert (await service.search(vector=vector, filter={"label": "cat"})).status_code == 200


@pytest.mark.parametrize("text", ['" or milvus_id > 0 or "', "'; DROP TABLE image_info; --", "\\", "%", "\0", "\ud800", "日本"])
async def test_hostile_texts_match_nothing_and_break_nothing(service, picture, text):
    await service.added_and_loaded(picture(1), info='{"label": "cat"}')
    body = json.dumps({"vector": [1.0] * service.stores.fingerprint.dim, "filter": {"label": text}}).encode()
    answer = await service.client.post("/v1/search", content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["hits"]) == (200, [])
