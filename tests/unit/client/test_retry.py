"""What is tried again, when and how often: only what may help and does no harm."""

import pytest

from imagesearch.client import NEVER, NewImage, Retry
from imagesearch.client.calls.adding import add
from imagesearch.client.calls.service import stats as stats_call
from imagesearch.errors import DeadlineExceeded, NotLoadedYet, Overloaded, SourceError, StoreBusy, StoreUnavailable
from tests.fixtures.scripted import HANGS_UP, SILENT, answer, refusal

QUICK = Retry(attempts=3, first_s=0.0, jitter_s=0.0)
# So patient that a wait of its own choice would be too long.
ONLY_WHEN_TOLD = Retry(attempts=3, total_s=30.0, first_s=1000.0, jitter_s=0.0)
KEYED = NewImage("/a.jpg", idempotency_key="a")


@pytest.fixture
def client(open_client, service):
    return open_client(service.url, retry=QUICK)


@pytest.mark.parametrize(("status", "code"), [(429, "overloaded"), (429, "rate_limited"), (503, "store_unavailable")])
async def test_what_the_service_did_not_take_is_sent_again_whatever_it_is(service, client, added, status, code):
    service.answers["/v1/images"] = [refusal(status, code), refusal(status, code), answer(added, 202)]
    assert (await client.add(b"bytes")).log_id == 1
    assert len(service.seen) == 3
    assert [body.count(b"bytes") for _, _, body in service.seen] == [1, 1, 1]


@pytest.mark.parametrize("status", [502, 504])
async def test_what_it_may_have_taken_is_sent_again_only_where_twice_is_once(service, client, added, stats, status):
    broken = answer(b"Bad Gateway", status, "text/html")
    service.answers["/v1/images"] = [broken, answer(added, 202)]
    with pytest.raises(StoreUnavailable):
        await client.add(b"bytes")
    assert len(service.seen) == 1
    service.answers["/v1/images"] = [broken, answer(added, 202)]
    assert (await client.add(image_path="/a.jpg", idempotency_key="a")).log_id == 1
    service.answers["/v1/stats"] = [broken, answer(stats)]
    assert (await client.stats()).pictures == 3
    service.answers["/v1/images:batch"] = [broken, answer({"results": [added]}, 202)]
    assert len(await client.add_batch([KEYED])) == 1
    service.answers["/v1/images:batch"] = [broken, answer({"results": [added]}, 202)]
    with pytest.raises(StoreUnavailable):
        await client.add_batch([KEYED, NewImage("/b.jpg")])


async def test_a_connection_that_breaks_is_made_anew_only_where_twice_is_once(service, client, added, stats):
    service.answers["/v1/stats"] = [HANGS_UP, answer(stats)]
    assert (await client.stats()).pictures == 3
    service.answers["/v1/images"] = [HANGS_UP, answer(added, 202)]
    with pytest.raises(StoreUnavailable, match="broke off"):
        await client.add(b"bytes")


async def test_what_will_not_pass_is_told_at_once(service, client):
    service.refuses("/v1/search", 502, "source_error")
    with pytest.raises(SourceError):
        await client.search(b"bytes")
    service.answers["/v1/stats"] = [answer(b"oops", 500)]
    with pytest.raises(StoreUnavailable):
        await client.stats()
    assert len(service.seen) == 2


async def test_attempts_have_an_end_and_the_last_error_is_told(service, client):
    service.answers["/v1/stats"] = [refusal(429, "overloaded", "first"), refusal(503, "store_busy", "then")]
    with pytest.raises(StoreBusy, match="then"):
        await client.stats()
    assert len(service.seen) == 3


async def test_one_that_is_not_patient_asks_once(service, open_client):
    service.refuses("/v1/stats", 503, "store_unavailable", wait="0")
    with pytest.raises(StoreUnavailable):
        await open_client(service.url, retry=NEVER).stats()
    assert len(service.seen) == 1


async def test_whether_it_is_ready_is_asked_once(service, client):
    service.refuses("/readyz", 503, "store_unavailable", wait="0", down=[], stores={})
    with pytest.raises(StoreUnavailable):
        await client.ready()
    assert len(service.seen) == 1


@pytest.mark.parametrize("when", ["0", "Thu, 01 Jan 2026 00:00:00 GMT"])
async def test_the_service_says_how_long_to_wait(service, open_client, stats, when):
    service.answers["/v1/stats"] = [refusal(503, "store_busy", wait=when), answer(stats)]
    assert (await open_client(service.url, retry=ONLY_WHEN_TOLD).stats()).pictures == 3


@pytest.mark.parametrize("when", ["3600", "Fri, 01 Jan 2199 00:00:00 GMT"])
async def test_a_wait_that_would_end_too_late_is_left_to_the_caller(service, client, when):
    service.refuses("/v1/stats", 429, "rate_limited", wait=when)
    with pytest.raises(Exception, match="no") as caught:
        await client.stats()
    assert caught.value.data["retry_after_s"] >= 3600
    assert len(service.seen) == 1


async def test_a_caller_in_haste_tells_the_service_and_waits_no_longer(service, client):
    service.refuses("/v1/search", 429, "overloaded", wait="5")
    with pytest.raises(Overloaded):
        await client.search(b"bytes", timeout_s=2)
    assert len(service.seen) == 1
    assert 0 < int(service.headers[0]["x-timeout-ms"]) <= 2000
    service.answers["/v1/search"] = [refusal(503, "not_loaded_yet"), refusal(504, "deadline_exceeded")]
    with pytest.raises(DeadlineExceeded):
        await client.search(milvus_id=1, timeout_s=20)
    left = [int(headers["x-timeout-ms"]) for headers in service.headers[1:]]
    # Each attempt is told what the ones before it have left.
    assert left == sorted(left, reverse=True) and len(left) == 3


async def test_nobody_there_and_no_answer_in_time_are_told_at_once_unless_wanted(service, open_client, nobody):
    with pytest.raises(StoreUnavailable) as caught:
        await open_client(f"http://127.0.0.1:{nobody}", retry=QUICK).stats()
    assert not QUICK.again(stats_call(), caught.value)
    # Nothing was sent: even an add may be tried again.
    assert Retry(unreachable=True).again(add(b"bytes"), caught.value)
    service.answers["/v1/stats"] = [SILENT]
    with pytest.raises(StoreUnavailable, match="in time"):
        await open_client(service.url, retry=QUICK, timeout_s=0.2).stats()
    assert len(service.seen) == 1


async def test_an_add_is_waited_for_until_it_is_pending_no_more(service, client):
    entry = {"log_id": 1, "state": "pending", "milvus_id": None, "attempts": 0, "error": None, "namespace": "default"}
    entry |= {"image_path": "/a.jpg", "info": {}, "create_time": "2026-01-02T03:04:05Z", "load_time": None}
    service.answers["/v1/add-log/1"] = [answer(entry), answer({**entry, "state": "loaded", "milvus_id": 7})]
    assert (await client.wait_loaded(1)).milvus_id == 7
    service.says("/v1/add-log/1", entry)
    with pytest.raises(NotLoadedYet):
        await client.wait_loaded(1, timeout_s=0.1)
