"""Feeds the load from the add-log by key range: every row that waits, whenever it was committed."""

from __future__ import annotations

from collections.abc import Collection

from imagesearch.stores.sql.waiting import Waiting
from imagesearch.types import LogRow
from jobs.lease_keeper import LeaseKeeper


class Reader:
    """Implements Feed: passes over the waiting rows by log_id, again and again.

    Once: up to the last row that was there at the start, until a whole pass meets none that waits; rows that another loader
    holds are waited for. Following: without end. `limit` bounds the rows that are taken.
    """

    def __init__(
        self, waiting: Waiting, claims: LeaseKeeper, batch_rows: int, *, follow: bool = False, limit: int | None = None
    ) -> None:
        self._waiting = waiting
        self._claims = claims
        self._batch_rows = batch_rows
        self._follow = follow
        self._room = limit
        self._upto: int | None = None
        self._after = 0
        self._met = False

    def take(self) -> list[LogRow] | None:
        """Return the next rows that are ours, each read again after it was claimed.

        Between the first look and the claim another loader may have finished a row and given its lease back: the second
        look is what keeps such a row from being embedded again.
        """
        if self._room == 0:
            return None
        if self._upto is None and not self._follow:
            self._upto = self._waiting.last_id()
        while ids := self._waiting.ids(self._after, self._upto, min(self._batch_rows, self._room or self._batch_rows)):
            self._met = True
            self._after = ids[-1]
            if rows := self._ours(ids):
                if self._room is not None:
                    self._room -= len(rows)
                return rows
        # The next pass begins anew: a row may have been committed late, behind this one, or given back.
        met, self._met, self._after = self._met, False, 0
        return [] if met or self._follow else None

    def settled(self, log_ids: Collection[int], *, final: bool) -> None:
        """Remember nothing: the add-log tells the next pass."""

    def idle(self) -> None:
        """Hold nothing that needs care."""

    def close(self) -> None:
        """Own no client: the database is the composition root's."""

    def _ours(self, ids: list[int]) -> list[LogRow]:
        claimed = self._claims.claim(ids)
        rows = self._waiting.rows(claimed)
        self._claims.release(claimed - {row.log_id for row in rows})
        return rows
