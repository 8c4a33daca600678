"""Imports: ask for one, list them, look at one, steer it, and what went wrong in it."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response, StreamingResponse

from imagesearch.import_answers import Accepted, ImportPage, ImportView
from imagesearch.keys import Key, Role
from serve_app import import_views, openapi
from serve_app.body import read_json
from serve_app.import_events import import_events
from serve_app.importing import ImportService
from serve_app.schemas import Id, ImportPageQuery, ImportRequest
from serve_app.services import Services

TURNED = openapi.problems(s404="no such import", s409="its state does not allow that", s422="not an id")


def import_routes(services: Services) -> APIRouter:
    """Build the routes under /v1/imports."""
    router = APIRouter(tags=["imports"])
    may_add = Depends(services.gate.needs(Role.ADD))
    importing = ImportService(services)

    @router.post(
        "/v1/imports",
        status_code=202,
        openapi_extra=openapi.body(json=ImportRequest),
        responses=openapi.problems(
            s403="the source lies outside of what may be read",
            s404="nothing lies there",
            s409="the idempotency key was used for another source",
            s422="a field is wrong",
        ),
    )
    async def add_import(request: Request, response: Response, caller: Key = may_add) -> Accepted:
        """Import the pictures of a folder, a glob, an S3 prefix, a CSV, JSONL or Parquet, or a webdataset tar.

        Each line becomes an add request, a bad one is reported; the bulk load then loads them. Importing the same again adds only
        what is new or changed; asking again with the same `idempotency_key` answers the first import, and begins none.
        """
        message = await read_json(request, ImportRequest)
        caller.check_namespace(message.namespace)
        one = import_views.accepted(await importing.create(message))
        response.headers["Location"] = one.href
        return one

    @router.get("/v1/imports", responses=openapi.problems(s422="a parameter is wrong"))
    async def list_imports(page: Annotated[ImportPageQuery, Query()], caller: Key = may_add) -> ImportPage:
        """List imports, newest first; follow `next` until it is null."""
        if page.namespace is not None:
            caller.check_namespace(page.namespace)
        namespaces = caller.namespaces if page.namespace is None else [page.namespace]
        found = await services.sql.run(services.stores.imports.page, page.after, page.limit + 1, namespaces)
        shown = found[: page.limit]
        following = None
        if len(found) > page.limit:
            parameters: dict[str, object] = {"limit": page.limit, "after": shown[-1].import_id}
            if page.namespace is not None:
                parameters["namespace"] = page.namespace
            following = f"/v1/imports?{urlencode(parameters)}"
        return ImportPage(imports=[import_views.item(one) for one in shown], next=following)

    @router.post("/v1/imports/{import_id}:pause", responses=TURNED)
    async def pause_import(import_id: Id, caller: Key = may_add) -> Accepted:
        """Stop reading the source and loading its rows, until it is resumed; what is being loaded now is finished."""
        return import_views.accepted(await importing.pause(import_id, caller))

    @router.post("/v1/imports/{import_id}:resume", responses=TURNED)
    async def resume_import(import_id: Id, caller: Key = may_add) -> Accepted:
        """Go on with an import that is paused, broke off, or lost its reader."""
        return import_views.accepted(await importing.resume(import_id, caller))

    @router.post("/v1/imports/{import_id}:cancel", responses=TURNED)
    async def cancel_import(import_id: Id, caller: Key = may_add) -> Accepted:
        """End an import for good: what waits of it is failed with the code import_cancelled, what was loaded stays."""
        return import_views.accepted(await importing.cancel(import_id, caller))

    # Behind the actions, whose paths it matches as well.
    @router.get("/v1/imports/{import_id}", responses=openapi.problems(s404="no such import", s422="not an id"))
    async def get_import(import_id: Id, caller: Key = may_add) -> ImportView:
        """Tell how far an import is."""
        return import_views.view(*await importing.look(import_id, caller))

    @router.get(
        "/v1/imports/{import_id}/events",
        response_class=Response,
        responses=openapi.problems(s404="no such import", s422="not an id") | {200: {"content": {"text/event-stream": {}}}},
    )
    async def get_import_events(import_id: Id, caller: Key = may_add) -> Response:
        """Tell how far an import is each time that changes: server-sent events `import`, whose data is what a GET of it answers.

        The stream ends when nothing moves any more by itself, and after 25 s; a caller who wants more asks again.
        """
        stream = await import_events(importing, import_id, caller)
        # A proxy that collects would keep the news back.
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(stream, media_type="text/event-stream", headers=headers)

    @router.get(
        "/v1/imports/{import_id}/errors.csv",
        response_class=Response,
        responses=openapi.problems(s404="no such import", s422="not an id") | {200: {"content": {"text/csv": {}}}},
    )
    async def get_import_errors(import_id: Id, caller: Key = may_add) -> Response:
        """Download all bad lines of the source (the first 10,000) and all rows that failed."""
        headers = {"Content-Disposition": f'attachment; filename="import-{import_id}-errors.csv"'}
        return StreamingResponse(await importing.errors_csv(import_id, caller), media_type="text/csv", headers=headers)

    return router
