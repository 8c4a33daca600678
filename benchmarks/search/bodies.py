"""Searches that need no model: by pictures that are there, and by their vectors."""

from __future__ import annotations

import json

import httpx

from config import Settings
from imagesearch.stores.factory import open_stores

COUNT = 200


def by_id(url: str) -> list[str]:
    """Return searches by the milvus_id of pictures that are there."""
    page = httpx.get(f"{url}/v1/images", params={"limit": COUNT}, timeout=60, trust_env=False).raise_for_status().json()
    return [json.dumps({"milvus_id": one["milvus_id"]}) for one in page["images"]]


def by_vector(settings: Settings) -> list[str]:
    """Return searches by the vectors of pictures that are there."""
    stores = open_stores(settings)
    try:
        ids = list(stores.index.ids_between(0, COUNT))
        return [json.dumps({"vector": [round(float(x), 6) for x in vector]}) for vector in stores.index.fetch(ids).values()]
    finally:
        stores.close()
