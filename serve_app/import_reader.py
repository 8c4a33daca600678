"""Reads the sources of imports in a Ray actor: one for the whole service, which outlives the replica that started it."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from functools import cached_property
from typing import Any

import ray
from pydantic import SecretStr
from ray.exceptions import RayError

from config.settings import Settings
from imagesearch.errors import StoreUnavailable
from imagesearch.imports.runner import ImportRunner
from telemetry.logs import log_to_stderr

NAMESPACE = "imagesearch"
# The actor goes when there was nothing to do for so long, and its memory with it; the next import starts another.
IDLE_S = 60.0
START_TIMEOUT_S = 60.0
# An actor that is about to go may be met some times on the way to one that stays.
TRIES = 10
PAUSE_S = 0.3


class ImportReader:
    """The actor. Ray starts it anew when its process dies: what it read is then taken up again after `imports.lease_s`."""

    def __init__(self, settings: Settings, idle_s: float) -> None:
        log_to_stderr(settings.logs)
        self._runner = ImportRunner(settings)
        self._idle_s = idle_s
        self._lock = threading.Lock()
        self._leaving = False
        self._runner.start()
        threading.Thread(target=self._leave_when_idle, name="idle", daemon=True).start()

    def wake(self) -> bool:
        """Look for what waits; False from one that is about to go, which looks no more."""
        with self._lock:
            if not self._leaving:
                self._runner.wake()
            return not self._leaving

    def _leave_when_idle(self) -> None:
        while True:
            time.sleep(self._idle_s / 10)
            with self._lock:
                self._leaving = self._runner.idle_s > self._idle_s
                if self._leaving:
                    break
        self._runner.close()
        # Ray knows no other end of an actor from a thread of its own; without it the name would stay taken.
        ray.kill(ray.get_runtime_context().current_actor)


class RemoteReaders:
    """ports.ImportReaders over that actor."""

    def __init__(self, settings: Settings, idle_s: float = IDLE_S) -> None:
        self._settings = settings
        self._idle_s = idle_s

    @cached_property
    def _name(self) -> str:
        # Other settings are another actor's: one that was started before a change of what may be read, or of a password, must not
        # go by the old. Whoever may look into the cluster sees its name: a password is not to be guessed from that, for which it
        # takes some time; a replica that starts has no need of it.
        told = json.dumps(self._settings.model_dump(), default=_told).encode()
        return f"import-reader-{hashlib.scrypt(told, salt=b'import-reader', n=2**14, r=8, p=1, dklen=8).hex()}"

    def wake(self) -> None:
        """Have the actor look, and start it where there is none. Raises StoreUnavailable."""
        why: object = "it ends each time it is asked"
        for _ in range(TRIES):
            try:
                if ray.get(self._actor().wake.remote(), timeout=START_TIMEOUT_S):
                    return
            except RayError as exc:
                why = exc
            time.sleep(PAUSE_S)
        raise StoreUnavailable(f"the reader of imports cannot be started: {why}", store="ray")

    def close(self) -> None:
        """Leave the actor to itself."""

    def _actor(self) -> Any:
        # Without CPUs of its own, since it waits more than it computes: a full cluster must not keep imports waiting.
        options = {"num_cpus": 0, "max_restarts": -1, "lifetime": "detached", "get_if_exists": True}
        actor = ray.remote(ImportReader).options(name=self._name, namespace=NAMESPACE, **options)
        return actor.remote(self._settings, self._idle_s)


def _told(value: object) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)
