"""The logs of the running service: one id of a request in the files of both deployments, and in its answer."""

from __future__ import annotations

import base64
import io
import json
import subprocess
import sys
import time

import httpx
import pytest
from PIL import Image

from cli.stack.ray_node import ray_folder
from config.settings import PROJECT_ROOT

TIMEOUT_S = 60
# In a deployment of its own, as on a cluster: a request's id has to reach it.
EMBEDDER = "deployment"


@pytest.fixture(scope="module")
def search(stack):
    """A function that searches by a new picture, so that the embedder is asked, with an X-Request-ID."""
    chance = iter(range(10, 200, 10))

    def search_with(request_id):
        out = io.BytesIO()
        Image.effect_noise((64, 64), next(chance)).convert("RGB").save(out, "PNG")
        query = {"image_base64": base64.b64encode(out.getvalue()).decode()}
        url = f"http://127.0.0.1:{stack.http.port}/v1/search"
        answer = httpx.post(url, json=query, headers={"X-Request-ID": request_id}, timeout=TIMEOUT_S)
        assert answer.status_code == 200, answer.text
        return answer

    return search_with


def lines_of(stack, deployment):
    """What the deployment's replicas wrote, all of it JSON."""
    files = (ray_folder(stack.home) / "session_latest" / "logs" / "serve").glob(f"replica_*{deployment}*.log")
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def wait_for(found):
    end = time.monotonic() + TIMEOUT_S
    while not (lines := found()) and time.monotonic() < end:
        time.sleep(0.2)
    assert lines
    return lines


def test_the_embedder_s_log_has_the_id_of_the_request(stack, search):
    answer = search("order-7")
    assert answer.headers.get_list("x-request-id") == ["order-7"]
    lines = wait_for(lambda: [one for one in lines_of(stack, "SearchIngress") if one.get("request_id") == "order-7"])
    (line,) = (one for one in lines if one["logger"] == "serve_app.edge")
    assert (line["route"], line["status"], line["level"]) == ("/v1/search", 200, "DEBUG")
    (line,) = wait_for(lambda: [one for one in lines_of(stack, "Embedder") if "order-7" in one.get("request_ids", [])])
    assert (line["logger"], line["pictures"], line["level"]) == ("serve_app.batcher", 1, "DEBUG")


def test_an_id_that_could_forge_lines_is_in_no_file(stack, search):
    hostile = "x -- INFO all is well"
    echoed, ours = search(hostile).headers.get_list("x-request-id")
    if echoed != hostile:
        echoed, ours = ours, echoed
    assert echoed == hostile
    wait_for(lambda: [one for one in lines_of(stack, "SearchIngress") if one.get("request_id") == ours])
    wait_for(lambda: [one for one in lines_of(stack, "Embedder") if ours in one.get("request_ids", [])])
    assert hostile not in str(lines_of(stack, "SearchIngress") + lines_of(stack, "Embedder"))


def test_every_line_of_a_replica_after_serves_first_tells_its_time_its_level_and_its_logger(stack, search):
    search("order-8")
    for deployment in ("SearchIngress", "Embedder"):
        before, *lines = lines_of(stack, deployment)
        assert before["message"] == "Started initializing replica."
        assert lines
        assert all(list(line)[:4] == ["time", "level", "logger", "message"] for line in lines), lines
    assert any("warmed up" in line["message"] for line in lines)


def test_a_job_logs_json_and_its_lines_have_its_name_and_ray_s_id(stack):
    url = f"http://127.0.0.1:{stack.http.port}/v1/images"
    out = io.BytesIO()
    Image.effect_noise((64, 64), 222).convert("RGB").save(out, "PNG")
    added = httpx.post(url, files={"file": ("a.png", out.getvalue())}, timeout=TIMEOUT_S)
    assert added.status_code == 202, added.text
    command = [sys.executable, "-m", "jobs.bulk_load"]
    done = subprocess.run(command, cwd=PROJECT_ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert {line["job"] for line in lines} == {"bulk_load"}
    (joined,) = (line for line in lines if line["message"] == "joined the Ray cluster")
    assert joined["job_id"]
    (progress, *_) = (line for line in lines if line["message"].startswith("progress "))
    assert progress["loaded"] == 1
    files = (ray_folder(stack.home) / "session_latest" / "logs").glob(f"worker-*{joined['job_id']}*.err")
    actors = [json.loads(line) for file in files for line in file.read_text().splitlines() if line.startswith('{"time"')]
    (ready,) = (line for line in actors if line.get("stage") == "Embedding" and "embedding with" in line["message"])
    assert ready["job_id"] == joined["job_id"]
