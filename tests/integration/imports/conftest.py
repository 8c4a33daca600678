"""Imports with real parts: SQLite or MariaDB, files, an uploads' folder; no Ray, no model."""

import pytest

from config.settings import Settings
from imagesearch.stores.sql.migrate import migrate


@pytest.fixture(params=["sqlite", "mariadb"])
def settings(request, tmp_path):
    url = f"sqlite:///{tmp_path}/a.db" if request.param == "sqlite" else request.getfixturevalue("mariadb_database")
    folder = tmp_path / "pictures"
    folder.mkdir()
    settings = Settings(
        profile="test",
        sql={"url": url, "lock_timeout_s": 5},
        milvus={"uri": "http://127.0.0.1:1"},
        blobs={"uri": str(tmp_path / "blobs")},
        sources={"roots": [folder]},
        model={"name": "tiny"},
        load={"store_retry_s": 5},
        imports={"batch_rows": 10, "lease_s": 1.0},
    )
    migrate(settings.sql)
    return settings


@pytest.fixture
def folder(settings):
    return settings.sources.roots[0]


@pytest.fixture
def csv(folder):
    """Write a CSV of so many lines."""

    def write(count, name="m.csv"):
        path = folder / name
        path.write_text("path,n\n" + "".join(f"/p/{n}.jpg,{n}\n" for n in range(count)))
        return path

    return write
