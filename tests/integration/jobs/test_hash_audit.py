"""The audit of perceptual hashes: as many as pictures, whatever happened; on both kinds of SQL and of Milvus."""

import pytest

from imagesearch.stores.milvus.collection import unpacked
from imagesearch.types import IndexRow, Near
from jobs.audit import audit
from tests.fixtures import audited
from tests.fixtures.audited import emptied, lines, settings_on


@pytest.fixture(params=["embedded", "servers"])
def settings(request, tmp_path):
    return settings_on(request, tmp_path, hash_index="HNSW" if request.param == "embedded" else "BIN_IVF_FLAT")


@pytest.fixture
def stores(settings):
    with emptied(settings) as stores:
        yield stores


def load(settings, stores, tmp_path, count):
    assert audited.load(settings, stores, tmp_path, count).loaded == count


def test_a_load_writes_the_hash_of_each_picture(settings, stores, tmp_path, capsys):
    load(settings, stores, tmp_path, 4)
    nothing = dict.fromkeys(
        ["missing", "doubled", "orphan", "loading_orphan", "hash_missing", "hash_doubled", "hash_orphan", "left"], 0
    )
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
