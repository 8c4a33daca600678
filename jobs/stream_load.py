"""The load from the stream: rows to Milvus as they are announced, until SIGTERM; `python -m jobs.stream_load [--limit N]`."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Callable
from dataclasses import asdict

from config import Settings, load_settings
from imagesearch.stores.factory import open_announcements, open_leases
from imagesearch.stores.sql.database import Database
from imagesearch.stores.sql.ledger import Ledger
from imagesearch.stores.sql.waiting import Waiting
from jobs.bulk_load import Progress
from jobs.cluster import connected
from jobs.edge import job_edge
from jobs.engine import Engine, Report
from jobs.lease_keeper import LeaseKeeper
from jobs.pipeline import Pipeline
from jobs.stream_feed import StreamFeed


class StreamLoad:
    """Loads what is announced, as one of a group that shares the stream, and what a sweep finds; goes on until stopped.

    Raises ConfigError where the settings have no stream.
    """

    def __init__(self, settings: Settings, *, limit: int | None = None) -> None:
        stream = open_announcements(settings.stream)
        self._database = Database(settings.sql)
        self._leases = open_leases(settings)
        self._claims = LeaseKeeper(self._leases, settings.redis.lease_s)
        feed = StreamFeed(settings, stream, Waiting(self._database), self._claims, limit)
        pipeline = Pipeline(settings, Ledger(self._database))
        # The feed itself waits for announcements: a pause as long as load.poll_s on top would only make them older.
        self._engine = Engine(settings, feed, self._claims, pipeline, follow=True, pause_s=settings.stream.gather_s)

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


def main(argv: list[str] | None = None) -> int:
    """Run the job; exit codes: 0 done, 1 some rows failed, 2 wrong use, 3 a store or the cluster is not reachable."""
    parser = argparse.ArgumentParser(prog="python -m jobs.stream_load", description=__doc__)
    parser.add_argument("--limit", type=int, help="end after this many rows")
    options = parser.parse_args(argv)

    def run() -> int:
        settings = load_settings()
        # Before the cluster is joined: without a stream there is nothing to join it for.
        job = StreamLoad(settings, limit=options.limit)
        with connected(settings):
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: job.stop())
            report = job.run(Progress())
        sys.stdout.write(json.dumps(asdict(report)) + "\n")
        return 1 if report.failed else 0

    return job_edge(run)


if __name__ == "__main__":
    sys.exit(main())
