"""Who comes to a service whose places and queue are taken is told at once when to come again."""

import asyncio

import httpx
import pytest
from PIL import Image

from cli.stack.serve import CONFIG, local_config
from tests.fixtures.slow_callers import BODY, slow_callers


def ingress_of(stack):
    (application,) = local_config(stack, stack.http.port, CONFIG)["applications"]
    return next(one for one in application["deployments"] if one["name"] == "SearchIngress")


@pytest.mark.timeout(300)
async def test_of_more_searches_than_there_is_room_for_some_are_told_to_come_again_and_none_is_left_waiting(stack, tmp_path):
    Image.effect_noise((64, 64), 50).convert("RGB").save(tmp_path / "a.png", "PNG")
    files = {"file": (tmp_path / "a.png").read_bytes()}
    ingress = ingress_of(stack)
    url, limits = f"http://127.0.0.1:{stack.http.port}", httpx.Limits(max_connections=1000)
    # They hold all places until they are given up.
    holding = slow_callers(stack.http.port, ingress["max_ongoing_requests"] + 6, BODY)
    async with httpx.AsyncClient(base_url=url, timeout=120, limits=limits) as honest, holding:
        await asyncio.sleep(1)
        searches = [honest.post("/v1/search", files=files) for _ in range(2 * ingress["max_queued_requests"])]
        answers = await asyncio.gather(*searches)
    refused = [answer for answer in answers if answer.status_code != 200]
    assert 0 < len(refused) < len(answers)
    # By Serve's queue, or by the service, which has fewer places for searches than Serve has for requests.
    assert {answer.status_code for answer in refused} <= {429, 503}
    assert any(answer.status_code == 503 for answer in refused)
    assert {answer.headers["retry-after"] for answer in refused} == {"1"}
