"""Imports as callers read them; times are ISO 8601 in UTC."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field

from imagesearch.imports.progress import Progress
from imagesearch.stores.sql.import_errors import ImportFault
from imagesearch.types import Import, ImportState, LogState


class Accepted(BaseModel):
    """An import that was asked for or steered; how it goes is told under `href`."""

    import_id: int
    state: ImportState
    href: str


class Fault(BaseModel):
    """A bad line of the source, by its number, or a picture that could not be loaded, by its log_id."""

    line: int | None
    log_id: int | None
    image_path: str
    code: str
    detail: str


class Failure(BaseModel):
    """Why the reading broke off."""

    code: str
    detail: str


class Counts(BaseModel):
    """Lines of the source: those `read` are `added` (new), `known` (added before) or `skipped`; of the latter some are `bad`."""

    read: int
    added: int
    known: int
    skipped: int
    bad: int


class Rows(BaseModel):
    """What became of the lines that were added."""

    pending: int
    loaded: int
    duplicate: int
    failed: int


class ImportItem(BaseModel):
    """An import in a list."""

    import_id: int
    href: str
    namespace: str
    source: str
    state: ImportState = Field(description="how far the reading of the source is; its rows may wait when it is done")
    error: Failure | None
    lines: Counts
    total_lines: int | None = Field(description="estimated while it is read; null where nothing is known of the end")
    create_time: datetime
    start_time: datetime | None
    read_time: datetime | None = Field(description="when the source was read to its end")


class ImportView(ImportItem):
    """An import with its rows. `images_per_s` is that of the last minute, null while nothing is loaded."""

    rows: Rows
    finished: bool = Field(description="nothing of it will change any more")
    images_per_s: float | None
    eta_s: float | None = Field(description="seconds until all is loaded; null while that cannot be told")
    errors: list[Fault] = Field(description="the first 20; all of them under errors.csv")


class ImportPage(BaseModel):
    """Imports, newest first; `next` is the address of the following page, null at the end."""

    imports: list[ImportItem]
    next: str | None


def accepted(one: Import) -> Accepted:
    """Show what came of a request."""
    return Accepted(import_id=one.import_id, state=one.state, href=_href(one))


def item(one: Import) -> ImportItem:
    """Show an import in a list."""
    return ImportItem(
        import_id=one.import_id,
        href=_href(one),
        namespace=one.namespace,
        source=one.source,
        state=one.state,
        error=None if one.error_code is None else Failure(code=one.error_code, detail=one.error_detail or ""),
        lines=Counts(read=one.cursor.position, added=one.added, known=one.known, skipped=one.skipped, bad=one.bad),
        total_lines=one.total,
        create_time=one.create_time,
        start_time=one.start_time,
        read_time=one.read_time,
    )


def view(progress: Progress, errors: list[ImportFault]) -> ImportView:
    """Show an import."""
    rows = {str(state): progress.rows[state] for state in LogState}
    return ImportView(
        **item(progress.one).model_dump(),
        rows=Rows(**rows),
        finished=progress.finished,
        images_per_s=None if progress.images_per_s is None else round(progress.images_per_s, 3),
        eta_s=None if progress.eta_s is None else round(progress.eta_s, 1),
        errors=[Fault(line=one.line, log_id=one.log_id, image_path=one.place, code=one.code, detail=one.detail) for one in errors],
    )


def _href(one: Import) -> str:
    return f"/v1/imports/{one.import_id}"
