"""A picture that ends the process that reads it is failed by itself, and its neighbours are loaded."""

import dataclasses

from imagesearch.types import AddRequest, LogState
from jobs.loader import bulk_load
from jobs.stages import stages_of
from tests.e2e.conftest import drawing


def stages_with_a_weak_decoder(settings):
    fetch, *others = stages_of(settings)
    return dataclasses.replace(fetch, worker=("tests.fixtures.stage_worker", "Deadly", "prepare")), *others


def test_a_picture_that_ends_its_workers_is_failed_and_harms_no_neighbour(collection, joined, tmp_path, monkeypatch):
    monkeypatch.setattr("jobs.pipeline.stages_of", stages_with_a_weak_decoder)
    collection.add(11)
    (tmp_path / "deadly.png").write_bytes(drawing("deadly"))
    (deadly,) = collection.stores.add_log.append([AddRequest(str(tmp_path / "deadly.png"))])
    collection.add(12)
    with bulk_load(collection.settings) as load:
        report = load.run(lambda _: None)
    assert (report.read, report.loaded, report.duplicate, report.failed) == (24, 23, 0, 1)
    row = collection.stores.add_log.get(deadly.log_id)
    assert (row.state, row.error_code, row.milvus_id) == (LogState.FAILED, "embedding_failed", None)
    collection.check()
