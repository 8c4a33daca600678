"""The machine's limit: the files decoded and run through the model, and nothing else; `python -m benchmarks.ingest.limit`.

No store, no Ray, no hash: one process with threads, or one a core, each with a model of its own. Reads paths from stdin, a line
each, and prints a line of JSON. The clock runs from when every process has its model and has run it once.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing.synchronize import Barrier
from pathlib import Path
from time import monotonic, process_time

import numpy as np

from config.sections import ImageSettings, ModelSettings, S3Settings
from imagesearch.images.decode import decode
from imagesearch.images.s3 import S3
from imagesearch.models.encoder import Encoder
from imagesearch.models.host import cpus
from imagesearch.models.load import open_encoder
from imagesearch.types import Pixels

RUNTIMES = ("torch", "onnx")
# Set in each process as it starts: a barrier is inherited, it cannot be sent.
_barrier: Barrier


@dataclass(frozen=True, slots=True)
class Way:
    """One way to do it: `decoders` threads beside the forward pass in each process, none: decode, then forward, in one thread."""

    runtime: str
    processes: int
    threads: int
    decoders: int

    def __str__(self) -> str:
        beside = f"{self.decoders} decoding" if self.decoders else "decoding in turn"
        return f"{self.runtime}, {self.processes} x ({self.threads} forward, {beside})"


@dataclass(frozen=True, slots=True)
class Limit:
    """What a way reached. Processor seconds are those of all its processes while the clock ran."""

    images: int
    seconds: float
    cpu_s: float

    @property
    def images_per_s(self) -> float:
        """Return the rate by the clock on the wall."""
        return self.images / self.seconds


def ways(runtimes: tuple[str, ...] = RUNTIMES) -> list[Way]:
    """Return what is worth trying on this machine."""
    all_cpus = cpus()
    split = [
        (1, all_cpus, all_cpus),
        (1, all_cpus, 1),
        (1, max(1, all_cpus - 1), 1),
        (all_cpus, 1, 0),
        (all_cpus, 1, 1),
    ]
    return [Way(runtime, *one) for runtime in runtimes for one in dict.fromkeys(split)]


def run(paths: list[Path], model: ModelSettings, way: Way, batch: int) -> Limit:
    """Do it the given way and return what that took."""
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(way.processes)
    with context.Pool(way.processes, _meet, (barrier,)) as pool:
        work = [(paths[n :: way.processes], model, way, batch) for n in range(way.processes)]
        done = pool.starmap(_work, work, chunksize=1)
    return Limit(len(paths), max(end for _, end, _ in done) - min(start for start, _, _ in done), sum(cpu for _, _, cpu in done))


def settle(model: ModelSettings) -> None:
    """Let this machine export the model and choose its runtime, where it never did: a first load would do so before it begins."""
    process = multiprocessing.get_context("spawn").Process(target=_open, args=(model,))
    process.start()
    process.join()


def _open(model: ModelSettings) -> None:
    s3 = S3(S3Settings())
    open_encoder(model, s3)
    s3.close()


def _meet(barrier: Barrier) -> None:
    global _barrier
    _barrier = barrier


def _work(paths: list[Path], model: ModelSettings, way: Way, batch: int) -> tuple[float, float, float]:
    s3 = S3(S3Settings())
    encoder = open_encoder(model.model_copy(update={"runtime": way.runtime, "threads": way.threads}), s3, batch)
    s3.close()
    encoder.warm_up()
    # The first pass of a batch's own size allocates.
    encoder.encode(np.stack([_prepared(path, encoder) for path in paths[:batch]]))
    _barrier.wait()
    started, spent = monotonic(), process_time()
    for pixels in _batches(paths, encoder, way.decoders, batch):
        encoder.encode(pixels)
    return started, monotonic(), process_time() - spent


def _batches(paths: list[Path], encoder: Encoder, decoders: int, batch: int) -> Iterator[np.ndarray]:
    if not decoders:
        for start in range(0, len(paths), batch):
            yield np.stack([_prepared(path, encoder) for path in paths[start : start + batch]])
        return
    with ThreadPoolExecutor(decoders) as pool:
        ahead: deque[Future[Pixels]] = deque()
        rest = iter(paths)
        while True:
            # Two batches: one is taken, the other decoded meanwhile.
            for path in rest:
                ahead.append(pool.submit(_prepared, path, encoder))
                if len(ahead) >= 2 * batch:
                    break
            if not ahead:
                return
            yield np.stack([ahead.popleft().result() for _ in range(min(batch, len(ahead)))])


def _prepared(path: Path, encoder: Encoder) -> Pixels:
    decoded = decode(path.read_bytes(), ImageSettings(), encoder.preprocess.at_least)
    return encoder.prepare(decoded.rgb, decoded.area)


def main(argv: list[str] | None = None) -> int:
    """Run one way, as told by the options."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ingest.limit", description=__doc__)
    parser.add_argument("--model", default="efficientnet_lite0")
    parser.add_argument("--weights", default="package")
    parser.add_argument("--runtime", default="torch")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--threads", type=int, default=cpus())
    parser.add_argument("--decoders", type=int, default=cpus())
    parser.add_argument("--batch", type=int, default=32)
    options = parser.parse_args(argv)
    way = Way(options.runtime, options.processes, options.threads, options.decoders)
    paths = [Path(line) for line in sys.stdin.read().splitlines()]
    limit = run(paths, ModelSettings(name=options.model, weights=options.weights), way, options.batch)
    print(json.dumps({**asdict(way), **asdict(limit), "images_per_s": limit.images_per_s}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
