"""`imagesearch retry`: how many rows wait again, and whose."""

import json

import pytest

from imagesearch.errors import NotAnImage, SourceNotFound
from imagesearch.stores.sql.add_log import AddLog
from imagesearch.stores.sql.database import Database
from imagesearch.stores.sql.ledger import Ledger
from imagesearch.stores.sql.verdicts import Fault
from imagesearch.types import AddRequest


@pytest.fixture
def failed(migrated):
    """Two rows that failed, each in its own way."""
    database = Database(migrated.sql)
    rows = AddLog(database).append([AddRequest("/p/1"), AddRequest("/p/2", namespace="other")])
    Ledger(database).commit([], [Fault(rows[0], NotAnImage("no")), Fault(rows[1], SourceNotFound("no"))], 5)
    database.close()


@pytest.mark.parametrize(
    ("words", "count"),
    [
        ([], 2),
        (["--code", "not_an_image"], 1),
        (["--namespace", "other"], 1),
        (["--code", "not_an_image", "--namespace", "other"], 0),
    ],
)
def test_it_tells_how_many_rows_wait_again(run, failed, words, count):
    result = run("retry", "--json", *words)
    assert result.exit_code == 0
    assert json.loads(result.stdout)["retried"] == count
    assert f"{2 - count} failed pictures wait again" in run("retry").stdout


def test_an_import_that_is_not_there_is_wrong_use(run, migrated):
    result = run("retry", "--import-id", "999")
    assert result.exit_code == 2
    assert "(unknown_import)" in result.stderr
