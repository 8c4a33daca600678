"""The vector index of one model on Milvus or Milvus Lite."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from pymilvus import MilvusClient

from config.sections import MilvusSettings
from imagesearch.errors import InputError, StoreError
from imagesearch.stores.milvus.client import MilvusConnection
from imagesearch.stores.milvus.collection import ensure_collection, is_binary, packed, score, search_params, unpacked
from imagesearch.types import Fingerprint, Hit, IndexProgress, IndexRow, Vector, Vectors

# The most that every Milvus answers in one query or search.
PAGE = 16_384
# Ids of one IN list: keeps an answer far below gRPC's 64 MB with 4096 dimensions, as milvus.upsert_rows does a request.
CHUNK = 1000


class MilvusIndex:
    """Implements ports.VectorIndex and ports.VectorInventory; the collection is made on first use. Thread-safe."""

    def __init__(self, settings: MilvusSettings, fingerprint: Fingerprint) -> None:
        self._settings = settings
        self._connection = MilvusConnection(settings)
        self._ready = threading.Event()
        self.fingerprint = fingerprint
        self.collection = fingerprint.collection
        self._binary = is_binary(settings)

    def upsert(self, rows: Sequence[IndexRow], vectors: Vectors) -> None:
        """Write vectors under their ids and return once a search finds them."""
        size = self._settings.upsert_rows
        for start in range(0, len(rows), size):
            part = rows[start : start + size]
            data = [
                {
                    "milvus_id": row.milvus_id,
                    "feature": self._kept(vector),
                    "create_time": row.create_time,
                    "namespace": row.namespace,
                }
                for row, vector in zip(part, np.asarray(vectors[start : start + size], np.float32), strict=True)
            ]
            with self._client() as client:
                client.upsert(self.collection, data, timeout=self._settings.timeout_s)
        if rows:
            # A strong read waits until the query nodes have seen the write; every later search on them sees it too.
            # By a list, which Milvus Lite looks up; any other filter it holds against every row.
            self._ids_where(f"milvus_id in [{rows[-1].milvus_id}]")

    def search(
        self, vector: Vector, top_k: int, namespace: str, created: tuple[int, int] | None = None, effort: int | None = None
    ) -> list[Hit]:
        """Return up to `top_k` hits of the namespace, best first, created in these Unix seconds; `top_k` at most 16,384."""
        return self.search_many([vector], top_k, namespace, created, effort)[0]

    def search_many(
        self,
        vectors: Sequence[Vector],
        top_k: int,
        namespace: str,
        created: tuple[int, int] | None = None,
        effort: int | None = None,
    ) -> list[list[Hit]]:
        """Do what `search` does for each of the vectors, at least one, in one request."""
        with self._client() as client:
            metric, dim = self._settings.metric, self.fingerprint.dim
            found = client.search(
                self.collection,
                data=[self._kept(vector) for vector in vectors],
                anns_field="feature",
                filter=_expression(namespace, created),
                limit=min(top_k, PAGE),
                search_params=search_params(self._settings, metric, min(top_k, PAGE), effort),
                # Unless it is told what is wanted, Milvus Lite sends every hit's vector, too.
                output_fields=["milvus_id"],
                consistency_level="Bounded",
                timeout=self._settings.timeout_s,
            )
            # The key of a hit is the field's name on new servers and "id" on old ones; `get` on the raw hit takes either.
            return [
                [Hit(int(hit.get("milvus_id", hit.get("id"))), score(float(hit["distance"]), metric, dim)) for hit in hits]
                for hits in found
            ]

    def fetch(self, ids: Collection[int]) -> dict[int, Vector]:
        """Return the vectors of those ids that have one, as a search sees them: a strong read would take a server 200 ms."""
        vectors: dict[int, Vector] = {}
        for part in _parts(ids):
            with self._client() as client:
                rows = client.query(
                    self.collection,
                    filter=f"milvus_id in {part}",
                    output_fields=["milvus_id", "feature"],
                    timeout=self._settings.timeout_s,
                    consistency_level="Bounded",
                )
            vectors |= {int(row["milvus_id"]): self._given(row["feature"]) for row in rows}
        return vectors

    def delete(self, ids: Collection[int]) -> None:
        """Remove the vectors of these ids."""
        for part in _parts(ids):
            with self._client() as client:
                client.delete(self.collection, filter=f"milvus_id in {part}", timeout=self._settings.timeout_s)

    def ids_between(self, after: int, upto: int) -> Iterator[int]:
        """Yield the distinct ids in (after, upto], in no order; a range of too many is halved until each part fits an answer."""
        held = self.count_between(after, upto)
        if held > PAGE and upto - after > 1:
            middle = (after + upto) // 2
            yield from self.ids_between(after, middle)
            yield from self.ids_between(middle, upto)
        elif held:
            yield from set(self._ids_where(f"milvus_id > {after} and milvus_id <= {upto}"))

    def count_between(self, after: int, upto: int) -> int:
        """Count the stored rows with an id in (after, upto], doubles included."""
        return self._count(f"milvus_id > {after} and milvus_id <= {upto}")

    def count(self) -> int:
        """Count all stored rows."""
        return self._count("")

    def seal(self) -> None:
        """Have an index built for all that was written: vectors that came last otherwise wait for more to come."""
        with self._client() as client:
            client.flush(self.collection, timeout=self._settings.timeout_s)

    def progress(self) -> IndexProgress:
        """Say how far the index is; `built` once nothing of what is sealed waits, is merged or built."""
        with self._client() as client:
            (name,) = client.list_indexes(self.collection, timeout=self._settings.timeout_s)
            told = client.describe_index(self.collection, name, timeout=self._settings.timeout_s)
        waiting = int(told["pending_index_rows"])
        return IndexProgress(int(told["total_rows"]), waiting, built=told["state"] == "Finished" and not waiting)

    def ping(self) -> None:
        """Raise StoreUnavailable when Milvus does not answer."""
        with self._connection.client() as client:
            client.list_collections(timeout=2.0)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _kept(self, vector: Vector) -> Vector | bytes:
        return packed(vector) if self._binary else vector

    def _given(self, feature: Any) -> Vector:
        # A binary vector comes as a list of one bytes object.
        return unpacked(feature[0]) if self._binary else np.asarray(feature, np.float32)

    @contextmanager
    def _client(self) -> Iterator[MilvusClient]:
        try:
            with self._connection.client() as client:
                if not self._ready.is_set():
                    ensure_collection(client, self._settings, self.fingerprint)
                    self._ready.set()
                yield client
        except StoreError:
            # A Milvus Lite that was restarted has its collections released, and a dropped one is gone: the next call looks again.
            self._ready.clear()
            raise

    def _ids_where(self, expression: str) -> list[int]:
        with self._client() as client:
            rows = client.query(
                self.collection,
                filter=expression,
                output_fields=["milvus_id"],
                consistency_level="Strong",
                timeout=self._settings.timeout_s,
            )
        return [int(row["milvus_id"]) for row in rows]

    def _count(self, expression: str) -> int:
        with self._client() as client:
            rows = client.query(
                self.collection,
                filter=expression,
                output_fields=["count(*)"],
                consistency_level="Strong",
                timeout=self._settings.timeout_s,
            )
        return int(rows[0]["count(*)"])


def _parts(ids: Collection[int]) -> Iterator[list[int]]:
    ordered = sorted(int(one) for one in ids)
    for start in range(0, len(ordered), CHUNK):
        yield ordered[start : start + CHUNK]


def _expression(namespace: str, created: tuple[int, int] | None) -> str:
    within = f'namespace == "{_plain(namespace)}"'
    if created is not None:
        within += f" and create_time >= {int(created[0])} and create_time <= {int(created[1])}"
    return within


def _plain(namespace: str) -> str:
    """Refuse what could end the string of a filter; namespaces are checked at the edge, this is the last door."""
    if '"' in namespace or "\\" in namespace or not namespace.isprintable():
        raise InputError(f"namespace {namespace!r} holds characters that no namespace may have")
    return namespace
