"""Reads the add-log by key range and claims what it reads, a batch at a time."""

from __future__ import annotations

from collections.abc import Iterator

from imagesearch.ports import Leases
from imagesearch.stores.sql.ledger import Ledger
from imagesearch.types import LogRow


class Reader:
    """One pass over the pending rows up to a key; `left` tells whether another loader held some of them."""

    def __init__(self, ledger: Ledger, leases: Leases, batch_rows: int, import_id: int | None = None) -> None:
        self._ledger = ledger
        self._leases = leases
        self._batch_rows = batch_rows
        self._import_id = import_id
        self.left = 0

    def batches(self, upto: int | None) -> Iterator[list[LogRow]]:
        """Yield batches of rows that are ours, each still pending after it was claimed.

        Between the first look and the claim another loader may have finished a row and given its lease back: the second
        look is what keeps such a row from being embedded again.
        """
        self.left = 0
        after = 0
        while rows := self._ledger.pending(after, upto, self._batch_rows, self._import_id):
            claimed = self._leases.claim([row.log_id for row in rows])
            self.left += len(rows) - len(claimed)
            if claimed:
                again = self._ledger.pending(after, rows[-1].log_id, self._batch_rows, self._import_id)
                ours = [row for row in again if row.log_id in claimed]
                self._leases.release(claimed - {row.log_id for row in ours})
                if ours:
                    yield ours
            after = rows[-1].log_id
