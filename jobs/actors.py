"""The stages as Ray actors, and pools that give work to the least busy one."""

from __future__ import annotations

from collections import Counter
from typing import Any

import ray

from config.settings import Settings
from jobs.embed import Embedding
from jobs.fetch import Fetcher
from jobs.write import Writer

# A worker that died is started anew and its call made again (every call can be repeated), but not for ever: a picture that
# kills the decoder's process would kill each new one.
RESTARTS: dict[str, Any] = {"max_restarts": -1, "max_task_retries": 2}


class Pool:
    """Actors of one stage; calls return object references at once."""

    def __init__(self, actors: list[Any]) -> None:
        self._actors = actors
        self._busy: Counter[int] = Counter()
        self._where: dict[Any, int] = {}

    def opened(self) -> list[Any]:
        """Return a reference for each actor that is fulfilled once it is ready to work."""
        return [actor.ready.remote() for actor in self._actors]

    def call(self, method: str, *args: Any) -> Any:
        """Call the actor with the least work and return the reference of its answer."""
        place = min(range(len(self._actors)), key=lambda i: self._busy[i])
        ref = getattr(self._actors[place], method).remote(*args)
        self._busy[place] += 1
        self._where[ref] = place
        return ref

    def done(self, ref: Any) -> None:
        """Tell that a call ended."""
        self._busy[self._where.pop(ref)] -= 1

    def stop(self) -> None:
        """End the actors at once; nothing they hold outlives them."""
        for actor in self._actors:
            ray.kill(actor)


def fetch_pool(settings: Settings) -> Pool:
    """Start the CPU stage."""
    load = settings.load
    stage = ray.remote(**RESTARTS, num_cpus=load.fetch_cpus)(Fetcher)
    return Pool([stage.remote(settings) for _ in range(load.fetch_actors)])


def embed_pool(settings: Settings) -> Pool:
    """Start the device stage."""
    load = settings.load
    stage = ray.remote(**RESTARTS, num_cpus=load.embed_cpus, num_gpus=load.embed_gpus)(Embedding)
    return Pool([stage.remote(settings) for _ in range(load.embed_actors)])


def write_pool(settings: Settings) -> Pool:
    """Start the stage that writes to the stores; it waits for them more than it computes."""
    stage = ray.remote(**RESTARTS, num_cpus=0.1)(Writer)
    return Pool([stage.remote(settings) for _ in range(settings.load.write_actors)])
