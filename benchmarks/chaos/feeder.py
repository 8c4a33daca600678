"""Adds rows all the time: new pictures, known ones again, bad ones; and remembers what it asked for."""

from __future__ import annotations

import random
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.chaos.pictures import BAD, bad_picture, picture
from imagesearch.errors import StoreError
from imagesearch.ports import Announcer
from imagesearch.stores.sql.add_log import AddLog
from imagesearch.types import AddRequest, LogRow

NAMESPACES = ("default", "chaos")
BATCH = 10
# Of a hundred rows so many bring a content that was added before, and so many a file that is no picture.
KNOWN, BAD_ONES = 15, 5
# A pause between batches while there is work enough for the loaders; more would only make recoveries longer.
PAUSE_S = 0.1
ENOUGH = 200


@dataclass(frozen=True, slots=True)
class Added:
    """A row that was asked for: the number of its picture, or the code that it must fail with."""

    namespace: str
    number: int
    error: str | None


class Feeder:
    """A thread that appends until it is stopped. What SQL does not answer is asked again under the same keys."""

    def __init__(self, add_log: AddLog, announcer: Announcer, folder: Path, seed: int) -> None:
        self.added: dict[str, Added] = {}
        """By idempotency key; only what was acknowledged."""
        self.last_id = 0
        self.outages = 0
        self._add_log = add_log
        self._announcer = announcer
        self._folder = folder
        self._chance = random.Random(seed)
        self._numbers = 0
        self._stop = threading.Event()
        self._abandoned = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="feeder", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._thread.start()

    def stop(self) -> None:
        """End after the batch that is being added, once it was acknowledged. Raises what ended the thread before its time."""
        self._stop.set()
        self._thread.join()
        self.check()

    def abandon(self) -> None:
        """End without waiting for SQL."""
        self._abandoned.set()
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join()

    def check(self) -> None:
        """Raise what ended the thread before its time."""
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            while not self._stop.wait(PAUSE_S):
                self._append([self._row() for _ in range(BATCH)])
        except BaseException as exc:  # noqa: BLE001 - the edge of the thread: raised where it is waited for
            self._error = exc

    def _append(self, asked: list[tuple[AddRequest, Added]]) -> None:
        while not self._abandoned.is_set():
            try:
                rows = self._add_log.append([request for request, _ in asked])
                busy = self._add_log.backlog().pending > ENOUGH
            except StoreError as exc:
                if not exc.retriable:
                    raise
                self.outages += 1
                time.sleep(PAUSE_S)
                continue
            self._announcer.announce(row for row in rows if isinstance(row, LogRow))
            for (request, added), row in zip(asked, rows, strict=True):
                if not isinstance(row, LogRow):
                    raise row
                self.added[request.idempotency_key or ""] = added
                self.last_id = max(self.last_id, row.log_id)
            if busy:
                self._stop.wait(1.0)
            return

    def _row(self) -> tuple[AddRequest, Added]:
        key = f"chaos-{len(self.added)}-{self._chance.getrandbits(64):x}"
        namespace = self._chance.choice(NAMESPACES)
        draw = self._chance.randrange(100)
        if draw < BAD_ONES:
            self._numbers += 1
            added = Added(namespace, self._numbers, self._chance.choice(BAD))
            data = bad_picture(added.number, added.error or "")
        else:
            if draw >= BAD_ONES + KNOWN or self._numbers == 0:
                self._numbers += 1
                number = self._numbers
            else:
                number = self._chance.randint(1, self._numbers)
            added = Added(namespace, number, None)
            data = picture(number)
        # Half of what is known comes under the path that it had, half under another.
        path = self._folder / f"{added.number}-{added.error or self._chance.randrange(2)}.png"
        if data is not None and not path.exists():
            path.write_bytes(data)
        return AddRequest(str(path), {"number": added.number}, namespace, key), added
