"""Mends a difference between SQL and Milvus; SQL is the truth, so Milvus follows it."""

from __future__ import annotations

from imagesearch.stores.factory import Stores
from imagesearch.types import IndexRow
from jobs.difference import Difference, Kind


def repair(stores: Stores, one: Difference) -> str:
    """Mend one difference and say how. A crash midway leaves a difference that the next audit finds."""
    if one.kind is Kind.ORPHAN:
        removed = stores.changes.purge(one.milvus_id, stores.index.delete)
        return "deleted the vector" if removed else "left it: its picture came back"
    if one.kind is Kind.MISSING:
        requests = stores.ledger.reopen(one.milvus_id)
        return f"opened its {requests} add requests again, to be embedded anew"
    vector = stores.index.fetch([one.milvus_id])[one.milvus_id]
    entry = stores.catalog.get(one.milvus_id)
    stores.index.delete([one.milvus_id])
    stores.index.upsert([IndexRow(one.milvus_id, entry.namespace, int(entry.create_time.timestamp()))], vector[None])
    return "kept one vector of several"
