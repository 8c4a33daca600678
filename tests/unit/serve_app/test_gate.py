"""The gate on a real database, without HTTP."""

import pytest
from starlette.requests import Request

from config.sections import AuthSettings, SqlSettings
from imagesearch.errors import Forbidden, RateLimited, Unauthorized
from imagesearch.keys import Role
from imagesearch.stores.sql.database import Database
from imagesearch.stores.sql.keys import Keys
from imagesearch.stores.sql.migrate import migrate
from serve_app.gate import ANYONE, Gate
from serve_app.workers import Workers


class OnePerCaller:
    """A limit of one request, ever."""

    def __init__(self):
        self.seen = set()

    def take(self, caller, per_minute):
        if caller in self.seen:
            raise RateLimited("one was enough", retry_after_s=7)
        self.seen.add(caller)

    def close(self):
        pass


@pytest.fixture
def keys(tmp_path):
    settings = SqlSettings(url=f"sqlite:///{tmp_path}/keys.db")
    migrate(settings)
    database = Database(settings)
    yield Keys(database)
    database.close()


@pytest.fixture
def gate(keys):
    workers = Workers("sql", 2, 8)
    yield lambda **settings: Gate(AuthSettings(**settings), keys, OnePerCaller(), workers, workers)
    workers.close()


def request(*authorization):
    return Request({"type": "http", "method": "POST", "headers": [(b"authorization", one.encode()) for one in authorization]})


async def test_with_keys_off_everybody_may_do_everything(gate):
    assert await gate(keys=False).needs(Role.ADMIN)(request()) is ANYONE
    assert ANYONE.roles == set(Role)


UNKNOWN = "isk_" + "0" * 16 + "_" + "a" * 43


@pytest.mark.parametrize("header", [(), ("",), ("Bearer",), ("Basic abc",), ("Bearer isk_x",), (f"Bearer {UNKNOWN}",)])
async def test_without_a_good_key_nothing_is_done(gate, header):
    with pytest.raises(Unauthorized):
        await gate().needs(Role.SEARCH)(request(*header))


async def test_a_key_passes_where_it_has_the_role(gate, keys):
    key, text = keys.create("one", {Role.SEARCH})
    one = gate()
    assert await one.needs(Role.SEARCH)(request(f"bearer {text}")) == key
    with pytest.raises(Forbidden):
        await one.needs(Role.ADD)(request(f"Bearer {text}"))


async def test_a_key_is_remembered_for_seconds_and_a_revoked_one_no_longer(gate, keys):
    key, text = keys.create("one", {Role.SEARCH})
    remembering, asking = gate(cache_s=60), gate(cache_s=0)
    for one in (remembering, asking):
        await one.needs(Role.SEARCH)(request(f"Bearer {text}"))
    keys.revoke(key.key_id)
    await remembering.needs(Role.SEARCH)(request(f"Bearer {text}"))
    with pytest.raises(Unauthorized):
        await asking.needs(Role.SEARCH)(request(f"Bearer {text}"))


async def test_only_keys_with_a_rate_are_counted(gate, keys):
    free, bounded = keys.create("free", {Role.SEARCH})[1], keys.create("bounded", {Role.SEARCH}, per_minute=1)[1]
    one = gate()
    for _ in range(3):
        await one.needs(Role.SEARCH)(request(f"Bearer {free}"))
    await one.needs(Role.SEARCH)(request(f"Bearer {bounded}"))
    with pytest.raises(RateLimited):
        await one.needs(Role.SEARCH)(request(f"Bearer {bounded}"))
