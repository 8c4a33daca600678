"""Compares SQL with Milvus row by row, and with the features that loads keep; `python -m jobs.audit [--repair]`.

Prints a line of JSON a difference and a last one with the counts; exit 1 where differences are left.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from itertools import chain, islice
from typing import Any

from config import Settings, load_settings
from imagesearch.stores.factory import Stores, open_stores
from imagesearch.stores.milvus.hashes import HashIndex
from jobs.cluster import connected, reached
from jobs.difference import HASHES, PAGE, VECTORS, Difference, Kind, differences, loading_orphans
from jobs.edge import job_edge
from jobs.feature_audit import FeatureAudit
from jobs.loader import bulk_load
from jobs.repair import rehash, repair

logger = logging.getLogger(__name__)


def audit(settings: Settings, *, mend: bool = False, walked: Callable[[int], None] = lambda _: None) -> dict[str, int]:
    """Report every difference, with `mend` also what was done about it, and return the counts.

    `walked` hears of how many pictures were compared, a thousand at a time.
    Raises StoreUnavailable when a store does not answer.
    """
    stores = open_stores(settings)
    try:
        counts = dict.fromkeys((*VECTORS, Kind.LOADING_ORPHAN), 0)
        for one in differences(stores.catalog, stores.index, walked=walked):
            counts[one.kind] += 1
            _report(stores, one, mend=mend)
        if mend and counts[Kind.MISSING]:
            reload(settings)
        # After the load: until then requests wait, which may be of any picture that is half loaded.
        for one in loading_orphans(stores.catalog, stores.index):
            counts[one.kind] += 1
            _report(stores, one, mend=mend)
        if stores.hashes is not None:
            counts |= _hashes(stores, stores.hashes, mend=mend)
        left = sum(counts.values())
        if mend and left:
            left = sum(1 for _ in chain(differences(stores.catalog, stores.index), loading_orphans(stores.catalog, stores.index)))
            if stores.hashes is not None:
                left += sum(1 for _ in differences(stores.catalog, stores.hashes, HASHES))
        features: dict[str, int] = {}
        if stores.features is not None:
            # Last: what was embedded anew has them by now.
            features, features_left = FeatureAudit(settings, stores, stores.features).run(_say, mend=mend)
            left += features_left
        totals: dict[str, int] = {
            "pictures": stores.catalog.count(),
            "vectors": stores.index.count(),
            **({} if stores.hashes is None else {"hashes": stores.hashes.count()}),
            **{kind.value: counts[kind] for kind in counts},
            **features,
            "left": left,
        }
        _say(totals)
        return totals
    finally:
        stores.close()


def _report(stores: Stores, one: Difference, *, mend: bool) -> None:
    _say({**asdict(one), **({"repaired": repair(stores, one)} if mend else {})})


def _hashes(stores: Stores, hashes: HashIndex, *, mend: bool) -> dict[Kind, int]:
    """Report the differences of the hashes, and mend them many at a time: after the setting was turned on none has one yet."""
    counts = dict.fromkeys(HASHES, 0)
    found = differences(stores.catalog, hashes, HASHES)
    while page := list(islice(found, PAGE)):
        if mend:
            # An upsert alone would leave the others.
            hashes.delete([one.milvus_id for one in page if one.kind is Kind.HASH_DOUBLED])
        lost = [one.milvus_id for one in page if one.kind is not Kind.HASH_ORPHAN]
        wrote = rehash(stores, hashes, lost) if mend and lost else ""
        for one in page:
            counts[one.kind] += 1
            done = wrote
            if mend and one.kind is Kind.HASH_ORPHAN:
                removed = stores.changes.purge(one.milvus_id, hashes.delete)
                done = "deleted the hash" if removed else "left it: its picture came back"
            _say({**asdict(one), **({"repaired": done} if mend else {})})
    return counts


def reload(settings: Settings) -> None:
    """Load what a repair made pending."""
    reached(settings)
    with bulk_load(settings) as load, connected(settings):
        load.run(lambda report: None)


def main(argv: list[str] | None = None) -> int:
    """Run the job; exit codes: 0 no differences (left), 1 differences, 2 wrong use, 3 a store is not reachable."""
    parser = argparse.ArgumentParser(prog="python -m jobs.audit", description=__doc__)
    parser.add_argument("--repair", action="store_true", help="mend what differs and say how")
    options = parser.parse_args(argv)

    def run(settings: Settings) -> int:
        return 1 if audit(settings, mend=options.repair)["left"] else 0

    return job_edge(load_settings, run, job="audit")


def _say(line: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
