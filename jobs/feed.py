"""The seam between the load's engine and whatever tells it which rows there are: the add-log itself, or a stream of its ids."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from imagesearch.types import LogRow


class Feed(Protocol):
    """A source of batches. One thread, the intake's, calls all methods, so that a feed needs no locks and may own a client.

    No method waits for long: while there is nothing to take, the engine paces the calls, by load.poll_s or a batch that settled.
    """

    def take(self) -> list[LogRow] | None:
        """Return the next batch, [] when there is none now, None when there will be no more.

        Its rows wait (`Waiting.rows`), and were claimed (`LeaseKeeper.claim`) before they were read for the last time: the engine
        gives the claims back. Raises StoreError; one that is retriable is waited out, and `take` is called again.
        """

    def settled(self, log_ids: Collection[int], *, final: bool) -> None:
        """Learn that these rows, a batch or a part of one, are out of the engine's hands, and their claims given back.

        `final`: the add-log says what became of each, or when it is to be tried again. Else a store stayed away or the load
        was stopped, and the rows wait as before: nothing is lost by taking them anew, now or in another process.
        """

    def idle(self) -> None:
        """Do what must not wait until the engine has room again, such as keeping a connection alive; called every load.poll_s."""

    def close(self) -> None:
        """Close what the feed opened; nothing is called afterwards, and rows that were taken and did not settle wait as before."""
