"""The requests as callers write them, in forms and in JSON; those that search are in `queries`."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic import Strict as StrictType

from imagesearch.errors import InputError
from imagesearch.images.place import MAX_PATH_CHARACTERS
from imagesearch.info import check_info
from imagesearch.types import DEFAULT_NAMESPACE, MAX_ID, NAMESPACE_PATTERN
from serve_app.json_text import parse_json

MAX_BATCH_ITEMS = 1000
DIGITS = re.compile(r"[0-9]+", re.ASCII)


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


def in_digits(value: object) -> object:
    """Refuse other spellings of an integer than its digits: pydantic reads "0_1", " 1" and "1.0" as 1."""
    if isinstance(value, str) and not DIGITS.fullmatch(value):
        raise ValueError("is not written in digits")
    return value


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
    Field(
        pattern=r"^[!-~]{1,200}$", description="the same key with the same request again adds nothing and has the first one's id"
    ),
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
Id = Annotated[int, Field(ge=0, le=MAX_ID), BeforeValidator(in_digits)]


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


class ImagePatch(Message):
    """What to change of a picture."""

    info: Annotated[Info, Field(description="merged into the info of one source: null removes a key")]
    log_id: Annotated[
        Id | None, Field(description="of which source; the oldest, whose info is shown first, where none is named")
    ] = None


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
    idempotency_key: IdempotencyKey | None = None


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


class FailurePageQuery(Message):
    """Which page of the failures."""

    limit: Annotated[int, Field(ge=1, le=1000)] = 100
    after: Annotated[int, Field(ge=0, le=MAX_ID, description="the last log_id of the page before")] = 0
    namespace: Namespace = DEFAULT_NAMESPACE


class RetryRequest(Message):
    """Which failed add requests are tried again: those of a namespace, or of these only those of an import or with a code."""

    namespace: Namespace = DEFAULT_NAMESPACE
    import_id: Id | None = None
    code: Annotated[str | None, Field(pattern=r"^[a-z_]{1,64}$", description="the code of their error")] = None


class InfoKeysQuery(Message):
    """Of which namespace."""

    namespace: Namespace = DEFAULT_NAMESPACE


class ThumbnailQuery(Message):
    """How large a thumbnail."""

    size: Annotated[int, Field(ge=16, le=1024, description="the longest side, in pixels")] = 256
