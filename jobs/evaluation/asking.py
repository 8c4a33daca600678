"""Has all pictures of the sample asked about, in this process or by actors of the cluster."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing

from config.settings import Settings
from imagesearch.errors import EmbeddingFailed
from imagesearch.types import CatalogEntry
from jobs.evaluation.asker import Answer, Asker
from jobs.pool import Ended, Pool, WorkerLost, pooled
from jobs.stages import Stage

logger = logging.getLogger(__name__)

Asked = list[Answer] | str

# Actors that one picture may cost before it counts as one that cannot be read.
TRIES = 3


def asked(
    settings: Settings, entries: Sequence[CatalogEntry], seed: int, actors: int, *, verified: bool = False
) -> Iterator[Asked]:
    """Yield what Asker.ask returns for each picture, in no order; with 0 actors no cluster is needed, and `verified` is for these.

    An actor that dies or hangs is replaced, and its picture asked about again. Raises what Asker.ask raises, StoreUnavailable
    where actors are wanted and no cluster answers, StoreError where they end as they start.
    """
    if not actors:
        with closing(Asker(settings, verified=verified)) as asker:
            for entry in entries:
                yield asker.ask(entry, seed)
        return
    lost: Counter[int] = Counter()
    stage = stage_of(settings, min(actors, len(entries)))
    pool: Pool[CatalogEntry]
    with pooled(stage, lambda entry: (entry, seed), suspect=lambda entry: entry.milvus_id in lost) as pool:
        yield from _answers(pool, entries, lost)


def stage_of(settings: Settings, actors: int) -> Stage:
    """Return what the actors run, and what Ray gives them."""
    return Stage(
        name="ask",
        worker=("jobs.evaluation.asker", "Asker", "ask"),
        returns=1,
        smallest=actors,
        largest=actors,
        settings=settings,
        resources={"num_cpus": settings.load.embed_cpus, "num_gpus": settings.load.embed_gpus},
    )


def _answers(pool: Pool[CatalogEntry], entries: Sequence[CatalogEntry], lost: Counter[int]) -> Iterator[Asked]:
    for entry in entries:
        pool.put(entry)
    under_way = len(entries)
    while under_way:
        for call in pool.step():
            if (answer := _answer(call, lost)) is None:
                pool.put(call.item)
            else:
                under_way -= 1
                yield answer


def _answer(call: Ended[CatalogEntry], lost: Counter[int]) -> Asked | None:
    """Return the answer, None where the picture is to be asked about again."""
    if call.error is None:
        answer: Asked = call.answer
        return answer
    if not isinstance(call.error, WorkerLost):
        raise call.error
    lost[call.item.milvus_id] += 1
    logger.warning(
        "a worker was lost with picture %d (%d times now): %s", call.item.milvus_id, lost[call.item.milvus_id], call.error
    )
    return EmbeddingFailed.code if lost[call.item.milvus_id] >= TRIES else None
