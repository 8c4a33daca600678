"""Where SQL and the kept features disagree, and how that is mended: every searchable picture has its features, no other has."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from enum import StrEnum
from itertools import islice
from typing import Any

from config.settings import Settings
from imagesearch.errors import ImageError, SourceError
from imagesearch.images.decode import decode
from imagesearch.images.features import SIDE, features_of
from imagesearch.images.kept_features import KeptFeatures
from imagesearch.images.originals import original_of
from imagesearch.stores.factory import Stores
from imagesearch.types import MAX_ID, PictureState

PAGE = 1000
# What is asked of the place at once: a server far away answers as many as soon as one.
THREADS = 16


class FeatureKind(StrEnum):
    """`missing`: a searchable picture whose features are not kept; `orphan`: features that are kept of none."""

    MISSING = "features_missing"
    ORPHAN = "features_orphan"


@dataclass(frozen=True, slots=True)
class FeatureDifference:
    """One disagreement; `milvus_id` is None where there never was such a picture."""

    kind: FeatureKind
    milvus_id: int | None
    namespace: str
    content_hash: str


class FeatureAudit:
    """Audits the kept features, and mends them: those of pictures that were there before they were kept, above all."""

    def __init__(self, settings: Settings, stores: Stores, features: KeptFeatures) -> None:
        self._settings = settings
        self._stores = stores
        self._features = features

    def run(self, say: Callable[[Mapping[str, Any]], None], *, mend: bool) -> tuple[dict[str, int], int]:
        """Report every difference, with `mend` also what was done about it; return the counts, and how many are left.

        Raises StoreUnavailable when a store does not answer.
        """
        counts = {kind.value: 0 for kind in FeatureKind}
        left = 0
        found = self.differences()
        # A thread that finds no connection would only wait for one.
        with ThreadPoolExecutor(min(self._settings.load.fetch_threads, self._settings.sql.pool_size)) as threads:
            while page := list(islice(found, PAGE)):
                done: Sequence[tuple[str, bool]] = list(threads.map(self._mended, page)) if mend else []
                for place, one in enumerate(page):
                    counts[one.kind.value] += 1
                    left += not (mend and done[place][1])
                    say({**asdict(one), **({"repaired": done[place][0]} if mend else {})})
        return counts, left

    def differences(self) -> Iterator[FeatureDifference]:
        """Walk the pictures by key, then all that is kept, and yield where they differ; memory is one page.

        A picture that is being loaded may or may not have its features yet and is no difference.
        """
        with ThreadPoolExecutor(THREADS) as threads:
            yield from self._missing(threads)
            yield from self._orphans()

    def _missing(self, threads: ThreadPoolExecutor) -> Iterator[FeatureDifference]:
        after = -MAX_ID
        while page := self._stores.catalog.contents(after, PAGE):
            after = page[-1].milvus_id
            held = threads.map(lambda one: self._features.has(one.namespace, one.content_hash), page)
            suspects = {one.milvus_id: one for one, has in zip(page, held, strict=True) if not has}
            # One that was deleted between the two looks is none.
            states = self._stores.catalog.states_of(suspects)
            for milvus_id, one in suspects.items():
                if states.get(milvus_id) is PictureState.SEARCHABLE:
                    yield FeatureDifference(FeatureKind.MISSING, milvus_id, one.namespace, one.content_hash)

    def _orphans(self) -> Iterator[FeatureDifference]:
        kept = self._features.all()
        while page := list(islice(kept, PAGE)):
            for namespace in sorted({one for one, _ in page}):
                hashes = {content_hash for one, content_hash in page if one == namespace}
                pictures = self._stores.catalog.contents_among(namespace, hashes)
                for content_hash in sorted(hashes):
                    picture = pictures.get(content_hash)
                    if picture is None or picture.state is PictureState.DELETED:
                        milvus_id = None if picture is None else picture.milvus_id
                        yield FeatureDifference(FeatureKind.ORPHAN, milvus_id, namespace, content_hash)

    def _mended(self, one: FeatureDifference) -> tuple[str, bool]:
        """Mend one difference; say how, and whether it is mended. One that a crash leaves the next audit finds."""
        if one.kind is FeatureKind.MISSING:
            return self._made(one)
        if one.milvus_id is None:
            self._features.delete(one.namespace, one.content_hash)
            return "deleted the features", True
        removed = self._stores.purge(one.milvus_id)
        return "deleted the features" if removed else "left them: their picture came back", True

    def _made(self, one: FeatureDifference) -> tuple[str, bool]:
        entry = self._stores.catalog.entries([one.milvus_id or 0]).get(one.milvus_id or 0)
        if entry is None:
            return "left it: its picture was deleted", True
        try:
            data = original_of(entry, self._stores.sources)
            at_least = max(SIDE, self._stores.preprocess.at_least)
            features = features_of(decode(data, self._settings.images, at_least).rgb)
        except (SourceError, ImageError) as exc:
            return f"its picture cannot be read: {exc.detail}", False
        self._features.put(one.namespace, one.content_hash, features)
        return "made its features anew", True
