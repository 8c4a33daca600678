"""`imagesearch import`: read here, loaded on the cluster, and what is said of other models."""

import json

import pytest

from cli.commands import import_source
from cli.load_with import Chosen
from cli.searchable_with import say_how_to_search
from imagesearch.errors import UnknownModel, WeightsNotFound
from imagesearch.stores.sql.database import Database
from imagesearch.stores.sql.imports import Imports
from imagesearch.types import Fingerprint, ImportState


@pytest.fixture
def table(tmp_path, picture):
    folder = tmp_path / "pictures"
    folder.mkdir()
    (folder / "1.png").write_bytes(picture())
    (folder / "m.csv").write_text("id,path,label\n1,1.png,cat\n2,,dog\n")
    return folder / "m.csv"


@pytest.fixture
def imports(migrated):
    database = Database(migrated.sql)
    yield Imports(database)
    database.close()


def lines(result):
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_a_table_is_read_and_counted_as_it_goes(run, imports, table):
    result = run("import", table, "--no-load", "--json")
    # One line is bad.
    assert result.exit_code == 1
    *reading, last = lines(result)
    assert reading[0]["stage"] == "reading"
    assert (last["added"], last["bad"], last["rows"]["pending"]) == (1, 1, 1)
    assert "imagesearch imports errors" in result.stderr
    (one,) = imports.page(None, 10)
    assert (one.state, one.trusted, one.source) == (ImportState.DONE, True, str(table))


def test_the_folder_of_the_table_may_be_read_from_then_on(run, migrated, table):
    run("import", table, "--no-load")
    assert migrated.sources.roots_file.read_text() == f"{table.parent}\n"


def test_nothing_new_is_nothing_to_load(run, migrated, table):
    table.write_text("id,path,label\n1,1.png,cat\n")
    assert run("import", table, "--no-load").exit_code == 0
    database = Database(migrated.sql)
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE image_add_log SET state = 'failed', error_code = 'not_an_image'")
    database.close()
    # There is no cluster to load on: it is not asked for.
    result = run("import", table, "--json")
    assert (result.exit_code, lines(result)[-1]["known"]) == (0, 1)


def test_what_was_cancelled_is_imported_again(run, imports, table):
    run("import", table, "--no-load")
    imports.cancel(1)
    assert imports.fail_waiting(1) == 1
    last = lines(run("import", table, "--no-load", "--json"))[-1]
    assert (last["added"], last["known"], last["rows"]["pending"]) == (1, 0, 1)


def test_a_load_needs_a_cluster_and_what_was_read_stays(run, imports, table):
    result = run("import", table)
    assert result.exit_code == 3
    assert imports.page(None, 1)[0].added == 1


def test_an_interruption_pauses_the_import(run, imports, table, monkeypatch):
    real = import_source.import_source

    def interrupted(settings, source, namespace, progress):
        def hear(one):
            progress(one)
            raise KeyboardInterrupt

        return real(settings, source, namespace, hear)

    monkeypatch.setattr(import_source, "import_source", interrupted)
    result = run("import", table)
    assert result.exit_code == 130
    assert "imports resume 1" in result.stderr
    assert imports.get(1).state is ImportState.PAUSED


def test_a_table_whose_paths_were_meant_from_elsewhere_is_refused(run, imports, table, tmp_path, monkeypatch):
    (tmp_path / "lists").mkdir()
    moved = table.rename(tmp_path / "lists" / "m.csv")
    monkeypatch.chdir(table.parent)
    for command in ("import", "add"):
        result = run(command, moved)
        assert result.exit_code == 2
        assert "meant from its own folder" in result.stderr
    assert imports.page(None, 1) == []


def test_a_job_is_told_of_model_weights_and_batch_size(settings, tmp_path, monkeypatch):
    assert Chosen().variables == {}
    assert Chosen("resnet50", "random", 100).variables == {
        "IMAGESEARCH_MODEL__NAME": "resnet50",
        "IMAGESEARCH_MODEL__WEIGHTS": "random",
        "IMAGESEARCH_LOAD__BATCH_ROWS": "100",
        "IMAGESEARCH_LOAD__EMBED_BATCH": "100",
    }
    monkeypatch.chdir(tmp_path)
    assert Chosen("resnet50", "w.pth").told_weights == str(tmp_path / "w.pth")
    assert Chosen("resnet50", "s3://b/w.pth").told_weights == "s3://b/w.pth"
    assert [Chosen(model).told_weights for model in ("resnet50", "efficientnet_lite0", "tiny")] == [
        "download",
        "package",
        "package",
    ]
    over = Chosen("resnet50", "random", 100).over(settings)
    assert (over.model.name, over.model.weights, over.load.batch_rows, over.load.embed_batch) == ("resnet50", "random", 100, 100)
    assert Chosen().over(settings).model == settings.model


def test_a_model_that_cannot_be_had_is_told_before_anything_is_read(settings):
    for chosen, error in ((Chosen("nonsense"), UnknownModel), (Chosen("resnet50", "/no/file"), WeightsNotFound)):
        with pytest.raises(error):
            chosen.fingerprint(chosen.over(settings))
    assert Chosen(None, None, 7).fingerprint(settings) is None


class Said:
    def __init__(self):
        self.words = ""

    def say(self, words, style=""):
        self.words += words + "\n"


def test_how_to_search_is_said_where_the_service_has_another_model(settings, service, monkeypatch):
    mine = Fingerprint("resnet50", "random", "squash-224", 2048)
    http = settings.http.model_copy(update={"port": service.server_port})
    with_service = Chosen("resnet50", "random").over(settings).model_copy(update={"http": http})
    for model, needed in (("tiny/193/none/x", True), (str(mine), False)):
        counts = dict.fromkeys(("pictures", "vectors", "pending", "failed", "lag_s"), 1)
        service.says("/v1/stats", {**counts, "model": model, "text": False})
        said = Said()
        say_how_to_search(with_service, said, mine, 0)
        assert ("imagesearch up --model resnet50 --weights random" in said.words) is needed
    said = Said()
    say_how_to_search(with_service, said, mine, 3)
    assert "IMAGESEARCH_MODEL__NAME=resnet50 IMAGESEARCH_MODEL__WEIGHTS=random imagesearch audit --repair" in said.words
