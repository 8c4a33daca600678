"""Pictures drawn by chance from a namespace, and their bytes."""

from __future__ import annotations

import numpy as np
from PIL import Image

from config.sections import ImageSettings
from imagesearch.filters import Filter
from imagesearch.images.decode import decode
from imagesearch.images.originals import original_of
from imagesearch.ports import SourceReader
from imagesearch.stores.factory import Stores
from imagesearch.types import CatalogEntry, Pixels

# Edits are made of pictures as they go around: a copy of 40 megapixels would only make all of them slow.
LONGEST_PX = 1024
# Ids of one page of the walk.
PAGE = 20_000


def sample(stores: Stores, namespace: str, count: int, seed: int) -> list[CatalogEntry]:
    """Return up to `count` searchable pictures of the namespace, by milvus_id, each as likely as any other. Raises StoreError.

    Those whose number, mixed from id and seed, is among the least: a collection that grew keeps most of its sample, so that a
    later run is compared on the same pictures. Walks all ids, in memory bounded by a page.
    """
    ids, numbers = np.empty(0, np.uint64), np.empty(0, np.uint64)
    for page in stores.matches.walk(namespace, Filter(), PAGE):
        more = np.array(page, np.uint64)
        ids, numbers = np.concatenate([ids, more]), np.concatenate([numbers, _mixed(more, seed)])
        least = np.argsort(numbers, kind="stable")[:count]
        ids, numbers = ids[least], numbers[least]
    drawn = sorted(int(one) for one in ids)
    entries = stores.catalog.entries(drawn)
    return [entries[one] for one in drawn if one in entries]


def _mixed(ids: np.ndarray, seed: int) -> np.ndarray:
    """Mix by splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014); it wraps round on purpose."""
    (start,) = np.random.SeedSequence(seed).generate_state(1, np.uint64)
    z = (ids ^ start) + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(z ^ (z >> np.uint64(31)))


def pixels_of(entry: CatalogEntry, sources: SourceReader, limits: ImageSettings) -> Pixels:
    """Return the picture as it was loaded, uint8 (height, width, 3), its longer side reduced to 1024 pixels.

    Raises what original_of and decode raise.
    """
    rgb = decode(original_of(entry, sources), limits).rgb
    rgb.thumbnail((LONGEST_PX, LONGEST_PX), Image.Resampling.LANCZOS)
    return np.asarray(rgb)
