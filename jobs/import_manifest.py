"""Appends add-log rows for a folder, a glob, an S3 prefix, a table or an archive; `python -m jobs.import_manifest SOURCE`."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from config import Settings, load_settings
from imagesearch.imports.importer import Importer
from imagesearch.types import DEFAULT_NAMESPACE, NAMESPACE_PATTERN, Import
from jobs.edge import job_edge


def import_source(
    settings: Settings, source: str, namespace: str = DEFAULT_NAMESPACE, progress: Callable[[Import], None] = lambda _: None
) -> Import:
    """Append an add request for each picture of the source; running it again adds only what is new or changed.

    The source is this machine's user's to name. `progress` hears what stands after each batch, first of all the import's id.
    Returns the import, which is `done` unless someone paused or cancelled it meanwhile. Raises InputError, SourceError for a
    source that cannot be read, StoreError.
    """
    importer = Importer(settings)
    try:
        # What others read from where they are.
        source = source if "://" in source else str(Path(source).absolute())
        importer.check(source, trusted=True)
        one, owner = importer.begin(source, namespace, trusted=True)
        progress(one)
        return importer.run(one, owner, progress)
    finally:
        importer.close()


def summary(one: Import) -> dict[str, Any]:
    """Return what came of an import, for programs."""
    return {"import_id": one.import_id, "added": one.added, "known": one.known, "skipped": one.skipped, "bad": one.bad}


def main(argv: list[str] | None = None) -> int:
    """Run the job; exit codes: 0 done, 1 lines are bad, 2 wrong use, 3 a store is not reachable."""
    parser = argparse.ArgumentParser(prog="python -m jobs.import_manifest", description=__doc__)
    parser.add_argument("source")
    parser.add_argument("--namespace", default=DEFAULT_NAMESPACE)
    options = parser.parse_args(argv)
    if not re.fullmatch(NAMESPACE_PATTERN, options.namespace):
        parser.error("--namespace: letters, digits and _ . - only")

    def run(settings: Settings) -> int:
        one = import_source(settings, options.source, options.namespace)
        sys.stdout.write(json.dumps(summary(one)) + "\n")
        return 1 if one.bad else 0

    return job_edge(load_settings, run, job="import_manifest")


if __name__ == "__main__":
    sys.exit(main())
