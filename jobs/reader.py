"""Feeds the load from the add-log: every row that waits, whenever it was committed, and none before its time."""

from __future__ import annotations

from collections.abc import Collection

from imagesearch.stores.sql.waiting import Waiting
from imagesearch.types import LogRow
from jobs.claim import claim_rows
from jobs.lease_keeper import LeaseKeeper


class Reader:
    """Implements Feed: passes over the fresh rows by log_id, again and again, and takes those that are due by their time.

    Once: up to the last row that was there at the start, until none of them waits any more; what another loader holds, or
    what is not due yet, is waited for. Following: without end. `limit` bounds the rows that are taken.
    """

    def __init__(
        self, waiting: Waiting, claims: LeaseKeeper, batch_rows: int, *, follow: bool = False, limit: int | None = None
    ) -> None:
        self._waiting = waiting
        self._claims = claims
        self._batch_rows = batch_rows
        self._follow = follow
        self._room = limit
        self._begun = False
        self._upto: int | None = None
        self._after = 0
        self._fresh_last = False

    def take(self) -> list[LogRow] | None:
        """Return the next rows that are ours: fresh ones and due ones in turn, so that neither can hold up the other.

        Raises UnknownImport at the first call.
        """
        if self._room == 0:
            return None
        if not self._begun:
            last = self._waiting.last_id()
            self._upto = None if self._follow else last
            self._begun = True
        size = self._batch_rows if self._room is None else min(self._batch_rows, self._room)
        for look in (self._due, self._fresh) if self._fresh_last else (self._fresh, self._due):
            if rows := look(size):
                self._fresh_last = look == self._fresh
                if self._room is not None:
                    self._room -= len(rows)
                return rows
        return [] if self._follow or self._waiting.any(self._upto) else None

    def settled(self, log_ids: Collection[int], *, final: bool) -> None:
        """Remember nothing: the add-log tells the next pass."""

    def idle(self) -> None:
        """Hold nothing that needs care."""

    def close(self) -> None:
        """Own no client: the database is the composition root's."""

    def _fresh(self, size: int) -> list[LogRow]:
        # At its end a pass begins anew: a row may have been committed late, behind it, or given back.
        first = self._after == 0
        while True:
            if ids := self._waiting.fresh(self._after, self._upto, size):
                self._after = ids[-1]
                if rows := self._ours(ids):
                    return rows
            else:
                self._after = 0
                if first:
                    return []
                first = True

    def _due(self, size: int) -> list[LogRow]:
        passed: set[int] = set()
        while ids := self._waiting.due(self._upto, size, passed):
            if rows := self._ours(ids):
                return rows
            passed.update(ids)
        return []

    def _ours(self, ids: list[int]) -> list[LogRow]:
        rows, _elsewhere = claim_rows(ids, self._claims, self._waiting)
        return rows
