"""From imports in the core to what callers read."""

from __future__ import annotations

from imagesearch.import_answers import Accepted, Counts, Failure, Fault, ImportItem, ImportView, Rows
from imagesearch.imports.progress import Progress
from imagesearch.stores.sql.import_errors import ImportFault
from imagesearch.types import Import, LogState


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
