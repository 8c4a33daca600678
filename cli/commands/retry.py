"""`imagesearch retry`: gives pictures that failed a second chance."""

from __future__ import annotations

from rich.text import Text

from cli.console import Output
from cli.schema import require_schema
from config import Settings
from jobs.retry import retry_failed


def run(settings: Settings, output: Output, import_id: int | None, namespace: str | None, code: str | None) -> int:
    """Put the failed rows that are meant back and print how many. Raises UnknownImport, StoreUnavailable."""
    require_schema(settings.sql)
    count = retry_failed(settings, import_id, namespace, code)
    output.record({"retried": count, "import_id": import_id, "namespace": namespace, "code": code})
    output.show(Text(f"{count} failed pictures wait again"))
    if count:
        output.say("load them with `imagesearch load`")
    return 0
