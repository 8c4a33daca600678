"""Each store's suite runs against every one of its kinds."""

import pytest

from config.sections import SqlSettings
from imagesearch.stores.sql.database import Database
from imagesearch.stores.sql.migrate import migrate


@pytest.fixture(params=["sqlite", "mariadb"])
def sql_settings(request, tmp_path):
    url = f"sqlite:///{tmp_path}/test.db" if request.param == "sqlite" else request.getfixturevalue("mariadb_database")
    settings = SqlSettings(url=url, lock_timeout_s=5)
    migrate(settings)
    return settings


@pytest.fixture
def database(sql_settings):
    database = Database(sql_settings)
    yield database
    database.close()


@pytest.fixture(params=["lite", "server"])
def milvus_uri(request):
    return request.getfixturevalue("milvus_lite_uri" if request.param == "lite" else "milvus_server_uri")
