"""One load by one engine, as a driver process of its own; `python -m benchmarks.engines.drive ENGINE`.

Reads paths from stdin, joins the cluster of the settings and prints a line of JSON: the pictures, and when each batch was done, in
Unix time.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import ray

from benchmarks.engines.stages import Decoding, Embedding
from config import load_settings
from config.sections import ModelSettings
from jobs.cluster import connected

BATCH = 128
IN_FLIGHT = 4
# What the local profile gives the product's stages.
DECODE_CPUS, EMBED_CPUS = 0.5, 1.0

Done = list[tuple[int, float]]


def plain_actors(paths: list[str], model: ModelSettings, workers: int) -> Done:
    """Chain the stages of each batch by object references, with a bound on the batches in flight."""
    # Typed as Any: the class that `ray.remote` gives has other methods than the one that it takes.
    decoders: list[Any] = [ray.remote(num_cpus=DECODE_CPUS)(Decoding).remote(model) for _ in range(workers)]
    embedders: list[Any] = [ray.remote(num_cpus=EMBED_CPUS)(Embedding).remote(model) for _ in range(workers)]
    batches, done = _batches(paths), Done()
    busy: Counter[int] = Counter()
    flights: dict[Any, int] = {}
    while True:
        for batch in islice(batches, IN_FLIGHT * workers - len(flights)):
            place = min(range(workers), key=lambda one: busy[one])
            busy[place] += 1
            flights[embedders[place].embed.remote(decoders[place].decode.remote(batch))] = place
        if not flights:
            return done
        for ref in ray.wait(list(flights), num_returns=1)[0]:
            busy[flights.pop(ref)] -= 1
            done.append(ray.get(ref))


class DecodeBatch(Decoding):
    """The CPU stage as Ray Data calls it."""

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Add a column of pixels in the paths' place."""
        return {"pixels": self.decode(batch["path"])}


class EmbedBatch(Embedding):
    """The device stage as Ray Data calls it."""

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Make one row of a batch."""
        count, when = self.embed(batch["pixels"])
        return {"count": [count], "when": [when]}


def ray_data(paths: list[str], model: ModelSettings, workers: int) -> Done:
    """The same stages as pools of actors behind a streaming dataset."""
    import ray.data

    ray.data.DataContext.get_current().enable_progress_bars = False
    pool = ray.data.ActorPoolStrategy(size=workers)
    rows = ray.data.from_items([{"path": path} for path in paths], override_num_blocks=max(1, len(paths) // BATCH))
    arguments: dict[str, Any] = {"fn_constructor_args": [model], "batch_size": BATCH, "compute": pool}
    pixels = rows.map_batches(DecodeBatch, num_cpus=DECODE_CPUS, **arguments)
    done = pixels.map_batches(EmbedBatch, num_cpus=EMBED_CPUS, **arguments)
    return [(int(row["count"]), float(row["when"])) for row in done.iter_rows()]


ENGINES: dict[str, Callable[[list[str], ModelSettings, int], Done]] = {"actors": plain_actors, "data": ray_data}


def main(argv: list[str] | None = None) -> int:
    """Load the paths of stdin."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.engines.drive", description=__doc__)
    parser.add_argument("engine", choices=ENGINES)
    parser.add_argument("--workers", type=int, default=1, help="actors of each stage")
    options = parser.parse_args(argv)
    paths = sys.stdin.read().splitlines()
    settings = load_settings()
    with connected(settings):
        done = ENGINES[options.engine](paths, settings.model, options.workers)
    images = sum(count for count, _ in done)
    if images != len(paths):
        raise RuntimeError(f"{images} of {len(paths)} pictures came out")
    print(json.dumps({"images": images, "batches": sorted(when for _, when in done)}))
    return 0


def _batches(paths: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(paths), BATCH):
        yield paths[start : start + BATCH]


if __name__ == "__main__":
    sys.exit(main())
