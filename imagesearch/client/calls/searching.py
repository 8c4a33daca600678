"""Searching by pictures and by texts, and comparing two."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from imagesearch.answers import Comparison, SearchAnswer
from imagesearch.client.call import Call, given
from imagesearch.client.picture_file import Picture, upload
from imagesearch.client.query import PictureQuery, Region, WeightedQuery
from imagesearch.client.reading import model
from imagesearch.info_answers import InfoKeyList
from imagesearch.types import DEFAULT_NAMESPACE


def search(
    file: Picture | None = None,
    top_k: int = 10,
    namespace: str = DEFAULT_NAMESPACE,
    *,
    image_path: str | None = None,
    milvus_id: int | None = None,
    vector: Iterable[float] | None = None,
    text: str | None = None,
    queries: Sequence[WeightedQuery] | None = None,
    region: Region | None = None,
    filter: Mapping[str, Any] | None = None,
    offset: int = 0,
    min_score: float = -1.0,
    flips: bool = False,
    group: bool = False,
    exact: bool = False,
    recall: float | None = None,
    verify: bool | Literal["auto"] | None = None,
    log_id: int | None = None,
    timeout_s: float | None = None,
) -> Call[SearchAnswer]:
    """Find the pictures nearest to a file of this side, or to what one of image_path, milvus_id, vector, text and queries says.

    `filter`: {"label": "cat", "size": {"gte": 3}}, with eq ne gt gte lt lte in. `flips`: also mirrored or turned. `group`: copies
    as one. `exact`: all that match are compared. `recall`: the share of the true nearest to be found. `verify`: the first hits are
    held against the picture; None: as the service is set. `log_id`: first wait until that add is loaded. `timeout_s`: what the
    caller would wait, all attempts together.

    Raises InputError for a wrong field, SourceError or ImageError for a picture that cannot be had or read, NoTextSearch where
    the model knows no words, UnknownNamespace, NotLoadedYet, Overloaded, DeadlineExceeded.
    """
    picture = PictureQuery(image_path=image_path, milvus_id=milvus_id, vector=vector, text=text, region=region).members()
    options = given(
        queries=None if queries is None else [query.members() for query in queries],
        filter=dict(filter) if filter else None,
        flips=flips,
        group=group,
        exact=exact,
        recall=recall,
        log_id=log_id,
    )
    # Here False says something: whatever verify.default is.
    options |= {} if verify is None else {"verify": verify}
    members = {"top_k": top_k, "offset": offset, "min_score": min_score, "namespace": namespace} | picture | options
    # The service judges what does not go together: a form knows no milvus_id.
    form, json = (None, members) if file is None else ({"file": upload(file), **members}, None)
    return Call("POST", "/v1/search", model(SearchAnswer), form=form, json=json, repeatable=True, timeout_s=timeout_s)


def compare(first: Picture | PictureQuery, second: Picture | PictureQuery, *, timeout_s: float | None = None) -> Call[Comparison]:
    """Say how alike two pictures are, files of this side or others. Raises what `search` raises."""
    sides = {"first": first, "second": second}
    form = {name: upload(side) for name, side in sides.items() if not isinstance(side, PictureQuery)}
    if len(form) == len(sides):
        return Call("POST", "/v1/compare", model(Comparison), form=form, repeatable=True, timeout_s=timeout_s)
    queries = {name: side if isinstance(side, PictureQuery) else PictureQuery(file=side) for name, side in sides.items()}
    json = {name: query.members() for name, query in queries.items()}
    return Call("POST", "/v1/compare", model(Comparison), json=json, repeatable=True, timeout_s=timeout_s)


def info_keys(namespace: str = DEFAULT_NAMESPACE) -> Call[InfoKeyList]:
    """List the keys of `info` that pictures of a namespace have, to build a `filter` of."""
    return Call("GET", "/v1/info-keys", model(InfoKeyList), query=given(namespace=namespace), repeatable=True)
