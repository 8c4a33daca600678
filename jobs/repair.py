"""Mends a difference between SQL and Milvus; SQL is the truth, so Milvus follows it."""

from __future__ import annotations

from collections.abc import Collection

from imagesearch.stores.factory import Stores
from imagesearch.stores.milvus.hashes import HashIndex
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
    if one.kind is Kind.LOADING_ORPHAN:
        removed = stores.changes.give_up(one.milvus_id) and stores.purge(one.milvus_id)
        return "deleted it and its vector" if removed else "left it: its picture came back"
    vector = stores.index.fetch([one.milvus_id])[one.milvus_id]
    entry = stores.catalog.get(one.milvus_id)
    stores.index.delete([one.milvus_id])
    stores.index.upsert([IndexRow(one.milvus_id, entry.namespace, int(entry.create_time.timestamp()))], vector[None])
    return "kept one vector of several"


def rehash(stores: Stores, hashes: HashIndex, ids: Collection[int]) -> str:
    """Write the hashes of these pictures again, from SQL, which has those of every picture; a picture that is gone is left out.

    One that is deleted meanwhile leaves a hash behind that no answer shows and the next audit finds.
    """
    entries = stores.catalog.entries(ids).values()
    rows = [IndexRow(entry.milvus_id, entry.namespace, int(entry.create_time.timestamp())) for entry in entries]
    hashes.upsert(rows, [entry.facts.perceptual_hash for entry in entries])
    return "wrote its hash"
