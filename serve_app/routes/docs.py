"""The page that shows every call, with its scripts from this service: it works where no other host is reached."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from fastapi import APIRouter
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

# Swagger UI as it is published; of the package only these files are used.
ASSETS = Path(str(files("fastapi_offline"))) / "static"
ASSETS_URL = "/docs/assets"


def docs_routes(title: str) -> APIRouter:
    """Build /docs and what it loads."""
    router = APIRouter(include_in_schema=False)

    @router.get("/docs")
    async def docs() -> HTMLResponse:
        return get_swagger_ui_html(
            openapi_url="/openapi.json",
            title=title,
            swagger_js_url=f"{ASSETS_URL}/swagger-ui-bundle.js",
            swagger_css_url=f"{ASSETS_URL}/swagger-ui.css",
            swagger_favicon_url=f"{ASSETS_URL}/favicon.png",
        )

    router.mount(ASSETS_URL, StaticFiles(directory=ASSETS))
    return router
