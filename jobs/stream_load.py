"""The load from the stream: rows to Milvus as they are announced, until SIGTERM; `python -m jobs.stream_load [--limit N]`."""

from __future__ import annotations

import argparse
import sys

from config import Settings, load_settings
from imagesearch.stores.factory import open_announcements
from imagesearch.stores.sql.waiting import Waiting
from jobs.abandoned import abandoned_imports
from jobs.driver import drive
from jobs.edge import job_edge
from jobs.lease_keeper import LeaseKeeper
from jobs.loader import Load
from jobs.stream_feed import StreamFeed


def stream_load(settings: Settings, *, limit: int | None = None) -> Load:
    """Load what is announced, as one of a group that shares the stream, and what a sweep finds; goes on until stopped.

    Raises ConfigError where the settings have no stream.
    """
    stream = open_announcements(settings.stream)

    def listen(waiting: Waiting, claims: LeaseKeeper) -> StreamFeed:
        return StreamFeed(settings, stream, waiting, claims, limit)

    # The feed itself waits for announcements: a pause as long as load.poll_s on top would only make them older.
    return Load(settings, listen, follow=True, pause_s=settings.stream.gather_s)


def main(argv: list[str] | None = None) -> int:
    """Run the job; exit codes: 0 done, 1 some rows failed, 2 wrong use, 3 a store or the cluster is not reachable."""
    parser = argparse.ArgumentParser(prog="python -m jobs.stream_load", description=__doc__)
    parser.add_argument("--limit", type=int, help="end after this many rows")
    options = parser.parse_args(argv)
    if options.limit is not None and options.limit < 1:
        parser.error("--limit at least 1")

    def run(settings: Settings) -> int:
        load = stream_load(settings, limit=options.limit)
        with abandoned_imports(settings):
            return drive(settings, load)

    return job_edge(load_settings, run, job="stream_load")


if __name__ == "__main__":
    sys.exit(main())
