"""Who calls, and whether they may: API keys, their roles, namespaces and rates."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic

from cachetools import TTLCache
from starlette.requests import Request

from config.sections import AuthSettings
from imagesearch.errors import Unauthorized
from imagesearch.keys import Key, Role, checked, parse
from imagesearch.ports import Rates
from imagesearch.stores.sql.keys import Keys
from serve_app.own_machine import OwnMachine
from serve_app.workers import Workers

# Keys that a replica remembers, unknown ids among them, so that guessing costs SQL little and memory nothing.
REMEMBERED = 4096

# Where keys are off everybody may do everything: the service is bound to a loopback address then.
ANYONE = Key("", "anyone", "", frozenset(Role), None, None, datetime.fromtimestamp(0, UTC), None)


@dataclass(frozen=True, slots=True)
class Remembered:
    """What SQL said of a key id."""

    key: Key | None


class Gate:
    """Lets a request pass, or raises Unauthorized, Forbidden, RateLimited, StoreUnavailable."""

    def __init__(self, settings: AuthSettings, keys: Keys, rates: Rates, sql: Workers, waiting: Workers) -> None:
        self._on = settings.keys
        self._own = OwnMachine(settings.hosts)
        self._keys = keys
        self._rates = rates
        self._sql = sql
        self._waiting = waiting
        self._known: TTLCache[str, Remembered] = TTLCache(REMEMBERED, settings.cache_s, monotonic)

    def needs(self, role: Role) -> Callable[[Request], Awaitable[Key]]:
        """Return a dependency of routes that gives the caller's key, once it has the role and its rate allows the request."""

        async def caller(request: Request) -> Key:
            if not self._on:
                self._own.check(request.method, request.headers)
                return ANYONE
            key = await self._caller(request.headers.get("authorization", ""))
            key.check_role(role)
            if key.per_minute is not None:
                await self._waiting.run(self._rates.take, key.key_id, key.per_minute)
            return key

        return caller

    async def _caller(self, header: str) -> Key:
        scheme, _, text = header.partition(" ")
        if scheme.lower() != "bearer":
            raise Unauthorized("an API key is needed: Authorization: Bearer KEY")
        key_id, secret = parse(text.strip())
        known = self._known.get(key_id)
        if known is None:
            known = Remembered(await self._sql.run(self._keys.find, key_id))
            self._known[key_id] = known
        return checked(known.key, secret)
