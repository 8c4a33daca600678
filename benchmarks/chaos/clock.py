"""A step of the clock by an hour, as what is stored sees it.

Pauses are measured with the monotonic clock, which no step reaches. What a step does reach are points in time that were written
down before it: those of rows that wait, in SQL, and the ends of leases, which Redis keeps as times of day. A step forward makes
them all an hour older, a step back an hour younger. That is done to them here, and the clock of the machine is left alone.
"""

from __future__ import annotations

import datetime

import redis
from sqlalchemy import select, update

from imagesearch.stores.patience import patiently
from imagesearch.stores.sql.database import Database
from imagesearch.stores.sql.tables import image_add_log as log
from imagesearch.types import LogState

HOUR = datetime.timedelta(hours=1)
PATIENCE_S = 20.0


def step_clock(database: Database, redis_url: str, step: datetime.timedelta) -> None:
    """Have everything that is stored see the clock stepped, back where `step` is negative. Raises StoreError, redis.RedisError."""
    _step_leases(redis_url, step)
    # It locks what loaders lock, in another order: of two that wait for each other the database lets one go.
    patiently(lambda: _step_rows(database, step), PATIENCE_S)


def _step_leases(url: str, step: datetime.timedelta) -> None:
    client = redis.Redis.from_url(url)
    try:
        for key in client.scan_iter("imagesearch:lease:*"):
            left = client.pttl(key)
            if left >= 0:
                # Redis removes a key whose time is over.
                client.pexpire(key, left - int(step.total_seconds() * 1000))
    finally:
        client.close()


def _step_rows(database: Database, step: datetime.timedelta) -> None:
    times = [column for column in log.c if column.name in ("create_time", "retry_time")]
    waits = log.c.state == LogState.PENDING
    with database.write() as connection:
        for row in connection.execute(select(log.c.id, *times).where(waits).order_by(log.c.id).with_for_update()).all():
            moved = {name: value - step for name, value in row._mapping.items() if name != "id" and value is not None}
            connection.execute(update(log).where(log.c.id == row.id).values(moved))
