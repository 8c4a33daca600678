"""Brings the SQL database to the schema of this version; `python -m jobs.migrate [--refill]`."""

from __future__ import annotations

import argparse
import sys

from config import Settings, load_settings
from imagesearch.stores.sql.attributes import refill_attributes
from imagesearch.stores.sql.database import Database
from imagesearch.stores.sql.migrate import migrate
from jobs.edge import job_edge


def main(argv: list[str] | None = None) -> int:
    """Run the migrations that are missing; exit codes: 0 done, 2 wrong settings, 3 the database is not reachable."""
    parser = argparse.ArgumentParser(prog="python -m jobs.migrate", description=__doc__)
    parser.add_argument("--refill", action="store_true", help="after a change of filter.keys: write what filters read anew")
    options = parser.parse_args(argv)

    def run(settings: Settings) -> int:
        migrate(settings.sql, settings.filter.keys)
        if options.refill:
            refill(settings)
        return 0

    return job_edge(load_settings, run, job="migrate")


def refill(settings: Settings) -> None:
    """Write the values of `info` that can be filtered by anew, for every source. Raises StoreUnavailable, StoreBusy."""
    database = Database(settings.sql)
    try:
        refill_attributes(database, settings.filter.keys)
    finally:
        database.close()


if __name__ == "__main__":
    sys.exit(main())
