"""Which of several copies to keep."""

from __future__ import annotations

from imagesearch.types import MAX_ID, CatalogEntry


def keep_order(entry: CatalogEntry) -> tuple[int, int, int]:
    """Return a key that sorts what is to be kept first: most pixels, then the oldest add, then the least id."""
    # Pictures of one batch are made at the same time, in no order; the requests to add them have one.
    oldest = entry.sources[0].log_id if entry.sources else MAX_ID
    return -entry.facts.width * entry.facts.height, oldest, entry.milvus_id
