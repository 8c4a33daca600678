"""Learns a join on pictures of a collection, and keeps it where it is better on others than the one in force."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np

from config.settings import Settings
from imagesearch.errors import ImageSearchError, InputError, StoreError
from imagesearch.join import read_join, written
from imagesearch.models.load import open_encoder
from imagesearch.stores.factory import Stores, open_stores
from imagesearch.types import CatalogEntry, LearnedJoin, Pixels
from jobs.evaluation.sample import pixels_of, sample
from jobs.learning.case import Case
from jobs.learning.fit import fitted
from jobs.learning.gather import ALIKE_BITS, LEARNED, REPORTED, Gatherer
from jobs.learning.in_force import in_force
from jobs.learning.stored import Stored
from jobs.learning.worth import Judged, Worth, judged, worth

# Of the pictures so many are held back to judge by.
HELD_BACK = 1 / 3
# Fewer than these say nothing.
LEAST = 5
# Neighbours that a copy is held against, to learn and to judge.
FEW, MANY = 6, 10
RESAMPLES = 1000

Say = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of learning; `version` is None where the join in force was kept.

    `in_force` and `learned` are what either is worth on `judged` pictures, none of which was among the `pictures` that were learned
    from. `unread` counts pictures that could not be read, by error code.
    """

    version: int | None
    in_force: Worth
    learned: Worth
    pictures: int
    judged: int
    unread: dict[str, int]


def learn(settings: Settings, namespace: str, count: int, seed: int, say: Say) -> Outcome:
    """Learn from up to `count` pictures of the namespace, judge, and keep what is better; `say` hears pictures done, of all.

    Raises InputError where there are too few pictures that can be read, StoreError, ModelError.
    """
    with closing(open_stores(settings)) as stores:
        entries = sample(stores, namespace, count, seed)
        random.Random(seed).shuffle(entries)  # noqa: S311 - halves that can be drawn again, no secret
        cut = round(len(entries) * (1 - HELD_BACK))
        ours = entries[:cut]
        # What is a variant of a picture that was learned from would judge by heart.
        others = [one for one in entries[cut:] if all(_bits(one, known) > ALIKE_BITS for known in ours)]
        load = settings.load
        encoder = open_encoder(settings.model, stores.s3, load.embed_batch, max(1, int(load.embed_cpus)))
        pictures = Stored(settings, stores, namespace)
        learning = Gatherer(pictures, encoder, LEARNED, FEW)
        judging = Gatherer(pictures, encoder, REPORTED, MANY)
        cases: tuple[list[Case], list[Case]] = ([], [])
        unread: Counter[str] = Counter()
        for done, entry in enumerate([*ours, *others], 1):
            rgb = _pixels(stores, settings, entry)
            if isinstance(rgb, str):
                unread[rgb] += 1
            elif done <= len(ours):
                cases[0].extend(learning.cases(entry.milvus_id, rgb, seed + entry.milvus_id))
                cases[0].extend(learning.scenes(entry.milvus_id, rgb))
            else:
                cases[1].extend(judging.cases(entry.milvus_id, rgb, seed + entry.milvus_id))
            say(done, len(ours) + len(others))
        learned_from, judged_by = (len({case.query for case in some}) for some in cases)
        if min(learned_from, judged_by) < LEAST:
            words = f"{learned_from} pictures to learn from and {judged_by} to judge by, of each at least {LEAST} are needed"
            raise InputError(f"namespace {namespace}: {words}", unread=dict(unread))
        # As it will be read: rounded.
        document = written(fitted(cases[0]))
        join = read_join(document)
        before, after = judged(in_force(stores), cases[1]), judged(join, cases[1])
        outcome = Outcome(None, worth(before), worth(after), learned_from, judged_by, dict(unread))
        if not better(before, after):
            return outcome
        kept = LearnedJoin(document, judged_by, outcome.learned.loss, datetime.now(UTC))
        return replace(outcome, version=stores.joins.add(stores.fingerprint.collection, kept))


def better(before: Sequence[Judged], after: Sequence[Judged]) -> bool:
    """Say whether the loss fell, beyond chance: in all but one of 40 resamples of the pictures (Efron's bootstrap)."""
    falls: dict[int, list[tuple[float, float]]] = defaultdict(list)
    for old, new in zip(before, after, strict=True):
        if not old.case.variant:
            falls[old.case.query].append((old.case.weight * (old.loss - new.loss), old.case.weight))
    sums = np.array([np.sum(one, axis=0) for one in falls.values()])
    chance = np.random.default_rng(0)
    means = []
    for _ in range(RESAMPLES):
        total, count = sums[chance.integers(0, len(sums), len(sums))].sum(axis=0)
        means.append(total / count)
    return bool(np.percentile(means, 2.5) > 0)


def _pixels(stores: Stores, settings: Settings, entry: CatalogEntry) -> Pixels | str:
    """Return the picture, or the code of the error for which it cannot be read."""
    try:
        return pixels_of(entry, stores.sources, settings.images)
    except StoreError:
        raise
    except ImageSearchError as exc:
        return exc.code


def _bits(one: CatalogEntry, other: CatalogEntry) -> int:
    return (int(one.facts.perceptual_hash, 16) ^ int(other.facts.perceptual_hash, 16)).bit_count()
