"""One import read from its source into the add-log."""

import io
import tarfile
import threading
from pathlib import Path

import pytest

from imagesearch.errors import BadManifest, ImageSearchError, SourceForbidden, SourceUnavailable, StoreUnavailable
from imagesearch.imports.importer import Importer
from imagesearch.imports.table import Table
from imagesearch.stores.sql.import_errors import ImportErrors
from imagesearch.stores.sql.waiting import Waiting
from imagesearch.types import ImportState


@pytest.fixture
def importer(settings):
    importer = Importer(settings)
    yield importer
    importer.close()


@pytest.fixture
def rows(importer):
    """The paths that wait, in order."""

    def paths():
        waiting = Waiting(importer.work._database)
        return [row.image_path for row in waiting.rows(waiting.fresh(0, None, 10_000))]

    return paths


def start(importer, source, trusted=False):
    return importer.begin(str(source), "default", trusted=trusted)


def test_a_csv_becomes_rows_and_its_counts_are_told_batch_by_batch(importer, csv, rows):
    heard = []
    one = importer.run(*start(importer, csv(25)), heard.append)
    assert (one.state, one.added, one.known, one.skipped, one.total) == (ImportState.DONE, 25, 0, 0, 25)
    assert [now.added for now in heard] == [10, 20, 25]
    assert rows() == [f"/p/{n}.jpg" for n in range(25)]


def test_the_same_import_again_adds_nothing_and_a_new_line_is_added(importer, csv, rows):
    importer.run(*start(importer, csv(25)))
    again = importer.run(*start(importer, csv(25)))
    assert (again.added, again.known) == (0, 25)
    more = importer.run(*start(importer, csv(27)))
    assert (more.added, more.known) == (2, 25)
    assert len(rows()) == 27


def test_bad_lines_are_reported_and_not_the_end(importer, folder, rows):
    (folder / "m.jsonl").write_text('{"path": "/a"}\nbroken\n{"path": "ftp://x/y"}\n{"path": "/b"}\n')
    one = importer.run(*start(importer, folder / "m.jsonl"))
    assert (one.state, one.added, one.skipped, one.bad) == (ImportState.DONE, 2, 2, 2)
    found = ImportErrors(importer.work._database).first(one.import_id, 10)
    assert [(fault.line, fault.code) for fault in found] == [(2, "bad_line"), (3, "source_invalid")]


def test_a_folder_and_an_archive_are_imported(importer, folder, rows, settings):
    (folder / "cats").mkdir()
    for n in range(3):
        (folder / "cats" / f"{n}.png").write_bytes(b"%d" % n)
    with tarfile.open(folder / "m.tar", "w") as archive:
        for name, data in (("0.jpg", b"zero"), ("0.cls", b"1"), ("1.jpg", b"one")):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    one = importer.run(*start(importer, folder))
    assert (one.added, one.skipped) == (3, 1)
    for added, known in ((2, 0), (0, 2)):
        tar = importer.run(*start(importer, folder / "m.tar"))
        assert (tar.state, tar.added, tar.known) == (ImportState.DONE, added, known)
    kept = [path for path in rows() if "blobs" in path]
    assert len(kept) == 2
    assert Path(kept[0]).read_bytes() == b"zero"


def test_a_stranger_s_source_outside_is_failed_with_its_reason_and_a_user_s_is_read(importer, tmp_path):
    (tmp_path / "out.csv").write_text("path\n/a.jpg\n")
    with pytest.raises(SourceForbidden):
        importer.run(*start(importer, tmp_path / "out.csv"))
    (one,) = importer.imports.page(None, 1)
    assert (one.state, one.error_code, one.added) == (ImportState.FAILED, "source_forbidden", 0)
    assert importer.run(*start(importer, tmp_path / "out.csv", trusted=True)).added == 1


@pytest.mark.parametrize(("turn", "state"), [("pause", ImportState.PAUSED), ("cancel", ImportState.CANCELLED)])
def test_a_turn_stops_the_reading_between_two_batches(importer, csv, turn, state):
    one, owner = start(importer, csv(100))

    def turn_at_30(now):
        if now.added == 30:
            getattr(importer.imports, turn)(one.import_id)

    ended = importer.run(one, owner, turn_at_30)
    assert (ended.state, ended.added, ended.cursor.position) == (state, 30, 30)


def test_a_paused_import_goes_on_where_it_was(importer, csv, rows, monkeypatch):
    one, owner = start(importer, csv(100))
    importer.run(one, owner, lambda now: now.added == 30 and importer.imports.pause(one.import_id))
    importer.imports.resume(one.import_id)
    begun = []
    real = Table.lines
    monkeypatch.setattr(Table, "lines", lambda self, cursor: begun.append(cursor.position) or real(self, cursor))
    done = importer.run(*importer.take())
    assert begun == [30]
    assert (done.state, done.added, done.known) == (ImportState.DONE, 100, 0)
    assert len(rows()) == 100


def test_a_manifest_that_changed_meanwhile_is_read_from_its_beginning_and_doubles_nothing(importer, csv, rows):
    one, owner = start(importer, csv(50))
    importer.run(one, owner, lambda now: now.added == 30 and importer.imports.pause(one.import_id))
    csv(60)
    importer.imports.resume(one.import_id)
    done = importer.run(*importer.take())
    assert (done.state, done.added, done.known, done.total) == (ImportState.DONE, 60, 0, 60)
    assert len(rows()) == 60


def test_a_process_that_is_told_to_stop_gives_the_import_back(importer, settings, csv, rows):
    one, owner = start(importer, csv(100))
    importer.run(one, owner, lambda now: now.added == 20 and importer.stop())
    other = Importer(settings)
    # At once, without a lease to wait for.
    done = other.run(*other.take())
    other.close()
    assert (done.import_id, done.state, done.added) == (one.import_id, ImportState.DONE, 100)
    assert len(rows()) == 100


def test_two_readers_of_one_import_add_each_line_once(importer, settings, csv, rows):
    one, first = start(importer, csv(200))
    reached = threading.Event()
    go_on = threading.Event()

    def hold(now):
        if now.added == 50:
            # Longer than its lease: it is taken for dead, and comes to itself again.
            importer.work.release(one.import_id, first)
            reached.set()
            go_on.wait(30)

    reader = threading.Thread(target=importer.run, args=(one, first, hold))
    reader.start()
    assert reached.wait(30)
    other = Importer(settings)
    done = other.run(*other.take(), lambda now: now.added == 120 and go_on.set())
    reader.join()
    other.close()
    assert (done.state, done.added, done.known) == (ImportState.DONE, 200, 0)
    assert len(rows()) == 200


def test_a_source_that_fails_in_passing_is_gone_on_with(importer, settings, csv, rows, monkeypatch):
    monkeypatch.setattr("imagesearch.imports.importer.PAUSE_S", 0.01)
    real, calls = Table.lines, []

    def flaky(self, cursor):
        calls.append(cursor.position)
        for at, line in enumerate(real(self, cursor)):
            if at == 13 and len(calls) < 4:
                raise SourceUnavailable("in passing")
            yield line

    monkeypatch.setattr(Table, "lines", flaky)
    one = importer.run(*start(importer, csv(60)))
    assert calls == [0, 13, 26, 39]
    assert (one.state, one.added, one.known) == (ImportState.DONE, 60, 0)


def test_a_manifest_that_breaks_midway_keeps_what_was_read_and_goes_on_when_it_is_mended(importer, folder, csv, rows, monkeypatch):
    real = Table.lines

    def breaks(self, cursor):
        for at, line in enumerate(real(self, cursor)):
            if at == 25:
                raise BadManifest("ends in the middle")
            yield line

    monkeypatch.setattr(Table, "lines", breaks)
    with pytest.raises(BadManifest):
        importer.run(*start(importer, csv(60)))
    (one,) = importer.imports.page(None, 1)
    assert (one.state, one.error_code, one.added) == (ImportState.FAILED, "bad_manifest", 25)
    monkeypatch.setattr(Table, "lines", real)
    importer.imports.resume(one.import_id)
    done = importer.run(*importer.take())
    assert (done.state, done.added, done.error_code) == (ImportState.DONE, 60, None)
    assert len(rows()) == 60


@pytest.mark.parametrize("error", [RecursionError("too deep"), OSError(5, "Input/output error"), ValueError("of tarfile")])
def test_what_nobody_expected_ends_the_import_with_a_code_and_keeps_what_was_read(importer, csv, rows, monkeypatch, caplog, error):
    real = Table.lines

    def breaks(self, cursor):
        for at, line in enumerate(real(self, cursor)):
            if at == 25:
                raise error
            yield line

    monkeypatch.setattr(Table, "lines", breaks)
    with pytest.raises(ImageSearchError) as raised:
        importer.run(*start(importer, csv(60)))
    assert raised.value.__cause__ is error
    (one,) = importer.imports.page(None, 1)
    assert (one.state, one.error_code, one.added) == (ImportState.FAILED, "internal_error", 25)
    assert type(error).__name__ in one.error_detail
    assert any(record.exc_info and record.exc_info[1] is error for record in caplog.records)
    assert importer.take() is None
    monkeypatch.setattr(Table, "lines", real)
    importer.imports.resume(one.import_id)
    assert importer.run(*importer.take()).added == 60


def test_a_listener_that_fails_is_no_fault_of_the_source(importer, csv):
    def hang_up(now):
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        importer.run(*start(importer, csv(60)), hang_up)
    (one,) = importer.imports.page(None, 1)
    assert (one.state, one.error_code, one.added) == (ImportState.RUNNING, None, 10)


def test_an_uploads_place_that_is_down_leaves_the_import_to_be_taken_up_again(importer, settings, folder, tmp_path):
    with tarfile.open(folder / "m.tar", "w") as archive:
        info = tarfile.TarInfo("0.jpg")
        info.size = 4
        archive.addfile(info, io.BytesIO(b"zero"))
    (tmp_path / "blobs").write_text("no folder")
    hasty = Importer(settings.model_copy(update={"load": settings.load.model_copy(update={"store_retry_s": 0.1})}))
    with pytest.raises(StoreUnavailable):
        hasty.run(*start(hasty, folder / "m.tar"))
    (one,) = hasty.imports.page(None, 1)
    hasty.close()
    assert (one.state, one.error_code) == (ImportState.RUNNING, None)
    (tmp_path / "blobs").unlink()
    taken = None
    while taken is None:
        taken = importer.take()
    assert importer.run(*taken).added == 1
