"""The requests as callers write them, in forms and in JSON."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, WithJsonSchema
from pydantic import Strict as StrictType

from imagesearch.errors import InputError
from imagesearch.filters import Filter
from imagesearch.images.place import MAX_PATH_CHARACTERS
from imagesearch.info import check_info
from imagesearch.types import DEFAULT_NAMESPACE, MAX_ID, NAMESPACE_PATTERN
from serve_app.filter_field import FILTER_SCHEMA, read_filter
from serve_app.json_text import parse_json

MAX_BATCH_ITEMS = 1000
# The most that Milvus takes.
MAX_DIM = 32_768


class Message(BaseModel):
    """A body; a field that it does not know is an error, so that a typing slip is found."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def parse_field(text: object) -> object:
    """Read a form's field that is JSON text; the type of what comes out is judged afterwards."""
    try:
        data = text.encode() if isinstance(text, str) else text
        return parse_json(data) if isinstance(data, bytes) else data
    except InputError as exc:
        # Pydantic turns only its own errors and this one into an error of the field.
        raise ValueError(exc.detail) from None


Namespace = Annotated[str, Field(pattern=NAMESPACE_PATTERN)]
ImagePath = Annotated[
    str,
    Field(
        min_length=1,
        max_length=MAX_PATH_CHARACTERS,
        description="an absolute path, file://, s3:// or http(s):// URI",
        examples=["s3://bucket/cats/1.jpg"],
    ),
]
IdempotencyKey = Annotated[
    str,
    Field(pattern=r"^[!-~]{1,200}$", description="the same key with the same request again adds nothing and has the first log_id"),
]
Info = Annotated[
    dict[str, Any], AfterValidator(check_info), Field(description="what you say of the picture; 64 KiB of JSON at most")
]
InfoText = Annotated[
    Info,
    BeforeValidator(parse_field),
    WithJsonSchema({"type": "string", "contentMediaType": "application/json", "description": "a JSON object, 64 KiB at most"}),
]
Upload = Annotated[bytes, StrictType(), WithJsonSchema({"type": "string", "format": "binary", "description": "the picture"})]
TopK = Annotated[int, Field(ge=1, le=1000)]
Offset = Annotated[int, Field(ge=0, le=10_000, description="how many of the nearest are left out")]
MinScore = Annotated[float, Field(ge=-1, le=1, allow_inf_nan=False, description="pictures with a lower score are left out")]
GivenVector = Annotated[
    list[Annotated[float, Field(allow_inf_nan=False)]],
    Field(max_length=MAX_DIM, fail_fast=True, description="a vector of the model's dimension, of any length but 0"),
]
FilterJson = Annotated[Filter, PlainValidator(read_filter), WithJsonSchema(FILTER_SCHEMA)]
FilterText = Annotated[
    Filter,
    PlainValidator(lambda text: read_filter(parse_field(text))),
    WithJsonSchema({"type": "string", "contentMediaType": "application/json", "contentSchema": FILTER_SCHEMA}),
]
Id = Annotated[int, Field(ge=0, le=MAX_ID)]


class AddItem(Message):
    """A picture to add by its place; it is fetched when it is loaded, not now."""

    image_path: ImagePath
    info: Info = Field(default_factory=dict)
    namespace: Namespace = DEFAULT_NAMESPACE
    idempotency_key: IdempotencyKey | None = None


class AddForm(Message):
    """A picture to add by its bytes."""

    file: Upload
    info: InfoText = Field(default_factory=dict)
    namespace: Namespace = DEFAULT_NAMESPACE
    idempotency_key: IdempotencyKey | None = None


class AddBatch(Message):
    """Up to 1,000 pictures to add by their places; each item is judged alone."""

    images: Annotated[
        list[Any],
        Field(max_length=MAX_BATCH_ITEMS),
        WithJsonSchema({"type": "array", "maxItems": MAX_BATCH_ITEMS, "items": {"$ref": "#/components/schemas/AddItem"}}),
    ]


class SearchQuery(Message):
    """Exactly one of `image_path`, `image_base64`, `milvus_id` and `vector` says what to search by."""

    image_path: ImagePath | None = None
    image_base64: str | None = Field(None, description="the bytes of a picture in standard base64")
    milvus_id: Id | None = Field(None, description="a picture that is in the collection already")
    vector: GivenVector | None = None
    top_k: TopK = 10
    offset: Offset = 0
    min_score: MinScore = -1.0
    filter: FilterJson = Field(default_factory=Filter)
    namespace: Namespace = DEFAULT_NAMESPACE


class SearchForm(Message):
    """A picture to search by."""

    file: Upload
    top_k: TopK = 10
    offset: Offset = 0
    min_score: MinScore = -1.0
    filter: FilterText = Field(default_factory=Filter)
    namespace: Namespace = DEFAULT_NAMESPACE


class ImportRequest(Message):
    """A source of pictures to import."""

    source: Annotated[
        str,
        Field(
            min_length=1,
            max_length=MAX_PATH_CHARACTERS,
            description="the absolute path or s3:// address of a folder, a glob, a .csv, .tsv, .jsonl, .ndjson, .parquet or .tar",
            examples=["s3://bucket/cats/", "/srv/pictures/**/*.jpg", "s3://bucket/sets/train.parquet"],
        ),
    ]
    namespace: Namespace = DEFAULT_NAMESPACE


class ImportPageQuery(Message):
    """Which page of the imports."""

    limit: Annotated[int, Field(ge=1, le=1000)] = 100
    after: Annotated[int | None, Field(ge=0, le=MAX_ID, description="the last import_id of the page before")] = None
    namespace: Namespace | None = None


class PageQuery(Message):
    """Which page of the pictures."""

    limit: Annotated[int, Field(ge=1, le=1000)] = 100
    after: Annotated[int, Field(ge=0, le=MAX_ID, description="the last milvus_id of the page before")] = 0
    namespace: Namespace = DEFAULT_NAMESPACE


class ThumbnailQuery(Message):
    """How large a thumbnail."""

    size: Annotated[int, Field(ge=16, le=1024, description="the longest side, in pixels")] = 256
