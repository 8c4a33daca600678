"""What travels over HTTP: the requests as callers write them and the answers as they read them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic import Strict as StrictType

from imagesearch.errors import InputError
from imagesearch.types import DEFAULT_NAMESPACE, MAX_ID, NAMESPACE_PATTERN, LogState
from serve_app.info import check_info
from serve_app.json_text import parse_json

MAX_BATCH_ITEMS = 1000
# UTF-8 takes four bytes a character at most, and SQL's TEXT 65,535 bytes.
MAX_PATH_CHARACTERS = 4096


class Message(BaseModel):
    """A body; a field that it does not know is an error, so that a typing slip is found."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def parse_info(text: object) -> object:
    """Read the form field `info`, which is JSON text; the type of what comes out is judged afterwards."""
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
    BeforeValidator(parse_info),
    WithJsonSchema({"type": "string", "contentMediaType": "application/json", "description": "a JSON object, 64 KiB at most"}),
]
Upload = Annotated[bytes, StrictType(), WithJsonSchema({"type": "string", "format": "binary", "description": "the picture"})]
TopK = Annotated[int, Field(ge=1, le=1000)]
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
    """Exactly one of `image_path`, `image_base64` and `milvus_id` says what to search by."""

    image_path: ImagePath | None = None
    image_base64: str | None = Field(None, description="the bytes of a picture in standard base64")
    milvus_id: Id | None = Field(None, description="a picture that is in the collection already")
    top_k: TopK = 10
    namespace: Namespace = DEFAULT_NAMESPACE


class SearchForm(Message):
    """A picture to search by."""

    file: Upload
    top_k: TopK = 10
    namespace: Namespace = DEFAULT_NAMESPACE


class PageQuery(Message):
    """Which page of the pictures."""

    limit: Annotated[int, Field(ge=1, le=1000)] = 100
    after: Annotated[int, Field(ge=0, le=MAX_ID, description="the last milvus_id of the page before")] = 0
    namespace: Namespace = DEFAULT_NAMESPACE


class ThumbnailQuery(Message):
    """How large a thumbnail."""

    size: Annotated[int, Field(ge=16, le=1024, description="the longest side, in pixels")] = 256


class FieldError(BaseModel):
    """A field that is wrong, and why."""

    field: str
    message: str


class Problem(BaseModel):
    """An error after RFC 9457; `code` is stable and for programs, `detail` is for people."""

    type: str = Field(examples=["urn:imagesearch:problem:unknown_image"])
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    errors: list[FieldError] | None = Field(None, description="the fields that are wrong, up to 20")


class Added(BaseModel):
    """An add request that was accepted; what becomes of it is told under `href`."""

    log_id: int
    state: LogState
    href: str


class ItemError(BaseModel):
    """Why one item of a batch was refused; the same members as a problem has."""

    status: int
    code: str
    detail: str
    errors: list[FieldError] | None = None


class Refused(BaseModel):
    """An item of a batch that was refused."""

    error: ItemError


class AddedBatch(BaseModel):
    """One result an item, in order."""

    results: list[Added | Refused]


class LoadError(BaseModel):
    """Why a picture was not loaded, or not yet."""

    code: str
    detail: str


class LogEntry(BaseModel):
    """What became of an add request; every state but `pending` is final. `error` may stand beside `pending`: it is tried again."""

    log_id: int
    state: LogState
    milvus_id: int | None
    attempts: int
    error: LoadError | None
    namespace: str
    image_path: str
    info: dict[str, Any]
    create_time: datetime
    load_time: datetime | None


class SourceView(BaseModel):
    """A place where the picture was seen, and what was said of it there."""

    image_path: str
    info: dict[str, Any]
    log_id: int
    create_time: datetime


class PictureView(BaseModel):
    """A distinct picture; `image_path` and `info` are those of its oldest source. Up to 100 sources are shown."""

    milvus_id: int
    namespace: str
    image_path: str | None
    info: dict[str, Any]
    sources: list[SourceView]
    width: int
    height: int
    format: str
    byte_size: int
    content_hash: str
    create_time: datetime


class HitView(PictureView):
    """A picture that was found; `score` is cosine similarity in [-1, 1]."""

    score: float


class PicturePage(BaseModel):
    """Pictures by milvus_id; `next` is the address of the following page, null at the end."""

    images: list[PictureView]
    next: str | None


class TimingView(BaseModel):
    """Milliseconds of each stage; 0 where a query does not need it. `decode` includes reading an `image_path`."""

    decode: float
    embed: float
    search: float
    metadata: float
    total: float


class SearchAnswer(BaseModel):
    """What was found, best first; `dropped` counts hits of the index that the catalog did not confirm."""

    hits: list[HitView]
    timing_ms: TimingView
    model: str
    dropped: int


class Stats(BaseModel):
    """Counts of all namespaces; `lag_s` is the age of the oldest request that still waits, in seconds."""

    pictures: int
    vectors: int
    pending: int
    failed: int
    lag_s: float | None
    model: str


class Health(BaseModel):
    """The process lives."""

    status: str


class StoreHealth(BaseModel):
    """One store: `up` or `down`, and how long its answer took."""

    state: str
    ms: float


class Readiness(BaseModel):
    """Every store by name."""

    ready: bool
    stores: dict[str, StoreHealth]


class NotReady(Problem):
    """Some stores do not answer."""

    down: list[str]
    stores: dict[str, StoreHealth]
