"""How fast each runtime embeds on this machine's CPU, by batch size and threads; `python -m benchmarks.runtimes`.

All take turns, so that what else the machine does strikes them alike; a figure is the median of the turns. Beside pictures a second
stands the CPU time of a picture, which says the same of a machine that is not idle. Prints a table and a line of JSON; writes
results/runtimes.json.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

import numpy as np

from benchmarks.eager import EagerBackbone
from cli.console import Output, cell, table
from config.sections import ModelSettings, S3Settings
from imagesearch.errors import ImageSearchError
from imagesearch.images.s3 import S3
from imagesearch.models.host import cpu_kind, cpus
from imagesearch.models.located import LocatedModel, located
from imagesearch.models.runtimes.choice import counts
from imagesearch.models.runtimes.cpu import open_on_cpu
from imagesearch.models.runtimes.exports import cache_folder
from imagesearch.models.runtimes.reference import pictures
from imagesearch.ports import Backbone
from jobs.edge import exit_code

RESULTS = Path(__file__).parent / "results" / "runtimes.json"
MODELS = {"efficientnet_lite0": "package", "resnet50": "random"}
BATCHES = (1, 8, 16, 32)
EAGER = "torch, eager"
# So many turns, or fewer where they take longer than this for one batch size.
TURNS = 7
BUDGET_S = 60.0


@dataclass(slots=True)
class Figure:
    """One runtime at one number of threads with one batch size."""

    model: str
    runtime: str
    threads: int
    batch: int
    seconds: list[float] = field(default_factory=list)
    cpu_seconds: list[float] = field(default_factory=list)

    def run(self, backbone: Backbone, pixels: np.ndarray) -> None:
        """Measure one turn."""
        started, cpu_started = perf_counter(), process_time()
        backbone.forward(pixels)
        self.cpu_seconds.append(process_time() - cpu_started)
        self.seconds.append(perf_counter() - started)

    @property
    def pictures_per_s(self) -> float:
        """The median of the turns."""
        return self.batch / median(self.seconds)

    @property
    def best_pictures_per_s(self) -> float:
        """The best of the turns: what an idle machine would do."""
        return self.batch / min(self.seconds)

    @property
    def cpu_ms(self) -> float:
        """The CPU time of one picture, over all threads."""
        return 1000 * median(self.cpu_seconds) / self.batch


def main(argv: Sequence[str] | None = None) -> int:
    """Measure; exit codes: 0 measured, 2 wrong use or weights that are not there."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.runtimes", description=__doc__)
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS))
    options = parser.parse_args(argv)
    output = Output(as_json=False)
    output.log()
    figures: list[Figure] = []
    try:
        for name in options.models:
            settings = ModelSettings(name=name, weights=MODELS[name])
            figures += measure(model_of(settings), cache_folder(settings), output)
    except ImageSearchError as exc:
        output.say(f"error: {exc.detail} ({exc.code})", "red")
        return exit_code(exc)
    report(figures, output)
    return 0


def model_of(settings: ModelSettings) -> LocatedModel:
    """Find the model of the settings."""
    s3 = S3(S3Settings())
    try:
        return located(settings, s3)
    finally:
        s3.close()


def measure(model: LocatedModel, cache: Path, output: Output) -> list[Figure]:
    """Measure the runtimes, and PyTorch as it is without any preparation, on one model."""
    name, size = model.spec.name, model.spec.preprocess.input_size
    backbones: dict[tuple[str, int], Backbone] = {}
    for threads in counts(None):
        backbones[EAGER, threads] = EagerBackbone(model, threads)
        for runtime in ("torch", "onnx"):
            backbones[runtime, threads] = open_on_cpu(runtime, model, cache, threads)
    figures: list[Figure] = []
    with output.progress("batch sizes") as progress:
        task = progress.add_task(name, total=len(BATCHES))
        for batch in BATCHES:
            pixels = np.resize(pictures(size), (batch, size, size, 3))
            row = {one: Figure(name, *one, batch) for one in backbones}
            for backbone in backbones.values():
                backbone.forward(pixels)
            until = perf_counter() + BUDGET_S
            for _ in range(TURNS):
                for one, figure in row.items():
                    figure.run(backbones[one], pixels)
                if perf_counter() > until:
                    break
            figures += row.values()
            progress.advance(task)
    return figures


def report(figures: Sequence[Figure], output: Output) -> None:
    """Print a table and a line of JSON, and write results/runtimes.json."""
    numbers = ("threads", "batch", "pictures/s", "best", "CPU ms", "x eager")
    shown = table("model", "runtime", *numbers, numbers=numbers)
    eager = {(f.model, f.threads, f.batch): f.cpu_ms for f in figures if f.runtime == EAGER}
    lines = []
    for figure in figures:
        gain = eager[figure.model, figure.threads, figure.batch] / figure.cpu_ms
        values = (figure.pictures_per_s, figure.best_pictures_per_s, figure.cpu_ms, gain)
        shown.add_row(*map(cell, (figure.model, figure.runtime, figure.threads, figure.batch, *(f"{v:.1f}" for v in values))))
        line = asdict(figure)
        del line["seconds"], line["cpu_seconds"]
        names = ("pictures_per_s", "best_pictures_per_s", "cpu_ms_per_picture", "times_eager_by_cpu")
        lines.append(line | {"turns": len(figure.seconds)} | {n: round(v, 2) for n, v in zip(names, values, strict=True)})
    output.show(shown)
    kind = cpu_kind().partition(" flags=")[0]
    about = {"command": "python -m benchmarks.runtimes", "cpus": cpus(), "cpu": kind, "lines": lines}
    sys.stdout.write(json.dumps(about) + "\n")
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
