"""Migrations on SQLite and on MariaDB."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from imagesearch.errors import StoreError
from imagesearch.stores.sql.migrate import migrate
from imagesearch.stores.sql.tables import metadata


def test_migrating_again_does_nothing(sql_settings):
    migrate(sql_settings)


def test_the_migrations_give_the_schema_that_the_code_declares(database):
    with database.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


@pytest.mark.parametrize("asked", ["SELECT 1 FROM image_none", "SELECT none FROM image_add_log"])
def test_another_schema_is_told_with_what_mends_it(database, asked):
    with pytest.raises(StoreError, match=r"another schema.*jobs\.migrate") as caught, database.read() as connection:
        connection.exec_driver_sql(asked)
    assert not caught.value.retriable
