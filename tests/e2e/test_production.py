"""Deployed by serve_config.yaml, fed over HTTP and S3, loaded by a submitted job, searched over HTTP."""

import json
import os
import re
import sys
import time
from pathlib import Path

import httpx
import pytest
import yaml

from cli.stack.ports import free_ports
from config.settings import PROJECT_ROOT
from imagesearch.images.s3 import S3
from serve_app.page_files import FOLDER
from tests.e2e.conftest import drawing

# The contract that other programs hold on to is checked by a program of its own, kept beside the checkouts of the project.
CONTRACT = Path(os.environ.get("IMAGESEARCH_CONTRACT") or PROJECT_ROOT.parent / "shared" / "check" / "contract.py")


@pytest.fixture(scope="module")
def service(run, ray_node, tmp_path_factory, api_key):
    """`serve deploy serve_config.yaml`, as it stands but for the address, which belongs to this machine."""
    (port,) = free_ports(1)
    config = yaml.safe_load((PROJECT_ROOT / "serve_config.yaml").read_text())
    config["http_options"] |= {"host": "127.0.0.1", "port": port}
    file = tmp_path_factory.mktemp("serve") / "serve_config.yaml"
    file.write_text(yaml.safe_dump(config))
    run("serve", "deploy", str(file), "--address", ray_node.dashboard)
    base = f"http://127.0.0.1:{port}"
    transport = httpx.HTTPTransport(retries=3)
    headers = {"Authorization": f"Bearer {api_key}"}
    with httpx.Client(base_url=base, timeout=60, transport=transport, headers=headers) as client:
        wait_until_running(run, ray_node, client)
        yield client


def wait_until_running(run, ray_node, client):
    for _ in range(600):
        status = run("serve", "status", "--address", ray_node.dashboard).stdout
        assert "DEPLOY_FAILED" not in status, status
        if "status: RUNNING" in status:
            assert client.get("/readyz").status_code == 200
            return
        time.sleep(0.5)
    pytest.fail(f"the service did not come up:\n{status}")


@pytest.fixture(scope="module")
def submit(run, ray_node):
    """`ray job submit`: the working directory is sent along, as to a cluster elsewhere."""

    def submit_job(*command, check=True):
        address = ["--address", ray_node.dashboard]
        return run("ray", "job", "submit", *address, "--working-dir", str(PROJECT_ROOT), "--", *command, check=check)

    return submit_job


def last_json(done):
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    assert lines, done.stdout + done.stderr
    return json.loads(lines[-1])


@pytest.mark.timeout(600)
def test_a_picture_goes_from_the_add_log_through_a_ray_job_into_milvus_and_is_found(service, submit, s3_server):
    pictures = [drawing(f"production-{n}") for n in range(24)]
    s3 = S3(s3_server)
    for n, data in enumerate(pictures[:12]):
        s3.put("production", f"pictures/{n}.png", data)
    s3.close()
    items = [{"image_path": f"s3://production/pictures/{n}.png", "info": {"n": n}} for n in range(12)]
    answer = service.post("/v1/images:batch", json={"images": [*items, {"image_path": "s3://production/pictures/none.png"}]})
    assert answer.status_code == 202, answer.text
    logs = [one["log_id"] for one in answer.json()["results"]]
    for n, data in enumerate(pictures[12:], start=12):
        added = service.post("/v1/images", files={"file": ("x.png", data)}, data={"info": json.dumps({"n": n})})
        assert added.status_code == 202, added.text
        logs.insert(n, added.json()["log_id"])

    job = submit("python", "-m", "jobs.bulk_load", check=False)
    report = last_json(job)
    assert (report["loaded"], report["duplicate"], report["failed"]) == (24, 0, 1), job.stdout + job.stderr

    *good, bad = [service.get(f"/v1/add-log/{log_id}").json() for log_id in logs]
    assert {one["state"] for one in good} == {"loaded"}
    assert (bad["state"], bad["error"]["code"]) == ("failed", "source_not_found")
    for n, data in enumerate(pictures):
        found = service.post("/v1/search", files={"file": ("q.png", data)}, data={"top_k": "3"}).json()
        assert found["hits"][0]["score"] > 0.999
        assert found["hits"][0]["info"]["n"] == n
        assert found["hits"][0]["milvus_id"] == good[n]["milvus_id"]
    paths = {
        hit["image_path"].rsplit("/", 1)[0]
        for hit in service.post("/v1/search", json={"milvus_id": good[20]["milvus_id"]}).json()["hits"]
    }
    assert "s3://production/pictures" in paths
    assert any(path.startswith("s3://production/uploads/") for path in paths)
    thumbnail = service.get(f"/v1/images/{good[20]['milvus_id']}/thumbnail?size=64")
    assert thumbnail.headers["content-type"] == "image/webp"


@pytest.mark.timeout(300)
def test_the_contract_holds(service, run, api_key):
    if not CONTRACT.exists():
        pytest.skip(f"no contract check at {CONTRACT}; name one with IMAGESEARCH_CONTRACT")
    load = f"{sys.executable} -m jobs.bulk_load"
    done = run(sys.executable, str(CONTRACT), str(service.base_url), "--load", load, check=False, IMAGESEARCH_API_KEY=api_key)
    assert done.returncode == 0, done.stdout


def test_without_a_key_nothing_is_told(service):
    stranger = {"Authorization": ""}
    for path in ("/v1/stats", "/v1/images", "/v1/images/1", "/v1/add-log/1"):
        answer = service.get(path, headers=stranger)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
    assert service.get("/healthz", headers=stranger).status_code == 200


def test_the_page_and_all_its_modules_come_through_serve_s_proxy(service):
    stranger = {"Authorization": ""}
    index = service.get("/", headers=stranger)
    assert (index.status_code, index.headers["content-type"]) == (200, "text/html; charset=utf-8")
    waiting = re.findall(r'(?:src|href)="(page/[^"]+)"', index.text)
    seen = set()
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        answer = service.get(f"/{path}", headers=stranger)
        assert answer.status_code == 200, path
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        again = service.get(f"/{path}", headers=stranger | {"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b""), path
        waiting += [
            str(Path(path).with_name(name)) for name in re.findall(r'^import .* from "\./([^"]+)"', answer.text, re.MULTILINE)
        ]
    assert {path.name for path in FOLDER.iterdir()} - {Path(path).name for path in seen} == {"index.html"}


@pytest.mark.timeout(120)
def test_an_import_s_events_come_through_serve_s_proxy_as_they_happen(service, s3_server):
    s3 = S3(s3_server)
    s3.put("production", "pictures/followed/one.png", drawing("followed"))
    s3.close()
    accepted = service.post("/v1/imports", json={"source": "s3://production/pictures/followed/"}).json()
    for _ in range(600):
        if service.get(accepted["href"]).json()["rows"]["pending"]:
            break
        time.sleep(0.1)
    with service.stream("GET", f"{accepted['href']}/events") as events:
        assert events.headers["content-type"].startswith("text/event-stream")
        news = (json.loads(line.removeprefix("data: ")) for line in events.iter_lines() if line.startswith("data: "))
        assert not next(news)["finished"]
        # Only who has heard of it by now goes on to this; were the news kept back until the end, there would be no more of them.
        assert service.post(f"{accepted['href']}:cancel").status_code == 200
        assert [view["state"] for view in news][-1] == "cancelled"


@pytest.mark.timeout(200)
def test_the_audit_after_it_finds_nothing(service, submit):
    totals = last_json(submit("python", "-m", "jobs.audit"))
    assert totals["left"] == 0
    assert totals["pictures"] == totals["vectors"] >= 24


@pytest.mark.timeout(200)
def test_a_store_that_is_down_is_named_and_the_service_recovers_alone(service, redis_server, mariadb):
    mariadb.stop()
    try:
        ready = service.get("/readyz")
        assert ready.status_code == 503
        assert ready.json()["stores"]["sql"]["state"] == "down"
        assert ready.json()["stores"]["milvus"]["state"] == "up"
        added = service.post("/v1/images", files={"file": ("x.png", drawing("while-down"))})
        assert added.status_code == 503
        assert (added.json()["code"], "sql" in added.json()["detail"]) == ("store_unavailable", True)
        assert added.headers["content-type"] == "application/problem+json"
        assert service.get("/healthz").status_code == 200
    finally:
        mariadb.start()
    assert service.get("/readyz").status_code == 200
    assert service.post("/v1/images", files={"file": ("x.png", drawing("while-down"))}).status_code == 202
