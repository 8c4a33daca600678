"""The rows that filters read, on SQLite and on MariaDB: they come and go with their sources, and old databases get them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import insert, select

from config.sections import SqlSettings
from imagesearch.stores.sql import attributes as attributes_module
from imagesearch.stores.sql import migrate as migrate_module
from imagesearch.stores.sql.add_log import AddLog
from imagesearch.stores.sql.attributes import refill_attributes, sort_key
from imagesearch.stores.sql.database import Database
from imagesearch.stores.sql.ledger import Ledger
from imagesearch.stores.sql.migrate import migrate
from imagesearch.stores.sql.tables import image_add_log, image_attribute, image_info, image_source
from imagesearch.stores.sql.verdicts import Found
from imagesearch.types import AddRequest, PictureFacts


def load(database, infos, keys=()):
    """Load one picture with a source for each info; return its batch, which can be committed again."""
    ledger = Ledger(database, keys)
    (one,) = ledger.intern([("default", PictureFacts("a" * 64, 1, 1, "png", 1, "0" * 64))]).values()
    batch = [Found(row, one.milvus_id, True) for row in AddLog(database).append([AddRequest("/p", info) for info in infos])]
    ledger.commit(batch, [], 5)
    return batch


def kept(database):
    with database.read() as connection:
        rows = connection.execute(select(image_attribute).order_by(image_attribute.c.log_id, image_attribute.c.name)).all()
    return [(row.milvus_id, row.log_id, row.namespace, bytes(row.name).decode(), bytes(row.value)) for row in rows]


def rows_of(batch, *keys):
    return [
        (one.milvus_id, one.row.log_id, "default", key, sort_key(one.row.info[key]))
        for one in batch
        for key in sorted(one.row.info)
        if not keys or key in keys
    ]


def test_a_commit_writes_a_row_for_each_plain_value_of_each_source(database):
    batch = load(database, [{"label": "cat", "n": 1}, {"label": "dog"}, {}])
    assert kept(database) == rows_of(batch)


def test_a_repeated_commit_writes_nothing_twice(database):
    batch = load(database, [{"label": "cat"}] * 2)
    Ledger(database).commit(batch, [], 5)
    assert kept(database) == rows_of(batch)


def test_what_a_reopened_picture_was_said_to_be_is_forgotten_until_it_is_loaded_again(database):
    batch = load(database, [{"label": "cat"}, {"label": "dog"}])
    Ledger(database).reopen(batch[0].milvus_id)
    assert kept(database) == []
    Ledger(database).commit(batch, [], 5)
    assert kept(database) == rows_of(batch)


def test_a_refill_makes_the_rows_what_the_sources_and_the_keys_say(database, monkeypatch):
    monkeypatch.setattr(attributes_module, "REFILL", 2)
    batch = load(database, [{"label": f"cat{n}", "n": n} for n in range(5)])
    with database.write() as connection:
        connection.execute(image_attribute.delete().where(image_attribute.c.log_id == batch[3].row.log_id))
        connection.execute(
            image_attribute.update().where(image_attribute.c.log_id == batch[0].row.log_id).values(value=b"nonsense")
        )
    assert refill_attributes(database, ()) == 5
    assert kept(database) == rows_of(batch)
    assert refill_attributes(database, ("n",)) == 5
    assert kept(database) == rows_of(batch, "n")


@pytest.fixture(params=["sqlite", "mariadb"])
def old_database(request, tmp_path):
    """A database of the schema before, with three sources of one picture in it."""
    url = f"sqlite:///{tmp_path}/old.db" if request.param == "sqlite" else request.getfixturevalue("mariadb_database")
    settings = SqlSettings(url=url, lock_timeout_s=5)
    database = Database(settings)
    migrate_module._upgrade(database, "0003")
    now = {"create_time": datetime.now(UTC)}
    facts = {"width": 1, "height": 1, "format": "png", "byte_size": 1, "perceptual_hash": "0" * 64}
    infos = {1: {"label": "cat", "n": 1}, 2: {"label": "dog", "n": 2}, 3: {}}
    with database.write() as connection:
        picture = {"milvus_id": 7, "namespace": "default", "content_hash": "a" * 64, "state": "searchable"}
        connection.execute(insert(image_info), picture | facts | now)
        for log_id, info in infos.items():
            request = {"namespace": "default", "image_path": "/p", "info": info} | now
            connection.execute(insert(image_add_log), {"id": log_id, "state": "loaded", "milvus_id": 7} | request)
            connection.execute(insert(image_source), {"milvus_id": 7, "image_path": "/p", "info": info, "log_id": log_id} | now)
    yield settings, database, infos
    database.close()


def rows_of_old(infos, *keys):
    return [
        (7, log_id, "default", key, sort_key(value)) for log_id, info in infos.items() for key, value in info.items() if key in keys
    ]


def test_an_old_database_gets_its_rows_when_it_is_migrated(old_database):
    settings, database, infos = old_database
    migrate(settings, ("n",))
    assert kept(database) == rows_of_old(infos, "n")


def test_a_migration_that_died_while_filling_is_finished_by_the_next(old_database, monkeypatch):
    settings, database, infos = old_database

    def dies(database, keys):
        attributes_module._refill(database, keys, 0)
        raise KeyboardInterrupt

    monkeypatch.setattr(attributes_module, "REFILL", 1)
    with monkeypatch.context() as patch:
        patch.setattr(migrate_module, "refill_attributes", dies)
        with pytest.raises(KeyboardInterrupt):
            migrate(settings)
    assert len(kept(database)) == 2
    migrate(settings)
    assert kept(database) == rows_of_old(infos, "label", "n")


def test_a_database_that_is_filled_is_not_filled_again(old_database, monkeypatch):
    settings, _, _ = old_database
    migrate(settings)
    monkeypatch.setattr(migrate_module, "refill_attributes", lambda *_: pytest.fail("filled again"))
    migrate(settings)
