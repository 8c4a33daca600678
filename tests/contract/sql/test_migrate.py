"""Migrations on SQLite and on MariaDB."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from imagesearch.stores.sql.migrate import migrate
from imagesearch.stores.sql.tables import metadata


def test_migrating_again_does_nothing(sql_settings):
    migrate(sql_settings)


def test_the_migrations_give_the_schema_that_the_code_declares(database):
    with database.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
