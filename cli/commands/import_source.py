"""`imagesearch import`: reads a source in this process, with its progress, and then has the cluster load what it named."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from contextlib import closing
from time import monotonic
from typing import Any

from cli.commands import add, load
from cli.console import Output, cell, table
from cli.load_with import Chosen
from cli.schema import require_schema
from cli.searchable_with import say_how_to_search, without_vectors
from cli.table_paths import require_own_paths
from config import Settings
from imagesearch.stores.sql.database import Database
from imagesearch.stores.sql.imports import Imports
from imagesearch.types import Import, ImportState, LogState
from jobs.import_manifest import import_source, summary

INTERRUPTED = 130
# Lines of JSON about the reading: often enough to watch, few enough to keep.
RECORD_S = 1.0


def run(settings: Settings, output: Output, source: str, namespace: str, chosen: Chosen, and_load: bool) -> int:
    """Import and load; returns 1 where rows failed or known pictures lack this model's vector, 130 when it was interrupted.

    Raises InputError, SourceError, ConfigError, ModelError, StoreError.
    """
    add.require_readable(settings.sources, source)
    require_own_paths(source)
    # A model that cannot be had is told now, not after a million lines.
    loading = chosen.over(settings)
    fingerprint = chosen.fingerprint(loading)
    require_schema(settings.sql)
    add.allow_root(settings, output, source)
    with closing(Database(settings.sql)) as database:
        imports = Imports(database)
        one = _read(settings, output, source, namespace, imports)
        if one.state is not ImportState.DONE:
            output.say(f"import {one.import_id} is {one.state}; `imagesearch imports resume {one.import_id}` goes on", "yellow")
            return INTERRUPTED
        _show(output, one)
        waiting = imports.rows(one.import_id)[LogState.PENDING]
        code = 0
        if waiting and and_load:
            code = load.run(loading, output, False, import_id=one.import_id, variables=chosen.variables, total=waiting)
        elif waiting:
            output.say(f"load them with `imagesearch load`; import {one.import_id}")
        rows = imports.rows(one.import_id)
    lacking = 0
    if fingerprint is not None and and_load and code <= 1:
        lacking = without_vectors(loading, namespace)
        say_how_to_search(loading, output, fingerprint, lacking)
    output.record({**summary(one), "rows": {str(state): count for state, count in rows.items()}, "without_vector": lacking})
    return code or (1 if one.bad or (lacking and (one.known or rows[LogState.DUPLICATE])) else 0)


def _read(settings: Settings, output: Output, source: str, namespace: str, imports: Imports) -> Import:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    last: list[Import] = []
    told = -RECORD_S
    with output.progress("lines") as progress:
        task = progress.add_task("reading", total=None)

        def hear(now: Import) -> None:
            nonlocal told
            last[:] = [now]
            progress.update(task, completed=now.cursor.position, total=now.total)
            if monotonic() - told >= RECORD_S:
                told = monotonic()
                output.record(_reading(now))

        try:
            return import_source(settings, source, namespace, hear)
        except KeyboardInterrupt:
            if not last:
                raise
            output.say("stopping; what was read stays, and is not loaded until the import is resumed or cancelled")
            return imports.pause(last[0].import_id)


def _reading(now: Import) -> Mapping[str, Any]:
    return {"stage": "reading", **summary(now), "read": now.cursor.position, "total": now.total}


def _show(output: Output, one: Import) -> None:
    names = ("import", "added", "known", "skipped", "bad")
    counts = table(*names, numbers=names)
    counts.add_row(*map(cell, (one.import_id, one.added, one.known, one.skipped, one.bad)))
    output.show(counts)
    if one.bad:
        output.say(f"{one.bad} bad lines; `imagesearch imports errors {one.import_id}` tells which, and why", "yellow")
    if not one.added + one.known:
        output.say(f"no picture in {one.source}", "yellow")
