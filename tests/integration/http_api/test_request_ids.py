"""One id of a request: in the answer, in its problem, and in every line of the log that it causes, down to the stores."""

from __future__ import annotations

import base64
import socket

import pytest

from config.sections import RedisSettings

ID = "order-7.caller_3"


def encoded(data):
    return base64.b64encode(data).decode()


async def test_the_lines_of_a_search_down_to_the_forward_pass_have_its_id(service, picture, logged):
    answer = await service.client.post("/v1/search", json={"image_base64": encoded(picture(1))}, headers={"x-request-id": ID})
    assert (answer.status_code, answer.headers["x-request-id"]) == (200, ID)
    lines = {one["logger"]: one for one in logged()}
    assert lines["serve_app.batcher"]["request_ids"] == [ID]
    assert lines["serve_app.batcher"]["pictures"] == 1
    done = lines["serve_app.edge"]
    assert (done["request_id"], done["route"], done["status"], done["level"]) == (ID, "/v1/search", 200, "DEBUG")


async def test_the_line_of_an_add_leads_from_its_request_to_its_rows(service, picture, logged):
    added = await service.client.post("/v1/images", files={"file": ("a.png", picture(1))}, headers={"x-request-id": ID})
    items = [{"image_path": f"{service.folder}/{n}.png"} for n in range(3)]
    batch = await service.client.post("/v1/images:batch", json={"images": items})
    lines = {one["request_id"]: one for one in logged() if one["logger"] == "serve_app.add"}
    assert lines[ID]["log_ids"] == [added.json()["log_id"]]
    assert lines[batch.headers["x-request-id"]]["log_ids"] == [one["log_id"] for one in batch.json()["results"]]
    assert lines[ID]["level"] == "INFO"


async def test_a_problem_its_header_and_its_line_have_one_id_and_one_code(open_service, logged):
    service = open_service("http://127.0.0.1:9")
    answer = await service.client.get("/v1/images")
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (503, "store_unavailable") or answer.status_code == 500
    (line,) = (one for one in logged() if one["level"] == "WARNING" and one["logger"] == "serve_app.problems")
    assert line["request_id"] == problem["request_id"] == answer.headers["x-request-id"]
    assert line["code"] == problem["code"]


@pytest.fixture
def silent_redis():
    """A port where nobody answers."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"redis://127.0.0.1:{taken.getsockname()[1]}/0"


async def test_a_store_s_own_line_has_the_id_of_the_request_that_met_it(open_service, silent_redis, picture, logged):
    service = open_service("http://127.0.0.1:9", redis=RedisSettings(url=silent_redis))
    await service.client.post("/v1/search", json={"image_base64": encoded(picture(1))}, headers={"x-request-id": ID})
    (line,) = (one for one in logged() if one["logger"] == "imagesearch.stores.redis_vectors")
    assert (line["request_id"], line["level"]) == (ID, "WARNING")


@pytest.mark.parametrize("hostile", [b'x\n{"level": "ERROR"}', b"x\r\ny: z", b"i" * 100_000, "ид".encode(), b"a b", b"\x1b[2J"])
async def test_an_id_that_could_forge_lines_is_replaced_everywhere(service, hostile, logged):
    answer = await service.client.get("/v1/add-log/9", headers={b"x-request-id": hostile})
    ours = answer.json()["request_id"]
    assert len(ours) == 32
    assert answer.headers.get_list("x-request-id") == [ours]
    lines = [one for one in logged() if one["logger"] != "httpx"]
    assert {one["request_id"] for one in lines} == {ours}
    assert hostile.decode() not in str(lines)


async def test_requests_at_once_do_not_mix_their_ids(service, picture, logged):
    import asyncio

    async def search(number):
        headers = {"x-request-id": f"id-{number}"}
        answer = await service.client.post("/v1/search", json={"image_base64": encoded(picture(number))}, headers=headers)
        assert (answer.status_code, answer.headers["x-request-id"]) == (200, f"id-{number}")

    await asyncio.gather(*(search(number) for number in range(8)))
    passes = [one["request_ids"] for one in logged() if one["logger"] == "serve_app.batcher"]
    assert sorted(one for ids in passes for one in ids) == [f"id-{number}" for number in range(8)]
    assert sorted(one["request_id"] for one in logged() if one["logger"] == "serve_app.edge") == [f"id-{n}" for n in range(8)]
