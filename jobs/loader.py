"""A load: an engine with its feed, and the clients that its driver needs for them."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType

from config.settings import Settings
from imagesearch.stores.clients import open_leases
from imagesearch.stores.sql.database import Database
from imagesearch.stores.sql.waiting import Waiting
from jobs.engine import Engine, Report
from jobs.feed import Feed
from jobs.lease_keeper import LeaseKeeper
from jobs.pipeline import Pipeline
from jobs.reader import Reader
from telemetry.tracing import open_tracer


class Load:
    """Loads what `open_feed` gives. To be entered before Ray is joined, so that rows are read meanwhile:
    `with bulk_load(settings) as load, connected(settings): load.run(...)`.
    """

    def __init__(
        self,
        settings: Settings,
        open_feed: Callable[[Waiting, LeaseKeeper], Feed],
        *,
        import_id: int | None = None,
        follow: bool = False,
        pause_s: float | None = None,
    ) -> None:
        self._tracer = open_tracer(settings.tracing, "load")
        self._database = Database(settings.sql)
        self._leases = open_leases(settings)
        self._claims = LeaseKeeper(self._leases, settings.redis.lease_s)
        feed = open_feed(Waiting(self._database, import_id), self._claims)
        pipeline = Pipeline(settings, None if follow else settings.load.store_retry_s, self._tracer)
        self._engine = Engine(settings, feed, self._claims, pipeline, follow=follow, pause_s=pause_s)

    def __enter__(self) -> Load:
        self._claims.__enter__()
        self._engine.begin()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._engine.close()
        self._claims.__exit__(kind, error, trace)
        self._leases.close()
        self._database.close()
        self._tracer.close()

    def stop(self) -> None:
        """Ask the run to end soon; it takes nothing more."""
        self._engine.stop()

    def run(self, progress: Callable[[Report], None]) -> Report:
        """Load and return the report; see Engine.run. To be called once."""
        return self._engine.run(progress)


def bulk_load(settings: Settings, *, follow: bool = False, import_id: int | None = None, limit: int | None = None) -> Load:
    """Load what is pending in the add-log.

    Once: ends when every row that was there at its start is final, waiting for rows that another loader holds or whose fault
    may pass. Following: goes on until stopped.
    """

    def read(waiting: Waiting, claims: LeaseKeeper) -> Reader:
        return Reader(waiting, claims, settings.load.batch_rows, follow=follow, limit=limit)

    return Load(settings, read, import_id=import_id, follow=follow)
