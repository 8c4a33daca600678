"""The join that searches of a collection go by, and what looks for its duplicates."""

from __future__ import annotations

from imagesearch.join import Join, load_join, read_join
from imagesearch.stores.factory import Stores


def in_force(stores: Stores) -> Join:
    """Return the join that searches of this collection go by: the newest learned that can be read, else the shipped."""
    learned = stores.joins.newest(stores.fingerprint.collection)
    try:
        return load_join() if learned is None else read_join(learned.document)
    except ValueError:
        return load_join()
