"""Announcing on a real broker, and without one: an add never waits and never fails for it."""

import logging
import time

import pytest

from benchmarks.servers.kafka import Kafka
from imagesearch.errors import ConfigError, StoreUnavailable
from imagesearch.stores.factory import open_announcer
from imagesearch.stores.stream.announcer import KafkaAnnouncer
from imagesearch.types import LogState
from tests.contract.stream.conftest import row, rows
from tests.fixtures.kafka import Member, listen_until


def test_only_rows_that_are_pending_are_announced(announcer, member):
    one = member()
    announcer().announce([row(1, LogState.LOADED), row(2), row(3, LogState.FAILED), row(4, LogState.DUPLICATE), row(5)])
    listen_until(lambda: len(one.ids) >= 2, one)
    one.listen(1)
    assert sorted(one.ids) == [2, 5]


def test_what_is_on_its_way_is_delivered_at_the_close(announcer, member):
    tell = announcer()
    tell.announce(rows(*range(1, 2001)))
    tell.close()
    one = member()
    listen_until(lambda: len(one.ids) >= 2000, one)
    assert tell.lost.count == 0


def test_a_broker_that_is_down_costs_announcements_and_no_time(announcer, kafka, caplog):
    kafka.stop()
    try:
        tell = announcer(queue_rows=10, close_s=0.1, timeout_s=0.5)
        started = time.monotonic()
        for log_id in range(1, 101):
            tell.announce(rows(log_id))
        # Far less than any timeout of the settings: nothing was waited for.
        assert time.monotonic() - started < 5
        assert tell.lost.count == 90
        with pytest.raises(StoreUnavailable) as caught:
            tell.ping()
        assert caught.value.data["store"] == "stream"
        tell.close()
        assert tell.lost.count == 100
    finally:
        kafka.start()
    # 1, 2, 4, ... : told ever more rarely.
    told = [one for one in caplog.records if "without being announced" in one.getMessage()]
    assert 1 <= len(told) <= 7


def test_what_waited_for_a_broker_is_delivered_when_it_is_back(announcer, member, kafka, kafka_topic):
    kafka.stop()
    try:
        tell = announcer()
        tell.announce(rows(1, 2, 3))
    finally:
        kafka.start()
    kafka.create(kafka_topic)
    one = member()
    listen_until(lambda: len(one.ids) >= 3, one)
    assert tell.lost.count == 0


def test_what_no_broker_takes_in_time_is_given_up_and_counted(announcer, kafka):
    kafka.stop()
    try:
        tell = announcer(deliver_s=0.5)
        tell.announce(rows(1, 2, 3))
        end = time.monotonic() + 30
        while tell.lost.count < 3 and time.monotonic() < end:
            time.sleep(0.05)
        assert tell.lost.count == 3
    finally:
        kafka.start()


def test_after_the_close_nothing_is_announced_and_nothing_raised(announcer, caplog):
    tell = announcer()
    tell.close()
    with caplog.at_level(logging.WARNING):
        tell.announce(rows(1, 2))
        tell.announce([])
    assert tell.lost.count == 2


def test_it_answers_when_the_broker_has_the_topic(announcer):
    announcer().ping()


def test_an_option_that_does_not_exist_is_named_at_once(kafka):
    with pytest.raises(ConfigError, match=r"sasl\.mechanismus"):
        KafkaAnnouncer(kafka.settings("x", options={"sasl.mechanismus": "PLAIN"}))


def test_a_broker_that_refuses_the_password_is_named_by_both_sides_and_costs_no_add(tmp_path, caplog):
    strict = Kafka(tmp_path, "--authentication")
    strict.start()
    options = {"security.protocol": "SASL_PLAINTEXT", "sasl.mechanisms": "SCRAM-SHA-512", "sasl.username": "nobody"}
    settings = strict.settings("x", options=options, secrets={"sasl.password": "secret-like"}, deliver_s=0.5, close_s=0.1)
    tell, one = KafkaAnnouncer(settings), Member(settings)
    try:
        tell.announce(rows(1))
        listen_until(lambda: tell.lost.count and any("authentication" in error.detail for error in one.errors), one)
    finally:
        tell.close()
        one.stream.close()
        strict.stop()
    assert "authentication" in caplog.text
    assert "secret-like" not in caplog.text


def test_without_a_stream_nothing_is_opened_and_nothing_announced(kafka):
    silent = open_announcer(kafka.settings("x", kind="none"))
    silent.announce(rows(1))
    silent.close()
