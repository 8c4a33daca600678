"""Has all pages of a namespace looked at, in this process or by actors of the cluster."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field

from config.settings import Settings
from imagesearch.stores.sql.catalog import Catalog
from jobs.duplication.looker import Looked, Looker
from jobs.pool import Ended, Pool, WorkerLost, pooled
from jobs.stages import Stage

logger = logging.getLogger(__name__)

# Pictures whose pairs are kept at once: what a run that is killed has to do again, for each actor twice.
PAGE = 64
# Actors that one picture may cost before it counts as one that cannot be read.
TRIES = 3


@dataclass(frozen=True, eq=False, slots=True)
class Page:
    """A page that is being looked at, and what its parts came to so far."""

    ids: list[int]
    found: list[Looked] = field(default_factory=list)

    @property
    def done(self) -> bool:
        """Whether all of its pictures were looked at."""
        return sum(one.looked for one in self.found) == len(self.ids)

    def looked(self) -> Looked:
        """Put together what the parts came to."""
        parts = sorted(self.found, key=lambda one: one.upto)
        pairs = [pair for one in parts for pair in one.pairs]
        return Looked(self.ids[-1], len(self.ids), sum(one.unread for one in parts), pairs)


@dataclass(frozen=True, eq=False, slots=True)
class Part:
    """Pictures of a page, with which so many actors were `lost`."""

    page: Page
    ids: list[int]
    lost: int = 0


def looked(settings: Settings, pages: Iterator[list[int]], namespace: str, count: int, actors: int) -> Iterator[Looked]:
    """Yield what each page came to, in order; with 0 actors no cluster is needed.

    An actor that dies or hangs is replaced, and what it had is halved: a picture by which actors end, alone at last, is left out.
    Raises StoreError, StoreUnavailable where actors are wanted and no cluster answers, or they end as they start.
    """
    if not actors:
        with closing(Looker(settings)) as looker:
            for page in pages:
                yield looker.look(page, namespace, count)
        return
    stage = stage_of(settings, actors)
    pool: Pool[Part]
    with pooled(stage, lambda part: (part.ids, namespace, count), suspect=lambda part: part.lost > 0) as pool:
        yield from _in_order(pool, pages, 2 * actors)


def stage_of(settings: Settings, actors: int) -> Stage:
    """Return what the actors run, and what Ray gives them."""
    return Stage(
        name="look",
        worker=("jobs.duplication.looker", "Looker", "look"),
        returns=1,
        smallest=actors,
        largest=actors,
        settings=settings,
        resources={"num_cpus": settings.load.embed_cpus},
    )


def _in_order(pool: Pool[Part], pages: Iterator[list[int]], most: int) -> Iterator[Looked]:
    """Keep up to `most` pages under way: one more for each actor, so that none waits for this process."""
    under_way: deque[Page] = deque()
    ended = False
    while under_way or not ended:
        while not ended and len(under_way) < most:
            ids = next(pages, None)
            if ids is None:
                ended = True
            else:
                under_way.append(Page(ids))
                pool.put(Part(under_way[-1], ids))
        if under_way:
            for call in pool.step():
                for part in _again(call):
                    pool.put(part)
        while under_way and under_way[0].done:
            yield under_way.popleft().looked()


def _again(call: Ended[Part]) -> list[Part]:
    """Note what a part came to, and return what of it is to be looked at again."""
    part, page = call.item, call.item.page
    if call.error is None:
        page.found.append(call.answer)
        return []
    if not isinstance(call.error, WorkerLost):
        raise call.error
    lost, (first, last) = part.lost + 1, (part.ids[0], part.ids[-1])
    logger.warning("a worker was lost with %d pictures, %d to %d: %s", len(part.ids), first, last, call.error)
    if len(part.ids) > 1:
        middle = len(part.ids) // 2
        return [Part(page, part.ids[:middle], lost), Part(page, part.ids[middle:], lost)]
    if lost < TRIES:
        return [Part(page, part.ids, lost)]
    logger.error("picture %d is left out: with it, or with what is near to it, workers end", first)
    page.found.append(Looked(first, looked=1, unread=1, pairs=[]))
    return []


def pages_of(catalog: Catalog, namespace: str, after: int) -> Iterator[list[int]]:
    """Yield the ids of the namespace's searchable pictures above `after`, by key range."""
    while page := catalog.ids(namespace, after, PAGE):
        yield page
        after = page[-1]
