"""The audit finds what was broken by hand, names it, and mends it; on both kinds of SQL and of Milvus."""

import pytest

from imagesearch.types import IndexRow
from jobs.audit import audit
from tests.fixtures.audited import emptied, lines, load, run_stages, settings_on


@pytest.fixture(params=["embedded", "servers"])
def settings(request, tmp_path):
    return settings_on(request, tmp_path)


@pytest.fixture
def stores(settings):
    with emptied(settings) as stores:
        yield stores


def test_a_clean_collection_has_no_differences(settings, stores, tmp_path, capsys):
    assert load(settings, stores, tmp_path, 5).loaded == 5
    assert audit(settings)["left"] == 0
    nothing = dict.fromkeys(["missing", "doubled", "orphan", "loading_orphan", "left"], 0)
    assert lines(capsys) == [{"pictures": 5, "vectors": 5, **nothing}]


def test_an_empty_collection_has_no_differences(settings, stores):
    assert audit(settings)["left"] == 0


def test_a_deleted_vector_is_named_and_embedded_anew(settings, stores, tmp_path, capsys, monkeypatch):
    load(settings, stores, tmp_path, 5)
    entry = stores.catalog.page("default", 0, 10)[2]
    victim = entry.milvus_id
    vector = stores.index.fetch([victim])[victim]
    stores.index.delete([victim])
    assert audit(settings)["left"] == 1
    assert lines(capsys)[0] == {"kind": "missing", "milvus_id": victim}

    # The repair runs the bulk load on a Ray node of its own, or here: its stages in this process.
    monkeypatch.setattr("jobs.audit.reload", lambda settings: run_stages(settings, stores))
    assert audit(settings, mend=True)["left"] == 0
    assert (stores.index.fetch([victim])[victim] == vector).all()
    assert stores.catalog.get(victim) == entry
    assert audit(settings)["missing"] == 0


def test_an_orphaned_vector_is_named_and_deleted(settings, stores, tmp_path, capsys):
    load(settings, stores, tmp_path, 3)
    vector = stores.index.fetch([stores.catalog.page("default", 0, 1)[0].milvus_id])
    stray = 10**15
    stores.index.upsert([IndexRow(stray, "default", 0)], next(iter(vector.values()))[None])
    assert audit(settings, mend=True)["left"] == 0
    assert lines(capsys)[0] == {"kind": "orphan", "milvus_id": stray, "repaired": "deleted the vector"}
    assert stores.index.count() == 3


def test_a_doubled_vector_is_named_and_one_is_kept(settings, stores, tmp_path, capsys):
    load(settings, stores, tmp_path, 6)
    twin = stores.catalog.page("default", 0, 10)[4].milvus_id
    vector = stores.index.fetch([twin])[twin]
    with stores.index._client() as client:
        row = {"milvus_id": twin, "feature": vector, "create_time": 0, "namespace": "default"}
        client.insert(stores.index.collection, [row])
    if stores.index.count() == 6:
        # Milvus Lite replaces a row of the same key, so nothing can be doubled there.
        assert audit(settings)["left"] == 0
        return
    assert audit(settings, mend=True)["left"] == 0
    assert lines(capsys)[0] == {"kind": "doubled", "milvus_id": twin, "repaired": "kept one vector of several"}
    assert stores.index.count_between(twin - 1, twin) == 1
    assert (stores.index.fetch([twin])[twin] == vector).all()
