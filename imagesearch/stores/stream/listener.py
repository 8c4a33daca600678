"""A member of the group in a process of its own: what ends the client's library, or hangs it, ends no load."""

from __future__ import annotations

import logging
import socket
import subprocess
import sys
from collections.abc import Iterable
from multiprocessing.connection import Connection
from time import monotonic
from typing import Any

from config.sections import StreamSettings
from imagesearch.errors import ConfigError, StoreUnavailable
from imagesearch.stores.stream.options import STORE
from imagesearch.types import Announcement

logger = logging.getLogger(__name__)

# A call that is not answered so long after its own time hangs.
ANSWER_S = 30.0
# A client that ends as soon as it is there must not take the machine from the load.
RESTART_PAUSE_S = 2.0


class Listener:
    """Implements ports.Announcements by KafkaAnnouncements in a child process, started again when it ends.

    What the child heard and nobody finished comes again. Raises ConfigError for options that the library does not take.
    """

    def __init__(self, settings: StreamSettings) -> None:
        self._settings = settings
        self._turn = 0
        self._line: Connection | None = None
        self._unsaid: StoreUnavailable | None = None
        self._start()

    def take(self, limit: int, timeout_s: float) -> list[Announcement]:
        """As in ports.Announcements."""
        unsaid, self._unsaid = self._unsaid, None
        if unsaid is not None:
            raise unsaid
        if self._line is None and monotonic() < self._started + RESTART_PAUSE_S:
            raise StoreUnavailable("the stream's client ended; it is started again soon", store=STORE)
        line = self._line or self._start()
        taken: list[Announcement] = self._ask(line, timeout_s, "take", limit, timeout_s)
        self._turn = max([self._turn, *(one.turn for one in taken)])
        return taken

    def finish(self, announcements: Iterable[Announcement]) -> None:
        """As in ports.Announcements."""
        if finished := list(announcements):
            self._tell("finish", finished)

    def idle(self) -> None:
        """As in ports.Announcements."""
        self._tell("idle")

    def close(self) -> None:
        """Leave the group, for which the child takes stream.close_s at most; one that hangs is killed."""
        self._tell("close", wait_s=self._settings.close_s)
        self._end()

    def _start(self) -> Connection:
        ours, theirs = socket.socketpair()
        with theirs:
            self._started = monotonic()
            self._child = subprocess.Popen(  # noqa: S603  # this interpreter, and a module of ours
                [sys.executable, "-m", "imagesearch.stores.stream.listening", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
            )
        self._line = line = Connection(ours.detach())
        level = logging.getLogger("imagesearch").getEffectiveLevel()
        try:
            # Announcements of an earlier child have smaller turns: their offsets say nothing to this one.
            self._ask(line, 0.0, self._settings, self._turn, level)
        except ConfigError:
            self._end()
            raise
        return line

    def _tell(self, *request: Any, wait_s: float = 0.0) -> None:
        if self._line is not None:
            try:
                self._ask(self._line, wait_s, *request)
            except StoreUnavailable as exc:
                # Nobody waits for an answer here: the next `take` tells of it, however late it comes.
                self._unsaid = exc

    def _ask(self, line: Connection, wait_s: float, *request: Any) -> Any:
        """Return the child's answer. Raises what it raised, and StoreUnavailable where there is none."""
        try:
            line.send(request)
            if not line.poll(wait_s + ANSWER_S):
                raise TimeoutError(f"no answer for {wait_s + ANSWER_S:.0f} s")
            records, error, value = line.recv()
        except (EOFError, OSError) as exc:
            code = self._end()
            logger.warning("the stream's client ended (%s, exit code %s); another is started", exc or "no answer", code)
            raise StoreUnavailable("the stream's client ended; another is started", store=STORE) from exc
        for record in records:
            logging.getLogger(record.name).handle(record)
        if error is not None:
            raise error
        return value

    def _end(self) -> int | None:
        """Reap the child, and return its exit code; None for one that was killed here."""
        line, self._line = self._line, None
        if line is None:
            return None
        line.close()
        try:
            return self._child.wait(1.0 + self._settings.close_s)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
            return None
