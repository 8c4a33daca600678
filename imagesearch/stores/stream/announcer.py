"""Announces new rows of the add-log on a Kafka topic; a broker that is down, slow or full costs announcements, never an add."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from config.sections import StreamSettings
from imagesearch.errors import ConfigError
from imagesearch.stores.stream.message import encode
from imagesearch.stores.stream.options import client_options, unavailable
from imagesearch.stores.stream.trouble import Trouble
from imagesearch.types import LogRow, LogState

logger = logging.getLogger(__name__)

# How long the thread that hears of failures waits for one: also how late it notices that it is to end.
POLL_S = 0.2


class KafkaAnnouncer:
    """Implements ports.Announcer. Connects in a thread of the library's, so that a process starts while the brokers are down.

    `lost` counts what was given up: refused by a full queue, or not taken by a broker in time. The sweep of a loader finds those
    rows. Raises ConfigError for options that the library does not take.
    """

    def __init__(self, settings: StreamSettings) -> None:
        self._topic = settings.topic
        self._timeout_s = settings.timeout_s
        self._close_s = settings.close_s
        self.lost = Trouble(logger, "rows were added without being announced; a sweep will find them")
        self._away = Trouble(logger, "the stream does not answer; rows are added all the same")
        try:
            self._producer = Producer(
                client_options(
                    settings,
                    # A message may be lost and come again: one broker's word is enough.
                    {"acks": 1, "queue.buffering.max.messages": settings.queue_rows},
                    {
                        "message.timeout.ms": max(1, int(settings.deliver_s * 1000)),
                        "delivery.report.only.error": True,
                        "on_delivery": self._reported,
                        "error_cb": lambda error: self._away.add(error.str()),
                    },
                )
            )
        except KafkaException as exc:
            raise ConfigError(f"stream.options (IMAGESEARCH_STREAM__OPTIONS): {exc.args[0].str()}") from exc
        self._closed = threading.Event()
        self._listener = threading.Thread(target=self._listen, name="announcer", daemon=True)
        self._listener.start()

    def announce(self, rows: Iterable[LogRow]) -> None:
        """Queue a message for each pending row, keyed by its id, so that rows spread over the partitions."""
        waiting = [row for row in rows if row.state is LogState.PENDING]
        if self._closed.is_set():
            self._give_up("the process is ending", len(waiting))
            return
        for place, row in enumerate(waiting):
            try:
                self._producer.produce(self._topic, value=encode(row), key=str(row.log_id))
            except BufferError:
                self._give_up("too many wait for the brokers", len(waiting) - place)
                return
            except KafkaException as exc:
                self._give_up(exc.args[0].str(), 1)

    def ping(self) -> None:
        """Raise StoreUnavailable when no broker answers, or none knows the topic."""
        try:
            topic = self._producer.list_topics(self._topic, timeout=self._timeout_s).topics[self._topic]
        except KafkaException as exc:
            raise unavailable(exc.args[0]) from exc
        if topic.error is not None:
            raise unavailable(topic.error)

    def close(self) -> None:
        """Wait up to stream.close_s for what is on its way, and count the rest as lost."""
        if self._closed.is_set():
            return
        self._closed.set()
        self._listener.join()
        if self._producer.flush(self._close_s):
            self._producer.purge()
            self._producer.flush(POLL_S)

    def _listen(self) -> None:
        while not self._closed.is_set():
            self._producer.poll(POLL_S)

    def _reported(self, error: KafkaError | None, _message: Message) -> None:
        if error is not None:
            self._give_up(error.str(), 1)

    def _give_up(self, reason: str, rows: int) -> None:
        if rows:
            self.lost.add(reason, rows)
