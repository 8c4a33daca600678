"""What the routes work with: the stores, the model, and threads for what would block the event loop."""

from __future__ import annotations

from config.settings import Settings
from imagesearch.ports import Announcer, Embedder
from imagesearch.stores.factory import Stores
from serve_app.readiness import StorePings
from serve_app.workers import Workers

# Threads that only wait, for Milvus, S3 or a stranger's server: some more of them cost nothing.
WAITING_THREADS = 16


class Services:
    """One process's services; owns the stores and the announcer from here on and closes them."""

    def __init__(self, settings: Settings, stores: Stores, embedder: Embedder, announcer: Announcer) -> None:
        self.images = settings.images
        self.stores = stores
        self.embedder = embedder
        self.announcer = announcer
        self.pings = StorePings({"sql": stores.add_log, "milvus": stores.index, "blobs": stores.blobs})
        self.decode = Workers("decode", settings.search.decode_threads)
        self.read = Workers("read", WAITING_THREADS)
        self.blobs = Workers("blobs", WAITING_THREADS)
        self.milvus = Workers("milvus", WAITING_THREADS)
        # As many as the database pool lends connections: a further thread would only wait for one.
        self.sql = Workers("sql", 2 * settings.sql.pool_size)

    def close(self) -> None:
        """Close the stores; threads end with what they are doing."""
        for workers in (self.decode, self.read, self.blobs, self.milvus, self.sql):
            workers.close()
        self.pings.close()
        self.announcer.close()
        self.stores.close()
