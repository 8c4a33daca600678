"""Pictures: add them, list them, read one, see one."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Header, Query, Request
from starlette.responses import Response

from imagesearch.answers import Added, AddedBatch, PicturePage, PictureView
from imagesearch.keys import Key, Role
from serve_app import openapi, views
from serve_app.add import AddService
from serve_app.body import read_form_or_json, read_json
from serve_app.etag import has_copy
from serve_app.schemas import AddBatch, AddForm, AddItem, Id, PageQuery, ThumbnailQuery
from serve_app.services import Services
from serve_app.thumbnails import ThumbnailService

# Under one id lie the same bytes for ever; but a picture may be deleted, and no shared cache may outlive that.
THUMBNAIL_CACHE = "private, max-age=86400"


def image_routes(services: Services) -> APIRouter:
    """Build the routes under /v1/images."""
    router = APIRouter(tags=["images"])
    catalog = services.stores.catalog
    may_add, may_search = Depends(services.gate.needs(Role.ADD)), Depends(services.gate.needs(Role.SEARCH))
    adding = AddService(services)
    thumbnails = ThumbnailService(services)

    @router.post(
        "/v1/images",
        status_code=202,
        openapi_extra=openapi.body(form=AddForm, json=AddItem),
        responses=openapi.problems(
            s409="the idempotency key was used for another request",
            s413="too many bytes or pixels",
            s415="not a picture, or not a content type that is taken",
            s422="a field is wrong",
        ),
    )
    async def add_image(request: Request, caller: Key = may_add) -> Added:
        """Add a picture, by its bytes in a form or by its place in JSON; it is searchable once it was loaded."""
        message = await read_form_or_json(request, AddForm, AddItem)
        caller.check_namespace(message.namespace)
        return views.added(await (adding.upload(message) if isinstance(message, AddForm) else adding.path(message)))

    @router.post(
        "/v1/images:batch",
        status_code=202,
        response_model=AddedBatch,
        openapi_extra=openapi.body(json=AddBatch),
        responses=openapi.problems(s422="more than 1,000 items, or not a list of images"),
    )
    async def add_images(request: Request, caller: Key = may_add) -> Response:
        """Add up to 1,000 pictures by their places; one bad item fails alone."""
        batch = await read_json(request, AddBatch)
        results = await adding.paths(batch.images, caller)
        return Response(views.added_batch(results), status_code=202, media_type="application/json")

    @router.get("/v1/images", responses=openapi.problems(s422="a parameter is wrong"))
    async def list_images(page: Annotated[PageQuery, Query()], caller: Key = may_search) -> PicturePage:
        """List a namespace's pictures by milvus_id; follow `next` until it is null."""
        caller.check_namespace(page.namespace)
        # One more than shown tells whether there is a next page.
        entries = await services.sql.run(catalog.page, page.namespace, page.after, page.limit + 1)
        shown = entries[: page.limit]
        following = None
        if len(entries) > page.limit:
            parameters = {"limit": page.limit, "after": shown[-1].milvus_id, "namespace": page.namespace}
            following = f"/v1/images?{urlencode(parameters)}"
        return PicturePage(images=[views.picture(entry) for entry in shown], next=following)

    @router.get("/v1/images/{milvus_id}", responses=openapi.problems(s404="no such picture", s422="not an id"))
    async def get_image(milvus_id: Id, caller: Key = may_search) -> PictureView:
        """Read one picture with its sources."""
        return views.picture(await services.entry(milvus_id, caller))

    @router.get(
        "/v1/images/{milvus_id}/thumbnail",
        response_class=Response,
        responses=openapi.problems(s404="no such picture, or its bytes are gone", s422="not an id, or a size out of range")
        | {200: {"content": {"image/webp": {}}}, 304: {"description": "the copy that the caller has is good"}},
    )
    async def get_thumbnail(
        milvus_id: Id,
        query: Annotated[ThumbnailQuery, Query()],
        if_none_match: Annotated[str, Header()] = "",
        caller: Key = may_search,
    ) -> Response:
        """See one picture, small, as WebP."""
        entry = await services.entry(milvus_id, caller)
        etag = thumbnails.etag(entry, query.size)
        headers = {"ETag": etag, "Cache-Control": THUMBNAIL_CACHE}
        if has_copy(if_none_match, etag):
            return Response(status_code=304, headers=headers)
        return Response(await thumbnails.render(entry, query.size), media_type="image/webp", headers=headers)

    return router
