"""From the values of the core to what callers read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from pydantic_core import to_json

from config.sections import MilvusSettings
from imagesearch.answers import (
    Added,
    AreaView,
    CalibrationView,
    EmbeddedBy,
    HitView,
    IndexView,
    ItemError,
    LoadError,
    LogEntry,
    OverlapView,
    PictureView,
    RankingView,
    Refused,
    SearchAnswer,
    SourceView,
    TimingView,
    VerifiedView,
)
from imagesearch.errors import ImageSearchError
from imagesearch.images.overlap import Overlap
from imagesearch.stores.milvus.collection import search_params
from imagesearch.types import Calibrated, CatalogEntry, Embedded, LogRow
from serve_app.problems import public_detail, status_of
from serve_app.search import Found


def added(row: LogRow) -> Added:
    """Show an accepted add request."""
    return Added.model_validate(_accepted(row))


def added_batch(results: Iterable[LogRow | ImageSearchError]) -> bytes:
    """Show the results of a batch's items, as the JSON of an AddedBatch: a thousand answers take longer to build than to send."""
    return to_json({"results": [_accepted(one) if isinstance(one, LogRow) else _refused(one) for one in results]})


def _accepted(row: LogRow) -> dict[str, Any]:
    return {"log_id": row.log_id, "state": row.state, "href": f"/v1/add-log/{row.log_id}"}


def _refused(error: ImageSearchError) -> Refused:
    return Refused(
        error=ItemError(status=status_of(error), code=error.code, detail=public_detail(error), errors=error.data.get("errors"))
    )


def log_entry(row: LogRow) -> LogEntry:
    """Show what became of an add request."""
    error = None if row.error_code is None else LoadError(code=row.error_code, detail=row.error_detail or "")
    return LogEntry(
        log_id=row.log_id,
        state=row.state,
        milvus_id=row.milvus_id,
        attempts=row.attempts,
        error=error,
        namespace=row.namespace,
        image_path=row.image_path,
        info=dict(row.info),
        create_time=row.create_time,
        load_time=row.load_time,
    )


def picture(entry: CatalogEntry) -> PictureView:
    """Show a picture of the catalog."""
    return PictureView(**_members(entry))


def search_answer(found: Found, model: str, milvus: MilvusSettings) -> SearchAnswer:
    """Show what a search found."""
    ranking = found.ranking
    return SearchAnswer(
        hits=[
            HitView(
                score=hit.score,
                view=found.views[ranking.views.get(hit.entry.milvus_id, 0)],
                same=list(hit.same),
                verified=None if hit.verified is None else verified(hit.verified.overlap),
                kind=None if hit.verified is None else hit.verified.verdict.kind,
                probability=None if hit.verified is None else round(hit.verified.verdict.probability, 4),
                **_members(hit.entry),
            )
            for hit in found.hits
        ],
        timing_ms=TimingView(**found.timing_ms),
        model=model,
        dropped=ranking.dropped,
        ranking=RankingView(
            strategy="exact" if ranking.exact else "index",
            examined=ranking.examined,
            filtered=ranking.filtered,
            complete=ranking.complete,
        ),
        index=index(milvus, found.calibrated),
        lag_s=found.lag_s,
        embedded_by=None if found.embedded is None else _embedded_by(found.embedded),
        verified=found.verified,
        joined_by=found.joined_by,
    )


def verified(overlap: Overlap) -> VerifiedView:
    """Show what a hit has in common with the query."""
    return VerifiedView(
        inliers=overlap.inliers,
        pairs=overlap.pairs,
        agreement=round(overlap.agreement, 4),
        mirrored=overlap.mirrored,
        overlap=OverlapView(query=overlap.query, target=overlap.target),
        area=AreaView(query=list(overlap.query_area), target=list(overlap.target_area)),
    )


def index(settings: MilvusSettings, calibrated: Calibrated | None) -> IndexView:
    """Show the vector index, and what was chosen for one search."""
    params = search_params(settings, settings.metric, 0, None if calibrated is None else calibrated.effort)["params"]
    calibration = None if calibrated is None else CalibrationView(**asdict(calibrated))
    return IndexView(kind=settings.index, metric=settings.metric, params=params, calibration=calibration)


def _embedded_by(embedded: Embedded) -> EmbeddedBy:
    return EmbeddedBy(runtime=embedded.runtime, device=embedded.device, cold=embedded.cold)


def _members(entry: CatalogEntry) -> dict[str, Any]:
    sources = [
        SourceView(image_path=s.image_path, info=dict(s.info), log_id=s.log_id, create_time=s.create_time) for s in entry.sources
    ]
    return {
        "milvus_id": entry.milvus_id,
        "namespace": entry.namespace,
        "image_path": sources[0].image_path if sources else None,
        "info": sources[0].info if sources else {},
        "sources": sources,
        "width": entry.facts.width,
        "height": entry.facts.height,
        "format": entry.facts.format,
        "byte_size": entry.facts.byte_size,
        "content_hash": entry.facts.content_hash,
        "create_time": entry.create_time,
    }
