"""Whether a caller has a copy already: ETag and If-None-Match."""

from __future__ import annotations


def has_copy(if_none_match: str, etag: str) -> bool:
    """Say whether the header names the copy, or any copy."""
    return bool({tag.strip().removeprefix("W/") for tag in if_none_match.split(",")} & {etag, "*"})
