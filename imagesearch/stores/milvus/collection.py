"""The collection of one model: its schema, its index, and how a distance becomes a score."""

from __future__ import annotations

from typing import Any

import numpy as np
from pymilvus import CollectionSchema, DataType, FieldSchema, MilvusClient, MilvusException
from pymilvus.milvus_client.index import IndexParams
from tenacity import retry, retry_if_exception, stop_after_attempt, wait_random_exponential

from config.sections import MilvusSettings
from imagesearch.errors import StoreError, StoreUnavailable
from imagesearch.stores.milvus.client import translation
from imagesearch.types import Fingerprint, Vector

BUILD_PARAMS: dict[str, dict[str, int]] = {
    "HNSW": {"M": 16, "efConstruction": 200},
    "IVF_FLAT": {"nlist": 1024},
    "IVF_SQ8": {"nlist": 1024},
    "FLAT": {},
    "BIN_IVF_FLAT": {"nlist": 1024},
    "BIN_FLAT": {},
}
SEARCH_PARAMS: dict[str, dict[str, int]] = {
    "HNSW": {"ef": 128},
    "IVF_FLAT": {"nprobe": 32},
    "IVF_SQ8": {"nprobe": 32},
    "FLAT": {},
    "BIN_IVF_FLAT": {"nprobe": 64},
    "BIN_FLAT": {},
}


def is_binary(settings: MilvusSettings) -> bool:
    """Whether vectors are kept as bits, eight numbers a byte: a number above zero is a one. Milvus Lite has no such vectors."""
    return settings.index.startswith("BIN_")


def packed(vector: Vector) -> bytes:
    """Return the bits of a vector as they lie in a binary collection."""
    return np.packbits(vector > 0).tobytes()


def unpacked(bits: bytes) -> Vector:
    """Return the vector of length 1 that has these bits."""
    signs = 2.0 * np.unpackbits(np.frombuffer(bits, np.uint8)).astype(np.float32) - 1.0
    return np.asarray(signs / np.sqrt(len(signs)), np.float32)


def _lost_a_race(exc: BaseException) -> bool:
    """Whether another process may have come first; a server that does not answer is not asked five times over."""
    return isinstance(exc, MilvusException) and not isinstance(translation(exc), StoreUnavailable)


@retry(
    retry=retry_if_exception(_lost_a_race),
    stop=stop_after_attempt(5),
    wait=wait_random_exponential(0.1, max=1),
    reraise=True,
)
def ensure_collection(client: MilvusClient, settings: MilvusSettings, fingerprint: Fingerprint) -> None:
    """Create, index and load the model's collection as far as that is not done yet.

    Many processes may call this at once: one wins and the others look again. Each step is looked for by itself, so that a
    process that died after the first leaves nothing broken; each waits settings.timeout_s, and goes on in Milvus where that is
    too short. Raises StoreError when a collection of that name has another shape.
    """
    name, timeout = fingerprint.collection, settings.timeout_s
    if not client.has_collection(name, timeout=timeout):
        client.create_collection(name, schema=_schema(fingerprint, binary=is_binary(settings)), timeout=timeout)
    fields = {field["name"]: field for field in client.describe_collection(name, timeout=timeout)["fields"]}
    dim = int(fields.get("feature", {}).get("params", {}).get("dim", 0))
    if dim != fingerprint.dim or not {"milvus_id", "create_time", "namespace"} <= set(fields):
        raise StoreError(f"Milvus collection {name} exists with another shape; rename or drop it", store="milvus")
    if not client.list_indexes(name, timeout=timeout):
        index = IndexParams()
        params = BUILD_PARAMS[settings.index] | settings.index_params
        index.add_index("feature", index_type=settings.index, metric_type=settings.metric, params=params)
        client.create_index(name, index, timeout=timeout)
    client.load_collection(name, timeout=timeout)


def _schema(fingerprint: Fingerprint, *, binary: bool) -> CollectionSchema:
    return CollectionSchema(
        [
            FieldSchema("milvus_id", DataType.INT64, is_primary=True, auto_id=False),
            FieldSchema("feature", DataType.BINARY_VECTOR if binary else DataType.FLOAT_VECTOR, dim=fingerprint.dim),
            FieldSchema("create_time", DataType.INT64),
            FieldSchema("namespace", DataType.VARCHAR, max_length=64),
        ],
        description=str(fingerprint),
        enable_dynamic_field=False,
    )


# What says how far a search looks, by the kind of the index; a flat one always looks at everything.
EFFORT = {"HNSW": "ef", "IVF_FLAT": "nprobe", "IVF_SQ8": "nprobe", "BIN_IVF_FLAT": "nprobe"}


def search_params(settings: MilvusSettings, metric: str, top_k: int, effort: int | None = None) -> dict[str, Any]:
    """Return the parameters of one search, `effort` in place of the settings' own; HNSW needs ef >= top_k."""
    params = SEARCH_PARAMS[settings.index] | settings.search_params
    if effort is not None and settings.index in EFFORT:
        params = params | {EFFORT[settings.index]: effort}
    if settings.index == "HNSW":
        params = params | {"ef": max(params["ef"], top_k)}
    return {"metric_type": metric, "params": params}


def score(distance: float, metric: str, dim: int) -> float:
    """Turn Milvus's distance between unit vectors into cosine similarity.

    For L2 Milvus gives the squared distance, for HAMMING the number of bits that differ.
    """
    halves = {"L2": 2.0, "HAMMING": dim / 2}
    cosine = 1.0 - distance / halves[metric] if metric in halves else distance
    return min(1.0, max(-1.0, cosine))
