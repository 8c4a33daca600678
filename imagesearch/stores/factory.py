"""From settings to stores: the one place that builds clients; a process opens its own and closes them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from config.sections import StreamSettings
from config.settings import Settings
from imagesearch.errors import ConfigError
from imagesearch.images.blobs import FolderBlobs, S3Blobs, open_blobs
from imagesearch.images.s3 import S3
from imagesearch.images.sources import Sources
from imagesearch.models.load import fingerprint_of
from imagesearch.models.preprocess import Preprocess
from imagesearch.ports import Announcements, Announcer
from imagesearch.stores.clients import open_features, open_hashes, open_index, open_ledger, open_sources
from imagesearch.stores.milvus.hashes import HashIndex
from imagesearch.stores.milvus.index import MilvusIndex
from imagesearch.stores.redis_rates import RedisRates
from imagesearch.stores.redis_vectors import RedisVectors
from imagesearch.stores.sql.add_log import AddLog
from imagesearch.stores.sql.calibrations import Calibrations
from imagesearch.stores.sql.catalog import Catalog
from imagesearch.stores.sql.changes import Changes
from imagesearch.stores.sql.database import Database
from imagesearch.stores.sql.duplicates import Duplicates
from imagesearch.stores.sql.imports import Imports
from imagesearch.stores.sql.info_keys import InfoKeys
from imagesearch.stores.sql.joins import Joins
from imagesearch.stores.sql.keys import Keys
from imagesearch.stores.sql.ledger import Ledger
from imagesearch.stores.sql.matches import Matches
from imagesearch.stores.sql.waiting import Waiting
from imagesearch.stores.stream.silent import Silent
from imagesearch.types import Fingerprint

if TYPE_CHECKING:
    from imagesearch.images.kept_features import KeptFeatures


@dataclass(frozen=True, slots=True)
class Stores:
    """A process's own clients. All connect on first use, so that a process starts while a store is down."""

    database: Database
    add_log: AddLog
    ledger: Ledger
    waiting: Waiting
    catalog: Catalog
    matches: Matches
    info_keys: InfoKeys
    changes: Changes
    calibrations: Calibrations
    duplicates: Duplicates
    joins: Joins
    imports: Imports
    keys: Keys
    rates: RedisRates
    remembered: RedisVectors
    index: MilvusIndex
    hashes: HashIndex | None
    features: KeptFeatures | None
    sources: Sources
    blobs: FolderBlobs | S3Blobs
    s3: S3
    fingerprint: Fingerprint
    preprocess: Preprocess

    def purge(self, milvus_id: int) -> bool:
        """Remove what is kept of a deleted picture beside SQL, unless it came back meanwhile; say whether it was.

        Raises StoreError; done again, it has the same effect.
        """
        # Asked before: `remove` runs within a transaction, and a second connection for each may be more than there are.
        content = None if self.features is None else self.catalog.content_of(milvus_id)

        def remove(ids: Collection[int]) -> None:
            self.index.delete(ids)
            if self.hashes is not None:
                self.hashes.delete(ids)
            if self.features is not None and content is not None:
                self.features.delete(content.namespace, content.content_hash)

        return self.changes.purge(milvus_id, remove)

    def close(self) -> None:
        """Close every client."""
        self.index.close()
        if self.hashes is not None:
            self.hashes.close()
        self.sources.close()
        self.s3.close()
        self.rates.close()
        self.remembered.close()
        self.database.close()


def open_stores(settings: Settings) -> Stores:
    """Build the stores of the settings; the model's fingerprint names the collection. No database is connected to yet.

    Raises ConfigError, and ModelError where the weights, which the fingerprint needs, cannot be had.
    """
    database = Database(settings.sql)
    s3 = S3(settings.s3)
    fingerprint, preprocess = fingerprint_of(settings.model, s3)
    return Stores(
        database=database,
        add_log=AddLog(database),
        ledger=open_ledger(settings, database),
        waiting=Waiting(database),
        catalog=Catalog(database),
        matches=Matches(database, settings.filter.keys),
        info_keys=InfoKeys(database),
        calibrations=Calibrations(database),
        duplicates=Duplicates(database),
        joins=Joins(database),
        changes=Changes(database, settings.filter.keys),
        imports=Imports(database),
        keys=Keys(database),
        rates=RedisRates(settings.redis, fail_open=settings.auth.rate_limit_open),
        remembered=RedisVectors(settings.redis, settings.search.cache_slots),
        index=open_index(settings, fingerprint),
        hashes=open_hashes(settings),
        features=open_features(settings, s3),
        sources=open_sources(settings, s3),
        blobs=open_blobs(settings.blobs, s3),
        s3=s3,
        fingerprint=fingerprint,
        preprocess=preprocess,
    )


def open_announcer(settings: StreamSettings) -> Announcer:
    """Build the announcer of new rows; without a stream one that keeps silent, and nothing is opened. Raises ConfigError."""
    if settings.kind == "none":
        return Silent()
    # Kafka's library is loaded only by who has a stream.
    from imagesearch.stores.stream.announcer import KafkaAnnouncer

    return KafkaAnnouncer(settings)


def open_announcements(settings: StreamSettings) -> Announcements:
    """Join the group that shares the announced rows. Raises ConfigError, also where there is no stream."""
    if settings.kind == "none":
        raise ConfigError("stream.kind (IMAGESEARCH_STREAM__KIND) is none: there is no stream to load from; use jobs.bulk_load")
    from imagesearch.stores.stream.listener import Listener

    return Listener(settings)
