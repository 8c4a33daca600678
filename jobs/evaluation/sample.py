"""Pictures drawn by chance from a namespace, and their bytes."""

from __future__ import annotations

import random

import numpy as np
from PIL import Image

from config.sections import ImageSettings
from imagesearch.errors import ImageSearchError, SourceNotFound
from imagesearch.images.decode import decode
from imagesearch.images.hashes import content_hash
from imagesearch.ports import SourceReader
from imagesearch.stores.sql.catalog import Catalog
from imagesearch.types import CatalogEntry, Pixels

# Each may be a slow server; the oldest sources are the likeliest to be our own storage.
SOURCES_TRIED = 5
# Edits are made of pictures as they go around: a copy of 40 megapixels would only make all of them slow.
LONGEST_PX = 1024
PAGE = 1000


def sample(catalog: Catalog, namespace: str, count: int, seed: int) -> list[CatalogEntry]:
    """Return up to `count` distinct searchable pictures of the namespace, by milvus_id; the same seed draws the same ones."""
    bounds = catalog.bounds()
    if bounds is None:
        return []
    chance = random.Random(seed)  # noqa: S311 - a sample that can be drawn again, no secret
    drawn: dict[int, CatalogEntry] = {}
    # Many draws may meet one picture, after a gap of the ids: then the rest is taken in order.
    for _ in range(4 * count):
        if len(drawn) == count:
            break
        drawn |= {one.milvus_id: one for one in catalog.page(namespace, chance.randint(*bounds) - 1, 1)}
    after = 0
    while len(drawn) < count and (page := catalog.page(namespace, after, PAGE)):
        after = page[-1].milvus_id
        for one in page:
            if len(drawn) < count:
                drawn.setdefault(one.milvus_id, one)
    return [drawn[milvus_id] for milvus_id in sorted(drawn)]


def pixels_of(entry: CatalogEntry, sources: SourceReader, limits: ImageSettings) -> Pixels:
    """Return the picture as it was loaded, uint8 (height, width, 3), its longer side reduced to 1024 pixels.

    Raises the last error of its sources where none can be read, SourceNotFound where all hold other bytes by now.
    """
    error: ImageSearchError = SourceNotFound("no source of this picture holds its bytes any more")
    for source in entry.sources[:SOURCES_TRIED]:
        try:
            data = sources.read(source.image_path)
            if content_hash(data) != entry.facts.content_hash:
                continue
            rgb = decode(data, limits).rgb
        except ImageSearchError as exc:
            error = exc
            continue
        rgb.thumbnail((LONGEST_PX, LONGEST_PX), Image.Resampling.LANCZOS)
        return np.asarray(rgb)
    raise error
