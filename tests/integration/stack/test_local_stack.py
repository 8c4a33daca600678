"""The embedded stack whole: up, up again, after a fault, and down."""

import asyncio
import json
import os
import re
import subprocess
import sys
import time

import httpx
import psutil
import pytest
from PIL import Image
from ray.dashboard.modules.serve.sdk import ServeSubmissionClient

from cli.stack.ports import free_ports, listens
from cli.stack.ray_node import ray_folder
from cli.stack.stack import PARTS, down, status, up
from config import load_settings
from config.settings import PROJECT_ROOT
from imagesearch.errors import ConfigError
from tests.fixtures.slow_callers import BODY, HEADER, slow_callers


def processes_of(stack):
    parts = [psutil.Process(pid) for pid in status(stack.home).values()]
    return [process for part in parts for process in (part, *part.children(recursive=True))]


def test_the_service_is_ready_and_every_part_runs(stack):
    answer = httpx.get(f"http://127.0.0.1:{stack.http.port}/readyz", timeout=30)
    assert answer.status_code == 200, answer.text
    assert set(status(stack.home)) == set(PARTS)


def test_up_again_keeps_what_runs(stack):
    before = status(stack.home)
    again = up(load_settings())
    assert status(stack.home) == before
    assert again.http.port == stack.http.port


def test_a_running_service_is_not_moved_to_another_port_behind_anyones_back(stack):
    with pytest.raises(ConfigError, match=f"runs on port {stack.http.port}"):
        up(load_settings(), free_ports(1)[0])


def test_nothing_listens_beyond_this_machine_but_what_asks_for_the_token(stack):
    open_wide = {
        process.cmdline()[0]
        for process in processes_of(stack)
        for one in process.net_connections(kind="tcp")
        if one.status == psutil.CONN_LISTEN and one.laddr.ip.removeprefix("::ffff:") != "127.0.0.1"
    }
    # Serve gives replicas no choice of address; Ray's token guards these ports.
    assert all(name.startswith("ray::ServeReplica") for name in open_wide), open_wide


def test_the_dashboard_takes_no_word_without_the_token(stack):
    jobs = f"{stack.ray.dashboard}/api/jobs/"
    assert httpx.get(jobs).status_code == 401
    assert httpx.get(jobs, headers={"Authorization": "Bearer guessed"}).status_code == 403
    assert httpx.get(jobs, headers={"Authorization": f"Bearer {stack.ray.token_file.read_text()}"}).status_code == 200


def test_one_replica_of_the_size_that_the_local_profile_gives_it_does_everything(stack):
    applications = ServeSubmissionClient(stack.ray.dashboard).get_serve_details()["applications"]
    ((name, ingress),) = applications["imagesearch"]["deployments"].items()
    assert (name, len(ingress["replicas"])) == ("SearchIngress", 1)
    assert ingress["deployment_config"]["ray_actor_options"]["num_cpus"] == 0.1


@pytest.mark.parametrize("name", ["haproxy", "ray::ServeReplica"])
def test_what_is_killed_comes_back_by_itself(stack, name, tmp_path):
    """The process in front, and the replica, which has the model: a search goes through both."""
    Image.effect_noise((64, 64), 50).convert("RGB").save(tmp_path / "a.png", "PNG")
    files = {"file": (tmp_path / "a.png").read_bytes()}
    victims = [one for one in processes_of(stack) if name in one.cmdline()[0]]
    assert victims
    for one in victims:
        one.kill()
    url, end, status_code = f"http://127.0.0.1:{stack.http.port}/v1/search", time.monotonic() + 60, 0
    while status_code != 200:
        assert time.monotonic() < end, status_code
        try:
            status_code = httpx.post(url, files=files, timeout=60).status_code
        except httpx.HTTPError:
            time.sleep(0.2)


def test_the_demo_takes_a_folder_of_odd_names_and_of_things_that_are_no_pictures(stack, tmp_path):
    names = [
        'a b/c\'d/"e"/x;DROP TABLE.png',
        "пример/🐧.PNG",
        "new\nline.png",
        "-rf.png",
        "%2e%2e.png",
        os.fsdecode(b"bad\xff.png"),
    ]
    for number, name in enumerate(names):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.effect_noise((64, 64), 10 * number + 10).convert("RGB").save(path, "PNG")
    (tmp_path / "not_a_picture.jpg").write_text("words")
    (tmp_path / "nothing.png").touch()
    (tmp_path / "broken.png").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "pipe.png")
    env = {**os.environ, "RAY_ADDRESS": "", "IMAGES": str(tmp_path)}
    done = subprocess.run([sys.executable, "-m", "cli.demo"], cwd=PROJECT_ROOT, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "the API and its page" in done.stderr
    assert (stack.home / "demo" / "hits.html").exists()
    answer = httpx.get(f"http://127.0.0.1:{stack.http.port}/v1/stats", timeout=30).json()
    assert answer["pictures"] == len(names), answer


async def test_callers_who_never_come_to_an_end_do_not_keep_others_from_their_answer(stack, tmp_path):
    port = stack.http.port
    Image.effect_noise((64, 64), 50).convert("RGB").save(tmp_path / "a.png", "PNG")
    files = {"file": (tmp_path / "a.png").read_bytes()}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=120) as honest, slow_callers(port, 100, HEADER):
        assert (await honest.post("/v1/search", files=files)).status_code == 200
        # More than the replica takes at once: who comes after them waits until the first are given up.
        async with slow_callers(port, 80, BODY) as answers:
            assert (await honest.post("/v1/search", files=files)).status_code == 200
            ended = await asyncio.wait_for(asyncio.gather(*answers), 120)
    assert {answer.partition(b"\r\n")[0] for answer in ended} == {b"HTTP/1.1 408 Request Timeout"}
    assert all(b'"code":"body_too_slow"' in answer for answer in ended)


def test_what_it_did_can_be_read_by_prometheus(stack):
    """After a load and a search, from the address that Prometheus would be given."""
    found = json.loads((ray_folder(stack.home) / "prom_metrics_service_discovery.json").read_text())
    addresses = [f"http://{target}/metrics" for group in found for target in group["targets"]]
    wanted = {
        'ray_imagesearch_requests_total{.*Route="/v1/search"',
        'ray_imagesearch_rows_total{.*State="loaded"',
        'ray_imagesearch_stage_seconds_bucket{.*Stage="embed"',
        "ray_imagesearch_pass_pictures_bucket{",
        "ray_imagesearch_oldest_pending_seconds{",
    }
    end = time.monotonic() + 60
    missing = wanted
    while missing and time.monotonic() < end:
        text = "\n".join(httpx.get(address).text for address in addresses)
        missing = {one for one in wanted if not re.search(one, text, re.IGNORECASE)}
        time.sleep(0.5)
    assert missing == set()


def test_a_store_that_died_comes_back_where_the_service_looks_for_it(stack):
    redis = psutil.Process(status(stack.home)["redis"])
    redis.kill()
    redis.wait()
    again = up(load_settings())
    assert again.redis.url == stack.redis.url
    assert status(stack.home)["redis"] != redis.pid


def test_down_leaves_no_process_no_port_and_none_of_rays_files(stack):
    processes, folder = processes_of(stack), (stack.home / "ray").readlink()
    assert down(stack.home) == list(PARTS)
    assert not [one for one in processes if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]
    assert not listens(stack.http.port)
    assert not folder.exists()
    assert load_settings().ray.dashboard is None
