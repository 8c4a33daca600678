"""A member of the group on a real broker: what it hears, what it shares, what comes again."""

from confluent_kafka import Consumer, Producer, TopicPartition

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
    tell.announce(rows(1))
    listen_until(lambda: len(one.stream._consumer.assignment()) in (1, 2) and other.stream._consumer.assignment(), one, other)
    one.heard.clear(), other.heard.clear()
    tell.announce(rows(*range(10, 110)))
    listen_until(lambda: len(set(one.ids + other.ids)) >= 100, one, other)
    assert one.ids
    assert other.ids
    assert not set(one.ids) & set(other.ids)

    left = set(other.ids)
    other.stream.close()
    tell.announce(rows(*range(200, 230)))
    listen_until(lambda: set(one.ids) >= left | set(range(200, 230)), one)


def test_broken_messages_are_counted_and_passed_over(announcer, member, kafka, kafka_topic):
    stranger = Producer({"bootstrap.servers": kafka.server})
    for value in (b"", None, b"\xff\xfe", b"[1]", b'{"v":2,"log_id":7}', b'{"v":1,"log_id":true}', b'{"v":1}'):
        stranger.produce(kafka_topic, value=value, key=b"1")
    assert stranger.flush(10) == 0
    announcer().announce(rows(1, 2, 3))
    one = member()
    listen_until(lambda: len(one.ids) >= 3, one)
    assert sorted(one.ids) == [1, 2, 3]
    assert one.stream.broken.count == 7
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
