"""The process of a Listener; `python -m imagesearch.stores.stream.listening FD`, answers what it is asked over that socket."""

from __future__ import annotations

import faulthandler
import logging
import os
import signal
import sys
import traceback
from contextlib import suppress
from logging.handlers import QueueHandler
from multiprocessing.connection import Connection
from queue import SimpleQueue

from imagesearch.errors import ImageSearchError
from imagesearch.stores.stream.announcements import KafkaAnnouncements


def main() -> None:
    """Serve until the other end is closed, also by the death of its process. Lines of the log go along with the answers."""
    faulthandler.enable()
    # A signal to all processes of a job is for the load: it finishes what it holds, and closes this one then.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    code = 0
    try:
        serve(Connection(int(sys.argv[1])))
    except Exception:  # noqa: BLE001  # a fault of ours: told, and the process still ends at once
        traceback.print_exc()
        code = 1
    # The library's threads may wait for a broker that is gone, and this process for them, without end.
    os._exit(code)


def serve(line: Connection) -> None:
    """Open the stream by the first request, and answer the others by its methods."""
    lines: SimpleQueue[logging.LogRecord] = SimpleQueue()
    logging.getLogger().addHandler(QueueHandler(lines))
    stream: KafkaAnnouncements | None = None
    name = ""
    while name != "close":
        try:
            request = line.recv()
        except (EOFError, OSError):
            name, request = "close", ("close",)
        answer: object = None
        error: ImageSearchError | None = None
        try:
            if stream is not None:
                name, *arguments = request
                answer = getattr(stream, name)(*arguments)
            elif name != "close":
                settings, turn, level = request
                logging.getLogger().setLevel(level)
                stream = KafkaAnnouncements(settings, turn)
        except ImageSearchError as exc:
            error = exc
        with suppress(OSError):
            line.send(([lines.get() for _ in range(lines.qsize())], error, answer))


if __name__ == "__main__":
    main()
