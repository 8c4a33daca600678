"""`imagesearch add`: rows in the add-log, and the folder opened before them."""

import json

import pytest

from imagesearch.stores.sql.add_log import AddLog
from imagesearch.stores.sql.database import Database


@pytest.fixture
def pictures(tmp_path, picture):
    folder = tmp_path / "pictures"
    (folder / "cats").mkdir(parents=True)
    (folder / "cats" / "1.png").write_bytes(picture())
    (folder / "2.png").write_bytes(picture("blue"))
    (folder / "notes.txt").touch()
    return folder


def test_a_folder_is_added_once(run, migrated, pictures):
    first, second = (json.loads(run("add", pictures, "--json").stdout) for _ in range(2))
    assert (first["added"], first["known"], first["skipped"]) == (2, 0, 1)
    assert (second["added"], second["known"], second["skipped"]) == (0, 2, 1)
    assert first["allowed_root"] == str(pictures)


def test_the_folder_becomes_an_allowed_root(run, migrated, pictures):
    run("add", pictures)
    run("add", pictures / "cats")
    assert migrated.sources.roots_file.read_text() == f"{pictures}\n"


def test_people_read_a_table_of_counts(run, migrated, pictures):
    result = run("add", pictures)
    assert result.exit_code == 0
    assert [line.split() for line in result.stdout.splitlines()] == [["added", "known", "skipped"], ["2", "0", "1"]]
    assert str(pictures) in result.stderr


def test_the_rows_are_of_the_namespace(run, migrated, pictures):
    run("add", pictures / "2.png", "--namespace", "blue")
    database = Database(migrated.sql)
    row = AddLog(database).get(1)
    database.close()
    assert (row.namespace, row.image_path) == ("blue", str(pictures / "2.png"))


def test_a_source_that_is_not_there_adds_nothing_and_opens_nothing(run, migrated, pictures):
    for source in (pictures / "none", f"{pictures}/*.gif"):
        result = run("add", source)
        assert result.exit_code == 2
        assert str(source) in result.stderr
    assert not migrated.sources.roots_file.exists()


def test_a_database_of_another_version_is_told_at_once(run, settings, pictures):
    result = run("add", pictures)
    assert result.exit_code == 3
    assert "migration none" in result.stderr
    assert not settings.sources.roots_file.exists()
