"""The client for asyncio: every call is a coroutine, of many an asynchronous iterator; for the rest it is like Client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

import httpx
from tenacity import AsyncRetrying

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


def _sent(make: Callable[P, Call[T]]) -> Callable[Concatenate[AsyncClient, P], Coroutine[Any, Any, T]]:
    async def method(self: AsyncClient, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await self.send(make(*args, **kwargs))

    return described_by(make, method)


def _paged(make: Callable[P, Call[Page[T]]]) -> Callable[Concatenate[AsyncClient, P], AsyncIterator[T]]:
    async def method(self: AsyncClient, /, *args: P.args, **kwargs: P.kwargs) -> AsyncIterator[T]:
        call: Call[Page[T]] | None = make(*args, **kwargs)
        while call is not None:
            page = await self.send(call)
            for item in page.items:
                yield item
            call = page.following(call)

    return described_by(make, method)


def _streamed(make: Callable[P, Call[httpx.Response]]) -> Callable[Concatenate[AsyncClient, P], AsyncIterator[str]]:
    async def method(self: AsyncClient, /, *args: P.args, **kwargs: P.kwargs) -> AsyncIterator[str]:
        response = await self.send(make(*args, **kwargs), stream=True)
        try:
            with unanswered(self.base_url):
                async for piece in response.aiter_text():
                    yield piece
        finally:
            await response.aclose()

    return described_by(make, method)


class AsyncClient:
    """Calls of one service, in one event loop. Close it, or use it in an `async with`.

    Its methods take the parameters of Client's and raise the same errors. Cancelling one ends its request.
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
        self._http = httpx.AsyncClient(**self._endpoint.http_options)

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

    async def wait_loaded(self, log_id: int, timeout_s: float = 300.0) -> LogEntry:
        """Ask until an add request is loaded, duplicate or failed, and return it. Raises NotLoadedYet when the time is over."""
        return await AsyncRetrying(**until_loaded(log_id, timeout_s))(self.add_log, log_id)

    @property
    def base_url(self) -> str:
        """Where the service is."""
        return self._endpoint.base_url

    async def send(self, call: Call[T], *, stream: bool = False) -> T:
        """Send a call, again where that is safe and may help, and return its answer; the body of a `stream` is left to be read."""
        # Files are read meanwhile, not by the event loop.
        outgoing = await asyncio.to_thread(self._endpoint.prepare, call)
        return await AsyncRetrying(**self._endpoint.retry.rules(call))(self._once, call, outgoing, stream)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def _once(self, call: Call[T], outgoing: Outgoing, stream: bool) -> T:
        with unanswered(self.base_url):
            response = await self._http.send(self._http.build_request(**outgoing.arguments()), stream=stream)
            try:
                if not response.is_success:
                    await response.aread()
                return read_answer(call, response, self.base_url)
            except BaseException:  # an interrupt, too, must not leave the connection taken
                await response.aclose()
                raise
