"""The announced rows as a member of a Kafka consumer group hears of them; offsets are committed as rows are finished."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from config.sections import StreamSettings
from imagesearch.errors import ConfigError
from imagesearch.stores.stream.message import decode
from imagesearch.stores.stream.options import client_options, unavailable
from imagesearch.stores.stream.trouble import Trouble
from imagesearch.stores.stream.watermark import Watermark
from imagesearch.types import Announcement

logger = logging.getLogger(__name__)


class KafkaAnnouncements:
    """Implements ports.Announcements. The client connects in threads of its own and comes back by itself after an outage.

    Messages that are none of ours are passed over. Turns are counted from `turn`. Raises ConfigError for
    options that the library does not take.
    """

    def __init__(self, settings: StreamSettings, turn: int = 0) -> None:
        self._topic = settings.topic
        self._close_s = settings.close_s
        self._broken = Trouble(logger, "messages of the stream were not understood and passed over")
        self._uncommitted = Trouble(logger, "offsets were not committed; their messages may come again")
        self._marks: dict[int, tuple[int, Watermark]] = {}
        self._turn = turn
        self._error: KafkaError | None = None
        self._kept: list[Announcement] = []
        self._paused = False
        session_ms = max(1, int(settings.session_s * 1000))
        try:
            self._consumer = Consumer(
                client_options(
                    settings,
                    {
                        "session.timeout.ms": session_ms,
                        "heartbeat.interval.ms": max(1, session_ms // 6),
                        # A loader that joins takes over some partitions; the others go on undisturbed.
                        "partition.assignment.strategy": "cooperative-sticky",
                        # Ids are small: this much is read ahead, and no more memory is needed.
                        "queued.max.messages.kbytes": 4096,
                    },
                    {
                        "group.id": settings.group,
                        "enable.auto.commit": False,
                        "enable.auto.offset.store": False,
                        # What was announced before the group was first seen, or while its offsets were lost, is heard, too.
                        "auto.offset.reset": "earliest",
                        "error_cb": self._failed,
                        "on_commit": self._committed,
                    },
                )
            )
            self._consumer.subscribe([settings.topic], on_assign=self._assigned, on_revoke=self._revoked, on_lost=self._revoked)
        except KafkaException as exc:
            raise ConfigError(f"stream.options (IMAGESEARCH_STREAM__OPTIONS): {exc.args[0].str()}") from exc

    def take(self, limit: int, timeout_s: float) -> list[Announcement]:
        """Return what came within the time, in order within a partition; broken messages are finished at once."""
        try:
            if self._paused:
                self._consumer.resume(self._consumer.assignment())
                self._paused = False
            messages = self._consumer.consume(max(1, limit - len(self._kept)), timeout_s)
        except KafkaException as exc:
            raise unavailable(exc.args[0]) from exc
        taken = self._kept + self._heard(messages)
        self._kept = []
        error, self._error = self._error, None
        if error is not None and not taken:
            raise unavailable(error)
        return taken

    def finish(self, announcements: Iterable[Announcement]) -> None:
        """Commit, in the background, as far as each partition is finished without a gap."""
        moved: dict[int, int] = {}
        for one in announcements:
            turn, mark = self._marks.get(one.partition, (0, None))
            # The partition went to another member meanwhile, who hears of the row as well.
            if mark is not None and turn == one.turn and (offset := mark.finish(one.offset)) is not None:
                moved[one.partition] = offset
        self._commit(moved)

    def idle(self) -> None:
        """Serve the group's business without reading on."""
        try:
            if not self._paused:
                self._consumer.pause(self._consumer.assignment())
                self._paused = True
            # A partition that came just now is not paused.
            self._kept += self._heard(self._consumer.consume(1, 0))
        except KafkaException as exc:
            # Told by the next `take`.
            self._error = exc.args[0]

    def close(self) -> None:
        """Leave the group, after the commits that are on their way; without a broker give that up after stream.close_s.

        The library may wait for a broker that is gone without end, in a call that no signal interrupts. The group forgets a member
        that did not say goodbye after stream.session_s.
        """
        leaving = threading.Thread(target=self._consumer.close, name="leave-group", daemon=True)
        leaving.start()
        leaving.join(self._close_s)
        if leaving.is_alive():
            logger.warning("the broker does not answer: the group is left without a word")

    def _heard(self, messages: list[Message]) -> list[Announcement]:
        heard: list[Announcement] = []
        moved: dict[int, int] = {}
        for message in messages:
            error, partition, offset = message.error(), message.partition(), message.offset()
            if error is not None or partition is None or offset is None:
                self._error = error or self._error
                continue
            turn, mark = self._mark(partition, offset)
            mark.take(offset)
            log_id = decode(message.value())
            if log_id is not None:
                heard.append(Announcement(log_id, partition, offset, turn))
                continue
            self._broken.add(f"partition {partition}, offset {offset}")
            if (upto := mark.finish(offset)) is not None:
                moved[partition] = upto
        self._commit(moved)
        return heard

    def _mark(self, partition: int, offset: int) -> tuple[int, Watermark]:
        """Return the partition's turn and mark; a new one where its offsets begin anew, as those of a topic that was lost do."""
        if partition not in self._marks or offset <= self._marks[partition][1].last:
            self._turn += 1
            self._marks[partition] = (self._turn, Watermark())
        return self._marks[partition]

    def _commit(self, moved: dict[int, int]) -> None:
        if not moved:
            return
        try:
            self._consumer.commit(
                offsets=[TopicPartition(self._topic, partition, offset) for partition, offset in moved.items()], asynchronous=True
            )
        except KafkaException as exc:
            self._uncommitted.add(exc.args[0].str())

    def _committed(self, error: KafkaError | None, partitions: list[TopicPartition]) -> None:
        for one in [error, *(partition.error for partition in partitions)]:
            if one is not None:
                self._uncommitted.add(one.str())
                return

    def _assigned(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        logger.info("given partitions %s", [one.partition for one in partitions])
        self._forget(partitions)

    def _revoked(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        logger.info("partitions %s go to others; their rows in flight are finished here", [one.partition for one in partitions])
        self._forget(partitions)

    def _forget(self, partitions: list[TopicPartition]) -> None:
        for one in partitions:
            self._marks.pop(one.partition, None)

    def _failed(self, error: KafkaError) -> None:
        self._error = error
