"""Holds the first hits of a search against its picture, as many as the time allows."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from time import perf_counter
from typing import Literal

from imagesearch.errors import ImageError, InputError, SourceError
from imagesearch.images.alignment import Sought
from imagesearch.keys import Key
from imagesearch.metrics import VERIFIED
from imagesearch.types import CatalogEntry, Vectors
from serve_app.groups import Group
from serve_app.hash_candidates import HashCandidates
from serve_app.joined_by import JoinedBy
from serve_app.known_features import KnownFeatures, Reading
from serve_app.look import Look, Verified
from serve_app.nearest import Wanted
from serve_app.query_vectors import QueryPicture
from serve_app.services import Services
from serve_app.sought_pictures import Begun, SoughtPictures

Verify = bool | Literal["auto"]
DEFAULTS: dict[str, Verify] = {"never": False, "auto": "auto", "always": True}


# So likely a copy is shown although the model did not find it.
LIKELY = 0.5


@dataclass(frozen=True, slots=True)
class Checked:
    """What was verified, by milvus_id.

    `others`: copies that only their hash led to; `views`: by which of the query's vectors these have their scores. `joined_by`: the
    version of the join that judged; None where nothing was judged.
    """

    verified: dict[int, Verified] = field(default_factory=dict)
    others: tuple[Group, ...] = ()
    views: dict[int, int] = field(default_factory=dict)
    joined_by: int | None = None


class Verification:
    """Verifies hits; its threads are its own, so that a search without it never waits for one with it."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._settings = services.verify
        self._known = KnownFeatures(services)
        self._sought = SoughtPictures(services, self._known)
        self._hash_candidates = HashCandidates(services)
        self._joined_by = JoinedBy(services)

    def begun(self, asked: Verify | None, caller: Key) -> Begun:
        """Return what makes the query's picture ready as soon as it is there; the caller drops it."""
        return Begun(self._sought, caller, self._wish(asked))

    def wanted(self, asked: Verify | None, picture: QueryPicture | None) -> Verify:
        """Say whether hits are to be verified. Raises InputError where the caller asks for it and there is no one picture."""
        if picture is None and asked is True:
            message = "needs one picture to search by, not a vector, a text or several"
            raise InputError(f"verify: {message}", errors=[{"field": "verify", "message": message}])
        if picture is None:
            return False
        return self._wish(asked)

    def _wish(self, asked: Verify | None) -> Verify:
        return DEFAULTS[self._settings.default] if asked is None else asked

    def clear(self, groups: Sequence[Group]) -> bool:
        """Say whether the first hit is the one without looking closer: it is very near, and the second is not."""
        scores = [group.first.score for group in groups[:2]]
        if not scores or scores[0] < self._settings.clear_score:
            return not scores
        return len(scores) == 1 or scores[0] - scores[1] >= self._settings.clear_margin

    async def of(
        self,
        picture: QueryPicture,
        vectors: Vectors,
        groups: Sequence[Group],
        known: Mapping[int, CatalogEntry],
        wanted: Wanted,
        begun: Begun,
        *,
        until_sure: bool = False,
    ) -> Checked:
        """Return what the first hits are to the query, and pictures near by perceptual hash: those for which there was time.

        With `until_sure` none behind the first that is surely a copy. `known`: what the catalog said already.
        A hit whose picture cannot be had or read is left out; where that is the query's own, all are.
        Raises UnknownImage, StoreError, Overloaded.
        """
        ends = perf_counter() + self._settings.budget_ms / 1000
        try:
            nearest = self._nearest(groups)
            query, entries = await asyncio.gather(begun.of(picture), self._services.entries(nearest, known))
            may_glance = until_sure and query.whole is not None
            asking = self._candidates(query.perceptual_hash, vectors, groups, entries, wanted)
            # Its features take a thread as long as what else there is to ask takes the stores; for a glance they are not needed.
            sought, found = (None, await asking) if may_glance else await asyncio.gather(query.with_features(), asking)
            candidates, others, views = found
            margins = _margins(groups) | _behind(groups[0].first.score, others)
            joined_by = await self._joined_by.in_force()
            look = Look(query.perceptual_hash, candidates, margins, joined_by.join, until_sure=until_sure)
            with self._known.reading(candidates) as reading:
                if sought is None and not await self._glance(look, query.whole, reading, ends):
                    sought = await query.with_features()
                if sought is not None:
                    await self._all(look, sought, reading, ends)
        except (SourceError, ImageError):
            # A stored picture is searched by its vector, also where its bytes are gone.
            return Checked()
        verified = look.verified
        self._services.meter.record(VERIFIED, len(verified))
        # What only its hash led to counts where it is a copy: on every page alike, however far the ranking of that page reaches.
        kept = {one: found for one, found in verified.items() if one in nearest or found.verdict.copy >= LIKELY}
        copies = tuple(others[one] for one in kept if one in others)
        return Checked(kept, copies, {one: views[one] for one in kept if one in others}, joined_by.version)

    async def _candidates(
        self,
        query_hash: str,
        vectors: Vectors,
        groups: Sequence[Group],
        known: Mapping[int, CatalogEntry],
        wanted: Wanted,
    ) -> tuple[list[CatalogEntry], dict[int, Group], Mapping[int, int]]:
        """Return whom to verify, in that order; and of those that are no hits, only near by hash, the group and the view."""
        near = await self._hash_candidates.near(query_hash, vectors, wanted)
        shown = {group.first.milvus_id for group in groups}
        alike = {one for group in groups for one in group.same}
        others = {hit.milvus_id: Group(hit) for hit in near.hits if hit.milvus_id not in shown | alike}
        # Near ones come first, wherever the model sees them: they are few, and mostly copies.
        first = [hit.milvus_id for hit in near.hits if hit.milvus_id not in alike]
        entries = await self._services.entries(first, known)
        ids = dict.fromkeys([*first, *self._nearest(groups)])
        return [entries[one] for one in ids if one in entries], others, near.views

    def _nearest(self, groups: Sequence[Group]) -> list[int]:
        return [group.first.milvus_id for group in groups[: self._settings.candidates]]

    async def _glance(self, look: Look, whole: Sought | None, reading: Reading, ends: float) -> bool:
        """Lay the query on the first candidate as a whole, and say whether that is enough; then on its family, too."""
        for place, entry in enumerate(look.first_family):
            if whole is None or perf_counter() >= ends:
                break
            is_sure = False
            with suppress(SourceError, ImageError):
                target = await self._known.of(entry, reading)
                is_sure = await self._services.pools["verify"].run(look.glance, whole, place, target)
            if place == 0 and not is_sure:
                break
        return bool(look.verified)

    async def _all(self, look: Look, sought: Sought, reading: Reading, ends: float) -> None:
        """Verify what the look gives out, nearest first, until it ends or the time is over."""
        verifying = [self._verify(look, sought, reading, ends) for _ in range(self._settings.threads)]
        tasks = [asyncio.create_task(one) for one in verifying]
        try:
            _, late = await asyncio.wait(tasks, timeout=max(ends - perf_counter(), 0))
        finally:
            # Also where the caller gave up: what has not begun is dropped.
            for task in tasks:
                task.cancel()
        for task in tasks:
            if task not in late and (error := task.exception()) is not None:
                raise error

    async def _verify(self, look: Look, sought: Sought, reading: Reading, ends: float) -> None:
        """Verify some after the others; several of these share what waits."""
        for part in look.waiting():
            if perf_counter() >= ends:
                return
            targets = []
            for place, entry in part:
                with suppress(SourceError, ImageError):
                    targets.append((place, await self._known.of(entry, reading)))
            # Two that hold at once take turns at the interpreter, and are later than one; features are found beside it.
            async with look.turn:
                await self._services.pools["verify"].run(look.hold, sought, targets, ends)


def ranked(groups: Sequence[Group], verified: Mapping[int, Verified]) -> list[Group]:
    """Return the verified hits first, the likeliest copies first, then the others as they were."""
    known = [group for group in groups if group.first.milvus_id in verified]
    known.sort(key=lambda group: (-verified[group.first.milvus_id].standing, -group.first.score))
    return known + [group for group in groups if group.first.milvus_id not in verified]


def _behind(best: float, others: Mapping[int, Group]) -> dict[int, tuple[float, float]]:
    """Return the scores of what is not among the hits, and how much more they are than the best hit's."""
    return {one: (group.first.score, group.first.score - best) for one, group in others.items()}


def _margins(groups: Sequence[Group]) -> dict[int, tuple[float, float]]:
    """Return each hit's score, and how much more that is than the best of the others'; groups come best first."""
    scores = [group.first.score for group in groups]
    first, second = scores[0], scores[1] if len(scores) > 1 else -1.0
    return {
        group.first.milvus_id: (group.first.score, group.first.score - (first if place else second))
        for place, group in enumerate(groups)
    }
