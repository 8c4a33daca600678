"""Who comes to a service whose places and queue are taken is told at once when to come again."""

import httpx
import pytest
from PIL import Image

from cli.stack.serve import CONFIG, local_config
from tests.fixtures.slow_callers import BODY, slow_callers


def room(stack):
    """How many requests the service has taken when it takes no more."""
    (application,) = local_config(stack, stack.http.port, CONFIG)["applications"]
    ingress = next(one for one in application["deployments"] if one["name"] == "SearchIngress")
    return ingress["max_ongoing_requests"] + ingress["max_queued_requests"]


@pytest.mark.timeout(300)
async def test_a_search_that_finds_no_place_is_told_when_to_come_again_and_finds_one_later(stack, tmp_path):
    Image.effect_noise((64, 64), 50).convert("RGB").save(tmp_path / "a.png", "PNG")
    files = {"file": (tmp_path / "a.png").read_bytes()}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{stack.http.port}", timeout=120) as honest:
        async with slow_callers(stack.http.port, room(stack) + 20, BODY):
            # Until all of them have come a search may still find a place; it is answered once those before it are given up.
            answers = [await honest.post("/v1/search", files=files)]
            while answers[-1].status_code == 200 and len(answers) < 10:
                answers.append(await honest.post("/v1/search", files=files))
        assert answers[-1].status_code == 503, [answer.status_code for answer in answers]
        assert answers[-1].headers["retry-after"] == "1"
        later = await honest.post("/v1/search", files=files)
        while later.status_code == 503:
            later = await honest.post("/v1/search", files=files)
        assert later.status_code == 200
