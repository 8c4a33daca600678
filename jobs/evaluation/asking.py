"""Has all pictures of the sample asked about, in this process or by actors of the cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import Any

import ray
from ray.util import ActorPool

from config.settings import Settings
from imagesearch.types import CatalogEntry
from jobs.cluster import connected
from jobs.evaluation.asker import Answer, Asker

Asked = list[Answer] | str


def asked(settings: Settings, entries: Sequence[CatalogEntry], seed: int, actors: int) -> Iterator[Asked]:
    """Yield what Asker.ask returns for each picture, in no order; with 0 actors no cluster is needed.

    Raises what it raises, StoreUnavailable where actors are wanted and no cluster answers.
    """
    if not actors:
        with closing(Asker(settings)) as asker:
            for entry in entries:
                yield asker.ask(entry, seed)
        return
    with connected(settings):
        kind = ray.remote(Asker).options(num_cpus=settings.load.embed_cpus, num_gpus=settings.load.embed_gpus)
        pool = ActorPool([kind.remote(settings) for _ in range(min(actors, len(entries)))])
        ask: Callable[[Any, CatalogEntry], Any] = lambda actor, entry: actor.ask.remote(entry, seed)  # noqa: E731
        yield from pool.map_unordered(ask, list(entries))
