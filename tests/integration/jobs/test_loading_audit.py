"""The audit of pictures that are half loaded, and of those of imports that are held; on both kinds of SQL and of Milvus."""

import pytest

from imagesearch.stores.sql.failed import Failed
from imagesearch.stores.sql.import_work import Batch, ImportWork
from imagesearch.types import AddRequest, Cursor, PictureState
from jobs.audit import audit
from jobs.embed import Embedding
from jobs.fetch import Fetcher
from jobs.write import Writer
from tests.e2e.conftest import drawing
from tests.fixtures.audited import emptied, lines, run_stages, settings_on


@pytest.fixture(params=["embedded", "servers"])
def settings(request, tmp_path):
    return settings_on(request, tmp_path, hash_index="FLAT" if request.param == "embedded" else "BIN_FLAT")


@pytest.fixture
def stores(settings, monkeypatch):
    with emptied(settings) as stores:
        monkeypatch.setattr("jobs.audit.reload", lambda settings: run_stages(settings, stores))
        yield stores


@pytest.fixture
def imported(stores, tmp_path):
    """Import so many pictures from a list; the import's number."""

    def make(count):
        for n in range(count):
            (tmp_path / f"{n}.png").write_bytes(drawing(f"half-{n}"))
        requests = [AddRequest(f"{tmp_path}/{n}.png", {"n": n}, idempotency_key=f"k{n}") for n in range(count)]
        number = stores.imports.create("default", "/x", owner="me").import_id
        work = ImportWork(stores.database)
        assert work.record(number, "me", Batch(0, Cursor("v", count), requests))
        work.end(number, "me")
        return number

    return make


def in_flight(settings, stores, meanwhile, limit=1000):
    """Run the stages of one batch, and something else while it is on its way."""
    prepared, pixels, _ = Fetcher(settings).prepare(stores.waiting.rows(stores.waiting.fresh(0, None, limit)))
    embedded = Embedding(settings).embed(pixels)[0]
    meanwhile()
    return Writer(settings).write(prepared, embedded).tally


def searchable(stores):
    return [entry.milvus_id for entry in stores.catalog.page("default", 0, 100)]


@pytest.mark.parametrize("turn", ["cancel", "pause"])
def test_a_repair_brings_back_what_an_import_loaded_before_it_was_held(settings, stores, imported, turn):
    number = imported(3)

    assert in_flight(settings, stores, lambda: None, limit=2).loaded == 2
    getattr(stores.imports, turn)(number)
    stores.imports.fail_waiting(number)
    before = searchable(stores)
    stores.index.delete(before[:1])
    assert audit(settings, mend=True)["left"] == 0
    assert searchable(stores) == before
    assert stores.index.count() == 2
    # What was never loaded is held as before.
    assert stores.waiting.fresh(0, None, 10) == []


def test_a_cancellation_while_pictures_are_loaded_leaves_no_vector_behind(settings, stores, imported, capsys):
    number = imported(3)

    def cancel():
        stores.imports.cancel(number)
        stores.imports.fail_waiting(number)

    assert in_flight(settings, stores, cancel).loaded == 0
    assert (stores.index.count(), stores.hashes.count(), searchable(stores)) == (3, 3, [])
    totals = audit(settings)
    assert (totals["loading_orphan"], totals["left"]) == (3, 3)
    ids = [one["milvus_id"] for one in lines(capsys)[:3]]
    assert audit(settings, mend=True)["left"] == 0
    said = [{"kind": "loading_orphan", "milvus_id": one, "repaired": "deleted it and its vector"} for one in ids]
    assert lines(capsys)[:3] == said
    assert (stores.index.count(), stores.hashes.count()) == (0, 0)
    assert audit(settings)["loading_orphan"] == 0
    # Imported again they are what they were to be, under the same ids.
    imported(3)
    assert run_stages(settings, stores).loaded == 3
    assert searchable(stores) == ids
    assert audit(settings)["left"] == 0


def test_how_far_it_is_is_told_page_by_page(settings, stores, imported, monkeypatch):
    monkeypatch.setattr("jobs.difference.PAGE", 2)
    imported(3)
    run_stages(settings, stores)
    heard = []
    assert audit(settings, walked=heard.append)["left"] == 0
    assert heard == [2, 1]


def test_a_batch_on_its_way_is_no_difference_and_outlives_a_repair(settings, stores, imported):
    imported(2)

    def repair():
        assert audit(settings, mend=True)["loading_orphan"] == 0

    assert in_flight(settings, stores, repair).loaded == 2
    assert audit(settings)["left"] == 0


def test_what_cannot_be_read_any_more_stays_for_a_retry(settings, stores, imported, tmp_path):
    imported(2)
    run_stages(settings, stores)
    before = searchable(stores)
    stores.index.delete(before[:1])
    (tmp_path / "0.png").rename(tmp_path / "away.png")
    totals = audit(settings, mend=True)
    assert (totals["missing"], totals["loading_orphan"], totals["left"]) == (1, 0, 0)
    assert stores.catalog.states_of(before[:1]) == {before[0]: PictureState.LOADING}
    (tmp_path / "away.png").rename(tmp_path / "0.png")
    assert Failed(stores.database).retry(0)[1] == 1
    assert run_stages(settings, stores).loaded == 1
    assert searchable(stores) == before


def test_a_source_that_is_another_picture_by_now_leaves_nothing_of_the_first(settings, stores, imported, tmp_path):
    imported(2)
    run_stages(settings, stores)
    first, second = searchable(stores)
    stores.index.delete([first])
    (tmp_path / "0.png").write_bytes(drawing("another"))
    totals = audit(settings, mend=True)
    # Of the first there is its id, and no vector.
    assert (totals["missing"], totals["loading_orphan"], totals["left"], totals["pictures"]) == (1, 0, 0, 2)
    assert stores.index.count() == 2
    assert first not in searchable(stores) and second in searchable(stores)
