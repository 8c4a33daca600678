"""Gives rows that failed a second chance."""

from __future__ import annotations

from functools import partial

from config.settings import Settings
from imagesearch.stores.patience import patiently
from imagesearch.stores.sql.database import Database
from imagesearch.stores.sql.failed import Failed


def retry_failed(settings: Settings, import_id: int | None = None, namespace: str | None = None, code: str | None = None) -> int:
    """Make the failed rows that are meant, or all of them, wait for a loader again; return how many.

    Interrupted, it has done a part of them, and can be repeated.
    Raises UnknownImport, and StoreUnavailable or StoreBusy when SQL stays away longer than load.store_retry_s.
    """
    database = Database(settings.sql)
    try:
        failed = Failed(database, import_id, namespace, code)
        patiently(failed.require, settings.load.store_retry_s)
        count, after = 0, 0
        while page := patiently(partial(failed.retry, after), settings.load.store_retry_s):
            after, changed = page
            count += changed
        return count
    finally:
        database.close()
