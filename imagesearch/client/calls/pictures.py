"""Pictures that were added: listed, read, seen, changed, deleted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

from imagesearch.answers import PicturePage, PictureView
from imagesearch.client import reading
from imagesearch.client.call import Call, Page, given
from imagesearch.client.reading import Thumbnail, model
from imagesearch.types import DEFAULT_NAMESPACE


def images(namespace: str = DEFAULT_NAMESPACE, *, page: int = 100, after: int = 0) -> Call[Page[PictureView]]:
    """Go through a namespace's pictures by milvus_id, those after the one given; `page` of them a request, 1,000 at most."""

    def read(response: httpx.Response) -> Page[PictureView]:
        answer = model(PicturePage)(response)
        return Page(answer.images, answer.next)

    return Call("GET", "/v1/images", read, query=given(limit=page, after=after, namespace=namespace), repeatable=True)


def image(milvus_id: int) -> Call[PictureView]:
    """Read one picture with its sources. Raises UnknownImage."""
    return Call("GET", f"/v1/images/{milvus_id:d}", model(PictureView), repeatable=True)


def thumbnail(milvus_id: int, size: int = 256) -> Call[Thumbnail]:
    """See one picture, its longest side at most `size` pixels (16 to 1,024). Raises UnknownImage, SourceError."""
    return Call("GET", f"/v1/images/{milvus_id:d}/thumbnail", reading.thumbnail, query={"size": size}, repeatable=True)


def patch(milvus_id: int, info: Mapping[str, Any], log_id: int | None = None) -> Call[PictureView]:
    """Merge into the info of one source: None removes a key; the source of that `log_id`, the oldest where none is named.

    Raises UnknownImage, UnknownLog.
    """
    members = {"info": dict(info)} | given(log_id=log_id)
    return Call("PATCH", f"/v1/images/{milvus_id:d}", model(PictureView), json=members, repeatable=True)


def delete(milvus_id: int) -> Call[None]:
    """Delete a picture with its sources; it is in no answer that comes after this one. Again is no error. Raises UnknownImage."""
    return Call("DELETE", f"/v1/images/{milvus_id:d}", reading.nothing, repeatable=True)
