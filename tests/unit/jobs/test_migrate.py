"""`python -m jobs.migrate`: the schema, and what filters read."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, func, select

from config.sections import SqlSettings
from imagesearch.stores.sql.add_log import AddLog
from imagesearch.stores.sql.database import Database
from imagesearch.stores.sql.ledger import Ledger
from imagesearch.stores.sql.tables import image_attribute
from imagesearch.stores.sql.verdicts import Found
from imagesearch.types import AddRequest, PictureFacts
from jobs.migrate import main


@pytest.fixture
def database(tmp_path, monkeypatch):
    url = f"sqlite:///{tmp_path}/test.db"
    monkeypatch.setenv("IMAGESEARCH_HOME", str(tmp_path))
    monkeypatch.setenv("IMAGESEARCH_SQL__URL", url)
    database = Database(SqlSettings(url=url))
    yield database
    database.close()


def count(database):
    with database.read() as connection:
        return connection.execute(select(func.count()).select_from(image_attribute)).scalar_one()


def test_a_refill_writes_the_keys_that_the_settings_name_now(database, monkeypatch):
    assert main([]) == 0
    ledger = Ledger(database)
    (one,) = ledger.intern([("default", PictureFacts("a" * 64, 1, 1, "png", 1, "0" * 64))]).values()
    (row,) = AddLog(database).append([AddRequest("/p", {"label": "cat", "n": 1})])
    ledger.commit([Found(row, one.milvus_id, True)], [], 5)
    with database.write() as connection:
        connection.execute(delete(image_attribute))
    assert main([]) == 0
    assert count(database) == 0
    assert main(["--refill"]) == 0
    assert count(database) == 2
    monkeypatch.setenv("IMAGESEARCH_FILTER__KEYS", '["label"]')
    assert main(["--refill"]) == 0
    assert count(database) == 1


def test_a_database_that_is_away_is_exit_3(monkeypatch, tmp_path):
    monkeypatch.setenv("IMAGESEARCH_HOME", str(tmp_path))
    monkeypatch.setenv("IMAGESEARCH_SQL__URL", "mysql+pymysql://nobody@127.0.0.1:9/nothing")
    assert main(["--refill"]) == 3
