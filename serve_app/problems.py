"""Errors as HTTP: one table from error class to status, one body after RFC 9457, nothing of the inside of the service."""

from __future__ import annotations

import json
import logging
from http import HTTPStatus
from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import Scope

from imagesearch import errors
from imagesearch.errors import ImageSearchError
from serve_app.validation import invalid

logger = logging.getLogger(__name__)

STATUS: dict[type[ImageSearchError], int] = {
    errors.ImageSearchError: 500,
    errors.InputError: 422,
    errors.MalformedJson: 400,
    errors.BodyTooLarge: 413,
    errors.BodyTooSlow: 408,
    errors.UnknownImage: 404,
    errors.UnknownLog: 404,
    errors.NotLoadedYet: 503,
    errors.NotCalibrated: 409,
    errors.UnknownImport: 404,
    errors.UnknownNamespace: 404,
    errors.IdempotencyConflict: 409,
    errors.ImportConflict: 409,
    errors.ImportCancelled: 409,
    errors.UnknownKey: 404,
    errors.AccessError: 403,
    errors.Unauthorized: 401,
    errors.RateLimited: 429,
    errors.ImageError: 422,
    errors.EmptyImage: 415,
    errors.NotAnImage: 415,
    errors.TooManyBytes: 413,
    errors.TooManyPixels: 413,
    # A source is a server behind us, except where the caller named a place that cannot be or may not be read.
    errors.SourceError: 502,
    errors.SourceInvalid: 422,
    errors.SourceNotFound: 404,
    errors.SourceForbidden: 403,
    errors.SourceTimeout: 504,
    errors.EmbeddingFailed: 422,
    errors.StoreUnavailable: 503,
    errors.StoreBusy: 503,
    errors.Overloaded: 429,
    errors.DeadlineExceeded: 504,
}

# Queues empty within a forward pass or two; a store that went away is seldom back sooner than this.
RETRY_AFTER_S = {429: 1, 503: 5}


class ProblemResponse(JSONResponse):
    """A problem; the text is kept to ASCII, since a stranger's field name may hold what UTF-8 cannot carry."""

    media_type = "application/problem+json"

    def render(self, content: Any) -> bytes:
        """Write the body."""
        return json.dumps(content, separators=(",", ":")).encode("ascii")


def status_of(error: ImageSearchError) -> int:
    """Return the HTTP status of the nearest class that the table knows."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def public_detail(error: ImageSearchError) -> str:
    """Return what a caller may read of the error: its detail, except where that describes our own machines."""
    if isinstance(error, errors.StoreUnavailable | errors.StoreBusy):
        return f"the store {error.data.get('store', '')!r} does not answer; try again"
    if status_of(error) == 500:
        return "the service failed; the request_id finds the cause in its log"
    return error.detail


def request_id_of(scope: Scope) -> str:
    """Return the id that the edge gave the request, empty where there was no edge."""
    return str(scope.get("state", {}).get("request_id", ""))


def problem(scope: Scope, status: int, code: str, detail: str, **more: Any) -> ProblemResponse:
    """Build the response of any error; `more` become further members of the body."""
    scope.setdefault("state", {})["code"] = code
    body = {
        "type": f"urn:imagesearch:problem:{code}",
        "title": code.replace("_", " ").capitalize(),
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": request_id_of(scope),
        **more,
    }
    headers = {"Retry-After": str(RETRY_AFTER_S[status])} if status in RETRY_AFTER_S else {}
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if status == 408:
        # Else the server would go on taking what comes of the body, and the connection would outlive its request.
        headers["Connection"] = "close"
    return ProblemResponse(body, status, headers)


def problem_of(scope: Scope, error: ImageSearchError) -> ProblemResponse:
    """Build the response of an error of our own; one that is the service's fault is logged."""
    status = status_of(error)
    if status >= 500:
        cause = error if status == 500 else None
        logger.warning("%s: %r", error.code, error.detail, exc_info=cause, extra={"code": error.code})
    more = {"errors": error.data["errors"]} if "errors" in error.data else {}
    response = problem(scope, status, error.code, public_detail(error), **more)
    if "retry_after_s" in error.data:
        response.headers["Retry-After"] = str(error.data["retry_after_s"])
    return response


async def on_error(request: Request, exc: ImageSearchError) -> ProblemResponse:
    """Handle an error of our own tree."""
    return problem_of(request.scope, exc)


async def on_invalid_parameters(request: Request, exc: RequestValidationError) -> ProblemResponse:
    """Handle FastAPI's refusal of a path or query parameter."""
    return problem_of(request.scope, invalid(exc.errors(), skip=1))


async def on_http(request: Request, exc: HTTPException) -> ProblemResponse:
    """Handle the framework's own errors: no such route, no such method, a content type that is not taken."""
    response = problem(request.scope, exc.status_code, HTTPStatus(exc.status_code).name.lower(), str(exc.detail))
    response.headers.update(exc.headers or {})
    # The framework names the methods of the path's first route only; what the document does not show has one route.
    described = request.app.openapi()["paths"].get(getattr(request.scope.get("route"), "path", ""))
    if exc.status_code == 405 and described:
        response.headers["Allow"] = ", ".join(sorted(method.upper() for method in described))
    return response
