"""The HTTP service as a plain ASGI application: no Serve in it, so that any server can run it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from imagesearch.errors import ImageSearchError
from serve_app.body_limit import BodyLimit
from serve_app.edge import Edge
from serve_app.gauges import watch
from serve_app.openapi import Api
from serve_app.problems import on_error, on_http, on_invalid_parameters
from serve_app.routes.changes import change_routes
from serve_app.routes.docs import docs_routes
from serve_app.routes.failures import failure_routes
from serve_app.routes.images import image_routes
from serve_app.routes.imports import import_routes
from serve_app.routes.page import page_routes
from serve_app.routes.search import search_routes
from serve_app.routes.service import service_routes
from serve_app.services import Services

TITLE = "Reverse image search"
VERSION = "1"

# What a body has beside one picture: the other fields of a form, or of JSON.
BODY_SLACK = 2**20


def create_api(services: Services, *, echoed: bool = False) -> FastAPI:
    """Build the application; its shutdown closes the services. `echoed`: whether the server answers a request's id by itself."""

    @asynccontextmanager
    async def lifespan(_api: FastAPI) -> AsyncIterator[None]:
        watching = asyncio.create_task(watch(services))
        yield
        watching.cancel()
        await asyncio.to_thread(services.close)

    # Base64 takes four bytes for three.
    max_body = services.images.max_bytes * 4 // 3 + BODY_SLACK
    api = Api(
        title=TITLE,
        version=VERSION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        # It would lead to whatever host the caller named.
        redirect_slashes=False,
        middleware=[
            Middleware(Edge, meter=services.meter, tracer=services.tracer, echoed=echoed),
            Middleware(BodyLimit, max_bytes=max_body, timeout_s=services.body_timeout_s),
        ],
        exception_handlers={
            ImageSearchError: on_error,
            RequestValidationError: on_invalid_parameters,
            HTTPException: on_http,
        },
    )
    # The first that matches serves, so what is called most comes first.
    api.include_router(search_routes(services))
    api.include_router(page_routes())
    api.include_router(docs_routes(TITLE))
    api.include_router(image_routes(services))
    api.include_router(change_routes(services))
    api.include_router(import_routes(services))
    api.include_router(failure_routes(services))
    api.include_router(service_routes(services))
    return api
