"""What the routes work with: the stores, the model, and threads for what would block the event loop."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from config.settings import Settings
from imagesearch.errors import UnknownImage
from imagesearch.keys import Key
from imagesearch.metrics import Meter, Silent
from imagesearch.ports import Announcer, Embedder, ImportReaders
from imagesearch.stores.factory import Stores
from imagesearch.types import CatalogEntry
from serve_app.gate import Gate
from serve_app.lag import Lag
from serve_app.readiness import StorePings
from serve_app.workers import Workers
from telemetry.tracing import Tracer, Untraced

# Threads that only wait, for Milvus, S3 or a stranger's server: some more of them cost nothing.
WAITING_THREADS = 16


class Services:
    """One process's services; owns the stores, the announcer, the readers and the tracer from here on and closes them."""

    def __init__(
        self,
        settings: Settings,
        stores: Stores,
        embedder: Embedder,
        announcer: Announcer,
        readers: ImportReaders,
        meter: Meter | None = None,
        tracer: Tracer | None = None,
    ) -> None:
        self.meter = meter or Silent()
        self.tracer = tracer or Untraced()
        self.images = settings.images
        self.body_timeout_s = settings.http.body_timeout_s
        self.sources = settings.sources
        self.import_lease_s = settings.imports.lease_s
        self.filter_timeout_s = settings.filter.timeout_s
        self.exact_timeout_s = settings.search.exact_timeout_s
        self.wait_s = settings.search.wait_s
        self.timeout_s = settings.search.timeout_s
        self.at_once = settings.search.at_once
        self.verify = settings.verify
        self.milvus_settings = settings.milvus
        self.stores = stores
        self.embedder = embedder
        self.announcer = announcer
        self.readers = readers
        self.pings = StorePings({"sql": stores.add_log, "milvus": stores.index, "blobs": stores.blobs})
        queue = settings.search.queue
        self.pools = {
            "decode": Workers("decode", settings.search.decode_threads, queue),
            # As many as the database pool lends connections: a further thread would only wait for one.
            "sql": Workers("sql", 2 * settings.sql.pool_size, queue),
            "verify": Workers("verify", settings.verify.threads, queue),
            # One reader that is started takes seconds; all others who call wait for the same.
            "imports": Workers("imports", 1, queue),
            **{name: Workers(name, WAITING_THREADS, queue) for name in ("read", "blobs", "features", "milvus", "rates", "cache")},
        }
        self.decode, self.sql, self.imports = (self.pools[name] for name in ("decode", "sql", "imports"))
        self.read, self.blobs, self.milvus = (self.pools[name] for name in ("read", "blobs", "milvus"))
        self.rates, self.cache = self.pools["rates"], self.pools["cache"]
        self.lag = Lag(stores.add_log, self.sql)
        self.gate = Gate(settings.auth, stores.keys, stores.rates, self.sql, self.rates)

    async def entry(self, milvus_id: int, caller: Key) -> CatalogEntry:
        """Return a searchable picture that the caller may see. Raises UnknownImage, also for one of another's namespace."""
        entry = await self.sql.run(self.stores.catalog.get, milvus_id)
        if not caller.sees(entry.namespace):
            raise UnknownImage(f"no searchable picture has the milvus_id {milvus_id}")
        return entry

    async def entries(self, ids: Collection[int], known: Mapping[int, CatalogEntry]) -> Mapping[int, CatalogEntry]:
        """Return what is known of pictures, and beside it what the catalog says of the searchable ones among the other ids."""
        unknown = [one for one in ids if one not in known]
        return {**known, **await self.sql.run(self.stores.catalog.entries, unknown)} if unknown else known

    def close(self) -> None:
        """Close the stores; threads end with what they are doing."""
        for workers in self.pools.values():
            workers.close()
        self.pings.close()
        self.announcer.close()
        self.readers.close()
        self.stores.close()
        self.tracer.close()
