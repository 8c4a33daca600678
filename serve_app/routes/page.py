"""The page for people, at / : it uses the calls of the contract and nothing else."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from serve_app.etag import has_copy
from serve_app.page_files import INDEX, PageFile, PageFiles

# Only what this service serves is loaded and asked; pictures may come out of memory, too: a file that was chosen, a thumbnail that
# needed a key. Nothing is taken from a text, and nobody frames the page.
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
    )
)
HARDENED = {"Content-Security-Policy": POLICY, "Referrer-Policy": "no-referrer", "Cross-Origin-Opener-Policy": "same-origin"}

ALWAYS_ASK = "no-cache"
FOR_EVER = "public, max-age=31536000, immutable"


def page_routes() -> APIRouter:
    """Build / and what it loads, below /page/."""
    router = APIRouter(include_in_schema=False)
    files = PageFiles()

    @router.get("/")
    async def index(request: Request) -> Response:
        page = files.get(INDEX)
        assert page is not None  # noqa: S101 - a part of the package
        return _sent(request, page, ALWAYS_ASK)

    @router.get("/page/{version}/{name}")
    async def part(request: Request, version: str, name: str) -> Response:
        page = files.get(name)
        if page is None:
            raise HTTPException(404)
        # While a new version is rolled out, the page of one replica may load a module from another: that one is not kept.
        return _sent(request, page, FOR_EVER if version == files.version else ALWAYS_ASK)

    return router


def _sent(request: Request, page: PageFile, cache: str) -> Response:
    headers = HARDENED | {"ETag": page.etag, "Cache-Control": cache, "Vary": "Accept-Encoding"}
    if has_copy(request.headers.get("if-none-match", ""), page.etag):
        return Response(status_code=304, headers=headers)
    packs = "gzip" in request.headers.get("accept-encoding", "") and len(page.packed) < len(page.data)
    if packs:
        headers["Content-Encoding"] = "gzip"
    return Response(page.packed if packs else page.data, media_type=page.media_type, headers=headers)
