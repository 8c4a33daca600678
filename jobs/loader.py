"""The bulk load: an engine that is fed from the add-log, with the stores that it needs in this process."""

from __future__ import annotations

from collections.abc import Callable

from config.settings import Settings
from imagesearch.stores.factory import open_leases
from imagesearch.stores.sql.database import Database
from imagesearch.stores.sql.ledger import Ledger
from imagesearch.stores.sql.waiting import Waiting
from jobs.engine import Engine, Report
from jobs.lease_keeper import LeaseKeeper
from jobs.pipeline import Pipeline
from jobs.reader import Reader


class BulkLoad:
    """Loads what is pending. Once: ends when every row that was there at its start is final, waiting for rows that another
    loader holds or whose fault may pass. Following: goes on until stopped.
    """

    def __init__(self, settings: Settings, *, follow: bool = False, import_id: int | None = None, limit: int | None = None) -> None:
        self._database = Database(settings.sql)
        self._leases = open_leases(settings)
        self._claims = LeaseKeeper(self._leases, settings.redis.lease_s)
        waiting = Waiting(self._database, import_id)
        reader = Reader(waiting, self._claims, settings.load.batch_rows, follow=follow, limit=limit)
        self._engine = Engine(settings, reader, self._claims, Pipeline(settings, Ledger(self._database)), follow=follow)

    def stop(self) -> None:
        """Ask the run to end soon; it takes nothing more."""
        self._engine.stop()

    def run(self, progress: Callable[[Report], None]) -> Report:
        """Load and return the report; see Engine.run. To be called once."""
        try:
            with self._claims:
                return self._engine.run(progress)
        finally:
            self._leases.close()
            self._database.close()
