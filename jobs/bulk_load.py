"""The bulk load: pending add-log rows to Milvus.

`python -m jobs.bulk_load [--follow] [--import-id N] [--limit N] [--retry-failed]`
"""

from __future__ import annotations

import argparse
import json
import logging
import signal
import sys
from dataclasses import asdict
from time import monotonic

from config import load_settings
from jobs.cluster import connected
from jobs.edge import job_edge
from jobs.engine import Report
from jobs.loader import BulkLoad
from jobs.retry import retry_failed

logger = logging.getLogger(__name__)


def main(argv: list[str] | None = None) -> int:
    """Run the job; exit codes: 0 done, 1 some rows failed, 2 wrong use, 3 a store or the cluster is not reachable."""
    parser = argparse.ArgumentParser(prog="python -m jobs.bulk_load", description=__doc__)
    parser.add_argument("--follow", action="store_true", help="go on with rows as they come, until SIGTERM")
    parser.add_argument("--import-id", type=int, help="only the rows of this import")
    parser.add_argument("--limit", type=int, help="at most this many rows")
    parser.add_argument("--retry-failed", action="store_true", help="first put rows that failed back among those that wait")
    options = parser.parse_args(argv)

    def run() -> int:
        settings = load_settings()
        if options.retry_failed:
            logger.info("%d failed rows wait again", retry_failed(settings, import_id=options.import_id))
        with connected(settings):
            job = BulkLoad(settings, follow=options.follow, import_id=options.import_id, limit=options.limit)
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: job.stop())
            report = job.run(Progress())
        sys.stdout.write(json.dumps(asdict(report)) + "\n")
        return 1 if report.failed else 0

    return job_edge(run)


class Progress:
    """Logs how far the load is, every two seconds at most."""

    def __init__(self) -> None:
        self._next = 0.0

    def __call__(self, report: Report) -> None:
        """Log one line unless the last one is fresh."""
        if monotonic() >= self._next:
            self._next = monotonic() + 2.0
            logger.info("progress %s", json.dumps(asdict(report)))


if __name__ == "__main__":
    sys.exit(main())
