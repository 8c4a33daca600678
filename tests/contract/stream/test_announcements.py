"""A member of the group on a real broker: what it hears, what it shares, what comes again."""

import itertools
import signal
import subprocess
import sys
from contextlib import suppress

import psutil
import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from imagesearch.errors import ConfigError
from imagesearch.stores.stream import listener
from imagesearch.stores.stream.listener import Listener
from tests.contract.stream.conftest import rows
from tests.fixtures.kafka import listen_until


def committed(kafka, topic):
    """The offset that the group has committed in each partition, 0 where it has none."""
    asking = Consumer({"bootstrap.servers": kafka.server, "group.id": topic, "log_level": 0})
    found = asking.committed([TopicPartition(topic, partition) for partition in range(3)], timeout=10)
    asking.close()
    return sum(max(0, one.offset) for one in found)


def test_what_was_announced_is_heard_once_by_a_member_that_comes_later(announcer, member):
    announcer().announce(rows(*range(1, 101)))
    one = member()
    listen_until(lambda: len(one.ids) >= 100, one)
    assert sorted(one.ids) == list(range(1, 101))
    assert len({heard.partition for heard in one.heard}) == 3


def test_an_offset_is_committed_only_as_far_as_all_before_it_are_finished(announcer, member, kafka, kafka_topic):
    announcer().announce(rows(*range(1, 101)))
    one = member()
    listen_until(lambda: len(one.ids) >= 100, one)
    firsts = {}
    for heard in one.heard:
        firsts.setdefault(heard.partition, heard)
    later = [heard for heard in one.heard if heard not in firsts.values()]
    one.stream.finish(later)
    one.listen()
    assert committed(kafka, kafka_topic) == 0
    one.stream.finish(firsts.values())
    one.stream.close()
    assert committed(kafka, kafka_topic) == 100


def test_a_member_that_comes_again_hears_what_was_not_finished_and_no_more(announcer, member):
    announcer().announce(rows(*range(1, 61)))
    one = member()
    listen_until(lambda: len(one.ids) >= 60, one)
    by_partition = {}
    for heard in one.heard:
        by_partition.setdefault(heard.partition, []).append(heard)
    done = [heard for part in by_partition.values() for heard in part[:10]]
    one.stream.finish(done)
    one.stream.close()

    again = member()
    listen_until(lambda: len(again.ids) >= 60 - len(done), again)
    assert sorted(again.ids) == sorted(set(one.ids) - {heard.log_id for heard in done})


def test_two_members_share_and_one_takes_over_what_the_other_left(announcer, member):
    tell = announcer()
    one, other = member(), member()
    # Whoever came first had all partitions until the other came.
    first = itertools.count(1_000)
    while not (one.ids and other.ids):
        one.heard.clear(), other.heard.clear()
        tell.announce(rows(*itertools.islice(first, 20)))
        one.listen(1), other.listen(1)
    shared = set(range(10, 110))
    tell.announce(rows(*shared))
    listen_until(lambda: shared <= {*one.ids, *other.ids}, one, other)
    assert shared & {*one.ids}
    assert shared & {*other.ids}
    assert not shared & {*one.ids} & {*other.ids}

    left = set(other.ids)
    other.stream.close()
    tell.announce(rows(*range(200, 230)))
    listen_until(lambda: set(one.ids) >= left | set(range(200, 230)), one)


def test_broken_messages_are_told_of_and_passed_over(announcer, member, kafka, kafka_topic, caplog):
    stranger = Producer({"bootstrap.servers": kafka.server})
    for value in (b"", None, b"\xff\xfe", b"[1]", b'{"v":2,"log_id":7}', b'{"v":1,"log_id":true}', b'{"v":1}'):
        stranger.produce(kafka_topic, value=value, key=b"1")
    assert stranger.flush(10) == 0
    announcer().announce(rows(1, 2, 3))
    one = member()
    listen_until(lambda: len(one.ids) >= 3, one)
    assert sorted(one.ids) == [1, 2, 3]
    # Ever more rarely: of seven the first, the second and the fourth.
    told = [record.getMessage() for record in caplog.records if "not understood" in record.getMessage()]
    assert [words[-8:] for words in told] == ["1 so far", "2 so far", "4 so far"]
    one.stream.finish(one.heard)
    one.stream.close()
    assert committed(kafka, kafka_topic) == 10


def test_a_member_that_idles_stays_and_loses_nothing(announcer, member):
    tell, one = announcer(), member()
    tell.announce(rows(1))
    listen_until(lambda: one.ids == [1], one)
    for log_id in range(2, 12):
        tell.announce(rows(log_id))
        one.stream.idle()
    listen_until(lambda: len(one.ids) >= 11, one)
    assert sorted(one.ids) == list(range(1, 12))


def test_a_broker_that_lost_everything_is_named_and_heard_again_when_it_is_back(announcer, member, kafka, kafka_topic):
    tell, one = announcer(), member()
    tell.announce(rows(*range(1, 31)))
    listen_until(lambda: len(one.ids) >= 30, one)
    one.stream.finish(one.heard)
    one.listen()
    kafka.stop()
    try:
        listen_until(lambda: one.errors, one)
        assert one.errors[0].data["store"] == "stream"
    finally:
        kafka.start()
    kafka.create(kafka_topic)
    tell.announce(rows(100, 101, 102))
    listen_until(lambda: {100, 101, 102} <= set(one.ids), one)
    one.stream.finish(one.heard)
    one.stream.close()
    assert committed(kafka, kafka_topic) == 3


def test_a_member_leaves_without_a_broker_too(announcer, member, kafka):
    tell, one = announcer(), member()
    tell.announce(rows(1, 2, 3))
    listen_until(lambda: len(one.ids) >= 3, one)
    kafka.stop()
    try:
        one.stream.finish(one.heard)
        one.stream.close()
    finally:
        kafka.start()


@pytest.mark.parametrize("pause_s", [0.0, listener.RESTART_PAUSE_S])
def test_a_client_that_dies_is_replaced_and_what_nobody_finished_comes_again(
    announcer, member, kafka, kafka_topic, monkeypatch, pause_s
):
    monkeypatch.setattr(listener, "RESTART_PAUSE_S", pause_s)
    tell, one = announcer(), member()
    tell.announce(rows(*range(1, 11)))
    listen_until(lambda: len(one.ids) >= 10, one)
    before = list(one.heard)
    (child,) = [child for child in psutil.Process().children() if "imagesearch.stores.stream.listening" in child.cmdline()]
    child.send_signal(signal.SIGSEGV)
    child.wait()
    one.heard.clear()
    # Neither says a word of it; the next to listen tells.
    one.stream.finish(before)
    one.stream.idle()
    tell.announce(rows(11))
    listen_until(lambda: set(one.ids) >= set(range(1, 12)), one)
    assert [error.data["store"] for error in one.errors] == ["stream"] * len(one.errors) != []
    assert min(heard.turn for heard in one.heard) > max(heard.turn for heard in before)
    # Words about what the dead one heard are not taken for words about what this one did.
    one.stream.finish(before)
    one.stream.close()
    assert committed(kafka, kafka_topic) == 0
    assert not child.is_running()


def test_a_load_that_is_killed_leaves_no_client_behind(kafka, kafka_topic):
    words = (
        "import os, signal, sys\n"
        "from config.sections import StreamSettings\n"
        "from imagesearch.stores.stream.listener import Listener\n"
        "one = Listener(StreamSettings.model_validate_json(sys.argv[1]))\n"
        "print(one._child.pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    settings = kafka.settings(kafka_topic).model_dump_json()
    load = subprocess.run([sys.executable, "-c", words, settings], stdout=subprocess.PIPE, text=True)
    assert load.returncode == -signal.SIGKILL
    with suppress(psutil.NoSuchProcess):
        psutil.Process(int(load.stdout)).wait(30)


def test_options_that_the_library_does_not_take_are_told_at_once(kafka, kafka_topic):
    with pytest.raises(ConfigError, match=r"stream\.options"):
        Listener(kafka.settings(kafka_topic, options={"no.such.option": 1}))
