"""Each store's suite runs against every one of its kinds."""

import shutil

import pytest

from config.sections import SqlSettings
from imagesearch.stores.sql.database import Database
from imagesearch.stores.sql.migrate import migrate
from imagesearch.stores.sql.tables import metadata

LOCK_TIMEOUT_S = 5


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory):
    file = tmp_path_factory.mktemp("sqlite") / "empty.db"
    migrate(SqlSettings(url=f"sqlite:///{file}"))
    return file


@pytest.fixture(scope="session")
def migrated_mariadb(mariadb):
    mariadb.execute("CREATE DATABASE contract")
    settings = SqlSettings(url=mariadb.url("contract"), lock_timeout_s=LOCK_TIMEOUT_S)
    migrate(settings)
    return settings


@pytest.fixture(params=["sqlite", "mariadb"])
def sql_settings(request, tmp_path):
    """An empty database of this version's schema: migrated once a session, since a hundred tables made anew take minutes."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("migrated_sqlite"), tmp_path / "test.db")
        return SqlSettings(url=f"sqlite:///{tmp_path}/test.db", lock_timeout_s=LOCK_TIMEOUT_S)
    settings = request.getfixturevalue("migrated_mariadb")
    emptied = Database(settings)
    with emptied.write() as connection:
        connection.exec_driver_sql("SET SESSION foreign_key_checks = 0")
        for table in metadata.tables:
            connection.exec_driver_sql(f"TRUNCATE TABLE {table}")
    emptied.close()
    return settings


@pytest.fixture
def database(sql_settings):
    database = Database(sql_settings)
    yield database
    database.close()


@pytest.fixture(params=["lite", "server"])
def milvus_uri(request):
    return request.getfixturevalue("milvus_lite_uri" if request.param == "lite" else "milvus_server_uri")
