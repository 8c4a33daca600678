"""Imports as the service tells of them and its callers read them; times are ISO 8601 in UTC."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from imagesearch.answers import Answer
from imagesearch.types import ImportState


class Accepted(Answer):
    """An import that was asked for or steered; how it goes is told under `href`."""

    import_id: int
    state: ImportState
    href: str


class Fault(Answer):
    """A bad line of the source, by its number, or a picture that could not be loaded, by its log_id."""

    line: int | None
    log_id: int | None
    image_path: str
    code: str
    detail: str


class Failure(Answer):
    """Why the reading broke off."""

    code: str
    detail: str


class Counts(Answer):
    """Lines of the source: those `read` are `added` (new), `known` (added before) or `skipped`; of the latter some are `bad`."""

    read: int
    added: int
    known: int
    skipped: int
    bad: int


class Rows(Answer):
    """What became of the lines that were added."""

    pending: int
    loaded: int
    duplicate: int
    failed: int


class ImportItem(Answer):
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


class ImportPage(Answer):
    """Imports, newest first; `next` is the address of the following page, null at the end."""

    imports: list[ImportItem]
    next: str | None
