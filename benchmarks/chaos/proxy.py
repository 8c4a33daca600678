"""A TCP proxy that stands in front of a store and can make it slow."""

from __future__ import annotations

import asyncio
import threading

from cli.stack.ports import LOOPBACK

CHUNK = 65_536
TICK_S = 0.02


class Proxy:
    """Passes bytes on as they come. `delay_s` holds each piece of an answer back that long, or until it is shortened; asks are
    never held back.

    An own thread and event loop; a port that nobody listens on is told to the caller as a connection that ends.
    """

    def __init__(self, target: int) -> None:
        self.delay_s = 0.0
        self.port = 0
        self._target = target
        self._server: asyncio.Server | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)

    def start(self) -> None:
        """Listen at a free port of the loopback address, `port`."""
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(asyncio.start_server(self._connected, LOOPBACK, 0), self._loop).result()
        self.port = self._server.sockets[0].getsockname()[1]

    def stop(self) -> None:
        """End all connections."""
        if self._thread.is_alive():
            asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
        self._loop.close()

    async def _end(self) -> None:
        if self._server is not None:
            self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        # Once round, for the connections to be closed that the tasks have let go.
        await asyncio.sleep(0)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            behind, ahead = await asyncio.open_connection(LOOPBACK, self._target)
        except OSError:
            writer.close()
            return
        await asyncio.gather(self._pass(reader, ahead, slow=False), self._pass(behind, writer, slow=True))

    async def _hold_back(self) -> None:
        came = self._loop.time()
        while self._loop.time() < came + self.delay_s:  # noqa: ASYNC110 - `delay_s` is set by another thread, at any moment
            await asyncio.sleep(TICK_S)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, slow: bool) -> None:
        try:
            while data := await reader.read(CHUNK):
                if slow:
                    await self._hold_back()
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()
