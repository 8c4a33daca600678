"""`imagesearch imports`: the service's imports, listed, looked at, steered."""

from __future__ import annotations

import sys
from itertools import islice
from typing import Any

from rich.text import Text

from cli.console import Output, cell, table
from cli.service import open_client
from config import Settings
from imagesearch.client import Client, ImportView

COLUMNS = ("import", "state", "namespace", "read", "added", "known", "skipped", "source")
VERBS = {"pause": Client.pause_import, "resume": Client.resume_import, "cancel": Client.cancel_import}
NUMBERS = ("import", "read", "added", "known", "skipped")


def listed(settings: Settings, output: Output, limit: int, namespace: str | None) -> int:
    """Print the newest imports."""
    rows = table(*COLUMNS, numbers=NUMBERS)
    with open_client(settings) as client:
        for one in islice(client.imports(namespace, page=limit), limit):
            output.record(one.model_dump(mode="json"))
            lines = one.lines
            numbers = (lines.read, lines.added, lines.known, lines.skipped)
            rows.add_row(*map(cell, (one.import_id, one.state, one.namespace, *numbers, one.source)))
    output.show(rows)
    return 0


def show(settings: Settings, output: Output, import_id: int) -> int:
    """Print how far an import is; returns 1 where something of it failed."""
    with open_client(settings) as client:
        one = client.import_of(import_id)
    output.record(one.model_dump(mode="json"))
    rows = table("what", "how much")
    for name, value in _told(one):
        rows.add_row(name, cell(value))
    output.show(rows)
    for fault in one.errors:
        place = f"line {fault.line}" if fault.line is not None else f"log_id {fault.log_id}"
        output.show(Text.assemble(place, ": ", cell(fault.image_path), ": ", cell(fault.detail), f" ({fault.code})"))
    return 1 if one.error or one.errors else 0


def turn(settings: Settings, output: Output, import_id: int, verb: str) -> int:
    """Pause, resume or cancel an import. Raises UnknownImport, ImportConflict."""
    with open_client(settings) as client:
        one = VERBS[verb](client, import_id)
    output.record(one.model_dump(mode="json"))
    output.show(Text(f"import {import_id} is {one.state}"))
    return 0


def errors(settings: Settings, output: Output, import_id: int) -> int:
    """Print all that went wrong in an import as CSV, on stdout as it comes."""
    with open_client(settings) as client:
        for piece in client.import_errors(import_id):
            sys.stdout.write(piece)
    sys.stdout.flush()
    return 0


def _told(one: ImportView) -> list[tuple[str, Any]]:
    lines, rows = one.lines, one.rows
    read = lines.read if one.total_lines is None else f"{lines.read} of {one.total_lines}"
    told = [
        ("source", one.source),
        ("namespace", one.namespace),
        ("state", one.state),
        ("lines read", read),
        ("  added", lines.added),
        ("  known", lines.known),
        ("  skipped", f"{lines.skipped}, {lines.bad} of them bad"),
        ("pending", rows.pending),
        ("loaded", rows.loaded),
        ("duplicate", rows.duplicate),
        ("failed", rows.failed),
        ("images a second", one.images_per_s),
        ("seconds left", one.eta_s),
    ]
    return told + ([("broke off", f"{one.error.detail} ({one.error.code})")] if one.error else [])
