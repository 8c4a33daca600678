"""Appends add-log rows for a folder, a glob, an S3 prefix or a table of paths; `python -m jobs.import_manifest SOURCE`."""

from __future__ import annotations

import argparse
import glob
import json
import logging
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from functools import partial
from itertools import islice
from pathlib import Path

from config import Settings, load_settings
from imagesearch.errors import ImageSearchError, InputError
from imagesearch.images.s3 import S3
from imagesearch.stores.sql.add_log import AddLog
from imagesearch.stores.sql.database import Database
from imagesearch.stores.sql.imports import Imports, ImportSummary
from imagesearch.types import DEFAULT_NAMESPACE, AddRequest
from jobs import listing, manifest
from jobs.edge import job_edge
from jobs.patience import patiently

logger = logging.getLogger(__name__)

# Rows of one transaction: large enough for speed, small enough that other writers are not kept waiting.
BATCH = 1000


def import_source(
    settings: Settings, source: str, namespace: str = DEFAULT_NAMESPACE, progress: Callable[[int], None] = lambda _: None
) -> ImportSummary:
    """Append an add request for each picture of the source; running it again adds only what is new or changed.

    `progress` hears the number of requests so far. Raises InputError for a source that cannot be read, StoreUnavailable.
    """
    database = Database(settings.sql)
    s3 = S3(settings.s3)
    try:
        requests = read_source(source, namespace, s3)
        imports, add_log = Imports(database), AddLog(database)
        import_id = imports.begin(namespace, source)
        requested = skipped = 0
        while part := list(islice(requests, BATCH)):
            good = [replace(one, import_id=import_id) for one in part if isinstance(one, AddRequest)]
            for one in part:
                if isinstance(one, ImageSearchError):
                    logger.warning("skipped: %s", one.detail)
            skipped += len(part) - len(good)
            patiently(partial(add_log.append, good), settings.load.store_retry_s)
            requested += len(good)
            progress(requested)
        return imports.finish(import_id, requested, skipped)
    finally:
        s3.close()
        database.close()


def read_source(source: str, namespace: str, s3: S3) -> Iterator[AddRequest | ImageSearchError | None]:
    """Find out what the source is and yield its requests; None or an error stands for what is skipped."""
    if source.startswith("s3://"):
        return listing.bucket(source, namespace, s3)
    if source.startswith(("http://", "https://")):
        return iter([listing.request(source, {}, namespace)])
    path = Path(source)
    if path.is_dir():
        return listing.folder(path, namespace)
    if path.is_file():
        if path.suffix.lower() in manifest.SUFFIXES:
            return manifest.table(path, namespace)
        return listing.globbed(glob.escape(source), namespace)
    if glob.has_magic(source):
        return listing.globbed(source, namespace)
    raise InputError(f"{source}: no folder, file, glob or s3:// prefix of this name")


def main(argv: list[str] | None = None) -> int:
    """Run the job; exit codes: 0 done, 2 wrong use, 3 a store is not reachable."""
    parser = argparse.ArgumentParser(prog="python -m jobs.import_manifest", description=__doc__)
    parser.add_argument("source")
    parser.add_argument("--namespace", default=DEFAULT_NAMESPACE)
    options = parser.parse_args(argv)

    def run() -> int:
        summary = import_source(load_settings(), options.source, options.namespace)
        sys.stdout.write(json.dumps(asdict(summary)) + "\n")
        return 0

    return job_edge(run)


if __name__ == "__main__":
    sys.exit(main())
