"""Single pictures: change what is said of them, delete them."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request

from imagesearch.answers import PictureView
from imagesearch.keys import Key, Role
from serve_app import openapi, views
from serve_app.body import read_json
from serve_app.changing import ChangeService
from serve_app.schemas import Id, ImagePatch
from serve_app.services import Services


def change_routes(services: Services) -> APIRouter:
    """Build the routes that change what lies under /v1/images/{milvus_id}."""
    router = APIRouter(tags=["images"])
    changing = ChangeService(services)
    may_change = Depends(services.gate.needs(Role.ADMIN))

    @router.patch(
        "/v1/images/{milvus_id}",
        openapi_extra=openapi.body(json=ImagePatch),
        responses=openapi.problems(s404="no such picture, or none of its sources has that log_id", s422="not an id, or wrong info"),
    )
    async def patch_image(request: Request, milvus_id: Id, caller: Key = may_change) -> PictureView:
        """Change `info`: keys that are given replace, null removes, others stay (RFC 7396)."""
        return views.picture(await changing.patch(milvus_id, await read_json(request, ImagePatch), caller))

    @router.delete(
        "/v1/images/{milvus_id}",
        status_code=204,
        responses=openapi.problems(s404="no such picture", s422="not an id"),
    )
    async def delete_image(milvus_id: Id, caller: Key = may_change) -> None:
        """Delete a picture with its sources; it is in no answer that comes after this one. Again is no error."""
        await changing.delete(milvus_id, caller)

    return router
