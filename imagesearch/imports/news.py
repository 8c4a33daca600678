"""Announces on the stream what an import appends to the add-log, batch by batch."""

from __future__ import annotations

from imagesearch.ports import Announcer
from imagesearch.stores.sql.waiting import Waiting

# Rows announced at once.
ROWS = 1000


class News:
    """The news of one import; rows that were there before it are old."""

    def __init__(self, announcer: Announcer, waiting: Waiting) -> None:
        self._announcer = announcer
        self._waiting = waiting
        self._after = waiting.last_id()

    def spread(self) -> None:
        """Announce the rows that came since the last call. Raises StoreError; they are announced by the next call then."""
        while ids := self._waiting.fresh(self._after, None, ROWS):
            self._announcer.announce(self._waiting.rows(ids))
            self._after = ids[-1]
