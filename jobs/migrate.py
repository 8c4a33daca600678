"""Brings the SQL database to the schema of this version; `python -m jobs.migrate`."""

from __future__ import annotations

import sys

from config import load_settings
from imagesearch.stores.sql.migrate import migrate
from jobs.edge import job_edge


def main() -> int:
    """Run the migrations that are missing; exit codes: 0 done, 2 wrong settings, 3 the database is not reachable."""

    def run() -> int:
        migrate(load_settings().sql)
        return 0

    return job_edge(run)


if __name__ == "__main__":
    sys.exit(main())
