"""Rows to announce, and announcers that are closed at the end."""

from datetime import UTC, datetime

import pytest

from imagesearch.stores.stream.announcer import KafkaAnnouncer
from imagesearch.types import LogRow, LogState

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def row(log_id, state=LogState.PENDING):
    return LogRow(log_id, "default", f"/{log_id}", {}, state, None, 0, None, None, NOW, None)


def rows(*log_ids):
    return [row(log_id) for log_id in log_ids]


@pytest.fixture
def announcer(kafka, kafka_topic):
    opened = []

    def open_one(topic=kafka_topic, **more):
        opened.append(KafkaAnnouncer(kafka.settings(topic, **more)))
        return opened[-1]

    yield open_one
    for one in opened:
        one.close()
