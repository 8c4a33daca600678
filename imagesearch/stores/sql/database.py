"""Opens the database and translates its errors in one place."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic_core import to_json
from sqlalchemy import Connection, Engine, create_engine, event, exc, make_url, text
from sqlalchemy.engine import URL
from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from config.sections import SqlSettings
from imagesearch.errors import ConfigError, StoreBusy, StoreError, StoreUnavailable

# MySQL's and MariaDB's error numbers. Busy: lock wait timeout, deadlock. Away: connection, shutdown, read-only or full.
MYSQL_BUSY = {1205, 1213}
MYSQL_AWAY = {1021, 1040, 1041, 1042, 1053, 1077, 1152, 1158, 1159, 1160, 1161, 1203, 1290, 1836, 2002, 2003, 2006, 2013, 2055}
# No such column, no such table.
MYSQL_OTHER_SCHEMA = {1054, 1146}

# A deadlock's loser has done nothing: the whole transaction is repeated.
repeat_when_busy = retry(
    retry=retry_if_exception_type(StoreBusy), stop=stop_after_attempt(6), wait=wait_random_exponential(0.05, max=2), reraise=True
)


class Database:
    """The SQL database of the settings' URL; connects on first use. Thread-safe.

    Errors of the driver leave `read` and `write` as StoreUnavailable, StoreBusy or StoreError. Raises ConfigError for a wrong URL.
    """

    def __init__(self, settings: SqlSettings) -> None:
        try:
            url = make_url(settings.url.get_secret_value())
        except exc.ArgumentError:
            # The text of the error would hold the URL, which may hold a password.
            raise ConfigError("sql.url (IMAGESEARCH_SQL__URL) is not an SQLAlchemy URL") from None
        self.engine = _open(url, settings)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Yield a connection for reading; each statement sees what was committed by then."""
        with _translated(), self.engine.connect().execution_options(read_only=True) as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Yield a connection in a transaction, committed at the end and rolled back on an error."""
        with _translated(), self.engine.begin() as connection:
            yield connection

    def ping(self) -> None:
        """Raise StoreUnavailable when the database does not answer."""
        with self.read() as connection:
            connection.execute(text("SELECT 1"))

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def _open(url: URL, settings: SqlSettings) -> Engine:
    backend = url.get_backend_name()
    if backend == "sqlite":
        if url.database and url.database != ":memory:":
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(url, json_serializer=_json, connect_args={"timeout": settings.lock_timeout_s})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    if backend not in ("mysql", "mariadb"):
        raise ConfigError(f"sql.url (IMAGESEARCH_SQL__URL) names {backend!r}; use sqlite or mysql+pymysql")
    return create_engine(
        url.update_query_dict({"charset": "utf8mb4"}),
        json_serializer=_json,
        pool_size=settings.pool_size,
        max_overflow=settings.pool_size,
        pool_timeout=settings.lock_timeout_s,
        pool_pre_ping=True,  # a connection that the server closed overnight is replaced, not handed out
        pool_recycle=1800,
        # Gap locks of the default level make concurrent multi-row inserts deadlock; no reader here needs them.
        isolation_level="READ COMMITTED",
        connect_args={
            "connect_timeout": settings.connect_timeout_s,
            "read_timeout": settings.lock_timeout_s + 30,
            "write_timeout": settings.lock_timeout_s + 30,
            "init_command": f"SET SESSION innodb_lock_wait_timeout={settings.lock_timeout_s}, time_zone='+00:00'",
        },
    )


def _json(value: object) -> str:
    # A fifth of the time that Python's own takes, and a batch of adds has a thousand.
    return to_json(value).decode()


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # Python's driver begins transactions late and with the weaker lock: it is told to leave them to `_begin_sqlite`.
    connection.isolation_level = None
    cursor = connection.cursor()
    # WAL: readers go on while the loader writes. FULL: an acknowledged add outlives a power cut.
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    if not connection.get_execution_options().get("read_only"):
        # A reader that turns writer midway cannot wait for the lock, only fail: writers take it at once.
        connection.exec_driver_sql("BEGIN IMMEDIATE")


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except exc.TimeoutError as error:
        raise StoreBusy("the SQL database's connections are all in use", store="sql") from error
    except exc.DBAPIError as error:
        raise _translation(error) from error


def _translation(error: exc.DBAPIError) -> StoreError:
    driver = error.orig
    number = driver.args[0] if driver is not None and driver.args and isinstance(driver.args[0], int) else None
    words = str(driver)
    if number in MYSQL_BUSY or "is locked" in words:
        return StoreBusy(f"the SQL database is busy: {words}", store="sql")
    if (
        error.connection_invalidated
        or number in MYSQL_AWAY
        or any(w in words for w in ("unable to open", "disk is full", "disk I/O"))
    ):
        return StoreUnavailable(f"the SQL database does not answer: {words}", store="sql")
    if number in MYSQL_OTHER_SCHEMA or any(w in words for w in ("no such table", "no such column")):
        how = "run `imagesearch up`, or on a cluster `python -m jobs.migrate`"
        return StoreError(f"the SQL database has another schema than this version: {words}; {how}", store="sql")
    return StoreError(f"the SQL database refused: {words}", store="sql")
