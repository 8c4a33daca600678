"""Read your own write: a search that waits until what its caller added is loaded."""

from __future__ import annotations

import asyncio
from time import perf_counter

from imagesearch.errors import NotLoadedYet, UnknownLog
from imagesearch.keys import Key
from imagesearch.types import LogState
from serve_app.services import Services

# Between two looks at the add-log, growing: a load that follows takes a second or so.
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.02, 0.25


class OwnWrite:
    """Waits for add requests."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def loaded(self, log_id: int, caller: Key) -> None:
        """Return once the request is in a final state: what was committed before is searchable, and a failed one never will be.

        Raises NotLoadedYet after search.wait_s, UnknownLog also for a request that the caller may not see.
        """
        end = perf_counter() + self._services.wait_s
        pause = FIRST_PAUSE_S
        while True:
            row = await self._services.sql.run(self._services.stores.add_log.get, log_id)
            if not caller.sees(row.namespace):
                raise UnknownLog(f"no add request has the log_id {log_id}")
            if row.state is not LogState.PENDING:
                return
            if perf_counter() + pause > end:
                raise NotLoadedYet(f"the add request {log_id} is not loaded after {self._services.wait_s:g} s; search again")
            await asyncio.sleep(pause)
            pause = min(1.5 * pause, LONGEST_PAUSE_S)
