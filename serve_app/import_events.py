"""Server-sent events of one import: how far it is, each time that changes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from time import monotonic

from imagesearch.errors import ImageSearchError
from imagesearch.import_answers import ImportView
from imagesearch.keys import Key
from imagesearch.types import ImportState
from serve_app import import_views
from serve_app.importing import ImportService

# As often as people read numbers; each look costs SQL some reads of an index.
EVERY_S = 1.0
# Callers come back for more: Serve cuts off what takes longer than request_timeout_s, and a replica that is to stop waits for what
# it has begun, up to graceful_shutdown_timeout_s (serve_config.yaml).
LONGEST_S = 25.0
# A comment, which says that the connection lives.
STILL_HERE = ": \n\n"


async def import_events(importing: ImportService, import_id: int, caller: Key) -> AsyncIterator[str]:
    """Return the events until nothing moves any more by itself, or for 25 s. Raises UnknownImport, StoreError before
    the first one; a store that fails later ends the stream.
    """
    first = import_views.view(*await importing.look(import_id, caller))

    async def stream() -> AsyncIterator[str]:
        begun, shown = monotonic(), first
        yield _event(shown)
        while _moves(shown) and monotonic() - begun < LONGEST_S:
            await asyncio.sleep(EVERY_S)
            try:
                view = import_views.view(*await importing.look(import_id, caller))
            except ImageSearchError:
                return
            yield STILL_HERE if view == shown else _event(view)
            shown = view

    return stream()


def _moves(view: ImportView) -> bool:
    return not view.finished and view.state not in (ImportState.PAUSED, ImportState.FAILED)


def _event(view: ImportView) -> str:
    return f"event: import\ndata: {view.model_dump_json()}\n\n"
