"""Rows to announce, and clients that are closed at the end."""

import time
from datetime import UTC, datetime

import pytest

from imagesearch.errors import StoreUnavailable
from imagesearch.stores.stream.announcements import KafkaAnnouncements
from imagesearch.stores.stream.announcer import KafkaAnnouncer
from imagesearch.types import LogRow, LogState

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PATIENCE_S = 60


def row(log_id, state=LogState.PENDING):
    return LogRow(log_id, "default", f"/{log_id}", {}, state, None, 0, None, None, NOW, None)


def rows(*log_ids):
    return [row(log_id) for log_id in log_ids]


class Member:
    """One member of the group, with what it heard so far."""

    def __init__(self, settings):
        self.stream = KafkaAnnouncements(settings)
        self.heard = []
        self.errors = []

    @property
    def ids(self):
        return [one.log_id for one in self.heard]

    def listen(self, timeout_s=0.1):
        try:
            self.heard += self.stream.take(1000, timeout_s)
        except StoreUnavailable as exc:
            self.errors.append(exc)


def listen_until(done, *members):
    end = time.monotonic() + PATIENCE_S
    while not done():
        assert time.monotonic() < end, f"still waiting; heard {[member.ids for member in members]}"
        for member in members:
            member.listen()


@pytest.fixture
def member(kafka, kafka_topic):
    opened = []

    def open_one(topic=kafka_topic, **more):
        opened.append(Member(kafka.settings(topic, **more)))
        return opened[-1]

    yield open_one
    for one in opened:
        one.stream.close()


@pytest.fixture
def announcer(kafka, kafka_topic):
    opened = []

    def open_one(topic=kafka_topic, **more):
        opened.append(KafkaAnnouncer(kafka.settings(topic, **more)))
        return opened[-1]

    yield open_one
    for one in opened:
        one.close()
