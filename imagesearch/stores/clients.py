"""From settings to single clients, for processes that need one or two of them: each worker of the bulk load, and its driver.

Each function imports what it opens: the clients of Milvus, S3, SQL and Redis take seconds to load, all together more than such
a process has to do before the first picture.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from config.settings import Settings
from imagesearch.types import Fingerprint

if TYPE_CHECKING:
    from imagesearch.images.kept_features import KeptFeatures
    from imagesearch.images.s3 import S3
    from imagesearch.images.sources import Sources
    from imagesearch.stores.milvus.hashes import HashIndex
    from imagesearch.stores.milvus.index import MilvusIndex
    from imagesearch.stores.redis_leases import RedisLeases
    from imagesearch.stores.sql.database import Database
    from imagesearch.stores.sql.ledger import Ledger


def open_index(settings: Settings, fingerprint: Fingerprint) -> MilvusIndex:
    """Build the index of this model's vectors."""
    from imagesearch.stores.milvus.index import MilvusIndex

    return MilvusIndex(settings.milvus, fingerprint)


def open_hashes(settings: Settings) -> HashIndex | None:
    """Build the index of all pictures' perceptual hashes; None where the settings have none."""
    if settings.milvus.hash_index == "none":
        return None
    from imagesearch.stores.milvus.hashes import HashIndex

    return HashIndex(settings.milvus)


def open_features(settings: Settings, s3: S3) -> KeptFeatures | None:
    """Build the features of stored pictures that loads keep; None where the settings keep none."""
    if not settings.verify.keep_features:
        return None
    from imagesearch.images.derived import open_derived
    from imagesearch.images.kept_features import KeptFeatures

    return KeptFeatures(open_derived(settings.blobs, s3))


def open_sources(settings: Settings, s3: S3) -> Sources:
    """Build the reader of pictures: of what the settings allow, and of the place of uploads. Raises ConfigError."""
    from imagesearch.images.blobs import open_blobs
    from imagesearch.images.sources import Sources

    return Sources(settings.sources, settings.images.max_bytes, s3, readable=open_blobs(settings.blobs, s3).readable)


def open_ledger(settings: Settings, database: Database) -> Ledger:
    """Build the loader's side of the truth."""
    from imagesearch.stores.sql.ledger import Ledger

    return Ledger(database, settings.filter.keys)


def open_leases(settings: Settings, owner: str | None = None) -> RedisLeases:
    """Build the leases; loads of different databases that share a Redis do not meet."""
    from imagesearch.stores.redis_leases import RedisLeases

    return RedisLeases(settings.redis, scope=database_scope(settings), owner=owner)


def database_scope(settings: Settings) -> str:
    """Return a name for the database, to keep apart what others of the same Redis or Ray cluster do."""
    url = settings.sql.url.get_secret_value()
    place = url.rsplit("@", 1)[-1]  # a new password is not a new database
    return hashlib.sha256(place.encode()).hexdigest()[:12]
