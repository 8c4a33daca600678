"""Readers together, writers alone, each in the order of their coming."""

import threading
from concurrent.futures import ThreadPoolExecutor

from cli.stack.turns import READS, WRITES, Turns


def started(target):
    thread = threading.Thread(target=target, daemon=True)
    thread.start()
    return thread


def enters(turn, entered, leave=None):
    with turn():
        entered.set()
        if leave is not None:
            assert leave.wait(10)


def in_line(turns, number):
    """Return once so many wait for their turn."""
    while len(turns._queue) < number:
        threading.Event().wait(0.001)


def test_readers_are_there_together():
    turns = Turns()
    both = threading.Barrier(2, timeout=10)

    def read():
        with turns.read():
            both.wait()

    readers = [started(read), started(read)]
    for reader in readers:
        reader.join(10)
    assert not both.broken


def test_of_many_writers_one_is_there():
    turns = Turns()
    there = []
    most = []

    def write(_):
        with turns.write():
            there.append(1)
            most.append(len(there))
            there.pop()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(400)))
    assert most == [1] * 400


def test_who_comes_first_goes_first():
    turns = Turns()
    reading, leave, wrote, read = (threading.Event() for _ in range(4))
    first = started(lambda: enters(turns.read, reading, leave))
    assert reading.wait(10)
    writer = started(lambda: enters(turns.write, wrote))
    in_line(turns, 1)
    # A writer waits: the reader that comes after it stays behind it, or searches without end would end a load.
    second = started(lambda: enters(turns.read, read))
    in_line(turns, 2)
    assert not wrote.is_set()
    assert not read.is_set()
    leave.set()
    assert wrote.wait(10)
    assert read.wait(10)
    for thread in (first, writer, second):
        thread.join(10)


def test_a_turn_that_fails_is_given_on():
    turns = Turns()
    for turn in (turns.write, turns.read):
        try:
            with turn():
                raise ValueError
        except ValueError:
            pass
    with turns.write():
        pass


def test_what_milvus_lite_answers_reads_writes_or_only_describes():
    from milvus_lite.adapter.grpc.servicer import MilvusServicer

    # Of all else it keeps, only loading touches data, under a lock of Milvus Lite's own, for as long as an index takes to build.
    describes = ("Connect", "Get", "Check", "Has", "Describe", "Show", "List", "Load", "Release")
    calls = [name for name, value in vars(MilvusServicer).items() if name[0].isupper() and callable(value)]
    assert len(calls) > 40
    for call in calls:
        ways = [call.startswith(WRITES), call in READS, call.startswith(describes) and call not in READS]
        assert sum(ways) == 1, call
