"""API keys: what one may do, how it is written, and how it is checked without being kept."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from imagesearch.errors import Forbidden, Unauthorized

# A prefix of our own, so that a scanner of repositories and logs can tell a leaked key.
TEXT = re.compile(r"isk_([0-9a-f]{16})_([A-Za-z0-9_-]{43})")

# What an unknown key is compared with, so that it takes as long as a known one.
NO_DIGEST = "0" * 64


class Role(StrEnum):
    """`search`: ask and look; `add`: add pictures and imports; `admin`: all of that, and change and delete."""

    SEARCH = "search"
    ADD = "add"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Key:
    """A key without its secret. `namespaces` is None for all of them; `per_minute` bounds its requests, None: not at all."""

    key_id: str
    name: str
    digest: str
    roles: frozenset[Role]
    namespaces: frozenset[str] | None
    per_minute: int | None
    create_time: datetime
    revoke_time: datetime | None

    def sees(self, namespace: str) -> bool:
        """Say whether the namespace is one of the key's."""
        return self.namespaces is None or namespace in self.namespaces

    def check_role(self, role: Role) -> None:
        """Raise Forbidden unless the key has the role."""
        if not self.roles & {role, Role.ADMIN}:
            raise Forbidden(f"this key may not do that: it lacks the role {role}", role=str(role))

    def check_namespace(self, namespace: str) -> None:
        """Raise Forbidden unless the namespace is one of the key's."""
        if not self.sees(namespace):
            raise Forbidden(f"this key may not use the namespace {namespace!r}")


def mint() -> tuple[str, str, str]:
    """Return a new key as (key_id, text, digest); the text is shown once and kept nowhere."""
    key_id, secret = secrets.token_hex(8), secrets.token_urlsafe(32)
    return key_id, f"isk_{key_id}_{secret}", digest_of(secret)


def digest_of(secret: str) -> str:
    """Return the SHA-256 in hex. A slow hash protects words that people choose; these 256 random bits nobody tries out."""
    return hashlib.sha256(secret.encode("ascii")).hexdigest()


def parse(text: str) -> tuple[str, str]:
    """Return (key_id, secret) of a key's text. Raises Unauthorized."""
    match = TEXT.fullmatch(text)
    if match is None:
        raise Unauthorized("this is no API key")
    return match[1], match[2]


def checked(key: Key | None, secret: str) -> Key:
    """Return the key that the secret belongs to, compared in constant time.

    Raises Unauthorized with one text for a key that is unknown, wrong or revoked.
    """
    right = hmac.compare_digest(digest_of(secret), key.digest if key is not None else NO_DIGEST)
    if key is None or not right or key.revoke_time is not None:
        raise Unauthorized("no such API key, or it was revoked")
    return key
