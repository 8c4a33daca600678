"""What callers say in JSON of what they search by: which picture or text, which part, how much of it; and what to add."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from imagesearch.client.call import given
from imagesearch.client.picture_file import Picture, upload
from imagesearch.types import DEFAULT_NAMESPACE


@dataclass(frozen=True, slots=True)
class Region:
    """A part of a picture, in fractions of its width and height as it stands upright, from the upper left corner."""

    x: float
    y: float
    w: float
    h: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureQuery:
    """A picture, or a text: exactly one of the members says which; `region`: only this part of the picture."""

    file: Picture | None = None
    image_path: str | None = None
    milvus_id: int | None = None
    vector: Iterable[float] | None = None
    text: str | None = None
    region: Region | None = None

    def members(self) -> dict[str, Any]:
        """Return it as the service reads it, but for a file, which is read when it is sent."""
        return given(
            image_base64=None if self.file is None else upload(self.file),
            image_path=self.image_path,
            milvus_id=self.milvus_id,
            # NumPy's own numbers are none that JSON knows.
            vector=None if self.vector is None else [float(value) for value in self.vector],
            text=self.text,
            region=None if self.region is None else asdict(self.region),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightedQuery(PictureQuery):
    """One of several; a negative weight leads away from it."""

    weight: float = 1.0

    def members(self) -> dict[str, Any]:
        """Return it as the service reads it."""
        # super() without arguments does not find its class in one that slots have made anew.
        return PictureQuery.members(self) | {"weight": self.weight}


@dataclass(frozen=True, slots=True)
class NewImage:
    """A picture to add by its place: an absolute path, file://, s3:// or http(s):// URI that the service may read."""

    image_path: str
    info: Mapping[str, Any] | None = None
    namespace: str = DEFAULT_NAMESPACE
    idempotency_key: str | None = None

    def members(self) -> dict[str, Any]:
        """Return it as the service reads it."""
        return given(
            image_path=self.image_path,
            info=None if self.info is None else dict(self.info),
            namespace=self.namespace,
            idempotency_key=self.idempotency_key,
        )
