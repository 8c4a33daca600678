"""The actor that every worker of a stage is: it names its work, and imports it only where it runs."""

from __future__ import annotations

import importlib
from typing import Any

import ray

from config.settings import Settings
from jobs.stand_back import stand_back
from telemetry.fields import always_logged_with
from telemetry.logs import log_to_stderr


class StageActor:
    """Holds one worker, an object of the class `name` in `module`.

    The class goes by its name, so that the driver needs neither the model's libraries nor Milvus's. What can fail is in
    `ready`: Ray hands on the errors of a method, not those of a constructor.
    """

    def __init__(self, settings: Settings, module: str, name: str, method: str) -> None:
        self._settings = settings
        self._module, self._name, self._method = module, name, method
        self._worker: Any = None
        stand_back(settings.load.nice)
        log_to_stderr(settings.logs)
        always_logged_with(job_id=ray.get_runtime_context().get_job_id(), stage=name)

    def ready(self) -> object:
        """Open the worker, and return what it says of itself."""
        self._worker = getattr(importlib.import_module(self._module), self._name)(self._settings)
        return self._worker.ready()

    def work(self, *args: Any) -> Any:
        """Do the stage's work on one batch."""
        return getattr(self._worker, self._method)(*args)

    def ask(self, question: str, *args: Any) -> Any:
        """Return what the worker answers to something that is no batch."""
        return getattr(self._worker, question)(*args)
