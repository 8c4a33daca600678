"""From the values of the core to what callers read."""

from __future__ import annotations

from typing import Any

from imagesearch.errors import ImageSearchError
from imagesearch.types import CatalogEntry, LogRow
from serve_app.answers import Added, HitView, ItemError, LoadError, LogEntry, PictureView, RankingView, Refused, SourceView
from serve_app.nearest import Ranking
from serve_app.problems import public_detail, status_of


def added(row: LogRow) -> Added:
    """Show an accepted add request."""
    return Added(log_id=row.log_id, state=row.state, href=f"/v1/add-log/{row.log_id}")


def added_or_refused(result: LogRow | ImageSearchError) -> Added | Refused:
    """Show the result of one item of a batch."""
    if isinstance(result, LogRow):
        return added(result)
    return Refused(
        error=ItemError(status=status_of(result), code=result.code, detail=public_detail(result), errors=result.data.get("errors"))
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


def hit(score: float, entry: CatalogEntry) -> HitView:
    """Show a picture that was found."""
    return HitView(score=score, **_members(entry))


def ranking(how: Ranking) -> RankingView:
    """Show how hits were ranked."""
    return RankingView(strategy="exact" if how.exact else "index", examined=how.examined, complete=how.complete)


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
