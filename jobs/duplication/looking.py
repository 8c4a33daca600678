"""Has all pages of a namespace looked at, in this process or by actors of the cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import ray
from ray.exceptions import RayActorError
from ray.util import ActorPool

from config.settings import Settings
from imagesearch.errors import StoreUnavailable
from imagesearch.stores.sql.catalog import Catalog
from jobs.cluster import connected
from jobs.duplication.looker import Looked, Looker

# Pictures whose pairs are kept at once: what a run that is killed has to do again, for each actor twice.
PAGE = 64
# Actors that one place may lose before the job is given up; a page that is looked at again comes to the same.
TRIES = 3


def looked(settings: Settings, pages: Iterator[list[int]], namespace: str, count: int, actors: int) -> Iterator[Looked]:
    """Yield what each page came to, in order; with 0 actors no cluster is needed.

    An actor that dies is replaced. Raises StoreError, StoreUnavailable where actors are wanted and no cluster answers, or they die
    again and again.
    """
    if not actors:
        with closing(Looker(settings, namespace, count)) as looker:
            for page in pages:
                yield looker.look(page)
        return
    with connected(settings):
        options = {"num_cpus": settings.load.embed_cpus, "max_restarts": TRIES, "max_task_retries": TRIES}
        kind = ray.remote(Looker).options(**options)
        # Ray gives its pool no types.
        pool: Any = ActorPool([kind.remote(settings, namespace, count) for _ in range(actors)])
        look: Callable[[Any, list[int]], Any] = lambda actor, page: actor.look.remote(page)  # noqa: E731
        waiting = 0
        for page in pages:
            pool.submit(look, page)
            waiting += 1
            # One more for each, so that none waits for this process.
            if waiting == 2 * actors:
                yield _next(pool)
                waiting -= 1
        while pool.has_next():
            yield _next(pool)


def _next(pool: Any) -> Looked:
    try:
        found: Looked = pool.get_next()
    except RayActorError as exc:
        raise StoreUnavailable("the actors that look die again and again; started again, the job goes on", store="ray") from exc
    return found


def pages_of(catalog: Catalog, namespace: str, after: int) -> Iterator[list[int]]:
    """Yield the ids of the namespace's searchable pictures above `after`, by key range."""
    while page := catalog.ids(namespace, after, PAGE):
        yield page
        after = page[-1]
