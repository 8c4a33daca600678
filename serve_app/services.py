"""What the routes work with: the stores, the model, and threads for what would block the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from config.settings import Settings
from imagesearch.ports import Embedder
from imagesearch.stores.factory import Stores
from serve_app.readiness import StorePings

P = ParamSpec("P")
R = TypeVar("R")


class Services:
    """One process's services; owns the stores from here on and closes them.

    Three kinds of threads, so that none starves another: `decode` for work on pixels, `read` for fetching pictures from places that
    may be slow, and the event loop's own pool (asyncio.to_thread) for the stores, whose drivers have timeouts.
    """

    def __init__(self, settings: Settings, stores: Stores, embedder: Embedder) -> None:
        self.images = settings.images
        self.stores = stores
        self.embedder = embedder
        self.pings = StorePings({"sql": stores.add_log, "milvus": stores.index, "blobs": stores.blobs})
        self._decoders = ThreadPoolExecutor(settings.search.decode_threads, "decode")
        self._readers = ThreadPoolExecutor(settings.search.decode_threads, "read")

    async def decode(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run work on pixels in one of the decode threads."""
        return await asyncio.get_running_loop().run_in_executor(self._decoders, lambda: function(*args, **kwargs))

    async def read(self, image_path: str) -> bytes:
        """Read a picture from its place. Raises what ports.SourceReader raises."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, self.stores.sources.read, image_path)

    def close(self) -> None:
        """Close the stores; threads end with what they are doing."""
        self._decoders.shutdown(wait=False, cancel_futures=True)
        self._readers.shutdown(wait=False, cancel_futures=True)
        self.pings.close()
        self.stores.close()
