"""`imagesearch keys`: API keys are made, listed and revoked where the database can be reached, never over HTTP."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

from rich.text import Text

from cli.console import Output, cell, table
from config import Settings
from imagesearch.keys import Key, Role
from imagesearch.stores.sql.database import Database
from imagesearch.stores.sql.keys import Keys


def create(
    settings: Settings, output: Output, name: str, roles: Collection[Role], namespaces: Collection[str], per_minute: int | None
) -> int:
    """Make a key and print it; it is shown this once."""
    with _keys(settings) as keys:
        key, text = keys.create(name, roles, namespaces or None, per_minute)
    output.record({**_line(key), "key": text})
    output.show(Text(text))
    output.say("Keep it: it is not stored and cannot be shown again.")
    return 0


def listed(settings: Settings, output: Output) -> int:
    """Print every key, without its secret."""
    with _keys(settings) as keys:
        every = keys.all()
    rows = table("key_id", "name", "roles", "namespaces", "per_minute", "create_time", "revoke_time", numbers=("per_minute",))
    for key in every:
        line = _line(key)
        output.record(line)
        shown = {**line, "roles": " ".join(line["roles"]), "namespaces": " ".join(line["namespaces"] or ["all"])}
        rows.add_row(*(cell("" if value is None else value) for value in shown.values()))
    output.show(rows)
    return 0


def revoke(settings: Settings, output: Output, key_id: str) -> int:
    """Revoke a key; a replica that knows it lets it pass for auth.cache_s more. Raises UnknownKey."""
    with _keys(settings) as keys:
        key = keys.revoke(key_id)
    output.record(_line(key))
    output.show(Text(f"revoked: {key.key_id} {key.name}"))
    return 0


def _line(key: Key) -> dict[str, Any]:
    return {
        "key_id": key.key_id,
        "name": key.name,
        "roles": sorted(key.roles),
        "namespaces": None if key.namespaces is None else sorted(key.namespaces),
        "per_minute": key.per_minute,
        "create_time": key.create_time.isoformat(timespec="seconds"),
        "revoke_time": None if key.revoke_time is None else key.revoke_time.isoformat(timespec="seconds"),
    }


@contextmanager
def _keys(settings: Settings) -> Iterator[Keys]:
    database = Database(settings.sql)
    try:
        yield Keys(database)
    finally:
        database.close()
