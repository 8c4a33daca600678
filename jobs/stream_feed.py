"""Feeds the load with rows as they are announced on the stream, and sweeps the add-log for those that never were."""

from __future__ import annotations

import logging
from collections.abc import Collection
from time import monotonic

from config.settings import Settings
from imagesearch.errors import StoreUnavailable
from imagesearch.ports import Announcements
from imagesearch.stores.sql.waiting import Waiting
from imagesearch.stores.stream.trouble import Trouble
from imagesearch.types import Announcement, LogRow
from jobs.claim import claim_rows
from jobs.lease_keeper import LeaseKeeper
from jobs.reader import Reader

logger = logging.getLogger(__name__)


class StreamFeed:
    """Implements Feed, without end unless there is a `limit` of rows.

    The stream only says where to look: a row is taken when the add-log says that it waits. An announcement is finished once the
    add-log says what became of its row, or when its row is to be tried again or is another loader's: it waits in the add-log
    then, and the sweep mends what goes wrong with it.
    """

    def __init__(
        self, settings: Settings, stream: Announcements, waiting: Waiting, claims: LeaseKeeper, limit: int | None = None
    ) -> None:
        self._stream = stream
        self._waiting = waiting
        self._claims = claims
        self._batch_rows = settings.load.batch_rows
        self._poll_s = settings.load.poll_s
        self._lease_s = settings.redis.lease_s
        self._gather_s = settings.stream.gather_s
        self._sweep_s = settings.stream.sweep_s
        self._room = limit
        self._away = Trouble(logger, "the stream is away; the add-log is read instead")
        # What was heard and not looked up yet: no more than a batch, but for what came back because a store was away.
        self._heard: list[Announcement] = []
        self._flying: dict[int, list[Announcement]] = {}
        self._sweep: Reader | None = None
        # What was announced to nobody, while no loader was there, is found first.
        self._sweep_at = monotonic()
        self._sweeps_turn = False

    def take(self) -> list[LogRow] | None:
        """Return announced rows or swept ones, turn and turn about while there are both: neither waits for the other's end."""
        if self._room == 0:
            return None
        self._sweeps_turn = not self._sweeps_turn
        rows = self._swept() if self._sweeps_turn else []
        rows = rows or self._announced()
        rows = rows or self._swept()
        if self._room is not None:
            self._room -= len(rows)
        return rows

    def settled(self, log_ids: Collection[int], *, final: bool) -> None:
        """Finish the announcements of final rows; the others are looked up again."""
        announcements = [one for log_id in log_ids for one in self._flying.pop(log_id, [])]
        if final:
            self._stream.finish(announcements)
        else:
            self._heard += announcements
            self._sweep_within(self._poll_s)

    def idle(self) -> None:
        """Stay a member of the group."""
        self._stream.idle()

    def close(self) -> None:
        """Leave the group; announcements that are not finished are heard by who takes the partitions over."""
        self._stream.close()

    def _announced(self) -> list[LogRow]:
        most = self._batch_rows if self._room is None else min(self._batch_rows, self._room)
        self._listen(most)
        if not self._heard:
            return []
        batch = self._heard[:most]
        rows, elsewhere = claim_rows({one.log_id for one in batch}, self._claims, self._waiting)
        del self._heard[: len(batch)]
        if elsewhere:
            # The loader that holds them may have died with them.
            self._sweep_within(self._lease_s)
        # Those that an earlier batch holds, a swept one or one that heard of them before, settle with it.
        flying = self._claims.held()
        for one in batch:
            if one.log_id in flying:
                self._flying.setdefault(one.log_id, []).append(one)
        self._stream.finish(one for one in batch if one.log_id not in flying)
        return rows

    def _listen(self, most: int) -> None:
        """Hear of more rows, without waiting for them while there is something else to do."""
        if len(self._heard) >= most:
            self._stream.idle()
            return
        try:
            self._heard += self._stream.take(most - len(self._heard), 0.0 if self._sweep or self._heard else self._gather_s)
        except StoreUnavailable as exc:
            self._away.add(exc.detail)
            self._sweep_within(self._poll_s)

    def _swept(self) -> list[LogRow]:
        """Return the next rows of a pass over the add-log, [] when none is due."""
        if self._sweep is None:
            if monotonic() < self._sweep_at:
                return []
            self._sweep = Reader(self._waiting, self._claims, self._batch_rows)
        rows = self._sweep.take()
        if not rows:
            self._sweep = None
            self._sweep_at = monotonic() + self._sweep_s
            if rows is not None:
                # Some still wait: another loader holds them, or they are to be tried again.
                self._sweep_within(self._lease_s)
            return []
        if self._room is not None:
            self._claims.release([row.log_id for row in rows[self._room :]])
            rows = rows[: self._room]
        return rows

    def _sweep_within(self, seconds: float) -> None:
        self._sweep_at = min(self._sweep_at, monotonic() + seconds)
