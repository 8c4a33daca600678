"""What JPEG draft mode costs in the vector and saves in time; `python -m benchmarks.draft`.

Decodes photographs of usual sizes in full and no further than the model needs, and compares the vectors. Prints a table and a line
of JSON; writes results/draft.json.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from time import thread_time
from typing import Any

import numpy as np

from benchmarks.photographs import MAKERS, Size, jpeg, photographs
from cli.console import Output, cell, table
from config.sections import ImageSettings, ModelSettings, S3Settings
from imagesearch.errors import ImageSearchError
from imagesearch.images.decode import decode
from imagesearch.images.facts import facts
from imagesearch.images.s3 import S3
from imagesearch.models.encoder import Encoder
from imagesearch.models.load import open_encoder
from imagesearch.models.preprocess import LEAST_DECODED
from imagesearch.types import Pixels
from jobs.edge import exit_code

RESULTS = Path(__file__).parent / "results" / "draft.json"
GOAL = 0.99
LIMITS = ImageSettings()
# The last but one is odd on both sides; of the last every 4 x 4 pixels are one of the input, where coarse and full differ most.
SIZES = ((640, 480), (1024, 768), (1280, 720), (1600, 1200), (1920, 1080), (2560, 1440), (4000, 3000), (1601, 1067), (896, 896))
QUALITIES = (75, 92)
# Pixels on the shorter side for each of the model's input; the one that holds is among them.
FACTORS = (1.0, LEAST_DECODED, 2.0)
# Grey levels that are added at random, for comparison: as much as another JPEG encoder may change.
NOISE = 1


@dataclass(slots=True)
class Tally:
    """The answers for one size and one factor."""

    reduced: Size = (0, 0)
    cosines: dict[str, list[float]] = field(default_factory=lambda: {maker: [] for maker in MAKERS})
    full_ms: list[float] = field(default_factory=list)
    ms: list[float] = field(default_factory=list)
    worst: tuple[float, str] = (math.inf, "")

    def note(self, maker: str, cosine: float, picture: str) -> None:
        """Count one picture."""
        self.cosines[maker].append(cosine)
        self.worst = min(self.worst, (cosine, picture))


def main(argv: Sequence[str] | None = None) -> int:
    """Measure; exit codes: 0 measured, whatever the figures say, 2 wrong use."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.draft", description=__doc__)
    parser.add_argument("--model", default="efficientnet_lite0")
    parser.add_argument("--weights", default="package")
    options = parser.parse_args(argv)
    output = Output(as_json=False)
    output.log()
    try:
        s3 = S3(S3Settings())
        encoder = open_encoder(ModelSettings(name=options.model, weights=options.weights, device="cpu"), s3)
        s3.close()
        tallies = {(size, factor): Tally() for size in SIZES for factor in FACTORS}
        noise: list[float] = []
        with output.progress("sizes") as progress:
            task = progress.add_task("decoding", total=len(SIZES))
            for size in SIZES:
                measure(encoder, size, tallies, noise)
                progress.advance(task)
    except ImageSearchError as exc:
        output.say(f"error: {exc.detail} ({exc.code})", "red")
        return exit_code(exc)
    report(tallies, noise, str(encoder.fingerprint), output)
    return 0


def measure(encoder: Encoder, size: Size, tallies: dict[tuple[Size, float], Tally], noise: list[float]) -> None:
    """Decode and embed every photograph at this size, each way it is made, in each quality."""
    rng = np.random.default_rng(0)
    for name, photograph in photographs().items():
        for maker, make in MAKERS.items():
            image = make(photograph, size)
            for quality in QUALITIES:
                data = jpeg(image, quality)
                whole, full_ms, _ = prepared(encoder, data, None)
                pixels = [whole]
                for factor in FACTORS:
                    tally = tallies[size, factor]
                    coarse, ms, tally.reduced = prepared(encoder, data, math.ceil(factor * encoder.preprocess.input_size))
                    pixels.append(coarse)
                    tally.full_ms.append(full_ms)
                    tally.ms.append(ms)
                shaken = whole + rng.integers(-NOISE, NOISE + 1, whole.shape)
                pixels.append(np.clip(shaken, 0, 255).astype(np.uint8))
                vectors = encoder.encode(np.stack(pixels))
                cosines = (vectors[1:] @ vectors[0]).tolist()
                for factor, cosine in zip(FACTORS, cosines, strict=False):
                    tallies[size, factor].note(maker, cosine, f"{name}, {maker}, quality {quality}")
                noise.append(cosines[-1])


def prepared(encoder: Encoder, data: bytes, at_least: int | None) -> tuple[Pixels, float, Size]:
    """Return what the model gets of the picture, the CPU milliseconds that a load spends on it, and the size it was decoded to."""
    started = thread_time()
    decoded = decode(data, LIMITS, at_least)
    facts(data, decoded)
    pixels = encoder.prepare(decoded.rgb, decoded.area)
    return pixels, 1000 * (thread_time() - started), decoded.rgb.size


def report(tallies: dict[tuple[Size, float], Tally], noise: list[float], model: str, output: Output) -> None:
    """Print the figures as a table and as one line of JSON, and write them to results/draft.json."""
    numbers = ("factor", "photographs, least", "tiled, least", "median", "ms full", "ms")
    shown = table("size", "factor", "decoded to", *numbers[1:], "met", "worst", numbers=numbers)
    lines: list[dict[str, Any]] = []
    for (size, factor), tally in tallies.items():
        least = {maker: min(cosines) for maker, cosines in tally.cosines.items()}
        middle = median(value for cosines in tally.cosines.values() for value in cosines)
        held = factor == LEAST_DECODED
        met = least["photograph"] >= GOAL if held else None
        line = {
            "figure": f"cosine to the full decode, {size[0]}x{size[1]}, {factor} x input",
            "value": round(least["photograph"], 5),
            "goal": GOAL if held else None,
            "met": met,
            "tiled": round(least["tiled"], 5),
            "median": round(middle, 5),
            "decoded_to": list(tally.reduced),
            "ms_full": round(median(tally.full_ms), 2),
            "ms": round(median(tally.ms), 2),
            "worst": tally.worst[1],
        }
        lines.append(line)
        words = {None: "", True: "yes", False: "no"}[met]
        sizes = [f"{one[0]}x{one[1]}" for one in (size, tally.reduced)]
        figures = [f"{value:.4f}" for value in (least["photograph"], least["tiled"], middle)]
        times = [f"{line['ms_full']:.1f}", f"{line['ms']:.1f}"]
        shown.add_row(*map(cell, (sizes[0], factor, sizes[1], *figures, *times, words, tally.worst[1])))
    output.show(shown)
    about = {"model": model, "command": "python -m benchmarks.draft", "pictures": len(noise)}
    about |= {"noise_of_one_level_least": round(min(noise), 5), "noise_of_one_level_median": round(median(noise), 5)}
    sys.stdout.write(json.dumps({**about, "lines": lines}) + "\n")
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps({**about, "lines": lines}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
