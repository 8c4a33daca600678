import json

import pytest

from config import load_settings
from imagesearch.stores.sql.database import Database
from imagesearch.stores.sql.keys import Keys
from imagesearch.stores.sql.migrate import migrate


@pytest.fixture
def database(tmp_path, monkeypatch):
    monkeypatch.setenv("IMAGESEARCH_SQL__URL", f"sqlite:///{tmp_path}/keys.db")
    migrate(load_settings().sql)


def test_a_key_is_printed_once_listed_without_its_secret_and_revoked(run, database):
    made = run("keys", "create", "shop", "--role", "search", "--role", "add", "--namespace", "shop", "--per-minute", "60", "--json")
    line = json.loads(made.stdout)
    assert (line["roles"], line["namespaces"], line["per_minute"]) == (["add", "search"], ["shop"], 60)
    listed = run("keys", "list", "--json")
    assert line["key"] not in listed.stdout + made.stderr
    assert json.loads(listed.stdout) == {name: value for name, value in line.items() if name != "key"}
    assert run("keys", "revoke", line["key_id"]).exit_code == 0
    store = Database(load_settings().sql)
    assert Keys(store).find(line["key_id"]).revoke_time is not None
    store.close()


def test_an_unknown_key_is_wrong_use(run, database):
    result = run("keys", "revoke", "0" * 16)
    assert result.exit_code == 2
    assert "unknown_key" in result.stderr
