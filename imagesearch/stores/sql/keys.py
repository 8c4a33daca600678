"""API keys in SQL: made, listed, revoked, looked up."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, insert, select, update

from imagesearch.errors import UnknownKey
from imagesearch.keys import Key, Role, mint
from imagesearch.stores.sql.database import Database
from imagesearch.stores.sql.tables import api_key


class Keys:
    """The table of keys; a revoked one stays, so that its past requests have a name."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(
        self, name: str, roles: Collection[Role], namespaces: Collection[str] | None = None, per_minute: int | None = None
    ) -> tuple[Key, str]:
        """Make a key; return it with its text, which cannot be had again."""
        key_id, text, digest = mint()
        key = Key(
            key_id,
            name,
            digest,
            frozenset(roles),
            None if namespaces is None else frozenset(namespaces),
            per_minute,
            datetime.now(UTC),
            None,
        )
        values = {
            "key_id": key.key_id,
            "name": key.name,
            "digest": key.digest,
            "roles": sorted(key.roles),
            "namespaces": None if key.namespaces is None else sorted(key.namespaces),
            "per_minute": key.per_minute,
            "create_time": key.create_time,
        }
        with self._database.write() as connection:
            connection.execute(insert(api_key).values(values))
        return key, text

    def find(self, key_id: str) -> Key | None:
        """Return the key of this id, revoked or not."""
        with self._database.read() as connection:
            row = connection.execute(select(api_key).where(api_key.c.key_id == key_id)).first()
        return None if row is None else _key(row)

    def all(self) -> list[Key]:
        """Return every key, oldest first."""
        with self._database.read() as connection:
            return [_key(row) for row in connection.execute(select(api_key).order_by(api_key.c.create_time, api_key.c.key_id))]

    def revoke(self, key_id: str) -> Key:
        """Revoke a key for ever; one that was revoked keeps its time. Raises UnknownKey."""
        with self._database.write() as connection:
            connection.execute(
                update(api_key)
                .where(api_key.c.key_id == key_id, api_key.c.revoke_time.is_(None))
                .values(revoke_time=datetime.now(UTC))
            )
            row = connection.execute(select(api_key).where(api_key.c.key_id == key_id)).first()
        if row is None:
            raise UnknownKey(f"no key has the id {key_id!r}")
        return _key(row)


def _key(row: Row[Any]) -> Key:
    return Key(
        key_id=row.key_id,
        name=row.name,
        digest=row.digest,
        roles=frozenset(Role(role) for role in row.roles),
        namespaces=None if row.namespaces is None else frozenset(row.namespaces),
        per_minute=row.per_minute,
        create_time=row.create_time,
        revoke_time=row.revoke_time,
    )
