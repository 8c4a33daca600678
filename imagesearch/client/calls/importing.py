"""Imports: asked for, listed, looked at, steered, and what went wrong in them."""

from __future__ import annotations

import httpx

from imagesearch.client import reading
from imagesearch.client.call import Call, Page, given
from imagesearch.client.reading import model
from imagesearch.import_answers import Accepted, ImportItem, ImportPage, ImportView
from imagesearch.types import DEFAULT_NAMESPACE


def add_import(source: str, namespace: str = DEFAULT_NAMESPACE, *, idempotency_key: str | None = None) -> Call[Accepted]:
    """Import the pictures of a folder, a glob, an S3 prefix, a table or a tar that the service may read.

    With a key, the same call again answers the same import. Raises SourceError, IdempotencyConflict for a key of another source.
    """
    json = given(source=source, namespace=namespace, idempotency_key=idempotency_key)
    return Call("POST", "/v1/imports", model(Accepted), json=json, repeatable=idempotency_key is not None)


def imports(namespace: str | None = None, *, page: int = 100, after: int | None = None) -> Call[Page[ImportItem]]:
    """Go through the imports of one namespace or of all, newest first; `page` of them a request, 1,000 at most."""

    def read(response: httpx.Response) -> Page[ImportItem]:
        answer = model(ImportPage)(response)
        return Page(answer.imports, answer.next)

    return Call("GET", "/v1/imports", read, query=given(limit=page, after=after, namespace=namespace), repeatable=True)


def import_of(import_id: int) -> Call[ImportView]:
    """Tell how far an import is. Raises UnknownImport."""
    return Call("GET", f"/v1/imports/{import_id:d}", model(ImportView), repeatable=True)


def pause_import(import_id: int) -> Call[Accepted]:
    """Stop the reading and the loading until it is resumed. Raises UnknownImport, ImportConflict."""
    return Call("POST", f"/v1/imports/{import_id:d}:pause", model(Accepted))


def resume_import(import_id: int) -> Call[Accepted]:
    """Go on with an import that is paused, broke off, or lost its reader. Raises UnknownImport, ImportConflict."""
    return Call("POST", f"/v1/imports/{import_id:d}:resume", model(Accepted))


def cancel_import(import_id: int) -> Call[Accepted]:
    """End an import for good; what was loaded stays. Raises UnknownImport, ImportConflict."""
    return Call("POST", f"/v1/imports/{import_id:d}:cancel", model(Accepted))


def import_errors(import_id: int) -> Call[httpx.Response]:
    """Yield all that went wrong in an import as CSV, text as it comes. Raises UnknownImport, with the first piece."""
    return Call("GET", f"/v1/imports/{import_id:d}/errors.csv", reading.csv, repeatable=True)


def import_events(import_id: int) -> Call[httpx.Response]:
    """Yield how far an import is as server-sent events, text as it comes, until nothing moves. Raises UnknownImport."""
    return Call("GET", f"/v1/imports/{import_id:d}/events", reading.import_events, repeatable=True)
