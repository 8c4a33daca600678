"""One message of the stream: small JSON with a version, so that producers and consumers of two releases may meet."""

from __future__ import annotations

import json

from imagesearch.types import MAX_ID, LogRow

VERSION = 1


def encode(row: LogRow) -> bytes:
    """Return the message that announces the row."""
    return json.dumps({"v": VERSION, "log_id": row.log_id, "namespace": row.namespace}, separators=(",", ":")).encode()


def decode(value: bytes | None) -> int | None:
    """Return the log_id that a message announces, None where it is none of ours, broken, or of a version not known here."""
    try:
        message = json.loads(value or b"")
    except (ValueError, RecursionError):
        return None
    if not isinstance(message, dict) or message.get("v") != VERSION:
        return None
    log_id = message.get("log_id")
    # JSON's true is Python's 1, and a larger number than a key can be would fail in the database, for ever.
    return log_id if type(log_id) is int and 0 < log_id <= MAX_ID else None
