"""Searches that come whatever becomes of them, and the verdict on a service that is asked too much."""

from collections import Counter

import pytest

from benchmarks.overload import Overload
from benchmarks.search.offered import offered
from tests.fixtures.scripted import HANGS_UP, answer, refusal, scripted

FOUND = answer({"hits": []})


def told(at_s, status="200", ms=100.0, retry_after=None):
    return {"at_s": at_s, "status": status, "ms": ms, "retry_after": retry_after}


async def test_every_search_is_begun_once_and_its_outcome_told_and_one_client_goes_on_alone():
    with scripted() as service:
        service.answers["/v1/search"] = [refusal(429, "overloaded", wait="1"), refusal(503, "no"), HANGS_UP, FOUND]
        said = await offered(service.url, [b"picture"], per_s=40, seconds=0.5, alone_s=0.3)
        assert len(service.seen) == 20 + len(said["alone"])
    outcomes = Counter((one["status"], one["retry_after"]) for one in said["offered"])
    assert outcomes == {("429", "1"): 1, ("503", None): 1, ("ServerDisconnectedError", None): 1, ("200", None): 17}
    assert [one["at_s"] for one in said["offered"]] == pytest.approx([number / 40 for number in range(20)], abs=0.01)
    assert {one["status"] for one in said["alone"]} == {"200"}
    assert all(0 <= one["at_s"] < 0.3 for one in said["alone"])


def test_what_is_neither_answered_nor_told_to_come_again_is_counted():
    fine = [told(second) for second in range(10)]
    shed = [told(10 + second, "503", 5.0, "1") for second in range(8)]
    bad = [told(18.0, "503", 5.0), told(19.0, "500"), told(20.0, "ReadTimeout")]
    figures = Overload({4: 0.4, 16: 0.5}, 50.0, fine + shed + bad, [told(0.0)] * 5).figures("SQLite, Milvus Lite", "command")
    by_end = {one.figure.rpartition(": ")[2]: one for one in figures}
    assert (by_end["any other outcome"].ours, by_end["any other outcome"].met) == (3, False)
    assert by_end["share told to come again, with Retry-After"].ours == pytest.approx(8 / 21, abs=1e-3)
    assert by_end["answered, carried, a second"].met
    assert by_end["offered, carried, a second"].ratio == pytest.approx(21 / 20 / 0.5)


def test_what_is_answered_after_the_load_is_not_answered_a_second_of_it():
    late = [told(second / 10, ms=20_000.0) for second in range(101)]
    figures = Overload({1: 5.0}, 50.0, late, [told(0.0)] * 5).figures("SQLite, Milvus Lite", "command")
    (answered,) = [one for one in figures if "answered, carried" in one.figure]
    assert answered.ours == pytest.approx(101 / 30, abs=0.01)
    assert not answered.met


@pytest.mark.parametrize(
    ("alone", "back_s"),
    [
        ([told(0.0, ms=55.0)] * 5, 0.0),
        ([told(0.0, ms=500.0), told(0.5, "503"), *(told(1.0 + place, ms=59.0) for place in range(5))], 1.0),
        # One slow search among those in a row is chance, most of them are not.
        ([told(2.0 + place, ms=ms) for place, ms in enumerate([50, 900, 50, 50, 900])], 2.0),
        # Whoever stood behind the load's queue was not served as before.
        ([told(0.0, ms=25_000), *(told(25.0 + place, ms=50) for place in range(8))], 25.0),
        ([told(float(place), ms=61.0) for place in range(12)], 11.0),
    ],
)
def test_it_is_as_before_once_searches_in_a_row_are(alone, back_s):
    assert Overload({1: 1.0}, 50.0, [told(0.0)], alone).back_s == back_s
