"""The audit of perceptual hashes: as many as pictures, whatever happened; on both kinds of SQL and of Milvus."""

import json

import pytest

from config.settings import Settings
from imagesearch.stores.factory import open_stores
from imagesearch.stores.milvus.collection import unpacked
from imagesearch.stores.sql.migrate import migrate
from imagesearch.types import AddRequest, IndexRow, Near
from jobs.audit import audit
from jobs.embed import Embedding
from jobs.fetch import Fetcher
from jobs.write import Writer
from tests.e2e.conftest import drawing


@pytest.fixture(params=["embedded", "servers"])
def settings(request, tmp_path):
    embedded = request.param == "embedded"
    sql = f"sqlite:///{tmp_path}/a.db" if embedded else request.getfixturevalue("mariadb_database")
    uri = request.getfixturevalue("milvus_lite_uri" if embedded else "milvus_server_uri")
    settings = Settings(
        profile="test",
        sql={"url": sql},
        milvus={"uri": uri, "hash_index": "HNSW" if embedded else "BIN_IVF_FLAT"},
        blobs={"uri": str(tmp_path / "blobs")},
        sources={"roots": [tmp_path]},
        model={"name": "tiny"},
    )
    migrate(settings.sql)
    return settings


@pytest.fixture
def stores(settings):
    stores = open_stores(settings)
    for index in (stores.index, stores.hashes):
        index.delete(index.ids_between(-(2**62), 2**62))
    yield stores
    for index in (stores.index, stores.hashes):
        index.delete(index.ids_between(-(2**62), 2**62))
    stores.close()


def load(settings, stores, tmp_path, count):
    """Run the stages of one batch in this process."""
    for n in range(count):
        (tmp_path / f"{n}.png").write_bytes(drawing(f"hash-{n}"))
    stores.add_log.append([AddRequest(f"{tmp_path}/{n}.png", {"n": n}) for n in range(count)])
    prepared, pixels, _ = Fetcher(settings).prepare(stores.waiting.rows(stores.waiting.fresh(0, None, 1000)))
    assert Writer(settings).write(prepared, Embedding(settings).embed(pixels)[0]).tally.loaded == count


def lines(capsys):
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_load_writes_the_hash_of_each_picture(settings, stores, tmp_path, capsys):
    load(settings, stores, tmp_path, 4)
    nothing = dict.fromkeys(["missing", "doubled", "orphan", "hash_missing", "hash_doubled", "hash_orphan", "left"], 0)
    audit(settings)
    assert lines(capsys) == [{"pictures": 4, "vectors": 4, "hashes": 4, **nothing}]
    for entry in stores.catalog.page("default", 0, 10):
        assert stores.hashes.search(entry.facts.perceptual_hash, 1, "default") == [Near(entry.milvus_id, 0)]


def test_pictures_from_before_the_setting_are_filled_in_from_sql_alone(settings, stores, tmp_path, capsys, monkeypatch):
    before = settings.model_copy(update={"milvus": settings.milvus.model_copy(update={"hash_index": "none"})})
    load(before, stores, tmp_path, 5)
    assert stores.hashes.count() == 0
    # Nothing is embedded again, and no picture is read: they are gone.
    monkeypatch.setattr("jobs.audit.reload", lambda settings: pytest.fail("loaded again"))
    for n in range(5):
        (tmp_path / f"{n}.png").unlink()
    # More than one page of differences.
    monkeypatch.setattr("jobs.audit.PAGE", 2)
    ids = [entry.milvus_id for entry in stores.catalog.page("default", 0, 10)]
    assert audit(before)["left"] == 0
    capsys.readouterr()
    assert audit(settings, mend=True)["left"] == 0
    assert lines(capsys)[:5] == [{"kind": "hash_missing", "milvus_id": one, "repaired": "wrote its hash"} for one in ids]
    for entry in stores.catalog.page("default", 0, 10):
        vector = unpacked(bytes.fromhex(entry.facts.perceptual_hash))
        assert (stores.hashes.fetch([entry.milvus_id])[entry.milvus_id] == vector).all()


def test_an_orphaned_hash_is_named_and_deleted(settings, stores, tmp_path, capsys):
    load(settings, stores, tmp_path, 3)
    stores.hashes.upsert([IndexRow(10**15, "default", 0)], ["0" * 64])
    assert audit(settings)["left"] == 1
    assert audit(settings, mend=True)["left"] == 0
    assert {"kind": "hash_orphan", "milvus_id": 10**15, "repaired": "deleted the hash"} in lines(capsys)
    assert stores.hashes.count() == 3


def test_a_doubled_hash_is_named_and_one_is_kept(settings, stores, tmp_path, capsys):
    load(settings, stores, tmp_path, 4)
    twin = stores.catalog.page("default", 0, 10)[2]
    inner = stores.hashes._index
    with inner._client() as client:
        feature = inner._kept(unpacked(bytes.fromhex(twin.facts.perceptual_hash)))
        row = {"milvus_id": twin.milvus_id, "feature": feature, "create_time": 0, "namespace": "default"}
        client.insert(inner.collection, [row])
    if stores.hashes.count() == 4:
        # Milvus Lite replaces a row of the same key, so nothing can be doubled there.
        assert audit(settings)["left"] == 0
        return
    assert audit(settings, mend=True)["left"] == 0
    assert lines(capsys)[0] == {"kind": "hash_doubled", "milvus_id": twin.milvus_id, "repaired": "wrote its hash"}
    assert stores.hashes.count_between(twin.milvus_id - 1, twin.milvus_id) == 1
