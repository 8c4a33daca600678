"""One question at a time to Serve's controller, whoever asks; and no answer is no sign that nothing runs."""

from __future__ import annotations

import asyncio
import threading
from types import SimpleNamespace

import pytest

# Ray's own use of Pydantic is behind the times.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:ray")

APPLICATION = "imagesearch"


class Controller:
    """Stands for `serve.status`, which is not to be called by two threads at once."""

    def __init__(self) -> None:
        self.calls = self.at_once = self.most_at_once = 0
        self.gate = threading.Event()
        self.error: Exception | None = None
        self.states = {"RUNNING": 1}
        self.unknown = ""
        self._lock = threading.Lock()

    def status(self):
        with self._lock:
            self.calls += 1
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        self.gate.wait(10)
        with self._lock:
            self.at_once -= 1
        if self.error is not None:
            raise self.error
        embedder = SimpleNamespace(replica_states=self.states)
        application = SimpleNamespace(deployments={} if self.unknown == "deployment" else {"Embedder": embedder})
        return SimpleNamespace(applications={} if self.unknown == "application" else {APPLICATION: application})


@pytest.fixture
def controller(monkeypatch):
    from ray import serve

    controller = Controller()
    monkeypatch.setattr(serve, "status", controller.status)
    monkeypatch.setattr(serve, "get_replica_context", lambda: SimpleNamespace(app_name=APPLICATION))
    return controller


@pytest.fixture
def replicas(controller):
    from serve_app.replicas import Replicas

    return Replicas("Embedder")


async def test_all_who_ask_at_once_are_told_by_one_question(controller, replicas):
    asked = [asyncio.create_task(replicas.running()) for _ in range(20)]
    await asyncio.sleep(0.05)
    controller.gate.set()
    assert await asyncio.gather(*asked) == [True] * 20
    assert (controller.calls, controller.most_at_once) == (1, 1)


async def test_who_asks_later_is_told_anew(controller, replicas):
    controller.gate.set()
    assert await replicas.running()
    controller.states = {"STARTING": 1, "RUNNING": 0}
    assert not await replicas.running()
    assert controller.calls == 2


async def test_who_hangs_up_takes_no_answer_from_the_others(controller, replicas):
    first, second = asyncio.create_task(replicas.running()), asyncio.create_task(replicas.running())
    await asyncio.sleep(0.05)
    first.cancel()
    controller.gate.set()
    assert await second
    assert first.cancelled()
    assert controller.calls == 1


@pytest.mark.parametrize("what", ["RayServeException", "ValueError"])
async def test_a_controller_that_does_not_tell_is_no_sign_that_none_runs(controller, replicas, what):
    from ray.serve.exceptions import RayServeException

    controller.error = {"RayServeException": RayServeException("gone"), "ValueError": ValueError("is not registered")}[what]
    controller.gate.set()
    assert await replicas.running()


@pytest.mark.parametrize("unknown", ["deployment", "application"])
async def test_what_serve_does_not_know_is_taken_to_run(controller, replicas, unknown):
    controller.gate.set()
    controller.unknown = unknown
    assert await replicas.running()
