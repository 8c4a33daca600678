"""The service under plain uvicorn as a process of its own, for as long as it is asked."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import httpx

from benchmarks.stack import Stack
from cli.stack.ports import free_ports
from config.settings import PROJECT_ROOT

START_S = 60


@contextmanager
def started(stack: Stack, more: Mapping[str, str]) -> Iterator[str]:
    """Start it on a free port, with the settings of the stack and `more` over them; give its URL once it is ready."""
    (port,) = free_ports(1)
    command = [sys.executable, "-m", "benchmarks.search.plain", str(port)]
    server = subprocess.Popen(command, cwd=PROJECT_ROOT, env=stack.environment(more))
    url = f"http://127.0.0.1:{port}"
    try:
        end = time.monotonic() + START_S
        while not answers(url):
            if server.poll() is not None or time.monotonic() > end:
                raise RuntimeError("the service under uvicorn did not start")
            time.sleep(0.2)
        yield url
    finally:
        server.terminate()
        server.wait()


def answers(url: str) -> bool:
    """Say whether the service is ready."""
    try:
        return httpx.get(f"{url}/readyz", timeout=5, trust_env=False).is_success
    except httpx.HTTPError:
        return False
