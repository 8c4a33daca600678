"""The client for programs that wait: every call is a method, which returns when the service has answered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Concatenate, ParamSpec, Self, TypeVar

import httpx
from tenacity import Retrying

from imagesearch.answers import LogEntry
from imagesearch.client.call import Call, Page
from imagesearch.client.calls import adding, failing, importing, pictures, searching, service
from imagesearch.client.endpoint import Endpoint
from imagesearch.client.method import described_by
from imagesearch.client.outgoing import Outgoing
from imagesearch.client.problems import read_answer, unanswered
from imagesearch.client.retry import Retry, until_loaded

P = ParamSpec("P")
T = TypeVar("T")


def _sent(make: Callable[P, Call[T]]) -> Callable[Concatenate[Client, P], T]:
    def method(self: Client, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self.send(make(*args, **kwargs))

    return described_by(make, method)


def _paged(make: Callable[P, Call[Page[T]]]) -> Callable[Concatenate[Client, P], Iterator[T]]:
    def method(self: Client, /, *args: P.args, **kwargs: P.kwargs) -> Iterator[T]:
        call: Call[Page[T]] | None = make(*args, **kwargs)
        while call is not None:
            page = self.send(call)
            yield from page.items
            call = page.following(call)

    return described_by(make, method)


def _streamed(make: Callable[P, Call[httpx.Response]]) -> Callable[Concatenate[Client, P], Iterator[str]]:
    def method(self: Client, /, *args: P.args, **kwargs: P.kwargs) -> Iterator[str]:
        response = self.send(make(*args, **kwargs), stream=True)
        try:
            with unanswered(self.base_url):
                yield from response.iter_text()
        finally:
            response.close()

    return described_by(make, method)


class Client:
    """Calls of one service, from any thread. Close it, or use it in a `with`.

    Every call raises StoreUnavailable (its store is "service") when nothing answers or what answers is not the service, and the
    error that the service names otherwise; what of this passes is tried again as `retry` says. Files over `max_bytes` are not sent.
    The constructor raises ConfigError for a URL or a key that is none.
    """

    # The first search after a pause may wait for a replica that starts and loads its model.
    def __init__(
        self,
        base_url: str,
        api_key: str | None = None,
        *,
        max_bytes: int = 32 * 2**20,
        timeout_s: float = 90.0,
        retry: Retry = Retry(),  # noqa: B008 - a frozen value
    ) -> None:
        self._endpoint = Endpoint(base_url, api_key, max_bytes, timeout_s, retry)
        self._http = httpx.Client(**self._endpoint.http_options)

    add = _sent(adding.add)
    add_batch = _sent(adding.add_batch)
    add_log = _sent(adding.add_log)
    images = _paged(pictures.images)
    image = _sent(pictures.image)
    thumbnail = _sent(pictures.thumbnail)
    patch = _sent(pictures.patch)
    delete = _sent(pictures.delete)
    search = _sent(searching.search)
    compare = _sent(searching.compare)
    add_import = _sent(importing.add_import)
    imports = _paged(importing.imports)
    import_of = _sent(importing.import_of)
    pause_import = _sent(importing.pause_import)
    resume_import = _sent(importing.resume_import)
    cancel_import = _sent(importing.cancel_import)
    import_errors = _streamed(importing.import_errors)
    import_events = _streamed(importing.import_events)
    failures = _paged(failing.failures)
    retry_failures = _sent(failing.retry_failures)
    info_keys = _sent(searching.info_keys)
    stats = _sent(service.stats)
    health = _sent(service.health)
    ready = _sent(service.ready)

    def wait_loaded(self, log_id: int, timeout_s: float = 300.0) -> LogEntry:
        """Ask until an add request is loaded, duplicate or failed, and return it. Raises NotLoadedYet when the time is over."""
        return Retrying(**until_loaded(log_id, timeout_s))(self.add_log, log_id)

    @property
    def base_url(self) -> str:
        """Where the service is."""
        return self._endpoint.base_url

    def send(self, call: Call[T], *, stream: bool = False) -> T:
        """Send a call, again where that is safe and may help, and return its answer; the body of a `stream` is left to be read."""
        outgoing = self._endpoint.prepare(call)
        answer: T = Retrying(**self._endpoint.retry.rules(call))(self._once, call, outgoing, stream)
        return answer

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _once(self, call: Call[T], outgoing: Outgoing, stream: bool) -> T:
        with unanswered(self.base_url):
            response = self._http.send(self._http.build_request(**outgoing.arguments()), stream=stream)
            try:
                if not response.is_success:
                    response.read()
                return read_answer(call, response, self.base_url)
            except BaseException:  # an interrupt, too, must not leave the connection taken
                response.close()
                raise
