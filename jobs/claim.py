"""Makes rows this process's own: claimed first, and read after that."""

from __future__ import annotations

from collections.abc import Collection

from imagesearch.errors import StoreError
from imagesearch.stores.sql.waiting import Waiting
from imagesearch.types import LogRow
from jobs.lease_keeper import LeaseKeeper


def claim_rows(log_ids: Collection[int], claims: LeaseKeeper, waiting: Waiting) -> tuple[list[LogRow], set[int]]:
    """Claim these rows; return those of them that are still to be done, by log_id, and the ids that another loader holds.

    Between a look at the add-log and the claim another loader may have finished a row and given its lease back: that rows are
    read after the claim is what keeps such a row from being embedded again. Raises StoreError, and then nothing is claimed.
    """
    held = claims.held()
    claimed = claims.claim(log_ids)
    try:
        rows = waiting.rows(claimed)
    except StoreError:
        claims.release(claimed)
        raise
    claims.release(claimed - {row.log_id for row in rows})
    return rows, set(log_ids) - claimed - held
