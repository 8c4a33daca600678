"""What the service adds is announced once it is committed, and never at the cost of an add."""

from __future__ import annotations

import pytest

from imagesearch.errors import NotAnImage
from imagesearch.stores.sql.migrate import migrate
from imagesearch.stores.sql.verdicts import Fault
from tests.fixtures.kafka import listen_until

# Adding asks nothing of Milvus.
NO_MILVUS = "http://127.0.0.1:1"


@pytest.fixture
async def announcing(open_service, kafka, kafka_topic):
    service = open_service(NO_MILVUS, stream=kafka.settings(kafka_topic))
    migrate(service.settings.sql)
    async with service.client:
        yield service


async def test_uploads_paths_and_batches_are_announced_and_what_was_refused_is_not(announcing, member, picture):
    one = member()
    logs = [(await announcing.add(picture(1))).json()["log_id"]]
    logs.append((await announcing.client.post("/v1/images", json={"image_path": "/a.png"})).json()["log_id"])
    assert (await announcing.add(b"no picture")).status_code == 415
    batch = {"images": [{"image_path": f"/{n}.png"} for n in range(50)] + [{"image_path": "nowhere"}]}
    answer = (await announcing.client.post("/v1/images:batch", json=batch)).json()
    logs += [result["log_id"] for result in answer["results"] if "log_id" in result]
    assert len(logs) == 52
    listen_until(lambda: len(one.ids) >= 52, one)
    one.listen(0.5)
    assert sorted(one.ids) == sorted(logs)


async def test_a_request_that_is_repeated_is_announced_again_only_while_it_is_pending(announcing, member):
    one = member()
    request = {"image_path": "/a.png", "idempotency_key": "a"}
    log_id = (await announcing.client.post("/v1/images", json=request)).json()["log_id"]
    assert (await announcing.client.post("/v1/images", json=request)).json()["log_id"] == log_id
    [row] = announcing.stores.waiting.rows([log_id])
    announcing.stores.ledger.commit([], [Fault(row, NotAnImage("no picture"))], 1)
    assert (await announcing.client.post("/v1/images", json=request)).json()["state"] == "failed"
    last = (await announcing.client.post("/v1/images", json={"image_path": "/b.png"})).json()["log_id"]
    listen_until(lambda: last in one.ids and len(one.ids) >= 3, one)
    one.listen(0.5)
    assert sorted(one.ids) == [log_id, log_id, last]


async def test_an_add_is_accepted_while_the_broker_is_down(announcing, kafka, picture):
    kafka.stop()
    try:
        answers = [await announcing.add(picture(n)) for n in range(3)]
    finally:
        kafka.start()
    assert [answer.status_code for answer in answers] == [202, 202, 202]
    assert announcing.stores.add_log.backlog().pending == 3
