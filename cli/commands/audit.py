"""`imagesearch audit`: compares SQL with Milvus, picture by picture."""

from __future__ import annotations

import contextlib
import sys

from cli.console import Output, cell, table
from cli.schema import require_schema
from config import Settings
from jobs.audit import audit


def run(settings: Settings, output: Output, repair: bool) -> int:
    """Print each difference and the counts; returns 1 where differences are left. Raises StoreUnavailable."""
    require_schema(settings.sql)
    with output.progress("pictures") as progress, _aside(output):
        task = progress.add_task("comparing", total=None)
        counts = audit(settings, mend=repair, walked=lambda count: progress.advance(task, count))
    numbers = table(*counts, numbers=tuple(counts))
    numbers.add_row(*map(cell, counts.values()))
    output.show(numbers)
    if counts["left"]:
        how = "some need a second run" if repair else "mend them with `imagesearch audit --repair`"
        output.say(f"{counts['left']} differences; {how}", "yellow")
    return 1 if counts["left"] else 0


def _aside(output: Output) -> contextlib.AbstractContextManager[object]:
    """The job speaks JSON on stdout; for people its lines are words on the way to the table."""
    # Once the bar is drawn, which has words on stderr printed above itself.
    return contextlib.nullcontext() if output.as_json else contextlib.redirect_stdout(sys.stderr)
