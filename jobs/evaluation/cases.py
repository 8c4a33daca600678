"""The worst cases as small pictures: the original, its copy, and what was found instead."""

from __future__ import annotations

from io import BytesIO

from PIL import Image

from config.sections import ImageSettings
from imagesearch.edits.catalogue import EDITS
from imagesearch.errors import ImageSearchError, StoreError
from imagesearch.stores.factory import Stores
from imagesearch.types import CatalogEntry, Pixels
from jobs.evaluation.asker import Answer
from jobs.evaluation.report import Case
from jobs.evaluation.sample import pixels_of

# Sharp on screens of two pixels a point.
SMALL_PX = 300


def shown(stores: Stores, limits: ImageSettings, answers: list[Answer], seed: int) -> list[Case]:
    """Make each answer's copy once more, and read the pictures. Raises StoreError."""
    ids = {one for answer in answers for one in (answer.milvus_id, answer.other_id) if one is not None}
    known = stores.catalog.entries(ids)
    cases = []
    for answer in answers:
        rgb = _pixels(stores, limits, known.get(answer.milvus_id))
        instead = _pixels(stores, limits, known.get(answer.other_id or 0))
        copy = None if rgb is None else EDITS[answer.edit](rgb, answer.strength, seed + answer.milvus_id)
        cases.append(Case(answer, f"picture {answer.milvus_id}", _small(rgb), _small(copy), _small(instead)))
    return cases


def _pixels(stores: Stores, limits: ImageSettings, entry: CatalogEntry | None) -> Pixels | None:
    try:
        return None if entry is None else pixels_of(entry, stores.sources, limits)
    except StoreError:
        raise
    except ImageSearchError:
        return None


def _small(rgb: Pixels | None) -> bytes | None:
    if rgb is None:
        return None
    picture = Image.fromarray(rgb)
    picture.thumbnail((SMALL_PX, SMALL_PX))
    file = BytesIO()
    picture.save(file, "WEBP", quality=80)
    return file.getvalue()
