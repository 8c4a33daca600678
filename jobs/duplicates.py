"""Finds near-duplicates in a whole collection; `python -m jobs.duplicates [--threshold P] [--export FILE] [--actors N]`.

Each picture is held against its nearest neighbours, never all against all. What was found is kept in SQL: a run that is killed
and started again goes on where it was. Prints a line of JSON for each cluster and a last one with the counts.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
import re
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

from config import Settings, load_settings
from imagesearch.errors import InputError
from imagesearch.join import Join, written
from imagesearch.pairs import DuplicateSearch
from imagesearch.stores.factory import Stores, open_stores
from imagesearch.types import DEFAULT_NAMESPACE, NAMESPACE_PATTERN
from jobs.duplication.cluster import Cluster, clusters
from jobs.duplication.export import exported
from jobs.duplication.judge import Judge
from jobs.duplication.looker import LIKELY
from jobs.duplication.looking import looked, pages_of
from jobs.duplication.neighbours import LEAST_COSINE, NEAR_BITS, Neighbours
from jobs.edge import job_edge
from jobs.learning.in_force import in_force

logger = logging.getLogger(__name__)

# Changed with the way in which pairs are found and judged: what an older version found is then looked for anew.
VERSION = 3
# Of Tux Paint's 796 stamps, many of them variants of one drawing, no two that differ are as likely copies as this.
THRESHOLD = 0.9


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be found and where it is written; `actors` 0: in this process, without a cluster.

    `threshold`: how likely a copy of the picture to keep each is at least. `last`: what the last run found, without looking again.
    """

    namespace: str = DEFAULT_NAMESPACE
    threshold: float = THRESHOLD
    neighbours: int = 10
    actors: int = 0
    last: bool = False
    export: Path | None = None


@dataclass(frozen=True, slots=True)
class Totals:
    """What came of looking at so many pictures; `copies` and `spare_bytes` are what goes if only what is to keep is kept."""

    pictures: int
    clusters: int
    copies: int
    spare_bytes: int
    unread: int


def duplicates(settings: Settings, wanted: Wanted, say: Callable[[int, int], None], each: Callable[[int, Cluster], None]) -> Totals:
    """Look, call `each` with every cluster and its number as they come, and return the totals; `say` hears pictures done, of all.

    Raises InputError where `last` is wanted and nothing was found yet, where the file cannot be written, and where another
    process looks in the same namespace; StoreError, ModelError.
    """
    if wanted.export is not None and not wanted.export.absolute().parent.is_dir():
        raise InputError(f"{wanted.export}: its folder does not exist")
    with closing(open_stores(settings)) as stores:
        join = in_force(stores)
        search = _last(stores, wanted) if wanted.last else _looked(settings, stores, wanted, join, say)
        judge = Judge(stores.sources, settings.images, join)
        number = copies = spare = 0
        with exported(wanted.export) as write:
            found = clusters(stores.duplicates, search.search_id, wanted.threshold, Neighbours(stores), judge)
            for number, cluster in enumerate(found, 1):
                copies += len(cluster.copies)
                spare += cluster.spare_bytes
                write(number, cluster)
                each(number, cluster)
    return Totals(search.looked, number, copies, spare, search.unread + judge.unread)


def _last(stores: Stores, wanted: Wanted) -> DuplicateSearch:
    search = stores.duplicates.last(wanted.namespace, stores.fingerprint.collection)
    if search is None:
        raise InputError(f"namespace {wanted.namespace}: nobody has looked for duplicates with this model yet")
    if search.end_time is None:
        logger.warning("the last search was broken off after %d pictures; without --last it goes on", search.looked)
    return search


def _looked(settings: Settings, stores: Stores, wanted: Wanted, join: Join, say: Callable[[int, int], None]) -> DuplicateSearch:
    search = stores.duplicates.begin(wanted.namespace, stores.fingerprint.collection, _how(settings, wanted, join))
    if search.looked:
        logger.info("going on after %d pictures, which an earlier run looked at", search.looked)
    total = stores.catalog.count(wanted.namespace)
    say(search.looked, total)
    pages = pages_of(stores.catalog, wanted.namespace, search.position)
    for page in looked(settings, pages, wanted.namespace, wanted.neighbours, wanted.actors):
        search = stores.duplicates.keep(search, page.upto, page.looked, page.unread, page.pairs)
        say(search.looked, max(total, search.looked))
    stores.duplicates.finish(search.search_id)
    return search


def _how(settings: Settings, wanted: Wanted, join: Join) -> str:
    """Name what the pairs follow from: a run that was broken off goes on only by the same."""
    learned = hashlib.sha256(written(join).encode()).hexdigest()
    by = [VERSION, wanted.neighbours, LEAST_COSINE, NEAR_BITS, LIKELY, settings.milvus.hash_index, learned]
    return hashlib.sha256(json.dumps(by).encode()).hexdigest()


def main(argv: list[str] | None = None) -> int:
    """Run the job; exit codes: 0 done, 2 wrong use or settings, 3 a store or the cluster is not reachable."""
    parser = argparse.ArgumentParser(prog="python -m jobs.duplicates", description=__doc__)
    parser.add_argument("--namespace", default=DEFAULT_NAMESPACE)
    parser.add_argument("--threshold", type=float, default=THRESHOLD, help="how likely a copy each is at least, from 0.5 on")
    parser.add_argument("--neighbours", type=int, default=10, help="nearest pictures that each is held against")
    parser.add_argument("--actors", type=int, default=0, help="processes of the Ray cluster that look; 0: this one")
    parser.add_argument("--last", action="store_true", help="what the last run found, without looking again")
    parser.add_argument("--export", type=Path, metavar="FILE", help="a CSV of all clusters")
    wanted = Wanted(**vars(parser.parse_args(argv)))
    if not LIKELY <= wanted.threshold <= 1 or not 1 <= wanted.neighbours <= 1000 or wanted.actors < 0:
        parser.error(f"--threshold between {LIKELY} and 1, --neighbours between 1 and 1000, --actors at least 0")
    if not re.fullmatch(NAMESPACE_PATTERN, wanted.namespace):
        parser.error("--namespace: letters, digits and _ . - only")

    def run(settings: Settings) -> int:
        totals = duplicates(
            settings,
            wanted,
            lambda done, total: logger.info("looked at %d of %d pictures", done, total),
            lambda number, cluster: _say({"cluster": number, "pictures": list(cluster.lines())}),
        )
        _say(asdict(totals))
        return 0

    return job_edge(load_settings, run, job="duplicates")


def _say(line: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
