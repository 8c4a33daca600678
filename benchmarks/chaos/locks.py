"""A stranger in the database: holds row locks longer than the load waits for them, and takes them in the other order."""

from __future__ import annotations

import time
from collections.abc import Callable

from sqlalchemy import Connection, select, text

from imagesearch.errors import StoreError
from imagesearch.stores.sql.database import Database
from imagesearch.stores.sql.tables import image_add_log as log
from imagesearch.stores.sql.tables import image_info as info
from imagesearch.types import LogState, PictureState

ROWS = 200
# How long one of a deadlock's two locks is held before the other is asked for.
BETWEEN_S = 0.05


class Stranger:
    """Its own connections to the database of the load. What the database refuses it is part of the game."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def hold(self, seconds: float) -> None:
        """Keep the rows that wait locked that long; on SQLite the whole file."""

        def transaction(connection: Connection) -> None:
            self._lock_waiting(connection)
            time.sleep(seconds)

        self._try(transaction)

    def deadlock(self, seconds: float) -> None:
        """Over and over, lock pictures that are being loaded and then the rows that wait: a loader goes the other way round."""

        def transaction(connection: Connection) -> None:
            loading = select(info.c.milvus_id).where(info.c.state == PictureState.LOADING).order_by(info.c.milvus_id.desc())
            connection.execute(loading.limit(ROWS).with_for_update())
            time.sleep(BETWEEN_S)
            self._lock_waiting(connection)

        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._try(transaction)

    def deadlocks(self) -> int:
        """Return how many deadlocks the server has seen since its start; SQLite, with one writer at a time, has none."""
        if self._database.engine.dialect.name == "sqlite":
            return 0
        with self._database.read() as connection:
            return int(connection.execute(text("SHOW GLOBAL STATUS LIKE 'Innodb_deadlocks'")).one()[1])

    def _try(self, transaction: Callable[[Connection], None]) -> None:
        try:
            with self._database.write() as connection:
                transaction(connection)
        except StoreError:
            time.sleep(BETWEEN_S)

    @staticmethod
    def _lock_waiting(connection: Connection) -> None:
        waiting = select(log.c.id).where(log.c.state == LogState.PENDING).order_by(log.c.id).limit(ROWS)
        connection.execute(waiting.with_for_update())
