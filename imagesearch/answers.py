"""The answers as the service writes them and its callers read them; times are ISO 8601 in UTC."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from imagesearch.types import LogState


class Answer(BaseModel):
    """A part of an answer; members that only a newer service knows are left out."""

    model_config = ConfigDict(frozen=True)


class FieldError(Answer):
    """A field that is wrong, and why."""

    field: str
    message: str


class Problem(Answer):
    """An error after RFC 9457; `code` is stable and for programs, `detail` is for people."""

    type: str = Field(examples=["urn:imagesearch:problem:unknown_image"])
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    errors: list[FieldError] | None = Field(None, description="the fields that are wrong, up to 20")


class Added(Answer):
    """An add request that was accepted; what becomes of it is told under `href`."""

    log_id: int
    state: LogState
    href: str


class ItemError(Answer):
    """Why one item of a batch was refused; the same members as a problem has."""

    status: int
    code: str
    detail: str
    errors: list[FieldError] | None = None


class Refused(Answer):
    """An item of a batch that was refused."""

    error: ItemError


class AddedBatch(Answer):
    """One result an item, in order."""

    results: list[Added | Refused]


class LoadError(Answer):
    """Why a picture was not loaded, or not yet."""

    code: str
    detail: str


class LogEntry(Answer):
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


class SourceView(Answer):
    """A place where the picture was seen, and what was said of it there."""

    image_path: str
    info: dict[str, Any]
    log_id: int
    create_time: datetime


class PictureView(Answer):
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


class OverlapView(Answer):
    """How much of the area of each the two pictures have in common, in percent; 0 where nothing was found."""

    query: float
    target: float


class AreaView(Answer):
    """Where that lies: corners in fractions of each picture's width and height, as it stands upright; of a `region`, within it."""

    query: list[tuple[float, float]]
    target: list[tuple[float, float]]


class VerifiedView(Answer):
    """A hit held against the query. `inliers` of `pairs` like local features fit one map from one picture to the other.

    `agreement`, in [-1, 1]: how alike they are where that map lays them on each other. `mirrored`: the query's mirror image.
    """

    inliers: int
    pairs: int
    agreement: float
    mirrored: bool
    overlap: OverlapView
    area: AreaView


class HitView(PictureView):
    """A picture that was found; `score` is cosine similarity in [-1, 1].

    `view`: which view of the query it is near to. `same`: with `group`, further hits that look like this one, by milvus_id.
    `verified`: with `verify`, what came of holding it against the query. `class`: what it most probably is to the query, and with
    which `probability`: `exact` (the same picture, recompressed or resized at most), `edited` (a copy of it), `same_scene` (another
    picture, a part of which shows the same), `similar`. These three are left out where the hit was not verified.
    """

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True, serialize_by_alias=True)

    score: float
    view: str
    same: list[int]
    verified: VerifiedView | None = Field(None, exclude_if=lambda value: value is None)
    kind: Literal["exact", "edited", "same_scene", "similar"] | None = Field(
        None, alias="class", exclude_if=lambda value: value is None
    )
    probability: float | None = Field(None, exclude_if=lambda value: value is None)


class PicturePage(Answer):
    """Pictures by milvus_id; `next` is the address of the following page, null at the end."""

    images: list[PictureView]
    next: str | None


class TimingView(Answer):
    """Milliseconds of each stage; 0 where a query does not need it. `decode` includes reading an `image_path`.

    `wait` is for the `log_id`. `verify` is left out where nothing was to be verified.
    """

    wait: float
    decode: float
    embed: float
    search: float
    metadata: float
    verify: float | None = Field(None, exclude_if=lambda value: value is None)
    total: float


class RankingView(Answer):
    """How the hits were ranked.

    `index`: in the order of the vector index, of whose nearest `examined` those that match were taken, `filtered` did not.
    `exact`: those that match were compared with the query one by one. `complete` is false where the time for that
    (`filter.timeout_s`, `search.exact_timeout_s`) was over first: nearer pictures, or more of them, may exist.
    """

    strategy: Literal["index", "exact"]
    examined: int
    filtered: int
    complete: bool


class CalibrationView(Answer):
    """What searches with this effort found of the true `top_k` nearest, on average over `queries`, when it was measured."""

    effort: int
    recall: float
    top_k: int
    queries: int
    vectors: int
    create_time: datetime


class IndexView(Answer):
    """The vector index and what this search was done with; scores are cosine similarities whatever its metric.

    `calibration`: for a search that asks for a `recall`, what its parameters were chosen by.
    """

    kind: str
    metric: str
    params: dict[str, int]
    calibration: CalibrationView | None


class EmbeddedBy(Answer):
    """What ran the model for a search: torch, onnx or numpy, on cpu or cuda; `cold`: a stand-in, while the embedder started."""

    runtime: str
    device: str
    cold: bool


class SearchAnswer(Answer):
    """What was found, best first; `dropped` counts hits of the index that the catalog does not show: deleted, or not final yet.

    `embedded_by`: null where no model was needed, since the vector was given, in the index, or remembered.
    `lag_s` is the age, in seconds, of the oldest add request that is not searchable yet; null: all are. `verified`: how many of
    the nearest were held against the query within the time for that; left out where the search did not ask for it. `joined_by`: the
    version of the join that told their classes, 0 is the shipped one; left out where none was held.
    """

    hits: list[HitView]
    timing_ms: TimingView
    model: str
    dropped: int
    ranking: RankingView
    index: IndexView
    lag_s: float | None
    embedded_by: EmbeddedBy | None = None
    verified: int | None = Field(None, exclude_if=lambda value: value is None)
    joined_by: int | None = Field(None, exclude_if=lambda value: value is None)


class Comparison(Answer):
    """How alike two pictures are; `score` is cosine similarity in [-1, 1]."""

    score: float
    timing_ms: TimingView
    model: str


class Stats(Answer):
    """Counts of all namespaces; `lag_s` is the age of the oldest request that still waits, in seconds.

    `text`: whether the model has a text tower, so that words can be searched by.
    """

    pictures: int
    vectors: int
    pending: int
    failed: int
    lag_s: float | None
    model: str
    text: bool


class Health(Answer):
    """The process lives."""

    status: str


class StoreHealth(Answer):
    """One store: `up` or `down`, and how long its answer took."""

    state: str
    ms: float


class Readiness(Answer):
    """Every store by name."""

    ready: bool
    stores: dict[str, StoreHealth]


class NotReady(Problem):
    """Some stores do not answer."""

    down: list[str]
    stores: dict[str, StoreHealth]
