"""`imagesearch add`: asks for pictures to be added, wherever they lie."""

from __future__ import annotations

from pathlib import Path

from cli.allowed_roots import allow, root_of
from cli.console import Output, cell, table
from cli.schema import require_schema
from cli.table_paths import require_own_paths
from config import Settings
from config.sections import SourceSettings
from imagesearch.errors import ConfigError
from jobs.import_manifest import import_source, summary


def run(settings: Settings, output: Output, source: str, namespace: str) -> int:
    """Append add requests for the source and print how many are new; returns 1 where lines of it are bad.

    Raises InputError, ConfigError, StoreUnavailable.
    """
    require_readable(settings.sources, source)
    require_own_paths(source)
    require_schema(settings.sql)
    root = allow_root(settings, output, source)
    with output.progress("pictures") as progress:
        task = progress.add_task("adding", total=None)
        one = import_source(settings, source, namespace, lambda now: progress.update(task, completed=now.cursor.position))
    output.record({**summary(one), "source": source, "namespace": namespace, "allowed_root": str(root) if root else None})
    counts = table("added", "known", "skipped", numbers=("added", "known", "skipped"))
    counts.add_row(cell(one.added), cell(one.known), cell(one.skipped))
    output.show(counts)
    if one.bad:
        output.say(f"{one.bad} bad lines; `imagesearch imports errors {one.import_id}` tells which, and why", "yellow")
    if not one.added + one.known:
        output.say(f"no picture in {source}", "yellow")
    elif one.added:
        output.say("load them with `imagesearch load`")
    return 1 if one.bad else 0


def allow_root(settings: Settings, output: Output, source: str) -> Path | None:
    """Let the service of a local profile read where the source's pictures lie, and return that folder. Raises InputError."""
    root = root_of(source) if settings.sources.roots_file else None
    # Before the rows: a loader that follows them would find the folder forbidden.
    if root and settings.sources.roots_file and allow(settings.sources.roots_file, root):
        output.say(f"the service may read pictures below {root} from now on")
    return root


def require_readable(sources: SourceSettings, source: str) -> None:
    """Refuse now what the load would refuse row by row."""
    if source.startswith(("http://", "https://")) and not sources.http:
        raise ConfigError("pictures are not fetched by HTTP under these settings; allow it with IMAGESEARCH_SOURCES__HTTP=true")
    if source.startswith("s3://") and not sources.s3_prefixes:
        raise ConfigError(
            "no bucket may be read under these settings; allow it with IMAGESEARCH_SOURCES__S3_PREFIXES='[\"s3://…\"]'"
        )
