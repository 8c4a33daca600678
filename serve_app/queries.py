"""The searches as callers write them, in forms and in JSON."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, ConfigDict, Field, PlainValidator, WithJsonSchema, model_validator

from imagesearch.filters import Filter
from imagesearch.types import DEFAULT_NAMESPACE
from serve_app.filter_field import FILTER_SCHEMA, read_filter
from serve_app.schemas import Id, ImagePath, Message, Namespace, Upload, parse_field

# The most that Milvus takes.
MAX_DIM = 32_768
MAX_QUERIES = 16
MAX_GROUPS = 1000
MAX_TEXT = 1000

GivenVector = Annotated[
    list[Annotated[float, Field(allow_inf_nan=False)]],
    Field(max_length=MAX_DIM, fail_fast=True, description="a vector of the model's dimension, of any length but 0"),
]
Text = Annotated[
    str,
    Field(
        max_length=MAX_TEXT,
        pattern=r"\S",
        description="words for what is on the picture, for models with a text tower; what is too long for the model is cut off",
        examples=["a red car"],
    ),
]
FilterJson = Annotated[Filter, PlainValidator(read_filter), WithJsonSchema(FILTER_SCHEMA)]
FilterText = Annotated[
    Filter,
    PlainValidator(lambda text: read_filter(parse_field(text))),
    WithJsonSchema({"type": "string", "contentMediaType": "application/json", "contentSchema": FILTER_SCHEMA}),
]
Fraction = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class Region(Message):
    """A part of a picture, in fractions of its width and height as it stands upright, from the upper left corner."""

    x: Fraction
    y: Fraction
    w: Fraction
    h: Fraction

    @model_validator(mode="after")
    def _lies_within(self) -> Region:
        if not (self.w > 0 and self.h > 0):
            raise ValueError("has no area")
        # Fractions of whole pixels add up to a little over 1.
        if self.x + self.w > 1 + 1e-6 or self.y + self.h > 1 + 1e-6:
            raise ValueError("reaches beyond the picture")
        return self


RegionText = Annotated[
    Region,
    BeforeValidator(parse_field),
    WithJsonSchema(
        {"type": "string", "contentMediaType": "application/json", "description": 'as JSON: {"x":0,"y":0,"w":0.5,"h":0.5}'}
    ),
]


class PictureQuery(Message):
    """Exactly one of `image_path`, `image_base64`, `milvus_id`, `vector` and `text` says which picture, or what is on it."""

    image_path: ImagePath | None = None
    image_base64: str | None = Field(None, description="the bytes of a picture in standard base64")
    milvus_id: Id | None = Field(None, description="a picture that is in the collection already")
    vector: GivenVector | None = None
    text: Text | None = None
    region: Region | None = Field(None, description="only this part of the picture; of one in the collection, of its file")


class WeightedQuery(PictureQuery):
    """One picture or text of several; a negative weight leads away from it."""

    weight: Annotated[float, Field(ge=-100, le=100, allow_inf_nan=False)] = 1.0


class Options(Message):
    """What is wanted, whatever it is searched by."""

    top_k: Annotated[int, Field(ge=1, le=1000)] = 10
    offset: Annotated[int, Field(ge=0, le=10_000, description="how many of the nearest are left out")] = 0
    min_score: Annotated[
        float, Field(ge=-1, le=1, allow_inf_nan=False, description="pictures with a lower score are left out")
    ] = -1.0
    namespace: Namespace = DEFAULT_NAMESPACE
    flips: bool = Field(
        False,
        description="also search by the mirror image and by the picture turned by 90, 180 and 270 degrees; the best score counts",
    )
    exact: bool = Field(False, description="compare all that match one by one, for as long as search.exact_timeout_s")
    recall: Annotated[float | None, Field(gt=0, le=1, allow_inf_nan=False)] = Field(
        None, description="the share of the true nearest that is to be found; the index looks as far as that takes"
    )
    group: bool = Field(
        False, description="show hits that look the same as one, with the others under `same`; offset and top_k are 1,000 together"
    )
    verify: bool | Literal["auto"] | None = Field(
        None,
        description="hold the first hits against the query's; auto: up to a sure copy, unless one is clear; null: verify.default",
    )
    log_id: Id | None = Field(None, description="first wait until this add request is loaded, for as long as search.wait_s")
    consistency: Literal["token"] | None = Field(None, description="token: as log_id, which has to be there, says by itself")

    @model_validator(mode="after")
    def _a_token_is_there(self) -> Self:
        if self.consistency == "token" and self.log_id is None:
            raise ValueError("consistency: token needs the log_id of an add request")
        return self

    @model_validator(mode="after")
    def _groups_are_bounded(self) -> Self:
        if self.group and self.offset + self.top_k > MAX_GROUPS:
            raise ValueError(f"group: offset and top_k are {self.offset + self.top_k} together, the limit is {MAX_GROUPS}")
        return self


class SearchQuery(Options, PictureQuery):
    """Exactly one of `image_path`, `image_base64`, `milvus_id`, `vector`, `text` and `queries` says what to search by."""

    # Else the page of the API shows a body with all of them, which is refused.
    model_config = ConfigDict(json_schema_extra={"examples": [{"milvus_id": 1, "top_k": 5, "filter": {"label": "cat"}}]})

    queries: Annotated[list[WeightedQuery], Field(min_length=1, max_length=MAX_QUERIES)] | None = Field(
        None, description="several pictures and texts: their vectors are added by weight"
    )
    filter: FilterJson = Field(default_factory=Filter)


class SearchForm(Options):
    """A picture to search by."""

    file: Upload
    region: RegionText | None = None
    filter: FilterText = Field(default_factory=Filter)


class CompareQuery(Message):
    """Two pictures, or one and a text."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"first": {"milvus_id": 1}, "second": {"milvus_id": 2}}]})

    first: PictureQuery
    second: PictureQuery


class CompareForm(Message):
    """Two pictures by their bytes."""

    first: Upload
    second: Upload


SEARCH_BODIES: tuple[type[Message], ...] = (SearchForm, SearchQuery, CompareForm, CompareQuery)
