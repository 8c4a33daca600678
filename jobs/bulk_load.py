"""The bulk load: pending add-log rows to Milvus.

`python -m jobs.bulk_load [--follow] [--import-id N] [--limit N] [--retry-failed]`
"""

from __future__ import annotations

import argparse
import logging
import sys
from contextlib import nullcontext

from config import Settings, load_settings
from jobs.abandoned import abandoned_imports
from jobs.driver import drive
from jobs.edge import job_edge
from jobs.loader import bulk_load
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
    if options.limit is not None and options.limit < 1:
        parser.error("--limit at least 1")

    def run(settings: Settings) -> int:
        if options.retry_failed:
            logger.info("%d failed rows wait again", retry_failed(settings, import_id=options.import_id))
        load = bulk_load(settings, follow=options.follow, import_id=options.import_id, limit=options.limit)
        with abandoned_imports(settings) if options.follow else nullcontext():
            return drive(settings, load)

    return job_edge(load_settings, run, job="bulk_load", import_id=options.import_id)


if __name__ == "__main__":
    sys.exit(main())
