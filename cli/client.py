"""The service's HTTP interface, for programs on this side of it; its problems come back as the errors that they were."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self

import httpx

from config.settings import Settings
from imagesearch.errors import (
    EmptyImage,
    ImageSearchError,
    InputError,
    SourceForbidden,
    SourceNotFound,
    SourceUnavailable,
    StoreUnavailable,
    TooManyBytes,
)
from imagesearch.types import DEFAULT_NAMESPACE

# The first search after a pause may wait for a replica that starts and loads its model.
TIMEOUT = httpx.Timeout(90.0, connect=5.0)
THUMBNAIL_TYPES = ("image/webp", "image/jpeg", "image/png")


class Client:
    """Calls of one service. Close it, or use it in a `with`.

    Every call raises StoreUnavailable (its store is "service") when nothing answers or what answers is not the service, and the
    error that the service names otherwise.
    """

    def __init__(self, base_url: str, max_bytes: int = 32 * 2**20, api_key: str | None = None) -> None:
        self.base_url = base_url
        self._max_bytes = max_bytes
        # The environment's proxies are for the world outside, not for one's own service.
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._http = httpx.Client(base_url=base_url, timeout=TIMEOUT, trust_env=False, headers=headers)

    def search_file(
        self,
        picture: Path | bytes,
        top_k: int = 10,
        namespace: str = DEFAULT_NAMESPACE,
        wanted: Mapping[str, Any] | None = None,
        how: Mapping[str, bool] | None = None,
    ) -> dict[str, Any]:
        """Search by a picture among those that the filter `wanted` matches; returns the answer of POST /v1/search.

        `how` says which of `flips`, `group` and `exact` are wanted.

        Raises SourceError for a file that cannot be read.
        """
        fields = {"top_k": str(top_k), "namespace": namespace} | ({"filter": json.dumps(dict(wanted))} if wanted else {})
        fields |= {name: "true" for name, on in (how or {}).items() if on}
        return self._json("hits", "POST", "/v1/search", data=fields, files=self._form(picture))

    def search_text(
        self,
        text: str,
        top_k: int = 10,
        namespace: str = DEFAULT_NAMESPACE,
        wanted: Mapping[str, Any] | None = None,
        how: Mapping[str, bool] | None = None,
    ) -> dict[str, Any]:
        """Search by what is on the pictures, as `search_file` does by a picture. Raises NoTextSearch where the model takes none."""
        body = {"text": text, "top_k": top_k, "namespace": namespace} | ({"filter": dict(wanted)} if wanted else {})
        return self._json("hits", "POST", "/v1/search", json=body | {name: True for name, on in (how or {}).items() if on})

    def add_file(
        self, picture: Path | bytes, info: Mapping[str, Any] | None = None, namespace: str = DEFAULT_NAMESPACE
    ) -> dict[str, Any]:
        """Ask for a picture to be added; returns {log_id, state, href}. Raises SourceError for a file that cannot be read."""
        fields = {"info": json.dumps(dict(info or {})), "namespace": namespace}
        return self._json("log_id", "POST", "/v1/images", data=fields, files=self._form(picture))

    def thumbnail(self, milvus_id: int, size: int = 256) -> tuple[str, bytes]:
        """Return the picture as (media type, bytes), its longest side at most `size` pixels."""
        answer = self._send("GET", f"/v1/images/{milvus_id}/thumbnail", params={"size": size})
        media_type = answer.headers.get("content-type", "")
        if media_type not in THUMBNAIL_TYPES:
            raise self._stranger(answer)
        return media_type, answer.content

    def imports(self, limit: int, namespace: str | None = None) -> list[dict[str, Any]]:
        """Return the newest imports, of one namespace or of all."""
        parameters = {"limit": limit} | ({} if namespace is None else {"namespace": namespace})
        found: list[dict[str, Any]] = self._json("imports", "GET", "/v1/imports", params=parameters)["imports"]
        return found

    def import_of(self, import_id: int) -> dict[str, Any]:
        """Return how far an import is. Raises UnknownImport."""
        return self._json("import_id", "GET", f"/v1/imports/{import_id}")

    def turn_import(self, import_id: int, verb: str) -> dict[str, Any]:
        """Pause, resume or cancel an import. Raises UnknownImport, ImportConflict."""
        return self._json("import_id", "POST", f"/v1/imports/{import_id}:{verb}")

    def import_errors(self, import_id: int) -> Iterator[str]:
        """Yield what went wrong in an import, as CSV, as it comes. Raises UnknownImport."""
        with self._http.stream("GET", f"/v1/imports/{import_id}/errors.csv") as answer:
            if answer.is_success and answer.headers.get("content-type", "").startswith("text/csv"):
                yield from answer.iter_text()
                return
        # What it is instead is told in full.
        raise self._stranger(self._send("GET", f"/v1/imports/{import_id}/errors.csv"))

    def stats(self) -> dict[str, Any]:
        """Return the counts of GET /v1/stats."""
        return self._json("pictures", "GET", "/v1/stats")

    def ready(self) -> dict[str, Any]:
        """Return {ready, stores} of GET /readyz; a store that is down raises StoreUnavailable, whose data names it."""
        return self._json("stores", "GET", "/readyz")

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _form(self, picture: Path | bytes) -> dict[str, tuple[str, bytes]]:
        # A name is needed for the part to be a file; the file's own is nobody's business.
        return {"file": ("picture", read_picture(picture, self._max_bytes) if isinstance(picture, Path) else picture)}

    def _json(self, member: str, method: str, path: str, **request: Any) -> dict[str, Any]:
        """Return the answer, a JSON object with at least this member."""
        answer = self._send(method, path, **request)
        body = _object(answer)
        if body is None or member not in body:
            raise self._stranger(answer)
        return body

    def _send(self, method: str, path: str, **request: Any) -> httpx.Response:
        try:
            answer = self._http.request(method, path, **request)
        except (httpx.ConnectError, httpx.ConnectTimeout) as exc:
            raise StoreUnavailable(
                f"no service answers at {self.base_url}; start it with `imagesearch up`", store="service"
            ) from exc
        except httpx.TimeoutException as exc:
            raise StoreUnavailable(f"the service at {self.base_url} did not answer in time", store="service") from exc
        except httpx.HTTPError as exc:
            raise StoreUnavailable(f"the service at {self.base_url} broke off: {exc}", store="service") from exc
        if answer.is_success:
            return answer
        problem = _object(answer)
        if problem is None or not isinstance(problem.get("code"), str):
            raise self._stranger(answer)
        raise _error(problem, answer.status_code)

    def _stranger(self, answer: httpx.Response) -> StoreUnavailable:
        return StoreUnavailable(
            f"what answers at {self.base_url} is not this service (HTTP {answer.status_code}); "
            "is another program on its port? see `imagesearch status`",
            store="service",
        )


def open_client(settings: Settings) -> Client:
    """Return a client of the service that the settings name."""
    host = f"[{settings.http.host}]" if ":" in settings.http.host else settings.http.host
    api_key = settings.api_key.get_secret_value() if settings.api_key else None
    return Client(f"http://{host}:{settings.http.port}", settings.images.max_bytes, api_key)


def read_picture(path: Path, max_bytes: int) -> bytes:
    """Return the bytes of a file that the user named. Raises SourceError or one of its kinds, TooManyBytes, EmptyImage."""
    try:
        if not path.is_file():
            raise SourceNotFound(f"{path}: no file of this name")
        with path.open("rb") as file:
            data = file.read(max_bytes + 1)
    except PermissionError as exc:
        raise SourceForbidden(f"{path} may not be read") from exc
    except OSError as exc:
        raise SourceUnavailable(f"{path} cannot be read: {exc.strerror}") from exc
    if len(data) > max_bytes:
        raise TooManyBytes(f"{path} has more than {max_bytes} bytes")
    if not data:
        raise EmptyImage(f"{path} has no bytes")
    return data


def _object(answer: httpx.Response) -> dict[str, Any] | None:
    try:
        body = answer.json()
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def _error(problem: Mapping[str, Any], status: int) -> ImageSearchError:
    """Return the error of the tree that the problem tells of; one of a newer service by its nearest relative."""
    known = {kind.code: kind for kind in _kinds(ImageSearchError)}
    kind = known.get(problem["code"], InputError if status < 500 else ImageSearchError)
    detail = str(problem.get("detail") or problem["code"])
    store = {"store": "service"} if issubclass(kind, StoreUnavailable) else {}
    members = {key: problem[key] for key in ("request_id", "errors", "down", "stores") if key in problem}
    return kind(detail, status=status, **store, **members)


def _kinds(kind: type[ImageSearchError]) -> Iterator[type[ImageSearchError]]:
    yield kind
    for narrower in kind.__subclasses__():
        yield from _kinds(narrower)
