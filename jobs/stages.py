"""The stages of a load: what each one's workers run, how many there may be, and what Ray gives them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import ray

from config.settings import Settings
from imagesearch.models.host import cpus
from jobs.stage_actor import StageActor

# On as many nodes as there are: each has a network and a disk of its own.
SPREAD = {"scheduling_strategy": "SPREAD"}


@dataclass(frozen=True)
class Stage:
    """One step of a batch. A call's last return value is small, and is all that the driver looks at."""

    name: str
    worker: tuple[str, str, str]
    returns: int
    smallest: int
    largest: int
    settings: Settings
    resources: dict[str, Any] = field(default_factory=dict)

    def start(self) -> Any:
        """Ask Ray for another actor; it may have to wait for its place."""
        return self._actor.remote(self.settings, *self.worker)

    @cached_property
    def _actor(self) -> Any:
        # Named after its stage, for whoever looks at Ray's actors or at the machine's processes.
        named = type(f"{self.name.capitalize()}Worker", (StageActor,), {})
        # Neither restarted nor called again by Ray: the pipeline does both, and knows which batch ended a worker.
        return ray.remote(max_restarts=0, max_task_retries=0, **self.resources)(named)


def stages_of(settings: Settings) -> tuple[Stage, Stage, Stage]:
    """Return fetch, embed, write."""
    load = settings.load
    fetch = Stage(
        name="fetch",
        worker=("jobs.fetch", "Fetcher", "prepare"),
        returns=3,
        smallest=load.fetch_actors,
        largest=load.fetch_actors_max,
        settings=settings,
        resources={"num_cpus": load.fetch_cpus, **SPREAD},
    )
    embed = Stage(
        name="embed",
        worker=("jobs.embed", "Embedding", "embed"),
        returns=2,
        smallest=load.embed_actors,
        largest=load.embed_actors_max or cpus(),
        settings=settings,
        resources={"num_cpus": load.embed_cpus, "num_gpus": load.embed_gpus},
    )
    write = Stage(
        name="write",
        worker=("jobs.write", "Writer", "write"),
        returns=1,
        smallest=load.write_actors,
        largest=load.write_actors_max,
        settings=settings,
        # It waits for the stores more than it computes.
        resources={"num_cpus": 0.1, **SPREAD},
    )
    return fetch, embed, write
